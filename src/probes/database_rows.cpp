// SPDX-License-Identifier: Apache-2.0
// Counts rows: exactly as far as a budget of bytes and time goes, small tables first; the others by
// the planner's estimate. count(*) reads through a ring of buffers, so a server's cache survives
// it. A table that cannot be read at all is a finding, not a number.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>

#include "probes/database_parse.h"
#include "probes/database_session.h"

namespace postflight::database {
namespace {

constexpr std::uint64_t kBytesInAll = 192UL << 20;
constexpr std::uint64_t kBytesAtOnce = 32UL << 20;
constexpr std::size_t kTablesAtOnce = 200;
constexpr std::size_t kLargest = 10;
constexpr std::size_t kMostTables = 20'000;
constexpr double kTimePart = 0.5;
constexpr Duration kForOne{1000};

/// Tables and partitions that hold rows themselves. What is locked is described by what pg_class
/// last knew.
constexpr std::string_view kTables = R"(
SELECT c.oid::regclass AS table, c.relname, c.relispartition AS part,
       CASE WHEN c.relispartition AND c.oid <> ALL ($1::oid[])
         THEN pg_partition_root(c.oid)::regclass::text ELSE c.oid::regclass::text END AS root,
       c.reltuples, c.relpages, l.locked,
       CASE WHEN l.locked THEN c.relpages::bigint * current_setting('block_size')::int
         ELSE pg_relation_size(c.oid) END AS heap_bytes,
       CASE WHEN l.locked THEN c.relpages::bigint * current_setting('block_size')::int
         ELSE pg_total_relation_size(c.oid) END AS size_bytes,
       has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')
         AND NOT row_security_active(c.oid) AS readable
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
LATERAL (SELECT c.oid = ANY ($1::oid[]) AS locked) l
WHERE c.relkind = 'r' AND {}
ORDER BY heap_bytes, c.oid)";

struct Table {
  std::string sql, root, name;
  std::uint64_t heap_bytes = 0, size_bytes = 0;
  std::int64_t rows = -1;
  bool may_read = false;
  bool to_count = false;
  bool counted = false;
};

Table table_in(Row& row, std::uint64_t& budget) {
  Table table{.sql = row.raw("table"),
              .root = row.text("root"),
              .name = row.raw("relname"),
              .heap_bytes = row.number<std::uint64_t>("heap_bytes", 0),
              .size_bytes = row.number<std::uint64_t>("size_bytes", 0)};
  constexpr std::uint64_t kPage = 8192;
  table.rows = estimate_rows(row.number<double>("reltuples", -1),
                             row.number<std::uint64_t>("relpages", 0), table.heap_bytes / kPage);
  table.may_read = row.flag("readable") && !row.flag("locked");
  table.to_count = table.may_read && table.heap_bytes <= budget;
  if (table.to_count) budget -= table.heap_bytes;
  return table;
}

bool is_damage(std::string_view sqlstate) {
  return sqlstate.starts_with("XX") || sqlstate.starts_with("58");
}

class Counting {
 public:
  Counting(Session& session, std::vector<Table>& tables)
      : session_(session), tables_(tables), end_(session.slice(kTimePart)) {}

  void count_all() {
    std::vector<std::size_t> batch;
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < tables_.size(); ++i) {
      if (!tables_[i].to_count) continue;
      const bool full = batch.size() >= kTablesAtOnce ||
                        (!batch.empty() && bytes + tables_[i].heap_bytes > kBytesAtOnce);
      if (full) {
        count(batch);
        batch.clear();
        bytes = 0;
      }
      batch.push_back(i);
      bytes += tables_[i].heap_bytes;
    }
    count(batch);
    if (!read_some && unreadable.empty()) read_beginning();
  }

  std::vector<ObjectFault> unreadable;
  bool read_some = false;  ///< The rows of some table were read.

 private:
  bool over() const { return !session_.client().usable() || end_.passed(); }

  void count(std::span<const std::size_t> batch) {
    if (batch.empty() || over()) return;
    std::string sql;
    for (const std::size_t i : batch) {
      sql += fmt::format("{}SELECT {} AS i, count(*) AS n FROM ONLY {}",
                         sql.empty() ? "" : " UNION ALL ", i, tables_[i].sql);
    }
    const auto rows = session_.ask(sql);
    if (rows) {
      for (std::size_t k = 0; k < rows->rows.size(); ++k) take(Row{*rows, k});
      return;
    }
    if (is_damage(session_.client().last_sqlstate()) && batch.size() == 1) {
      const Table& table = tables_[batch.front()];
      unreadable.push_back({printable_utf8(table.sql), "", "table", rows.error().what});
      return;
    }
    // Too slow: what is smaller was counted before, so the rest would not be faster.
    if (batch.size() == 1 || rows.error().code == Errc::kTimeout) {
      if (session_.client().last_sqlstate() != "55P03") return;
    }
    if (batch.size() == 1) return;
    count(batch.first(batch.size() / 2));
    count(batch.subspan(batch.size() / 2));
  }

