// SPDX-License-Identifier: Apache-2.0
// What the catalogues themselves say is broken, unfinished or switched off. No row of a table is
// read. What a locked table's definitions would need a lock for is left empty.
#include <fmt/format.h>

#include "probes/database_session.h"

namespace postflight::database {
namespace {

/// An index that is being built now is not valid yet. Whoever may not see what others build sees
/// rows without an index there, and then nothing is said of any.
constexpr std::string_view kInvalidIndexes = R"(
SELECT i.indexrelid::regclass AS index, i.indrelid::regclass AS table, i.indisunique AS unique,
       i.indisready AND i.indislive AS written, c.relkind = 'I' AS partitioned,
       CASE WHEN i.indrelid <> ALL ($1::oid[]) THEN pg_get_indexdef(i.indexrelid) END AS definition,
       CASE WHEN i.indrelid <> ALL ($1::oid[]) THEN (
         SELECT string_agg(pg_get_indexdef(i.indexrelid, k, true), ', ' ORDER BY k)
         FROM generate_series(1, i.indnkeyatts::int) k) END AS keys
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE NOT (i.indisvalid AND i.indisready AND i.indislive)
  AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.datname = current_database()
                  AND coalesce(p.index_relid, i.indexrelid) = i.indexrelid)
ORDER BY 2, 1)";

constexpr std::string_view kConstraints = R"(
SELECT quote_ident(k.conname) AS object,
       CASE WHEN k.conrelid <> 0 THEN k.conrelid::regclass::text ELSE k.contypid::regtype::text END
         AS table,
       CASE WHEN k.conrelid = 0 THEN 'domain' WHEN k.contype = 'f' THEN 'foreign key' WHEN k.contype = 'n' THEN 'not null' ELSE 'check' END AS kind,
       CASE WHEN k.conrelid <> ALL ($1::oid[]) AND k.confrelid <> ALL ($1::oid[])
         THEN pg_get_constraintdef(k.oid) END AS detail
FROM pg_constraint k
WHERE NOT k.convalidated AND k.conparentid = 0 {}
ORDER BY 2, 1)";

constexpr std::string_view kUnpopulated = R"(
SELECT c.oid::regclass AS name FROM pg_class c
WHERE c.relkind = 'm' AND NOT c.relispopulated ORDER BY 1)";

/// The triggers of a foreign key stand on both of its tables, up to four; it is one thing.
constexpr std::string_view kDisabled = R"(
SELECT quote_ident(t.tgname) AS object, t.tgrelid::regclass::text AS table, 'trigger' AS kind,
       CASE WHEN t.tgrelid <> ALL ($1::oid[]) THEN pg_get_triggerdef(t.oid) END AS detail
FROM pg_trigger t WHERE t.tgenabled = 'D' AND NOT t.tgisinternal AND t.tgparentid = 0
UNION ALL
SELECT DISTINCT quote_ident(k.conname), t.tgrelid::regclass::text, 'foreign key',
       CASE WHEN k.conrelid <> ALL ($1::oid[]) AND k.confrelid <> ALL ($1::oid[])
         THEN k.conrelid::regclass::text || ' ' || pg_get_constraintdef(k.oid) END
FROM pg_trigger t JOIN pg_constraint k ON k.oid = t.tgconstraint
WHERE t.tgenabled = 'D' AND t.tgisinternal
UNION ALL
SELECT quote_ident(r.rulename), r.ev_class::regclass::text, 'rule',
       CASE WHEN r.ev_class <> ALL ($1::oid[]) THEN pg_get_ruledef(r.oid) END
FROM pg_rewrite r WHERE r.ev_enabled = 'D'
UNION ALL
SELECT quote_ident(e.evtname), '', 'event trigger', e.evtevent
FROM pg_event_trigger e WHERE e.evtenabled = 'D'
ORDER BY 3, 2, 1)";

constexpr std::string_view kUnlogged = R"(
SELECT c.oid::regclass AS name FROM pg_class c
WHERE c.relkind = 'r' AND c.relpersistence = 'u' ORDER BY 1)";

constexpr std::string_view kWithoutPolicy = R"(
SELECT c.oid::regclass AS name FROM pg_class c
WHERE c.relkind IN ('r', 'p') AND c.relrowsecurity
  AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid) ORDER BY 1)";

constexpr std::string_view kCarriageReturns = R"(
SELECT p.oid::regprocedure AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND position(E'\r' IN p.prosrc) > 0
  AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = 'pg_proc'::regclass AND x.objid = p.oid
                  AND x.deptype = 'e') ORDER BY 1)";

ObjectFault fault_in(Row& row) {
  return {row.text("object"), row.text("table"), row.text("kind"), row.text("detail")};
}

std::string name_in(Row& row) {
  return row.text("name");
}

}  // namespace

void look_at_hazards(Session& session, DatabaseFacts& facts) {
  const std::vector<std::string> locked = {session.locked_tables};
  facts.invalid_indexes = session.list<BadIndex>("pg_index", kInvalidIndexes, locked, [](Row& row) {
    return BadIndex{row.text("index"),      row.text("table"),  row.text("definition"),
                    row.text("keys"),       row.flag("unique"), row.flag("written"),
                    row.flag("partitioned")};
  });
  // NOT ENFORCED is a promise of the schema, not something that was left over.
  const std::string constraints =
      fmt::format(fmt::runtime(kConstraints), session.version() >= 18 ? "AND k.conenforced" : "");
  facts.not_validated_constraints =
      session.list<ObjectFault>("pg_constraint", constraints, locked, fault_in);
  facts.unpopulated_views =
      session.list<std::string>("pg_class.relispopulated", kUnpopulated, {}, name_in);
  facts.disabled_triggers = session.list<ObjectFault>("pg_trigger, pg_rewrite, pg_event_trigger",
                                                      kDisabled, locked, fault_in);
  facts.unlogged_tables =
      session.list<std::string>("pg_class.relpersistence", kUnlogged, {}, name_in);
  facts.tables_without_policy =
      session.list<std::string>("pg_class.relrowsecurity, pg_policy", kWithoutPolicy, {}, name_in);
  facts.functions_with_carriage_return =
      session.list<std::string>("pg_proc.prosrc", kCarriageReturns, {}, name_in);
}

}  // namespace postflight::database
