// SPDX-License-Identifier: Apache-2.0
// Who may come in: pg_hba.conf, roles, how passwords are kept. Never a password or its hash.
// Source: the manual, pg_hba_file_rules, pg_roles, pg_authid.
#include <set>

#include "probes/postgres_look.h"

namespace postflight {
namespace {

/// The options of a rule are left out: those of LDAP and RADIUS hold passwords.
constexpr const char* kRules = R"(
SELECT line_number, type, array_to_string(database, chr(31)) AS databases,
       array_to_string(user_name, chr(31)) AS users, address, netmask, auth_method, error)";
constexpr const char* kFileOfRule = ", file_name";
constexpr const char* kFromRules = " FROM pg_hba_file_rules";
constexpr int kRulesHaveFiles = 160000;

constexpr const char* kRoles = R"(
SELECT r.rolname, r.rolcanlogin, r.rolsuper, r.rolconnlimit,
       concat_ws(' ', CASE WHEN r.rolcreatedb THEN 'CREATEDB' END,
                      CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
                      CASE WHEN r.rolreplication THEN 'REPLICATION' END,
                      CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END) AS attributes,
       CASE WHEN isfinite(r.rolvaliduntil) THEN
         to_char(r.rolvaliduntil AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END AS valid_until,
       coalesce(r.rolvaliduntil < now(), false) AS expired,
       EXISTS (SELECT FROM pg_database d WHERE d.datdba = r.oid AND NOT d.datistemplate
               AND d.datname <> 'postgres') AS owns_database,
       (SELECT count(*) FROM pg_stat_activity a
        WHERE a.usesysid = r.oid AND a.pid <> pg_backend_pid()) AS sessions
FROM pg_roles r WHERE r.rolname !~ '^pg_' ORDER BY r.rolname)";

constexpr const char* kVerifiers = R"(
SELECT rolname, CASE WHEN rolpassword IS NULL THEN 'none'
                     WHEN rolpassword LIKE 'SCRAM-SHA-256$%' THEN 'scram-sha-256'
                     WHEN rolpassword LIKE 'md5%' THEN 'md5' ELSE 'other' END AS kind
FROM pg_authid WHERE rolcanlogin ORDER BY rolname)";

PostgresHbaRule rule_of(const PostgresRow& row) {
  return {.line = row.number_or<std::uint32_t>("line_number", 0),
          .type = row.text("type"),
          .databases = row.list("databases"),
          .users = row.list("users"),
          .address = row.text("address"),
          .netmask = row.text("netmask"),
          .method = row.text("auth_method"),
          .error = row.text("error"),
          .file = row.text("file_name")};
}

PostgresRole role_of(const PostgresRow& row) {
  return {.name = row.text("rolname"),
          .can_login = row.flag("rolcanlogin"),
          .superuser = row.flag("rolsuper"),
          .attributes = row.text("attributes"),
          .valid_until = row.text("valid_until"),
          .expired = row.flag("expired"),
          .connection_limit = row.number_or<std::int32_t>("rolconnlimit", -1),
          .owns_database = row.flag("owns_database"),
          .sessions = row.number_or<std::uint32_t>("sessions", 0)};
}

/// pg_hba.conf and the files it includes.
std::vector<std::string> hba_files(PostgresFacts& facts) {
  std::set<std::string> files;
  if (const auto* main = facts.hba_file.seen()) files.insert(main->value);
  if (const auto* rules = facts.hba_rules.seen()) {
    for (const PostgresHbaRule& rule : rules->value) files.insert(rule.file);
  }
  files.erase("");
  return {files.begin(), files.end()};
}

/// Of one file alone the name would stand in every row.
void forget_main_file(PostgresFacts& facts) {
  const auto* main = facts.hba_file.seen();
  const auto* rules = facts.hba_rules.seen();
  if (!main || !rules) return;
  auto plain = *rules;
  for (PostgresHbaRule& rule : plain.value) {
    if (rule.file == main->value) rule.file.clear();
  }
  facts.hba_rules = std::move(plain);
}

/// These are the superuser's unless he grants them one by one: pg_monitor does not help.
template <class T>
void tell_who_may(Observed<T>& fact, const char* how) {
  const auto* unknown = fact.unknown();
  if (!unknown || unknown->why != Why::denied) return;
  fact = Unknown{Why::denied, unknown->detail.substr(0, unknown->detail.find("; allow it")) +
                                  "; allow it: run as root, or " + how};
}

}  // namespace

void look_at_access(PostgresView& view) {
  PostgresFacts& f = view.facts;
  const bool with_files = view.ask.client().server_version_num() >= kRulesHaveFiles;
  const std::string sql = std::string(kRules) + (with_files ? kFileOfRule : "") + kFromRules;
  view.ask.fill(f.hba_rules, "pg_hba_file_rules", view.ask(sql), rule_of);
  f.hba_changed_since_load = changed_since_load(view, hba_files(f));
  forget_main_file(f);
  view.ask.fill(f.roles, "pg_roles", view.ask(kRoles), role_of);
  view.ask.fill(f.verifiers, "pg_authid", view.ask(kVerifiers), [](const PostgresRow& row) {
    return PostgresVerifier{row.text("rolname"), row.text("kind")};
  });
  tell_who_may(f.hba_rules,
               "GRANT SELECT ON pg_hba_file_rules TO the role and GRANT EXECUTE ON FUNCTION "
               "pg_hba_file_rules() TO the role");
  tell_who_may(f.verifiers, "log in as a superuser");
}

}  // namespace postflight
