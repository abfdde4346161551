// SPDX-License-Identifier: Apache-2.0
// Judges one database of a PostgreSQL cluster: are its tables readable and kept right, can its
// application use them, does the planner know them, do its extensions and links work. Pure. Source:
// PostgreSQL manual, "Routine Vacuuming", "CREATE EXTENSION", "Logical Replication".
#include <fmt/format.h>

#include <array>

#include "rules/database_rules.h"

namespace postflight::rules {

using namespace database_rules;

namespace {

std::string table_of(const UnanalyzedTable& table) {
  return table.table;
}

bool is_unnamed(const Extension& extension) {
  return extension.default_version.empty();
}

bool is_outdated(const Extension& extension) {
  return !extension.default_version.empty() && extension.version != extension.default_version;
}

/// The library without its folder: "$libdir/pg_trgm" is pg_trgm.
std::string library_name(const std::string& library) {
  return library.substr(library.rfind('/') + 1);
}

std::string package_prefix(const DatabaseFacts& f) {
  const auto* major = f.server_major.seen();
  return major ? fmt::format("postgresql-{}", major->value) : "postgresql";
}

/// Debian's packages are of use where the server runs on the machine itself.
FindingDraft with_packages(FindingDraft found, const DatabaseFacts& f, const JudgeContext& c) {
  const PostgresCluster* cluster = cluster_of(c);
  const bool debian = cluster && !cluster->debian_name.empty();
  if (debian) {
    found.arg("verify", Words{"dpkg", "-V", package_prefix(f)})
        .arg("packages", Words{"apt-cache", "search", "--names-only", "^" + package_prefix(f)})
        .arg("reinstall", Words{"apt-get", "install", "--reinstall", package_prefix(f)});
  }
  return found;
}

Verdicts extension_library_missing(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<MissingLibrary>& missing) -> Verdicts {
        if (missing.empty()) return silent();
        const MissingLibrary& first = missing.front();
        std::uint64_t functions = 0;
        std::vector<std::string> indexes;
        for (const MissingLibrary& one : missing) {
          functions += one.functions;
          indexes.insert(indexes.end(), one.indexes.begin(), one.indexes.end());
        }
        const std::string extension =
            first.extension.empty() ? library_name(first.library) : first.extension;
        const std::size_t all_indexes = indexes.size();
        indexes.resize(std::min(indexes.size(), kNamed));
        FindingDraft found =
            with_objects(FindingDraft{Severity::critical}, missing,
                         [](const MissingLibrary& one) { return one.library; })
                .arg("extension", extension)
                .arg("functions", functions)
                .arg("indexes", indexes)
                .arg("indexed", flag(all_indexes > 0))
                .arg("look", psql(f, c,
                                  {"SELECT name, default_version, installed_version FROM "
                                   "pg_available_extensions WHERE name = " +
                                   sql_literal(extension)}));
        return with_packages(std::move(found), f, c);
      },
      f.missing_libraries);
}

/// The control file is gone and the library is there: it works, until somebody makes it anew.
Verdicts extension_unavailable(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<Extension>& all,
          const std::vector<MissingLibrary>& missing) -> Verdicts {
        const auto gone = those(all, [&](const Extension& extension) {
          return is_unnamed(extension) &&
                 std::ranges::find(missing, extension.name, &MissingLibrary::extension) ==
                     missing.end();
        });
        if (gone.empty()) return silent();
        FindingDraft found =
            with_objects(FindingDraft{Severity::info}, gone, [](const Extension& one) {
              return one.name;
            }).arg("look", psql(f, c, {"\\dx"}));
        return with_packages(std::move(found), f, c);
      },
      f.extensions, f.missing_libraries);
}

Verdicts extension_outdated(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<Extension>& all) -> Verdicts {
        const auto old = those(all, is_outdated);
        if (old.empty()) return silent();
        const auto update = [](const Extension& one) {
          return fmt::format("ALTER EXTENSION \"{}\" UPDATE", one.name);
        };
        return with_objects(FindingDraft{Severity::info}, old,
                            [](const Extension& one) {
                              return fmt::format("{} {} → {}", one.name, one.version,
                                                 one.default_version);
                            })
            .arg("look", psql(f, c, {"\\dx"}))
            .arg("update", psql(f, c, statements_for(old, update)));
      },
      f.extensions);
}

