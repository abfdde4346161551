// SPDX-License-Identifier: Apache-2.0
// Judges whether the roles of applications can use the tables that are there. Pure. Source:
// PostgreSQL manual, "Privileges", "The Schema Search Path", "ALTER TABLE ... OWNER TO".
#include <fmt/format.h>

#include "rules/database_rules.h"

namespace postflight::rules::database_rules {
namespace {

using Roles = std::vector<ApplicationRole>;

/// A name as SQL wants it: plain ones as they are.
std::string identifier(const std::string& name) {
  const bool plain =
      !name.empty() &&
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos &&
      (name.front() < '0' || name.front() > '9');
  if (plain) return name;
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += c;
    quoted += c;
  }
  return quoted + "\"";
}

const ApplicationRole* find_role(const Roles& roles, const std::string& name) {
  const auto it = std::ranges::find(roles, name, &ApplicationRole::role);
  return it == roles.end() ? nullptr : &*it;
}

std::string give(const LockedOut& one) {
  if (one.kind == "schema") {
    return fmt::format("GRANT USAGE ON SCHEMA {} TO {}", one.object, identifier(one.role));
  }
  if (one.kind == "sequence") {
    return fmt::format("GRANT USAGE, SELECT ON SEQUENCE {} TO {}", one.object,
                       identifier(one.role));
  }
  return fmt::format("ALTER TABLE {} OWNER TO {}", one.object, identifier(one.role));
}

std::string object_of(const LockedOut& one) {
  return one.object;
}

/// Uses the database as an application does: owns something in it, or is connected.
bool is_used(const ApplicationRole& role) {
  return role.tables_owned > 0 || role.connections > 0;
}

/// The roles for which `wanted` holds, monitoring left out.
template <class Wanted>
Roles applications(const Roles& all, Wanted&& wanted) {
  return those(all, [&](const ApplicationRole& role) { return !role.monitors && wanted(role); });
}

std::string role_name(const ApplicationRole& role) {
  return role.role;
}

constexpr const char* kOwners =
    "SELECT pg_get_userbyid(relowner) AS owner, count(*) FROM pg_class WHERE relkind IN ('r', 'p') "
    "AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) "
    "GROUP BY 1";

}  // namespace

Verdicts role_locked_out(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<LockedOut>& all, const Roles& roles) -> Verdicts {
        if (all.empty()) return silent();
        const LockedOut& first = all.front();
        const auto same = those(all, [&](const LockedOut& one) { return one.role == first.role; });
        const ApplicationRole* role = find_role(roles, first.role);
        const bool used = !role || is_used(*role);
        return with_objects(FindingDraft{used ? Severity::critical : Severity::warning}, same,
                            object_of)
            .arg("role", first.role)
            .arg("owner", first.owner)
            .arg("owned", role ? Json(role->tables_owned) : Json(0))
            .arg("look", psql(f, c, {kOwners}))
            .arg("give", psql(f, c, statements_for(same, give)));
      },
      f.locked_out, f.application_roles);
}

Verdicts role_sees_nothing(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const Roles& all, std::uint64_t tables) -> Verdicts {
        const auto blind = applications(all, [](const ApplicationRole& role) {
          return role.connections > 0 && role.tables_usable == 0 && role.tables_owned == 0 &&
                 !role.owns_database;
        });
        if (blind.empty() || tables == 0) return silent();
        const ApplicationRole& first = blind.front();
        return with_objects(FindingDraft{Severity::warning}, blind, role_name)
            .arg("role", first.role)
            .arg("connections", first.connections)
            .arg("tables", tables)
            .arg("look", psql(f, c, {"\\dp"}))
            .arg("grantee", identifier(first.role));
      },
      f.application_roles, f.tables);
}

Verdicts role_cannot_write(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const Roles& all) -> Verdicts {
        const auto reading = applications(all, [](const ApplicationRole& role) {
          return role.owns_database && role.tables_usable > 0 && role.tables_writable == 0;
        });
        if (reading.empty()) return silent();
        const ApplicationRole& first = reading.front();
        return FindingDraft{Severity::warning}
            .arg("role", first.role)
            .arg("usable", first.tables_usable)
            .arg("look", psql(f, c, {kOwners}))
            .arg("grantee", identifier(first.role));
      },
      f.application_roles);
}

Verdicts search_path_misses_tables(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const Roles& all, std::uint64_t tables) -> Verdicts {
        const auto lost = applications(all, [](const ApplicationRole& role) {
          return role.tables_on_path == 0 && role.tables_usable > 0;
        });
        if (lost.empty() || tables == 0) return silent();
        const ApplicationRole& first = lost.front();
        // Without a setting of its own an application may well name the schemas itself.
        const bool set = first.search_path_from != "server";
        return with_objects(FindingDraft{set ? Severity::warning : Severity::info}, lost, role_name)
            .arg("role", first.role)
            .arg("path", first.search_path)
            .arg("set", flag(set))
            .arg("tables", first.tables_usable)
            .arg("schemas", psql(f, c,
                                 {"SELECT relnamespace::regnamespace AS schema, count(*) FROM "
                                  "pg_class WHERE relkind IN ('r', 'p') GROUP BY 1"}))
            .arg("settings", psql(f, c, {"\\drds"}));
      },
      f.application_roles, f.tables);
}

Verdicts cannot_create_tables(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const Roles& all) -> Verdicts {
        const auto bound = applications(all, [](const ApplicationRole& role) {
          return role.tables_owned > 0 && role.tables_on_path > 0 && !role.may_create;
        });
        if (bound.empty()) return silent();
        const ApplicationRole& first = bound.front();
        return with_objects(FindingDraft{Severity::info}, bound, role_name)
            .arg("role", first.role)
            .arg("look", psql(f, c, {"\\dn+"}))
            .arg("grant",
                 psql(f, c, {"GRANT CREATE ON SCHEMA public TO " + identifier(first.role)}));
      },
      f.application_roles);
}

}  // namespace postflight::rules::database_rules
