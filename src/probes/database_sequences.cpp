// SPDX-License-Identifier: Apache-2.0
// Holds each sequence against the column it fills. Reads last_value of sequences and the largest
// value of columns (through their index, or of small tables), many in one statement; takes ACCESS
// SHARE locks only, which is why nextval() and pg_sequence_last_value() are not used.
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "probes/database_session.h"

namespace postflight::database {
namespace {

constexpr std::size_t kAtOnce = 200;
constexpr std::size_t kMostSequences = 20'000;
constexpr double kTimePart = 0.4;
constexpr std::uint64_t kPagesWithoutIndex = 2048;  // 16 MiB are read in a few milliseconds
constexpr Duration kForOne{1500};

/// One pair for each sequence and each column that takes its default from it: serial and identity
/// columns, nextval() with a name the catalogue knows, and nextval('a text'), which it does not.
constexpr std::string_view kPairs = R"(
WITH pair AS (
  SELECT d.objid AS seq, d.refobjid AS tab, d.refobjsubid AS col FROM pg_depend d
  WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
    AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
  UNION
  SELECT d.refobjid, f.adrelid, f.adnum FROM pg_attrdef f JOIN pg_depend d
    ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
    AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid = 0 AND d.deptype = 'n'
  UNION
  SELECT coalesce(to_regclass(n.name), to_regclass(format('%I.', y.nspname) || n.name))::oid,
         f.adrelid, f.adnum
  FROM pg_attrdef f JOIN pg_class c ON c.oid = f.adrelid
  JOIN pg_namespace y ON y.oid = c.relnamespace,
  LATERAL (SELECT substring(pg_get_expr(f.adbin, 0) FROM
                            'nextval\(\(?''((?:[^'']|'''')+)''::text') AS name) n
  WHERE f.adbin::text LIKE '%:funcid 1574 %' AND NOT EXISTS (
    SELECT FROM pg_depend d JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'
    WHERE d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND
          d.refclassid = 'pg_class'::regclass))
SELECT s.oid::regclass AS sequence, t.oid::regclass AS table, quote_ident(a.attname) AS column,
       q.seqincrement AS increment,
       t.oid = ANY ($1::oid[]) OR s.oid = ANY ($1::oid[]) AS locked,
       has_sequence_privilege(s.oid, 'SELECT') AND has_schema_privilege(s.relnamespace, 'USAGE')
         AND has_column_privilege(t.oid, a.attnum, 'SELECT')
         AND has_schema_privilege(t.relnamespace, 'USAGE') AND NOT row_security_active(t.oid)
         AS readable,
       CASE WHEN t.relkind = 'p' THEN (SELECT sum(c.relpages)::bigint FROM pg_inherits h
              JOIN pg_class c ON c.oid = h.inhrelid WHERE h.inhparent = t.oid)
            WHEN t.oid <> ALL ($1::oid[]) THEN pg_relation_size(t.oid) / 8192 END AS pages,
       EXISTS (SELECT FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
               JOIN pg_am m ON m.oid = x.relam WHERE i.indrelid = t.oid AND m.amname = 'btree'
               AND i.indisvalid AND i.indkey[0] = a.attnum AND i.indpred IS NULL) AS indexed,
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisunique AND i.indisvalid
               AND i.indkey[0] = a.attnum AND i.indnkeyatts = 1 AND i.indpred IS NULL)
         AS unique_column
FROM pair p JOIN pg_class s ON s.oid = p.seq AND s.relkind = 'S'
JOIN pg_sequence q ON q.seqrelid = s.oid
JOIN pg_class t ON t.oid = p.tab AND t.relkind IN ('r', 'p') AND NOT t.relispartition
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = p.col AND NOT a.attisdropped
WHERE a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) AND NOT q.seqcycle
  AND t.relpersistence <> 't'
ORDER BY t.oid, a.attnum)";

struct Pair {
  std::string sequence, table, column;  // as SQL wants them
  std::int64_t increment = 1;
  bool unique_column = false;

  std::string_view largest() const { return increment > 0 ? "max" : "min"; }
  std::string_view beyond() const { return increment > 0 ? ">=" : "<="; }
  std::string next() const {
    return fmt::format("s.last_value::numeric + CASE WHEN s.is_called THEN {} ELSE 0 END",
                       increment);
  }
};

/// Why a pair is not looked at; empty where it is.
std::string obstacle(Row& row) {
  if (!row.flag("readable")) return "permission denied";
  if (row.flag("locked")) return "its table is locked by somebody else";
  const bool small = row.number<std::int64_t>("pages", 0) <= std::int64_t{kPagesWithoutIndex};
  if (!row.flag("indexed") && !small) {
    return "no index on the column, and the table is large";
  }
  return "";
}

class Comparison {
 public:
  explicit Comparison(Session& session) : session_(session), end_(session.slice(kTimePart)) {}

  /// Compares all, in statements of many; where one fails, in halves, so that one bad table costs
  /// one result.
  void compare(std::span<const Pair> pairs) {
    for (std::size_t begin = 0; begin < pairs.size(); begin += kAtOnce) {
      look(pairs.subspan(begin, std::min(kAtOnce, pairs.size() - begin)));
    }
  }

  std::vector<SequenceBehind> behind;
  std::vector<NotExamined> not_examined;
  PostgresRows shown;  ///< The rows that made the findings.

 private:
  void look(std::span<const Pair> pairs) {
    if (end_.passed()) return leave(pairs, "no time was left");
    std::string sql;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const Pair& p = pairs[i];
      sql += fmt::format(
          "{}SELECT {} AS pair, s.last_value, s.is_called, t.largest FROM {} s, "
          "(SELECT {}({}) AS largest FROM {}) t WHERE t.largest {} {}",
          i ? " UNION ALL " : "", i, p.sequence, p.largest(), p.column, p.table, p.beyond(),
          p.next());
    }
    const auto rows = session_.ask(sql);
    if (!rows) return fall_back(pairs, rows.error());
    if (shown.columns.empty()) shown.columns = rows->columns;
    shown.rows.insert(shown.rows.end(), rows->rows.begin(), rows->rows.end());
    for (std::size_t i = 0; i < rows->rows.size(); ++i) {
      Row row{*rows, i};
      const auto pair = row.number<std::size_t>("pair", pairs.size());
      if (pair < pairs.size()) take(pairs[pair], row);
    }
  }

  void fall_back(std::span<const Pair> pairs, const Error& error) {
    if (pairs.size() == 1 || !session_.client().usable()) return leave(pairs, error.what);
    look(pairs.first(pairs.size() / 2));
    look(pairs.subspan(pairs.size() / 2));
  }

  void leave(std::span<const Pair> pairs, const std::string& why) {
    for (const Pair& pair : pairs) not_examined.push_back({printable_utf8(pair.sequence), why});
  }

  void take(const Pair& pair, Row& row) {
    SequenceBehind found{.sequence = printable_utf8(pair.sequence),
                         .table = printable_utf8(pair.table),
                         .column = printable_utf8(pair.column),
                         .last_value = row.number<std::int64_t>("last_value", 0),
                         .largest_value = row.number<std::int64_t>("largest", 0),
                         .increment = pair.increment,
                         .unique_column = pair.unique_column};
    found.next_value = found.last_value;
    if (row.flag("is_called") &&
        __builtin_add_overflow(found.last_value, pair.increment, &found.next_value)) {
      return;  // exhausted: another trouble
    }
    if (row.malformed()) return;
    look_closer(pair, found);
    behind.push_back(std::move(found));
  }

  /// How soon it matters: a single row far ahead may have been put there on purpose.
  void look_closer(const Pair& pair, SequenceBehind& found) {
    const bool up = pair.increment > 0;
    const auto rows = session_.ask(
        fmt::format("SELECT (SELECT {2}({0}) FROM {1} WHERE {0} {3} {4}) AS first_taken, "
                    "NOT EXISTS (SELECT FROM {1} WHERE {0} {5} {4} AND {0} {6} 0) AS all_ahead",
                    pair.column, pair.table, up ? "min" : "max", pair.beyond(), found.next_value,
                    up ? "<" : ">", up ? ">" : "<"));
    if (!rows || rows->rows.empty()) {
      found.first_taken = found.next_value;  // the worse of both: it could not be told
      return;
    }
    Row row{*rows, 0};
    found.first_taken = row.number<std::int64_t>("first_taken", found.largest_value);
    found.all_ahead = row.flag("all_ahead");
  }

  Session& session_;
  Deadline end_;
};

}  // namespace

void compare_sequences(Session& session, DatabaseFacts& facts) {
  const auto rows = session.ask(kPairs, {session.locked_tables}, kMostSequences);
  if (!rows) {
    facts.sequences_behind = not_answered(rows.error());
    facts.sequences_not_examined = not_answered(rows.error());
    return;
  }
  Comparison comparison{session};
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < rows->rows.size(); ++i) {
    Row row{*rows, i};
    const std::string why = obstacle(row);
    if (!why.empty()) {
      comparison.not_examined.push_back({row.text("sequence"), why});
      continue;
    }
    pairs.push_back({row.raw("sequence"), row.raw("table"), row.raw("column"),
                     row.number<std::int64_t>("increment", 1), row.flag("unique_column")});
  }
  if (rows->truncated) comparison.not_examined.push_back({"…", "more sequences than were read"});
  if (!session.limit_statements(kForOne)) {
    facts.sequences_behind = Unknown{Why::timeout, "no time was left"};
    facts.sequences_not_examined = Unknown{Why::timeout, "no time was left"};
    return;
  }
  comparison.compare(pairs);
  const Evidence from = session.from("pg_sequence, last_value against the column",
                                     comparison.shown.rows.empty() ? *rows : comparison.shown);
  facts.sequences_behind = Seen{std::move(comparison.behind), from};
  facts.sequences_not_examined = Seen{std::move(comparison.not_examined), from};
}

}  // namespace postflight::database
