// SPDX-License-Identifier: Apache-2.0
// Whether the system's library still sorts text as it did when indexes were built, and where it may
// not, whether their order holds: the index is read in its own order and neighbours are compared by
// the collation of today. Nothing of the database's own is executed: expressions, conditions and
// types that need functions made by somebody are not examined. Source: PostgreSQL manual,
// "Collation Support", "Index Locale Considerations"; pg_database_collation_actual_version().
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "probes/database_session.h"

namespace postflight::database {
namespace {

constexpr std::uint64_t kMostBytesOfOne = 64UL << 20;
constexpr std::uint64_t kMostBytesInAll = 256UL << 20;
constexpr Duration kForOne{1000};

constexpr std::string_view kOfDatabase = R"(
SELECT d.datlocprovider AS provider, d.datcollversion AS recorded,
       coalesce({}, d.datcollate) AS collation, d.datcollate AS libc,
       pg_database_collation_actual_version(d.oid) AS actual
FROM pg_database d WHERE d.datname = current_database())";

/// Before PostgreSQL 15 a database has no recorded version.
constexpr std::string_view kOfOldDatabase = R"(
SELECT 'c' AS provider, NULL AS recorded, d.datcollate AS collation, d.datcollate AS libc,
       NULL AS actual
FROM pg_database d WHERE d.datname = current_database())";

/// Those that an index uses; the catalogue holds hundreds that nobody does.
constexpr std::string_view kOfIndexes = R"(
SELECT c.oid, c.oid::regcollation::text AS name, c.collversion AS recorded,
       pg_collation_actual_version(c.oid) AS actual
FROM pg_collation c
WHERE c.oid IN (SELECT unnest(i.indcollation) FROM pg_index i WHERE i.indrelid >= 16384)
  AND c.collprovider <> 'd' AND c.collversion IS DISTINCT FROM pg_collation_actual_version(c.oid)
ORDER BY 2)";

/// One row per key column of each index that sorts by one of the collations $2. What is of no
/// built-in type or operator class, or depends on somebody's function, is named and not examined.
constexpr std::string_view kIndexes = R"(
SELECT i.indexrelid::regclass AS index, i.indrelid::regclass AS table, quote_ident(x.relname) AS
         plain, i.indisunique AS unique, m.amname AS method, k.place,
       CASE WHEN l.locked THEN NULL ELSE pg_get_indexdef(i.indexrelid, k.place::int, true) END AS key,
       (i.indoption[k.place - 1] & 1) <> 0 AS descending,
       (i.indoption[k.place - 1] & 2) <> 0 AS nulls_first,
       k.coll::oid::regcollation::text AS collation, k.coll = ANY ($2::oid[]) AND
         NOT (o.oid < 16384 AND o.opcname LIKE '%pattern_ops') AS affected,
       o.oid < 16384 AND o.opcintype IN
         ('text'::regtype, 'bpchar'::regtype) AS textual,
       o.oid < 16384 AS builtin,
       CASE WHEN l.locked THEN NULL ELSE pg_get_expr(i.indpred, i.indrelid) END AS condition,
       l.locked, CASE WHEN l.locked THEN 0 ELSE pg_relation_size(i.indexrelid) END AS size_bytes,
       EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
               AND d.objid = i.indexrelid AND d.refclassid IN ('pg_proc'::regclass,
                 'pg_operator'::regclass, 'pg_type'::regclass, 'pg_opclass'::regclass))
         AS foreign_code,
       has_table_privilege(i.indrelid, 'SELECT') AND NOT row_security_active(i.indrelid) AS readable
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
JOIN pg_class t ON t.oid = i.indrelid,
unnest(i.indcollation, i.indclass) WITH ORDINALITY k(coll, class, place)
JOIN pg_opclass o ON o.oid = k.class,
LATERAL (SELECT i.indrelid = ANY ($1::oid[]) OR i.indexrelid = ANY ($1::oid[]) AS locked) l
WHERE x.relkind = 'i' AND m.amname IN ('btree', 'gist', 'brin') AND i.indisvalid AND i.indisready AND i.indrelid >= 16384
  AND t.relkind IN ('r', 'm') AND t.relpersistence <> 't' AND k.place <= i.indnkeyatts
  AND i.indcollation::oid[] && $2::oid[]
