// SPDX-License-Identifier: Apache-2.0
// The probe against real servers of every version that is still out there, in each of their states,
// and against what answers on their port without being one.
#include "probes/postgres.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "host/testing/bad_server.h"
#include "model/codec.h"
#include "probes/recorder.h"
#include "probes/testing/postgres_probe.h"
#include "probes/testing/probe_run.h"

namespace postflight {
namespace {

using host::testing::BadServer;
using host::testing::Behaviour;
using host::testing::ChildProcess;
using host::testing::PostgresServer;
using testing::look_at_cluster;
using testing::look_by_url;
using testing::topology_of;
using namespace std::chrono_literals;

#define NEEDS_POSTGRES() \
  if (!PostgresServer::installed()) GTEST_SKIP() << "no PostgreSQL server is installed"

auto value(const auto& fact) {
  using Value = typename std::remove_cvref_t<decltype(fact)>::value_type;
  if (const auto* seen = fact.seen()) return seen->value;
  ADD_FAILURE() << "not seen: " << (fact.unknown() ? fact.unknown()->detail : "absent");
  return Value{};
}

std::optional<Why> why(const auto& fact) {
  return fact.unknown() ? std::optional{fact.unknown()->why} : std::nullopt;
}

/// Keys of the facts that are unknown for this reason.
std::set<std::string> keys_with(const PostgresFacts& facts, Why reason) {
  std::set<std::string> keys;
  for_each_field<PostgresFacts>(facts, [&](std::string_view key, const auto& fact, auto) {
    if (fact.unknown() && fact.unknown()->why == reason) keys.emplace(key);
  });
  return keys;
}

std::set<std::string> unknown_keys(const PostgresFacts& facts) {
  std::set<std::string> keys;
  for_each_field<PostgresFacts>(facts, [&](std::string_view key, const auto& fact, auto) {
    if (fact.unknown()) keys.emplace(key);
  });
  return keys;
}

std::string setting_of(const PostgresFacts& facts, const std::string& name) {
  for (const PostgresSetting& one : value(facts.settings)) {
    if (one.name == name) return one.value;
  }
  return "?";
}

// ---- all versions ----

class PostgresVersions : public ::testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PostgresVersions);

TEST_P(PostgresVersions, SaySameAsPsql) {
  PostgresServer server{"", GetParam()};
  server.sql("create role app login password 'x' valid until '2020-01-01'");
  server.sql("create database shop owner app");
  const PostgresFacts facts = look_at_cluster(topology_of(server));
  EXPECT_TRUE(value(facts.answers));
  EXPECT_EQ(value(facts.version), server.sql("show server_version"));
  EXPECT_EQ(value(facts.data_directory), server.sql("show data_directory"));
  EXPECT_EQ(value(facts.system_identifier),
            server.sql("select system_identifier from pg_control_system()"));
  EXPECT_EQ(value(facts.wal_bytes),
            std::stoull(server.sql("select sum(size) from pg_ls_waldir()")));
  EXPECT_EQ(setting_of(facts, "fsync"), "off") << "the test's own servers do not wait for disks";
  EXPECT_EQ(value(facts.databases).size(), 2u);
  EXPECT_EQ(value(facts.connections_limit), 100u);
  EXPECT_GE(value(facts.connections_reserved), 3u);
  EXPECT_EQ(value(facts.hba_rules).size(),
            std::stoul(server.sql("select count(*) from pg_hba_file_rules")));
  const auto roles = value(facts.roles);
  const auto app = std::ranges::find(roles, "app", &PostgresRole::name);
  ASSERT_NE(app, roles.end());
  EXPECT_TRUE(app->expired && app->can_login && app->owns_database && !app->superuser);
  EXPECT_FALSE(value(facts.in_recovery));
  EXPECT_FALSE(value(facts.hba_changed_since_load));
  EXPECT_GT(value(facts.memory_resident_sum_bytes), value(facts.memory_proportional_bytes));
  // The test's server runs in no unit and in whatever cgroup the test has.
  auto unknown = unknown_keys(facts);
  for (const char* place : {"enabled", "memory_cgroup_bytes"}) unknown.erase(place);
  EXPECT_EQ(unknown, std::set<std::string>{});
}

TEST_P(PostgresVersions, TellWhatIsWrong) {
  PostgresServer server{
      "max_prepared_transactions = 2\narchive_mode = on\n"
      "archive_command = 'false'",
      GetParam()};
  server.append("pg_hba.conf", "hostx all all 10.0.0.0/8 md5\n");
  server.append("postgresql.conf", "max_connections = 200\nno_such_thing = 1\n");
  server.reload();
  server.sql("create table t(a int)");
  server.sql("begin; insert into t values (1); prepare transaction 'left'");
  server.sql("select pg_create_physical_replication_slot('gone', true)");
  server.sql("select pg_switch_wal()");
  ChildProcess holder{server.psql("begin; lock table t; select pg_sleep(60)")};
  ChildProcess waiter{server.psql("select 1/0 from t limit 1")};
  PostgresFacts facts;
  for (const Deadline patience{10s}; !patience.passed();) {
    facts = look_at_cluster(topology_of(server));
    const bool all = facts.archiving_fails.seen() && value(facts.archiving_fails) &&
                     !value(facts.blocked_sessions).empty();
    if (all) break;
  }
  EXPECT_TRUE(value(facts.archiving_fails));
  EXPECT_GE(value(facts.archive_waiting), 1u);
  ASSERT_EQ(value(facts.prepared_transactions).size(), 1u);
  EXPECT_EQ(value(facts.prepared_transactions)[0].name, "left");
  ASSERT_EQ(value(facts.replication_slots).size(), 1u);
  EXPECT_FALSE(value(facts.replication_slots)[0].active);
  const auto rules = value(facts.hba_rules);
  EXPECT_TRUE(std::ranges::any_of(rules, [](const auto& one) { return !one.error.empty(); }));
  EXPECT_FALSE(value(facts.config_errors).empty());
  EXPECT_FALSE(value(facts.blocked_sessions).empty());
}

INSTANTIATE_TEST_SUITE_P(Postgres, PostgresVersions,
                         ::testing::ValuesIn(testing::program_folders()), [](const auto& param) {
                           std::string name = "V";
                           for (const char c : param.param) {
                             if (c >= '0' && c <= '9') name += c;
                           }
                           return param.param.empty() ? std::string("Installed") : name;
                         });

// ---- one version, its states ----

class PostgresProbe : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (PostgresServer::installed()) server_ = std::make_unique<PostgresServer>();
  }
  static void TearDownTestSuite() { server_.reset(); }
  void SetUp() override { NEEDS_POSTGRES(); }
  static PostgresServer& server() { return *server_; }
  static PostgresFacts look() { return look_at_cluster(topology_of(server())); }
  static inline std::unique_ptr<PostgresServer> server_;
};

