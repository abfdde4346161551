// SPDX-License-Identifier: Apache-2.0
// Large objects that a dump left behind: columns that name some that do not exist. Counts within a
// budget of bytes, reads no large object. Source: PostgreSQL manual, "Large Objects"; pg_dump,
// --schema and --table leave them out.
#include <fmt/format.h>

#include "probes/database_session.h"

namespace postflight::database {
namespace {

constexpr std::uint64_t kMostBytes = 32UL << 20;
constexpr Duration kForOne{500};

constexpr std::string_view kColumns = R"(
SELECT c.oid::regclass AS table, quote_ident(a.attname) AS column, y.typname = 'lo' AS certain
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type y ON y.oid = a.atttypid
WHERE c.relkind = 'r' AND {} AND a.attnum > 0 AND NOT a.attisdropped
  AND (y.oid = 'oid'::regtype OR (y.typname = 'lo' AND y.typbasetype = 'oid'::regtype))
  AND NOT {} AND c.oid <> ALL ($1::oid[]) AND pg_relation_size(c.oid) BETWEEN 1 AND {}
  AND has_column_privilege(c.oid, a.attnum, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')
  AND NOT row_security_active(c.oid)
ORDER BY 1, 2 LIMIT 50)";

/// A column of type oid that names other things (tables, roles, types) is none of large objects.
constexpr std::string_view kMissing = R"(
SELECT count(*) FILTER (WHERE m.oid IS NULL) AS missing,
       bool_or(v < 16384 OR EXISTS (SELECT FROM pg_class x WHERE x.oid = v)
         OR EXISTS (SELECT FROM pg_type x WHERE x.oid = v)
         OR EXISTS (SELECT FROM pg_proc x WHERE x.oid = v)
         OR EXISTS (SELECT FROM pg_roles x WHERE x.oid = v)) AS other
FROM (SELECT {0}::oid AS v FROM {1} WHERE {0} <> 0) t
LEFT JOIN pg_largeobject_metadata m ON m.oid = t.v)";

/// False where the server would not tell.
bool look_at_column(Session& session, Row& row, std::vector<MissingLargeObjects>& found) {
  const auto counted =
      session.ask(fmt::format(fmt::runtime(kMissing), row.raw("column"), row.raw("table")));
  if (!counted || counted->rows.empty()) return false;
  Row result{*counted, 0};
  const auto missing = result.number<std::uint64_t>("missing", 0);
  const bool certain = row.flag("certain");
  if (missing == 0 || (!certain && result.flag("other"))) return true;
  found.push_back({row.text("table"), row.text("column"), missing, certain});
  return true;
}

}  // namespace

void look_for_large_objects(Session& session, DatabaseFacts& facts) {
  const auto count = session.ask("SELECT count(*) AS n FROM pg_largeobject_metadata");
  facts.large_objects = count
                            ? session.number<std::uint64_t>("pg_largeobject_metadata", *count, "n")
                            : not_answered(count.error());
  if (const auto* why = facts.large_objects.unknown()) {
    facts.missing_large_objects = *why;
    return;
  }
  const auto rows =
      session.ask(fmt::format(fmt::runtime(kColumns), kUserSchema, kOfExtension, kMostBytes),
                  {session.locked_tables});
  if (!rows) {
    facts.missing_large_objects = not_answered(rows.error());
    return;
  }
  std::vector<MissingLargeObjects> found;
  bool all_told = true;
  if (!rows->rows.empty()) (void)session.limit_statements(kForOne);
  for (std::size_t i = 0; i < rows->rows.size(); ++i) {
    Row row{*rows, i};
    all_told = look_at_column(session, row, found) && all_told;
  }
  if (found.empty() && !all_told) {
    facts.missing_large_objects = Unknown{Why::timeout, "not all columns could be looked at"};
    return;
  }
  facts.missing_large_objects =
      Seen{std::move(found), session.from("columns of type oid and lo", *rows)};
}

}  // namespace postflight::database