ORDER BY pg_relation_size(i.indexrelid), 1, k.place)";

struct Key {
  std::string sql, collation;
  bool descending = false, nulls_first = false, affected = false, textual = false;
};

struct Index {
  CollatedIndex shown;
  std::string table, plain, condition;
  std::vector<Key> keys;
  std::string obstacle;
  std::uint64_t size_bytes = 0;

  std::string where() const { return condition.empty() ? "" : " WHERE " + condition; }
};

/// A key as it sorts, with the collation of the index, not that of the column.
std::string sorted_key(const Key& key) {
  return key.collation.empty() || key.collation == "-"
             ? key.sql
             : fmt::format("({}) COLLATE {}", key.sql, key.collation);
}

std::string order_of(const Key& key) {
  return fmt::format("{} {} NULLS {}", sorted_key(key), key.descending ? "DESC" : "ASC",
                     key.nulls_first ? "FIRST" : "LAST");
}

/// Reads the index in its own order up to key `place` and counts neighbours that today's collation
/// would put the other way round.
std::string order_probe(const Index& index, std::size_t place) {
  std::string before;
  for (std::size_t i = 0; i < place; ++i) {
    before += (i ? ", " : "PARTITION BY ") + sorted_key(index.keys[i]);
  }
  const Key& key = index.keys[place];
  return fmt::format(
      "SELECT count(*) FILTER (WHERE bad) AS bad FROM (SELECT {0} {1} lag({0}) OVER ({2} ORDER BY "
      "{3}) AS bad FROM {4}{5}) q",
      sorted_key(key), key.descending ? ">" : "<", before, order_of(key), index.table,
      index.where());
}

/// Values that a unique index should have refused, sought without any index.
std::string duplicate_probe(const Index& index) {
  std::string keys, nulls;
  for (const Key& key : index.keys) {
    keys += (keys.empty() ? "" : ", ") + sorted_key(key);
    nulls += fmt::format(" AND ({}) IS NOT NULL", key.sql);
  }
  return fmt::format(
      "SELECT count(*) AS n FROM (SELECT FROM {} WHERE {}{} GROUP BY {} HAVING count(*) > 1) q",
      index.table, index.condition.empty() ? "true" : "(" + index.condition + ")", nulls, keys);
}

/// Switched off so that an index must deliver the order, and so that the table itself must be read.
constexpr std::array kForOrder = {"enable_seqscan", "enable_bitmapscan", "enable_sort",
                                  "enable_incremental_sort"};
constexpr std::array kForTable = {"enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan"};

bool switch_planner(Session& session, std::span<const char* const> settings, const char* value) {
  return std::ranges::all_of(settings,
                             [&](const char* one) { return session.set(one, value).has_value(); });
}

class Examination {
 public:
  explicit Examination(Session& session) : session_(session) {}

  void examine(Index& index) {
    if (index.obstacle.empty() && index.size_bytes > kMostBytesOfOne) index.obstacle = "too large";
    if (index.obstacle.empty() && index.size_bytes > budget_) index.obstacle = "others were before";
    if (index.obstacle.empty()) {
      budget_ -= index.size_bytes;
      index.obstacle = look(index);
    }
    index.shown.detail = printable_utf8(index.obstacle);
  }

 private:
  /// Why it could not be examined; empty where it was.
  std::string look(Index& index) {
    for (std::size_t place = 0; place < index.keys.size(); ++place) {
      if (!index.keys[place].affected) continue;
      const std::string probe = order_probe(index, place);
      if (const std::string why = is_read_in_order(index, probe); !why.empty()) return why;
      const auto rows = session_.ask(probe);
      if (!rows) return rows.error().what;
      Row row{*rows, 0};
      index.shown.misordered += row.number<std::uint64_t>("bad", 0);
    }
    if (index.shown.unique && !count_duplicates(index)) return "duplicates could not be counted";
    const bool broken = index.shown.misordered > 0 || index.shown.duplicates > 0;
    index.shown.order = broken ? IndexOrder::broken : IndexOrder::holds;
    return "";
  }

