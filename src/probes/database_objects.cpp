// SPDX-License-Identifier: Apache-2.0
// Counts what there is, and asks for the files that extensions need.
#include <fmt/format.h>

#include "probes/database_session.h"

namespace postflight::database {
namespace {

void describe_database(Session& session, DatabaseFacts& facts) {
  const int version = session.client().server_version_num();
  facts.server_major =
      Seen{static_cast<std::uint32_t>(session.version()),
           session.context().evidence("server_version of " + session.client().endpoint(),
                                      std::to_string(version))};
  const auto rows = session.ask(
      "SELECT current_user AS looked_as, pg_get_userbyid(d.datdba) AS owner, "
      "pg_encoding_to_char(d.encoding) AS encoding FROM pg_database d WHERE d.datname = "
      "current_database()");
  if (!rows || rows->rows.empty()) {
    const Unknown why = rows ? Unknown{Why::malformed, "pg_database does not hold the database"}
                             : not_answered(rows.error());
    facts.looked_as = facts.owner = facts.encoding = why;
    return;
  }
  const Row row{*rows, 0};
  const Evidence from = session.from("pg_database", *rows);
  facts.looked_as = Seen{row.text("looked_as"), from};
  facts.owner = Seen{row.text("owner"), from};
  facts.encoding = Seen{row.text("encoding"), from};
}

void measure(Session& session, DatabaseFacts& facts) {
  const auto rows = session.ask("SELECT pg_database_size(current_database()) AS size_bytes");
  facts.size_bytes = rows ? session.number<std::uint64_t>("pg_database_size()", *rows, "size_bytes")
                          : not_answered(rows.error());
}

void count_relations(Session& session, DatabaseFacts& facts) {
  const auto rows = session.ask(fmt::format(
      "SELECT count(*) FILTER (WHERE c.relkind IN ('r','p') AND NOT c.relispartition) AS tables, "
      "count(*) FILTER (WHERE c.relispartition AND c.relkind IN ('r','p','f')) AS partitions, "
      "count(*) FILTER (WHERE c.relkind = 'v') AS views, "
      "count(*) FILTER (WHERE c.relkind = 'm') AS materialized_views, "
      "count(*) FILTER (WHERE c.relkind = 'S') AS sequences "
      "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
      "WHERE c.relkind IN ('r','p','v','m','S','f') AND {}",
      kUserSchema));
  const auto count = [&](std::string_view column) -> Observed<std::uint64_t> {
    if (!rows) return not_answered(rows.error());
    return session.number<std::uint64_t>("pg_class, pg_namespace", *rows, column);
  };
  facts.tables = count("tables");
  facts.partitions = count("partitions");
  facts.views = count("views");
  facts.materialized_views = count("materialized_views");
  facts.sequences = count("sequences");
}

Observed<std::uint64_t> count(Session& session, std::string_view source, std::string_view sql) {
  const auto rows = session.ask(sql);
  if (!rows) return not_answered(rows.error());
  return session.number<std::uint64_t>(source, *rows, "n");
}

void count_others(Session& session, DatabaseFacts& facts) {
  facts.functions = count(
      session, "pg_proc",
      fmt::format("SELECT count(*) AS n FROM pg_proc p JOIN pg_namespace n ON n.oid = "
                  "p.pronamespace WHERE {} AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid "
                  "= 'pg_proc'::regclass AND x.objid = p.oid AND x.deptype = 'e')",
                  kUserSchema));
  facts.triggers =
      count(session, "pg_trigger", "SELECT count(*) AS n FROM pg_trigger WHERE NOT tgisinternal");
  facts.publications = count(session, "pg_publication", "SELECT count(*) AS n FROM pg_publication");
}

void find_owners(Session& session, DatabaseFacts& facts) {
  facts.table_owners = session.list<TableOwner>(
      "pg_class.relowner",
      fmt::format("SELECT pg_get_userbyid(c.relowner) AS owner, count(*) AS tables FROM pg_class c "
                  "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r','p') AND "
                  "NOT c.relispartition AND {} AND NOT {} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20",
                  kUserSchema, kOfExtension),
      {}, [](Row& row) {
        return TableOwner{row.text("owner"), row.number<std::uint64_t>("tables", 0)};
      });
}

void find_main_tables(Session& session, DatabaseFacts& facts) {
  facts.main_tables = session.list<std::string>(
      "pg_constraint, pg_class",
      fmt::format("SELECT c.oid::regclass AS name, count(k.oid) AS referred, max(c.relpages) AS "
                  "pages FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN "
                  "pg_constraint k ON k.confrelid = c.oid AND k.contype = 'f' WHERE c.relkind IN "
                  "('r','p') AND NOT c.relispartition AND {} AND NOT {} GROUP BY c.oid, c.relname "
                  "ORDER BY 2 DESC, 3 DESC, c.relname LIMIT 8",
                  kUserSchema, kOfExtension),
      {}, [](Row& row) { return row.text("name"); });
}

/// Evidence of nothing but the name of the file: where it would be loaded from, and whether it is
/// there. dfmgr.c, expand_dynamic_library_name(): a name with a folder is taken as it is, one
/// without (or, from 18 on, behind $libdir/) is sought in dynamic_library_path.
constexpr std::string_view kMissingLibraries = R"(
WITH named AS (
  SELECT p.probin, count(*) AS functions, min(e.extname) AS extension,
         array_agg(p.oid) AS oids
  FROM pg_proc p
  LEFT JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
  LEFT JOIN pg_extension e ON e.oid = d.refobjid
  WHERE p.probin IS NOT NULL AND p.prolang = (SELECT oid FROM pg_language WHERE lanname = 'c')
  GROUP BY p.probin),
place AS (SELECT setting AS dir FROM pg_config WHERE name = 'PKGLIBDIR'),
folder AS (
  SELECT replace(f, '$libdir', dir) AS dir
  FROM place, unnest(string_to_array(current_setting('dynamic_library_path') || ':' || '$libdir',
                                     ':')) f
  WHERE f <> ''),
file AS (
  SELECT n.probin, CASE WHEN n.probin LIKE '/%' THEN n.probin
    WHEN n.probin LIKE '$libdir/%' THEN place.dir || substr(n.probin, 8) END AS path
  FROM named n, place WHERE n.probin LIKE '%/%'
  UNION ALL
  SELECT n.probin, folder.dir || '/' || replace(n.probin, '$libdir/', '')
  FROM named n, folder WHERE replace(n.probin, '$libdir/', '') NOT LIKE '%/%')
SELECT n.probin AS library, n.extension, n.functions, (
  SELECT string_agg(DISTINCT i.indexrelid::regclass::text, E'\x01') FROM pg_index i, unnest(i.indclass) k
  JOIN pg_opclass o ON o.oid = k JOIN pg_amproc a ON a.amprocfamily = o.opcfamily
  WHERE a.amproc = ANY (n.oids)) AS indexes
FROM named n
WHERE NOT EXISTS (
  SELECT FROM file f, unnest(ARRAY[f.path, f.path || '.so']) p
  WHERE f.probin = n.probin AND (pg_stat_file(p, true)).size IS NOT NULL)
ORDER BY 1)";

std::vector<std::string> separated(const std::string& text) {
  std::vector<std::string> out;
  for (const auto part : split(text, '\x01')) out.push_back(printable_utf8(part));
  return out;
}

}  // namespace

void look_at_objects(Session& session, DatabaseFacts& facts) {
  describe_database(session, facts);
  measure(session, facts);
  count_relations(session, facts);
  count_others(session, facts);
  find_owners(session, facts);
  find_main_tables(session, facts);
}

void look_at_extensions(Session& session, DatabaseFacts& facts) {
  facts.extensions = session.list<Extension>(
      "pg_extension, pg_available_extensions",
      "SELECT e.extname AS name, e.extversion AS version, a.default_version FROM pg_extension e "
      "LEFT JOIN pg_available_extensions a ON a.name = e.extname ORDER BY 1",
      {}, [](Row& row) {
        return Extension{row.text("name"), row.text("version"), row.text("default_version")};
      });
  facts.missing_libraries = session.list<MissingLibrary>(
      "pg_proc.probin, pg_stat_file()", kMissingLibraries, {}, [](Row& row) {
        return MissingLibrary{row.text("library"), row.text("extension"),
                              row.number<std::uint64_t>("functions", 0),
                              separated(row.raw("indexes"))};
      });
}

}  // namespace postflight::database