/// A small table is read whole either way; one that autovacuum is about to analyse needs nobody.
Verdicts statistics_missing(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<UnanalyzedTable>& largest, std::uint64_t total, bool autovacuum,
          std::uint64_t tables) -> Verdicts {
        const auto large = those(largest, [&](const UnanalyzedTable& table) {
          return static_cast<double>(table.size_bytes) >=
                 c.thresholds.database_unanalyzed_warning_bytes;
        });
        if (large.empty()) return silent();
        const bool by_itself =
            autovacuum && std::ranges::all_of(large, &UnanalyzedTable::awaits_autovacuum);
        FindingDraft found = with_objects(
            FindingDraft{by_itself ? Severity::info : Severity::warning}, large, table_of);
        found.arg("total", total)
            .arg("tables", tables)
            .arg("largest", large.front().table)
            .arg("size", large.front().size_bytes)
            .arg("autovacuum", flag(autovacuum))
            .arg("by_itself", flag(by_itself))
            .arg("look", psql(f, c,
                              {"SELECT relid::regclass, n_live_tup, last_analyze, "
                               "last_autoanalyze FROM pg_stat_user_tables ORDER BY 2 DESC LIMIT "
                               "10"}))
            .arg("analyze", psql(f, c, {"ANALYZE"}));
        if (!autovacuum) {
          found.arg("setting", psql(f, c,
                                    {"SELECT name, setting, sourcefile, sourceline FROM "
                                     "pg_settings WHERE name IN ('autovacuum', 'track_counts')"}));
        }
        return found;
      },
      f.unanalyzed_tables, f.tables_without_statistics, f.autovacuum, f.tables);
}

Verdicts dead_rows_pile_up(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<DeadRows>& dead, bool autovacuum) -> Verdicts {
        if (dead.empty()) return silent();
        const auto vacuum = [](const DeadRows& one) { return "VACUUM (ANALYZE) " + one.table; };
        return with_objects(FindingDraft{Severity::warning}, dead,
                            [](const DeadRows& one) { return one.table; })
            .arg("table", dead.front().table)
            .arg("dead", dead.front().dead_rows)
            .arg("live", dead.front().live_rows)
            .arg("autovacuum", flag(autovacuum))
            .arg("look", psql(f, c,
                              {"SELECT pid, usename, state, xact_start, backend_xmin FROM "
                               "pg_stat_activity WHERE backend_xmin IS NOT NULL ORDER BY "
                               "xact_start LIMIT 10"}))
            .arg("vacuum", psql(f, c, statements_for(dead, vacuum)));
      },
      f.dead_rows, f.autovacuum);
}

Verdicts unlogged_tables(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<std::string>& tables) -> Verdicts {
        if (tables.empty()) return silent();
        const auto log = [](const std::string& table) {
          return "ALTER TABLE " + table + " SET LOGGED";
        };
        return with_objects(FindingDraft{Severity::info}, tables,
                            [](const std::string& table) { return table; })
            .arg("first_count", psql(f, c, {"SELECT count(*) FROM " + tables.front()}))
            .arg("log", psql(f, c, statements_for(tables, log)));
      },
      f.unlogged_tables);
}

Verdicts remote_host_unknown(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<RemoteHost>& hosts) -> Verdicts {
        const auto lost =
            those(hosts, [](const RemoteHost& host) { return host.resolves == Resolves::no; });
        if (lost.empty()) {
          const auto untold = std::ranges::find(hosts, Resolves::untold, &RemoteHost::resolves);
          if (untold == hosts.end()) return silent();
          return Unknown{Why::unsupported, untold->host + " was not resolved as the server does"};
        }
        const RemoteHost& first = lost.front();
        FindingDraft found = with_objects(FindingDraft{Severity::warning}, lost,
                                          [](const RemoteHost& host) { return host.host; })
                                 .arg("host", first.host)
                                 .arg("user", first.object)
                                 .arg("resolve", Words{"getent", "hosts", first.host});
        const auto server = std::ranges::find(lost, "foreign server", &RemoteHost::kind);
        if (server != lost.end()) {
          found.arg("servers", psql(f, c, {"\\des+"}))
              .arg("alter", psql(f, c,
                                 {fmt::format("ALTER SERVER {} OPTIONS (SET host 'NEW-HOST')",
                                              server->object)}));
        }
        const auto subscription = std::ranges::find(lost, "subscription", &RemoteHost::kind);
        if (subscription != lost.end()) {
          found.arg("subscriptions", psql(f, c, {"\\dRs"}))
              .arg("connect", "ALTER SUBSCRIPTION " + subscription->object + " CONNECTION");
        }
        const auto function = std::ranges::find(lost, "function", &RemoteHost::kind);
        if (function != lost.end())
          found.arg("functions", psql(f, c, {"\\sf " + function->object}));
        return found;
      },
      f.remote_hosts);
}

Verdicts subscription_not_running(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<Subscription>& all) -> Verdicts {
        const auto idle = those(all, [](const Subscription& one) { return !one.running; });
        if (idle.empty()) return silent();
        const bool enabled = std::ranges::any_of(idle, &Subscription::enabled);
        FindingDraft found = with_objects(FindingDraft{Severity::warning}, idle,
                                          [](const Subscription& one) { return one.name; })
                                 .arg("enabled", flag(enabled))
                                 .arg("look", psql(f, c,
                                                   {"SELECT subname, subenabled, subslotname FROM "
                                                    "pg_subscription",
                                                    "SELECT subname, pid, latest_end_time FROM "
                                                    "pg_stat_subscription"}));
        const auto off = those(idle, [](const Subscription& one) { return !one.enabled; });
        if (!off.empty()) {
          found.arg("enable", psql(f, c, statements_for(off, [](const Subscription& one) {
                                     return fmt::format("ALTER SUBSCRIPTION \"{}\" ENABLE",
                                                        one.name);
                                   })));
        }
        return found;
      },
      f.subscriptions);
}