  /// The plan must read this very index and sort nothing: else the probe would prove nothing.
  std::string is_read_in_order(const Index& index, const std::string& probe) {
    const auto plan = session_.ask("EXPLAIN " + probe);
    if (!plan) return plan.error().what;
    bool uses = false, sorts = false;
    for (std::size_t i = 0; i < plan->rows.size(); ++i) {
      const std::string line = Row{*plan, i}.raw("QUERY PLAN");
      uses |= line.find(" using " + index.plain + " on ") != std::string::npos;
      sorts |= line.find("Sort") != std::string::npos;
    }
    return uses && !sorts ? "" : "the planner would not read it in order";
  }

  /// By a scan of the table: through the index itself they would not be found.
  bool count_duplicates(Index& index) {
    if (!switch_planner(session_, kForOrder, "on")) return false;
    if (!switch_planner(session_, kForTable, "off")) return false;
    const auto rows = session_.ask(duplicate_probe(index));
    if (!switch_planner(session_, kForTable, "on")) return false;
    if (!switch_planner(session_, kForOrder, "off")) return false;
    if (!rows) return false;
    Row row{*rows, 0};
    index.shown.duplicates = row.number<std::uint64_t>("n", 0);
    return !row.malformed();
  }

  Session& session_;
  std::uint64_t budget_ = kMostBytesInAll;
};

/// Why a key stands in the way of examining its index; empty where it does not.
std::string obstacle_of(const Row& row) {
  if (row.flag("locked")) return "its table is locked by somebody else";
  if (!row.flag("readable")) return "permission denied";
  if (row.raw("method") != "btree") return "not a B-tree: " + row.text("method");
  if (row.flag("foreign_code") || !row.flag("builtin")) {
    return "it needs a type or a function that is not built in";
  }
  if (row.flag("affected") && !row.flag("textual")) return "not a plain text";
  return "";
}

std::vector<Index> indexes_in(const PostgresRows& rows) {
  std::vector<Index> out;
  for (std::size_t i = 0; i < rows.rows.size(); ++i) {
    Row row{rows, i};
    if (row.number<int>("place", 1) == 1) {
      Index index{.shown = {.index = row.text("index"),
                            .table = row.text("table"),
                            .unique = row.flag("unique")},
                  .table = row.raw("table"),
                  .plain = row.raw("plain"),
                  .condition = row.raw("condition"),
                  .size_bytes = row.number<std::uint64_t>("size_bytes", 0)};
      out.push_back(std::move(index));
    }
    if (out.empty()) continue;
    if (out.back().obstacle.empty()) out.back().obstacle = obstacle_of(row);
    out.back().keys.push_back({row.raw("key"), row.raw("collation"), row.flag("descending"),
                               row.flag("nulls_first"), row.flag("affected"), row.flag("textual")});
  }
  std::erase_if(out, [](const Index& index) {  // …_pattern_ops sort by bytes
    return std::ranges::none_of(index.keys, &Key::affected);
  });
  return out;
}

/// $2 of kIndexes is asked for first: the planner is better with a constant.
Result<PostgresRows> ask_for_indexes(Session& session, bool with_default) {
  PF_TRY_ASSIGN(const PostgresRows affected,
                session.ask(fmt::format("SELECT coalesce(array_agg(oid), '{{}}') AS oids FROM "
                                        "(SELECT q.oid FROM ({}) q{}) z",
                                        kOfIndexes, with_default ? " UNION SELECT 100" : "")));
  return session.ask(kIndexes, {session.locked_tables, Row{affected, 0}.raw("oids")});
}

/// C and POSIX sort by bytes, and so do C.UTF-8 and its kin: nothing can change there.
bool sorts_by_bytes(const std::string& collation) {
  return collation == "C" || collation == "POSIX" || collation.starts_with("C.");
}

Fact<std::string> version_in(const Row& row, const char* column, const Evidence& from) {
  if (row.is_null(column)) return Absent{from};
  return Seen{row.text(column), from};
}