  /// Where all are too large to be counted: the first rows of one.
  void read_beginning() {
    const auto it = std::ranges::find_if(tables_, &Table::may_read);
    if (it == tables_.end() || over()) return;
    read_some = session_.ask("SELECT count(*) FROM (SELECT FROM ONLY " + it->sql + " LIMIT 100) q")
                    .has_value();
  }

  void take(Row row) {
    const auto i = row.number<std::size_t>("i", tables_.size());
    const auto n = row.number<std::int64_t>("n", -1);
    if (i >= tables_.size() || n < 0) return;
    tables_[i].rows = n;
    tables_[i].counted = true;
    read_some = true;
  }

  Session& session_;
  std::vector<Table>& tables_;
  Deadline end_;
};

/// Adds up, partitions under the table they belong to.
std::map<std::string, TableSize> by_root(const std::vector<Table>& tables) {
  std::map<std::string, TableSize> roots;
  for (const Table& table : tables) {
    const auto [it, fresh] = roots.try_emplace(table.root, TableSize{table.root, 0, 0, true});
    TableSize& root = it->second;
    root.size_bytes += table.size_bytes;
    root.counted = root.counted && table.counted;
    root.rows = root.rows < 0 || table.rows < 0 ? -1 : root.rows + table.rows;
  }
  return roots;
}

std::vector<TableSize> largest(const std::map<std::string, TableSize>& roots) {
  std::vector<TableSize> all;
  for (const auto& [name, size] : roots) all.push_back(size);
  std::ranges::stable_sort(all, std::ranges::greater{}, &TableSize::size_bytes);
  all.resize(std::min(all.size(), kLargest));
  return all;
}

/// The names that applications usually give to the table of their users, the surest first.
constexpr std::array<std::string_view, 6> kUsersTables{"users",    "auth_user", "user",
                                                       "wp_users", "accounts",  "user_entity"};

Observed<std::uint64_t> count_users(Session& session, const std::vector<Table>& tables,
                                    const Evidence& from) {
  const Table* best = nullptr;
  for (const std::string_view name : kUsersTables) {
    for (const Table& table : tables) {
      if (table.name == name && (!best || table.size_bytes > best->size_bytes)) best = &table;
    }
    if (best) break;
  }
  if (!best) return Absent{from};
  const std::string sql = printable_utf8(best->sql);
  if (!best->counted) {
    return Unknown{Why::denied, sql + " was not counted: too large, locked, or not readable"};
  }
  Evidence counted = from;
  counted.source = fmt::format("SELECT count(*) FROM {} in {}", sql, session.client().database());
  counted.excerpt = std::to_string(best->rows);
  return Seen{static_cast<std::uint64_t>(best->rows), counted};
}

void record(Session& session, const std::vector<Table>& tables, bool all_there,
            const Evidence& from, DatabaseFacts& facts) {
  std::uint64_t rows = 0, estimated = 0, unknown = 0;
  for (const Table& table : tables) {
    estimated += table.counted ? 0 : 1;
    if (table.rows >= 0) rows += static_cast<std::uint64_t>(table.rows);
    if (table.rows < 0) ++unknown;
  }
  facts.tables_estimated = Seen{estimated, from};
  facts.rows = Seen{rows, from};
  if (unknown > 0) {
    facts.rows = Unknown{Why::unsupported,
                         fmt::format("{} tables were neither counted nor ever analysed", unknown)};
  }
  facts.largest_tables = Seen{largest(by_root(tables)), from};
  facts.users_rows = count_users(session, tables, from);
  if (all_there) return;
  const Unknown why{Why::unsupported, "more tables than can be looked at"};
  facts.rows = facts.tables_estimated = why;
  facts.largest_tables = why;
  if (facts.users_rows.absent()) facts.users_rows = why;
}

}  // namespace

void count_rows(Session& session, DatabaseFacts& facts) {
  const auto give_up = [&](const Unknown& why) {
    facts.rows = facts.tables_estimated = facts.users_rows = why;
    facts.largest_tables = why;
    facts.unreadable_tables = why;
  };
  const auto rows = session.ask(fmt::format(fmt::runtime(kTables), kUserSchema),
                                {session.locked_tables}, kMostTables);
  if (!rows) return give_up(not_answered(rows.error()));
  std::uint64_t budget = kBytesInAll;
  std::vector<Table> tables;
  for (std::size_t i = 0; i < rows->rows.size(); ++i) {
    Row row{*rows, i};
    tables.push_back(table_in(row, budget));
  }
  if (const auto limited = session.limit_statements(kForOne); !limited) {
    return give_up(not_answered(limited.error()));
  }
  Counting counting{session, tables};
  counting.count_all();
  const Evidence from = session.from("count(*), pg_class", *rows);
  record(session, tables, !rows->truncated, from, facts);
  facts.unreadable_tables = Seen{std::move(counting.unreadable), from};
  if (!tables.empty() && !counting.read_some && facts.unreadable_tables.seen()->value.empty()) {
    const bool may = std::ranges::any_of(tables, &Table::may_read);
    facts.unreadable_tables = Unknown{may ? Why::timeout : Why::denied, "no table could be read"};
  }
}

}  // namespace postflight::database