Verdicts rows_hidden_by_policy(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<std::string>& tables) -> Verdicts {
        if (tables.empty()) return silent();
        return with_objects(FindingDraft{Severity::info}, tables,
                            [](const std::string& table) { return table; })
            .arg("look", psql(f, c, {"\\dp " + tables.front()}))
            .arg("open",
                 psql(f, c, {"ALTER TABLE " + tables.front() + " DISABLE ROW LEVEL SECURITY"}));
      },
      f.tables_without_policy);
}

Verdicts carriage_returns(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<std::string>& functions) -> Verdicts {
        if (functions.empty()) return silent();
        return with_objects(FindingDraft{Severity::info}, functions,
                            [](const std::string& function) { return function; })
            .arg("look", psql(f, c, {"\\sf " + functions.front()}));
      },
      f.functions_with_carriage_return);
}

Verdicts encoding_unchecked(const DatabaseFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& encoding) -> Verdicts {
        if (encoding != "SQL_ASCII") return silent();
        return FindingDraft{Severity::info}.arg("look", psql(f, c, {"\\l"}));
      },
      f.encoding);
}

/// Green where rows of some table were read and none refused for damage.
std::vector<TestDraft> tables_readable(const DatabaseFacts& f, const JudgeContext&) {
  const auto* tables = f.tables.seen();
  if (tables && tables->value == 0) return {};
  TestDraft test;
  f.unreadable_tables.visit(
      [&](const Seen<std::vector<ObjectFault>>& seen) {
        test.status = seen.value.empty() ? TestStatus::pass : TestStatus::fail;
        test.evidence = {seen.evidence};
      },
      [&](const Absent& absent) { test.evidence = {absent.evidence}; },
      [&](const Unknown& unknown) { test.reason = unknown; });
  return {test};
}

struct DatabaseRules {
  static constexpr std::array rules{
      Rule<DatabaseFacts>{"database/table-unreadable", &table_unreadable},
      Rule<DatabaseFacts>{"database/role-locked-out", &role_locked_out},
      Rule<DatabaseFacts>{"database/extension-library-missing", &extension_library_missing},
      Rule<DatabaseFacts>{"database/sequence-behind", &sequence_behind},
      Rule<DatabaseFacts>{"database/index-order-broken", &index_order_broken},
      Rule<DatabaseFacts>{"database/large-objects-missing", &large_objects_missing},
      Rule<DatabaseFacts>{"database/view-not-populated", &view_not_populated},
      Rule<DatabaseFacts>{"database/role-sees-nothing", &role_sees_nothing},
      Rule<DatabaseFacts>{"database/role-cannot-write", &role_cannot_write},
      Rule<DatabaseFacts>{"database/search-path-misses-tables", &search_path_misses_tables},
      Rule<DatabaseFacts>{"database/index-invalid", &index_invalid},
      Rule<DatabaseFacts>{"database/constraint-not-valid", &constraint_not_valid},
      Rule<DatabaseFacts>{"database/trigger-disabled", &trigger_disabled},
      Rule<DatabaseFacts>{"database/collation-changed", &collation_changed},
      Rule<DatabaseFacts>{"database/statistics-missing", &statistics_missing},
      Rule<DatabaseFacts>{"database/dead-rows", &dead_rows_pile_up},
      Rule<DatabaseFacts>{"database/remote-host-unknown", &remote_host_unknown},
      Rule<DatabaseFacts>{"database/subscription-not-running", &subscription_not_running},
      Rule<DatabaseFacts>{"database/cannot-create-tables", &cannot_create_tables},
      Rule<DatabaseFacts>{"database/extension-unavailable", &extension_unavailable},
      Rule<DatabaseFacts>{"database/extension-outdated", &extension_outdated},
      Rule<DatabaseFacts>{"database/unlogged-tables", &unlogged_tables},
      Rule<DatabaseFacts>{"database/rows-hidden-by-policy", &rows_hidden_by_policy},
      Rule<DatabaseFacts>{"database/carriage-returns", &carriage_returns},
      Rule<DatabaseFacts>{"database/encoding-unchecked", &encoding_unchecked}};
  static constexpr std::array tests{
      FunctionalTest<DatabaseFacts>{"database/tables-readable", &tables_readable}};
  static constexpr std::array explains{
      Explains{"database/collation-changed", "database/index-order-broken"},
      Explains{"database/remote-host-unknown", "database/subscription-not-running"},
      Explains{"database/role-locked-out", "database/role-cannot-write"},
      Explains{"postgres/autovacuum-off", "database/statistics-missing"},
      Explains{"postgres/autovacuum-off", "database/dead-rows"}};
};

}  // namespace

extern const RuleFamily database;
const RuleFamily database = define_family<DatabaseFacts, DatabaseRules>("database", "database");

}  // namespace postflight::rules
