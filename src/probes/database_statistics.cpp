// SPDX-License-Identifier: Apache-2.0
// What the planner knows about the tables, and what autovacuum left undone. Source: PostgreSQL
// manual, "Routine Vacuuming"; autovacuum.c, relation_needs_vacanalyze().
#include <fmt/format.h>

#include "probes/database_session.h"

namespace postflight::database {
namespace {

/// Tables with pages and without statistics, the largest first; the window counts them all. Who may
/// not read pg_statistic sees through pg_stats only tables that he may read.
constexpr std::string_view kWithoutStatistics = R"(
SELECT c.oid::regclass AS table, count(*) OVER () AS total, s.size_bytes,
       CASE WHEN s.live > 0 THEN s.live WHEN c.reltuples >= 0 AND c.relpages > 0
         THEN c.reltuples::bigint ELSE -1 END AS rows,
       s.changed > o.threshold::float8 + o.scale::float8 * greatest(c.reltuples, 0)
         AND coalesce(o.enabled, 'true') NOT IN ('false', 'off', '0', 'no') AS awaits_autovacuum
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
LATERAL (SELECT CASE WHEN c.oid <> ALL ($1::oid[]) THEN pg_relation_size(c.oid)
                  ELSE c.relpages::bigint * current_setting('block_size')::int END AS size_bytes,
                pg_stat_get_live_tuples(c.oid) AS live,
                pg_stat_get_mod_since_analyze(c.oid) AS changed) s,
LATERAL (SELECT coalesce(max(option_value) FILTER (WHERE option_name =
                  'autovacuum_analyze_threshold'),
                  current_setting('autovacuum_analyze_threshold')) AS threshold,
                coalesce(max(option_value) FILTER (WHERE option_name =
                  'autovacuum_analyze_scale_factor'),
                  current_setting('autovacuum_analyze_scale_factor')) AS scale,
                max(option_value) FILTER (WHERE option_name = 'autovacuum_enabled') AS enabled
         FROM pg_options_to_table(c.reloptions)) o
WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND {} AND s.size_bytes > 0
  AND NOT EXISTS ({})
ORDER BY 3 DESC, 1 LIMIT 20)";

constexpr std::string_view kOfSuperuser = "SELECT FROM pg_statistic x WHERE x.starelid = c.oid";
constexpr std::string_view kOfOthers =
    "SELECT FROM pg_stats x WHERE x.schemaname = n.nspname AND x.tablename = c.relname";

/// Far more than autovacuum's own threshold, and more dead rows than live ones.
constexpr std::string_view kDead = R"(
SELECT s.relid::regclass AS table, s.n_dead_tup AS dead_rows, s.n_live_tup AS live_rows,
       coalesce(s.last_vacuum, s.last_autovacuum) IS NOT NULL AS ever_vacuumed,
       CASE WHEN s.relid <> ALL ($1::oid[]) THEN pg_relation_size(s.relid) ELSE 0 END AS size_bytes
FROM pg_stat_all_tables s JOIN pg_namespace n ON n.nspname = s.schemaname
WHERE s.n_dead_tup > 10000 AND s.n_dead_tup > s.n_live_tup AND {}
ORDER BY 2 DESC, 1 LIMIT 20)";

void find_without_statistics(Session& session, DatabaseFacts& facts) {
  const auto all_seen = session.ask(
      "SELECT has_table_privilege('pg_catalog.pg_statistic', 'SELECT') OR (SELECT "
      "pg_has_role(oid, 'USAGE') FROM pg_roles WHERE rolname = "
      "'pg_read_all_data') AS may, has_table_privilege('pg_catalog.pg_statistic', 'SELECT') AS "
      "directly");
  if (!all_seen || all_seen->rows.empty()) {
    const Unknown why = all_seen ? Unknown{Why::malformed, "an answer without a row"}
                                 : not_answered(all_seen.error());
    facts.tables_without_statistics = why;
    facts.unanalyzed_tables = why;
    return;
  }
  if (!Row{*all_seen, 0}.flag("may")) {
    const Unknown why{Why::denied,
                      "pg_statistic: this role does not see the statistics of all tables; allow "
                      "it: run as root, or grant it pg_read_all_data"};
    facts.tables_without_statistics = why;
    facts.unanalyzed_tables = why;
    return;
  }
  const std::string sql =
      fmt::format(fmt::runtime(kWithoutStatistics), kUserSchema,
                  Row{*all_seen, 0}.flag("directly") ? kOfSuperuser : kOfOthers);
  std::uint64_t total = 0;
  facts.unanalyzed_tables = session.list<UnanalyzedTable>(
      "pg_statistic, pg_class", sql, {session.locked_tables}, [&](Row& row) {
        total = row.number<std::uint64_t>("total", 0);
        return UnanalyzedTable{row.text("table"), row.number<std::uint64_t>("size_bytes", 0),
                               row.number<std::int64_t>("rows", -1), row.flag("awaits_autovacuum")};
      });
  if (const auto* seen = facts.unanalyzed_tables.seen()) {
    facts.tables_without_statistics = Seen{total, seen->evidence};
  } else {
    facts.tables_without_statistics = *facts.unanalyzed_tables.unknown();
  }
}

}  // namespace

void look_at_statistics(Session& session, DatabaseFacts& facts) {
  const auto rows = session.ask(
      "SELECT current_setting('autovacuum') AS autovacuum, current_setting('track_counts') AS "
      "track_counts");
  if (rows && !rows->rows.empty()) {
    const Row row{*rows, 0};
    facts.autovacuum = Seen{row.raw("autovacuum") == "on" && row.raw("track_counts") == "on",
                            session.from("pg_settings", *rows)};
  } else {
    facts.autovacuum =
        rows ? Unknown{Why::malformed, "an answer without a row"} : not_answered(rows.error());
  }
  find_without_statistics(session, facts);
  facts.dead_rows = session.list<DeadRows>(
      "pg_stat_all_tables", fmt::format(fmt::runtime(kDead), kUserSchema), {session.locked_tables},
      [](Row& row) {
        return DeadRows{row.text("table"), row.number<std::uint64_t>("dead_rows", 0),
                        row.number<std::uint64_t>("live_rows", 0),
                        row.number<std::uint64_t>("size_bytes", 0), row.flag("ever_vacuumed")};
      });
}

}  // namespace postflight::database
