// SPDX-License-Identifier: Apache-2.0
// Who uses this database, what it finds along its search_path, and what it may not touch although
// it lies among its own tables. Reads catalogues only; has_…_privilege() tells for any role.
// Source: PostgreSQL manual, "System Information Functions", "ALTER ROLE".
#include <fmt/format.h>

#include <map>

#include "probes/database_parse.h"
#include "probes/database_session.h"

namespace postflight::database {
namespace {

/// The setting of the role in this database counts before that of the role, that of the database,
/// and that of all (miscinit.c, process_settings()).
constexpr std::string_view kRoles = R"(
WITH base AS (SELECT oid, datdba FROM pg_database WHERE datname = current_database()),
owned AS (
  SELECT c.relowner, count(*) AS n FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND {user_schema} GROUP BY 1),
connected AS (
  SELECT a.usesysid, count(*) AS n FROM pg_stat_activity a, base
  WHERE a.datid = base.oid AND a.pid <> pg_backend_pid()
    AND coalesce(a.backend_type, 'client backend') = 'client backend' GROUP BY 1),
path AS (
  SELECT s.setrole, s.setdatabase, substr(v, length('search_path=') + 1) AS value
  FROM pg_db_role_setting s, base, unnest(s.setconfig) v
  WHERE s.setdatabase IN (0, base.oid) AND lower(v) LIKE 'search\_path=%')
SELECT r.rolname AS role, r.oid = base.datdba AS owns_database, coalesce(o.n, 0) AS tables_owned,
       coalesce(c.n, 0) AS connections,
       EXISTS (SELECT FROM pg_roles m WHERE m.rolname IN ('pg_monitor', 'pg_read_all_stats')
               AND pg_has_role(r.oid, m.oid, 'MEMBER')) OR r.rolreplication OR r.rolname ~*
         '(exporter|monitor|zabbix|netdata|datadog|telegraf|prometheus|pgbouncer|pgpool)'
         AS monitors,
       p.value AS search_path,
       CASE WHEN p.value IS NULL THEN '' WHEN p.setrole = 0 AND p.setdatabase = 0 THEN 'all roles'
         WHEN p.setrole = 0 THEN 'database' WHEN p.setdatabase = 0 THEN 'role'
         ELSE 'role in database' END AS search_path_from
FROM pg_roles r CROSS JOIN base LEFT JOIN owned o ON o.relowner = r.oid
LEFT JOIN connected c ON c.usesysid = r.oid
LEFT JOIN LATERAL (SELECT * FROM path WHERE path.setrole IN (0, r.oid)
                   ORDER BY path.setrole <> 0 DESC, path.setdatabase <> 0 DESC LIMIT 1) p ON true
WHERE r.rolcanlogin AND NOT r.rolsuper
  AND (r.oid = base.datdba OR o.n > 0 OR c.n > 0)
ORDER BY 2 DESC, 4 DESC, 3 DESC, 1 LIMIT 16)";

/// $1 and $2 pair each role with the schemas of its path.
constexpr std::string_view kReach = R"(
WITH path AS (SELECT * FROM unnest($1::text[], $2::text[]) WITH ORDINALITY p(role, schema, place)),
tab AS (
  SELECT c.oid, c.relnamespace, n.nspname FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND {user_schema} AND NOT {of_extension})
SELECT r.rolname AS role,
  count(t.oid) FILTER (WHERE s AND (has_table_privilege(r.oid, t.oid, 'SELECT, INSERT, UPDATE, DELETE')
    OR has_any_column_privilege(r.oid, t.oid, 'SELECT, INSERT, UPDATE'))) AS tables_usable,
  count(t.oid) FILTER (WHERE s AND (has_table_privilege(r.oid, t.oid, 'INSERT, UPDATE, DELETE')
    OR has_any_column_privilege(r.oid, t.oid, 'INSERT, UPDATE'))) AS tables_writable,
  count(t.oid) FILTER (WHERE (r.rolname, t.nspname) IN (SELECT role, schema FROM path)) AS on_path,
  coalesce((SELECT has_schema_privilege(r.oid, n.oid, 'CREATE') FROM path p
            JOIN pg_namespace n ON n.nspname = p.schema WHERE p.role = r.rolname
            ORDER BY p.place LIMIT 1), false) AS may_create
FROM pg_roles r LEFT JOIN tab t ON true
LEFT JOIN LATERAL (SELECT has_schema_privilege(r.oid, t.relnamespace, 'USAGE') AS s) u ON true
WHERE r.rolname = ANY ($3::text[]) GROUP BY r.oid, r.rolname)";

/// Among its own: in a schema where the role owns tables or, for the owner of the database, that
/// its path names. What another application owns there is not meant for it, and neither are copies
/// that an administrator made: they have no primary key, or say so in their name. Who may become
/// the owner of a table by SET ROLE is not locked out.
constexpr std::string_view kLockedOut = R"(
WITH path AS (SELECT * FROM unnest($1::text[], $2::text[]) p(role, schema)),
tab AS (
  SELECT c.oid, c.relowner, c.relnamespace, c.relname FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND {user_schema} AND NOT {of_extension}),
app AS (
  SELECT r.oid, r.rolname FROM pg_roles r WHERE r.rolname = ANY ($3::text[])),
near AS (
  SELECT DISTINCT a.oid AS role, t.relnamespace AS schema FROM app a JOIN tab t ON t.relowner = a.oid
  UNION
  SELECT a.oid, n.oid FROM app a JOIN path p ON p.role = a.rolname
  JOIN pg_namespace n ON n.nspname = p.schema JOIN pg_database d ON d.datdba = a.oid
  WHERE d.datname = current_database())