TEST_F(PostgresProbe, SeesThatTheFileWasChangedAndWaitsForARestart) {
  EXPECT_TRUE(value(look().pending_settings).empty());
  server().append("pg_hba.conf", "# a line\n");
  EXPECT_TRUE(value(look().hba_changed_since_load));
  EXPECT_FALSE(value(look().config_changed_since_load));
  server().append("postgresql.conf", "max_connections = 77\n");
  EXPECT_TRUE(value(look().config_changed_since_load));
  server().reload();
  PostgresFacts facts;
  for (const Deadline patience{5s}; !patience.passed();) {
    facts = look();
    if (!value(facts.pending_settings).empty()) break;
  }
  EXPECT_FALSE(value(facts.hba_changed_since_load));
  ASSERT_EQ(value(facts.pending_settings).size(), 1u);
  const PostgresPendingSetting pending = value(facts.pending_settings)[0];
  EXPECT_EQ(pending.name, "max_connections");
  EXPECT_EQ(pending.running, "100");
  EXPECT_EQ(pending.wanted, "77");
  EXPECT_TRUE(pending.file.ends_with("postgresql.conf"));
  EXPECT_TRUE(value(facts.config_errors).empty()) << "what waits for a restart is no error";
}

TEST_F(PostgresProbe, SeesHowPasswordsAreKeptAndNeverOne) {
  server().sql(
      "set password_encryption = 'md5'; create role old login password 's3cret-old'; "
      "set password_encryption = 'scram-sha-256'; "
      "create role new login password 's3cret-new'");
  const PostgresFacts facts = look();
  std::map<std::string, std::string> kinds;
  for (const PostgresVerifier& one : value(facts.verifiers)) kinds[one.role] = one.kind;
  EXPECT_EQ(kinds["old"], "md5");
  EXPECT_EQ(kinds["new"], "scram-sha-256");
  EXPECT_EQ(kinds["postgres"], "none");
  const std::string all = dump_json(to_json(facts));
  EXPECT_EQ(all.find("s3cret"), std::string::npos);
  EXPECT_EQ(all.find("SCRAM-SHA-256$"), std::string::npos);
  EXPECT_EQ(all.find(server().sql("select rolpassword from pg_authid where rolname = 'old'")),
            std::string::npos);
  server().sql("drop role old; drop role new");
}