std::string provider_name(const std::string& letter) {
  if (letter == "i") return "icu";
  return letter == "b" ? "builtin" : "libc";
}

/// What the database's own collation says.
std::optional<ChangedCollation> changed_default(const Row& row, int version) {
  const std::string recorded = row.text("recorded"), actual = row.text("actual");
  const bool by_bytes = row.raw("provider") == "c" && sorts_by_bytes(row.raw("libc"));
  if (by_bytes || row.raw("provider") == "b") return std::nullopt;
  if (version < 15) return ChangedCollation{"default", CollationState::untracked, "", ""};
  if (row.is_null("recorded") && row.is_null("actual")) return std::nullopt;
  if (row.is_null("recorded")) {
    return ChangedCollation{"default", CollationState::never_recorded, "", actual};
  }
  if (recorded == actual) return std::nullopt;
  return ChangedCollation{"default", CollationState::changed, recorded, actual};
}

}  // namespace

void look_at_collations(Session& session, DatabaseFacts& facts) {
  const std::string locale = session.version() >= 17 ? "d.datlocale" : "d.daticulocale";
  const auto rows =
      session.ask(session.version() >= 15 ? fmt::format(fmt::runtime(kOfDatabase), locale)
                                          : std::string(kOfOldDatabase));
  if (!rows || rows->rows.empty()) {
    const Unknown why =
        rows ? Unknown{Why::malformed, "no row in pg_database"} : not_answered(rows.error());
    facts.collation_provider = facts.collation = why;
    facts.collation_version_recorded = facts.collation_version_actual = why;
    facts.changed_collations = why;
    return;
  }
  const Row row{*rows, 0};
  const Evidence from = session.from("pg_database", *rows);
  facts.collation_provider = Seen{provider_name(row.raw("provider")), from};
  facts.collation = Seen{row.text("collation"), from};
  facts.collation_version_recorded = version_in(row, "recorded", from);
  facts.collation_version_actual = version_in(row, "actual", from);
  if (session.version() < 15) {
    const Unknown why{Why::unsupported, "PostgreSQL records no version for a database before 15"};
    facts.collation_version_recorded = facts.collation_version_actual = why;
  }
  facts.changed_collations =
      session.list<ChangedCollation>("pg_collation, pg_database", kOfIndexes, {}, [](Row& one) {
        const auto state =
            one.is_null("recorded") ? CollationState::never_recorded : CollationState::changed;
        return ChangedCollation{one.text("name"), state, one.text("recorded"), one.text("actual")};
      });
  const auto* others = facts.changed_collations.seen();
  const auto own = changed_default(row, session.version());
  if (!others || !own) return;
  std::vector<ChangedCollation> all = others->value;
  all.insert(all.begin(), *own);
  facts.changed_collations = Seen{std::move(all), others->value.empty() ? from : others->evidence};
}

void examine_collated_indexes(Session& session, DatabaseFacts& facts) {
  if (const auto* why = facts.changed_collations.unknown()) {
    facts.collated_indexes = *why;
    return;
  }
  const auto& changed = *facts.changed_collations.seen();
  if (changed.value.empty()) {
    facts.collated_indexes = Absent{changed.evidence};
    return;
  }
  const auto rows = ask_for_indexes(session, changed.value.front().name == "default");
  if (!rows) {
    facts.collated_indexes = not_answered(rows.error());
    return;
  }
  std::vector<Index> indexes = indexes_in(*rows);
  if (!indexes.empty() &&
      (!session.limit_statements(kForOne) || !switch_planner(session, kForOrder, "off"))) {
    facts.collated_indexes = Unknown{Why::timeout, "no time was left to read indexes"};
    return;
  }
  Examination examination{session};
  std::vector<CollatedIndex> shown;
  for (Index& index : indexes) {
    examination.examine(index);
    shown.push_back(index.shown);
  }
  facts.collated_indexes = Seen{std::move(shown), session.from("pg_index, read in order", *rows)};
  if (!indexes.empty()) (void)switch_planner(session, kForOrder, "on");
}

}  // namespace postflight::database