SELECT a.rolname AS role, t.oid::regclass::text AS object, 'table' AS kind,
       pg_get_userbyid(t.relowner) AS owner
FROM near JOIN app a ON a.oid = near.role JOIN tab t ON t.relnamespace = near.schema
JOIN pg_roles o ON o.oid = t.relowner
WHERE (o.rolsuper OR NOT o.rolcanlogin) AND NOT pg_has_role(a.oid, t.relowner, 'MEMBER')
  AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary)
  AND t.relname !~* '(^|_)(bak|backup|old|copy|tmp|temp)([0-9]*$|_)|_[0-9]{{6,}}$'
  AND NOT has_table_privilege(a.oid, t.oid, 'SELECT, INSERT, UPDATE, DELETE')
  AND NOT has_any_column_privilege(a.oid, t.oid, 'SELECT, INSERT, UPDATE')
UNION ALL
SELECT a.rolname, quote_ident(n.nspname), 'schema', pg_get_userbyid(n.nspowner)
FROM app a JOIN pg_namespace n ON NOT has_schema_privilege(a.oid, n.oid, 'USAGE')
  AND NOT pg_has_role(a.oid, n.nspowner, 'MEMBER')
WHERE EXISTS (SELECT FROM tab t WHERE t.relnamespace = n.oid AND t.relowner = a.oid)
UNION ALL
SELECT DISTINCT a.rolname, s.oid::regclass::text, 'sequence', pg_get_userbyid(s.relowner)
FROM app a JOIN tab t ON has_table_privilege(a.oid, t.oid, 'INSERT')
JOIN pg_attrdef f ON f.adrelid = t.oid
JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
  AND d.refclassid = 'pg_class'::regclass
JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'
WHERE NOT has_sequence_privilege(a.oid, s.oid, 'USAGE, UPDATE')
  AND NOT pg_has_role(a.oid, s.relowner, 'MEMBER')
ORDER BY 3, 1, 2 LIMIT 1000)";

std::string filled(std::string_view sql) {
  return fmt::format(fmt::runtime(sql), fmt::arg("user_schema", kUserSchema),
                     fmt::arg("of_extension", kOfExtension));
}

/// What the configuration files set, or the built-in value. Our own session has another one.
std::string path_of_server(Session& session) {
  const auto rows = session.ask(
      "SELECT coalesce((SELECT f.setting FROM pg_file_settings f WHERE f.name = 'search_path' AND "
      "f.applied ORDER BY f.seqno DESC LIMIT 1), s.boot_val) AS path FROM pg_settings s WHERE "
      "s.name = 'search_path'");
  if (!rows || rows->rows.empty()) return R"("$user", public)";
  return Row{*rows, 0}.raw("path");
}

/// The roles, the schemas of their paths beside them, as parameters of the other statements.
struct Paths {
  std::vector<std::string> roles, schemas, all;

  void add(const std::string& role, const std::string& path) {
    all.push_back(role);
    for (std::string& schema : parse_search_path(path, role)) {
      roles.push_back(role);
      schemas.push_back(std::move(schema));
    }
  }
  std::vector<std::string> parameters() const {
    return {array_literal(roles), array_literal(schemas), array_literal(all)};
  }
};

Observed<std::vector<ApplicationRole>> find_roles(Session& session, Paths& paths) {
  const std::string server = path_of_server(session);
  return session.list<ApplicationRole>(
      "pg_roles, pg_stat_activity, pg_db_role_setting", filled(kRoles), {}, [&](Row& row) {
        const std::string from = row.text("search_path_from");
        const std::string path = from.empty() ? server : row.raw("search_path");
        paths.add(row.raw("role"), path);
        return ApplicationRole{.role = row.text("role"),
                               .owns_database = row.flag("owns_database"),
                               .tables_owned = row.number<std::uint64_t>("tables_owned", 0),
                               .connections = row.number<std::uint64_t>("connections", 0),
                               .monitors = row.flag("monitors"),
                               .search_path = printable_utf8(path),
                               .search_path_from = from.empty() ? "server" : from};
      });
}

/// Adds what each role reaches; what went wrong where something did.
std::optional<Unknown> add_reach(Session& session, const Paths& paths,
                                 std::vector<ApplicationRole>& roles) {
  const auto rows = session.ask(filled(kReach), paths.parameters());
  if (!rows) return not_answered(rows.error());
  for (std::size_t i = 0; i < rows->rows.size(); ++i) {
    Row row{*rows, i};
    for (ApplicationRole& role : roles) {
      if (role.role != row.text("role")) continue;
      role.tables_usable = row.number<std::uint64_t>("tables_usable", 0);
      role.tables_writable = row.number<std::uint64_t>("tables_writable", 0);
      role.tables_on_path = row.number<std::uint64_t>("on_path", 0);
      role.may_create = row.flag("may_create");
    }
  }
  return std::nullopt;
}

}  // namespace

void look_at_roles(Session& session, DatabaseFacts& facts) {
  Paths paths;
  facts.application_roles = find_roles(session, paths);
  if (const auto* why = facts.application_roles.unknown()) {
    facts.locked_out = *why;
    return;
  }
  std::vector<ApplicationRole> roles = facts.application_roles.seen()->value;
  const Evidence from = facts.application_roles.seen()->evidence;
  if (const auto why = add_reach(session, paths, roles)) {
    facts.application_roles = *why;
  } else {
    facts.application_roles = Seen{std::move(roles), from};
  }
  facts.locked_out = session.list<LockedOut>(
      "pg_class.relowner, pg_class.relacl", filled(kLockedOut), paths.parameters(), [](Row& row) {
        return LockedOut{row.text("role"), row.text("object"), row.text("kind"), row.text("owner")};
      });
}

}  // namespace postflight::database