TEST_F(PostgresProbe, SeesASessionIdleInItsTransactionAndWhoWaits) {
  server().sql("create table users(id int)");
  ChildProcess holder{{"sh", "-c",
                       "exec 3>&1; (echo 'begin; lock table users;'; sleep 60) | psql -X -h " +
                           server().folder() + " -p " + std::to_string(server().port()) +
                           " -U postgres postgres"}};
  PostgresFacts facts;
  std::vector<PostgresSession> sessions;
  for (const Deadline patience{10s}; !patience.passed();) {
    facts = look();
    sessions = value(facts.transactions);
    if (!sessions.empty() && sessions[0].state == "idle in transaction") break;
  }
  ASSERT_FALSE(sessions.empty());
  EXPECT_EQ(sessions[0].state, "idle in transaction");
  EXPECT_TRUE(sessions[0].lock.starts_with("ACCESS EXCLUSIVE on ")) << sessions[0].lock;
  ChildProcess waiter{server().psql("select count(*) from users")};
  for (const Deadline patience{10s}; !patience.passed();) {
    facts = look();
    if (!value(facts.blocked_sessions).empty()) break;
  }
  ASSERT_EQ(value(facts.blocked_sessions).size(), 1u);
  EXPECT_EQ(value(facts.blocked_sessions)[0].blocked_by, value(facts.transactions)[0].pid);
  EXPECT_EQ(value(facts.transactions)[0].blocks, 1u);
  server().sql(
      "select pg_terminate_backend(pid) from pg_stat_activity where pid <> "
      "pg_backend_pid() and backend_type = 'client backend'");
}

/// Each view that is refused takes its own facts with it, and no others.
TEST_F(PostgresProbe, DegradesByEachViewThatIsDenied) {
  server().sql("create role watcher login password 'w' in role pg_monitor");
  const auto watcher = [] { return look_by_url(server().port(), "watcher:w"); };
  const auto before = keys_with(watcher(), Why::denied);
  EXPECT_EQ(before, (std::set<std::string>{"hba_rules", "verifiers", "config_errors"}));
  const std::map<std::string, std::set<std::string>> views = {
      {"select on pg_settings",
       {"settings", "listen_addresses", "data_directory", "config_file", "hba_file", "port",
        "connections_limit", "connections_reserved", "pending_settings"}},
      {"select on pg_stat_activity",
       {"clients", "connections_used", "transactions", "blocked_sessions", "roles"}},
      {"select on pg_roles", {"roles"}},
      {"select on pg_prepared_xacts", {"prepared_transactions"}},
      {"select on pg_stat_archiver",
       {"archiving_fails", "archive_failed_total", "archive_last_failed"}},
      {"select on pg_replication_slots", {"replication_slots"}},
      {"select on pg_stat_replication", {"replicas"}},
      {"select on pg_stat_wal_receiver", {"receiver_status", "replay_behind_bytes"}},
      {"select on pg_stat_database", {"checksum_failures_total"}},
      {"execute on function pg_control_system()", {"system_identifier"}},
  };
  for (const auto& [privilege, lost] : views) {
    server().sql("revoke " + privilege + " from public");
    auto expected = before;
    expected.insert(lost.begin(), lost.end());
    const PostgresFacts facts = watcher();
    auto denied = keys_with(facts, Why::denied);
    denied.erase("config_changed_since_load");
    denied.erase("hba_changed_since_load");
    EXPECT_EQ(denied, expected) << privilege;
    EXPECT_TRUE(value(facts.answers)) << privilege;
    server().sql("grant " + privilege + " to public");
  }
  server().sql("drop role watcher");
}

/// A role that is nobody special still sees what everybody may, and is told how to see the rest.
TEST_F(PostgresProbe, TellsARoleWithoutRightsWhatItLacks) {
  server().sql("create role outsider login password 'o'");
  const PostgresFacts facts = look_by_url(server().port(), "outsider:o");
  EXPECT_TRUE(value(facts.answers));
  EXPECT_FALSE(value(facts.databases).empty());
  EXPECT_EQ(why(facts.clients), Why::denied);
  EXPECT_NE(facts.clients.unknown()->detail.find("pg_monitor"), std::string::npos);
  EXPECT_EQ(why(facts.verifiers), Why::denied);
  EXPECT_EQ(why(facts.data_directory), Why::denied);
  server().sql("drop role outsider");
}

TEST_F(PostgresProbe, TellsAWrongPasswordAsDenied) {
  const PostgresFacts facts = look_by_url(server().port(), "postgres:wrong");
  EXPECT_EQ(why(facts.answers), Why::denied) << facts.answers.unknown()->detail;
  EXPECT_EQ(facts.answers.unknown()->detail.find("wrong:"), std::string::npos);
  EXPECT_EQ(value(facts.refusal), "28P01");
}

TEST_F(PostgresProbe, NeverHangsOnAStoppedServer) {
  const Topology topology = topology_of(server());
  ::kill(server().pid(), SIGSTOP);
  const PostgresFacts facts = look_at_cluster(topology, 800ms);
  ::kill(server().pid(), SIGCONT);
  EXPECT_EQ(why(facts.answers), Why::timeout) << facts.answers.unknown()->detail;
  EXPECT_EQ(why(facts.databases), Why::timeout);
  EXPECT_EQ(value(facts.status), "ready") << "what needs no answer is told all the same";
}

TEST(PostgresStates, NothingRunsThere) {
  Topology topology;
  PostgresCluster cluster;
  cluster.id = cluster.data_directory = "/var/lib/postgresql/15/main";
  cluster.debian_name = "15/main";
  cluster.start = "auto";
  topology.clusters = {cluster};
  const PostgresFacts facts = look_at_cluster(topology);
  EXPECT_FALSE(value(facts.answers));
  EXPECT_EQ(value(facts.start_mode), "auto");
  EXPECT_TRUE(facts.databases.absent());
}

TEST(PostgresStates, NoFreeConnection) {
  NEEDS_POSTGRES();
  PostgresServer server{
      "max_connections = 5\nsuperuser_reserved_connections = 2\n"
      "max_wal_senders = 0"};
  server.sql("create role app login password 'a'");
  std::vector<std::unique_ptr<ChildProcess>> holders;
  for (int i = 0; i < 3; ++i) {
    holders.push_back(
        std::make_unique<ChildProcess>(server.psql("set role app; select pg_sleep(60)")));
  }
  PostgresFacts facts;
  for (const Deadline patience{10s}; !patience.passed();) {
    facts = look_at_cluster(topology_of(server));
    if (value(facts.connections_used) == 3) break;
  }
  EXPECT_EQ(value(facts.connections_used), 3u) << "a superuser still gets in";
  const PostgresFacts refused = look_by_url(server.port(), "app:a");
  EXPECT_EQ(why(refused.answers), Why::unreachable) << refused.answers.unknown()->detail;
  EXPECT_EQ(value(refused.refusal), "53300");
  EXPECT_NE(refused.answers.unknown()->detail.find("no free connection"), std::string::npos);
}

TEST(PostgresStates, AStandbyAndOneThatLetsNobodyIn) {
  NEEDS_POSTGRES();
  PostgresServer server;
  server.stop();
  server.append("standby.signal", "");
  server.append("postgresql.conf", "primary_conninfo = 'host=127.0.0.1 port=1 password=s3cret'\n");
  server.start();
  const PostgresFacts facts = look_at_cluster(topology_of(server));
  EXPECT_TRUE(value(facts.in_recovery));
  EXPECT_TRUE(value(facts.follows_primary));
  EXPECT_TRUE(facts.receiver_status.absent());
  EXPECT_EQ(dump_json(to_json(facts)).find("s3cret"), std::string::npos);
  server.stop();
  server.append("postgresql.conf", "hot_standby = off\n");
  server.start_unasked();
  PostgresFacts refused;
  for (const Deadline patience{10s}; !patience.passed();) {
    refused = look_at_cluster(topology_of(server));
    if (refused.refusal.seen()) break;
  }
  EXPECT_EQ(value(refused.refusal), "57P03");
  EXPECT_EQ(why(refused.answers), Why::unreachable);
}

// ---- what is no server ----

TEST(PostgresBadInput, NobodyListens) {
  const PostgresFacts facts = look_by_url(testing::unused_port());
  EXPECT_EQ(why(facts.answers), Why::unreachable) << facts.answers.unknown()->detail;
}

TEST(PostgresBadInput, SilenceIsATimeout) {
  BadServer server{Behaviour::silent_accept()};
  EXPECT_EQ(why(look_by_url(server.port(), "app:a", 500ms).answers), Why::timeout);
}

TEST(PostgresBadInput, AByteASecondIsATimeout) {
  BadServer server{Behaviour::drip("N")};
  EXPECT_EQ(why(look_by_url(server.port(), "app:a", 500ms).answers), Why::timeout);
}

TEST(PostgresBadInput, GarbageIsMalformed) {
  for (const Behaviour& behaviour :
       {Behaviour::garbage(), Behaviour::fixed_and_close("HTTP/1.1 400 Bad Request\r\n\r\n"),
        Behaviour::endless("R", "N")}) {
    BadServer server{behaviour};
    const PostgresFacts facts = look_by_url(server.port(), "app:a", 1s);
    EXPECT_EQ(why(facts.answers), Why::malformed) << facts.answers.unknown()->detail;
  }
}

}  // namespace
}  // namespace postflight
