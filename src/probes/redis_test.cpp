// SPDX-License-Identifier: Apache-2.0
// The probe against a real redis-server in each of its states, against redis-cli's opinion of it,
// and against servers that are none.
#include "probes/redis.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "host/tcp.h"
#include "host/testing/bad_server.h"
#include "host/testing/in_child.h"
#include "host/testing/redis_server.h"
#include "model/codec.h"
#include "probes/testing/probe_run.h"

namespace postflight {
namespace {

using host::testing::BadServer;
using host::testing::Behaviour;
using host::testing::in_child;
using host::testing::RedisServer;
using namespace std::chrono_literals;

#define NEEDS_REDIS() \
  if (!RedisServer::installed()) GTEST_SKIP() << "redis-server is not installed"
#define NEEDS_ROOT() \
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to make a network namespace"

Json look_at_target(const Target& target, const Settings& settings = {}, Duration budget = 5s) {
  const auto before = MonotonicClock::now();
  Topology topology;
  topology.services = {target.service};
  const Json facts = testing::run_on("redis", target, Seen{topology, Evidence{}}, budget, settings);
  EXPECT_LT(MonotonicClock::now() - before, budget + 500ms);
  for (const FactDeclaration& fact : find_probe("redis")->facts()) {
    EXPECT_TRUE(facts.contains(fact.key)) << fact.key << " was left out";
  }
  return facts;
}

RedisFacts look(std::uint16_t port, const Settings& settings = {}, Duration budget = 5s) {
  return decode<RedisFacts>(
             look_at_target(testing::loopback_target("redis", port), settings, budget))
      .value();
}

auto value(const auto& fact) {
  using Value = typename std::remove_cvref_t<decltype(fact)>::value_type;
  if (const auto* seen = fact.seen()) return seen->value;
  ADD_FAILURE() << "not seen: " << (fact.unknown() ? fact.unknown()->detail : "absent");
  return Value{};
}

std::optional<Why> why(const auto& fact) {
  return fact.unknown() ? std::optional{fact.unknown()->why} : std::nullopt;
}

Settings credential(CredentialReference reference) {
  Settings settings;
  settings.credentials = {std::move(reference)};
  return settings;
}

std::string text_of(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// ---- parsing ----

TEST(RedisInfo, ReadsARealRecording) {
  const auto info =
      parse_redis_info(text_of(PF_SOURCE_DIR "/src/probes/testdata/redis/info-7.0.15.txt"));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->at("redis_version"), "7.0.15");
  EXPECT_EQ(info->at("role"), "master");
  EXPECT_EQ(sum_keyspace(*info, "keys"), 2u);
  EXPECT_EQ(sum_keyspace(*info, "expires"), 1u);
}

TEST(RedisInfo, WithoutAFieldIsMalformed) {
  for (const char* text :
       {"", "\r\n", "# Server\r\n", "no colon\n", std::string(3, '\0').c_str()}) {
    EXPECT_FALSE(parse_redis_info(text)) << text;
  }
}

TEST(RedisInfo, KeepsTheFirstOfTwo) {
  EXPECT_EQ(parse_redis_info("a:1\r\na:2\r\n")->at("a"), "1");
}

TEST(RedisKeyspace, MalformedLinesAreNotCounted) {
  for (const char* line : {"db0:", "db0:keys", "db0:keys=", "db0:keys=-1", "db0:keys=x,expires=1",
                           "db0:keys=18446744073709551616", "db0:expires=1",
                           "db0:keys=18446744073709551615\ndb1:keys=1"}) {
    EXPECT_FALSE(sum_keyspace(*parse_redis_info(line), "keys")) << line;
  }
}

TEST(RedisKeyspace, OtherFieldsThatBeginLikeItAreLeftAlone) {
  EXPECT_EQ(sum_keyspace(*parse_redis_info("db_size:7\ndbx:1\ndb0:keys=3,expires=1"), "keys"), 3u);
}

RC_GTEST_PROP(RedisInfoProperty, HoldsEveryFieldThatWasWritten,
              (std::map<std::string, std::uint32_t> fields)) {
  std::string text = "# Section\r\n";
  std::map<std::string, std::string> expected;
  for (const auto& [key, number] : fields) {
    const std::string name = "f" + std::to_string(std::hash<std::string>{}(key));
    if (!expected.emplace(name, std::to_string(number)).second) continue;
    text += name + ":" + std::to_string(number) + "\r\n";
  }
  RC_PRE(!expected.empty());
  const auto info = parse_redis_info(text);
  RC_ASSERT(info.has_value());
  const std::map<std::string, std::string> got(info->begin(), info->end());
  RC_ASSERT(got == expected);
}

RC_GTEST_PROP(RedisInfoProperty, AnyBytesAreRefusedOrRead, (std::string bytes)) {
  const auto info = parse_redis_info(bytes);
  if (info) (void)sum_keyspace(*info, "keys");
}

// ---- a real server, and what redis-cli says of it ----

/// The line NAME:VALUE of redis-cli INFO.
std::string cli_info(const RedisServer& server, const std::string& name) {
  const std::string info = server.cli({"INFO"});
  for (const auto line : split(info, '\n')) {
    if (line.starts_with(name + ":")) return std::string(trim(line.substr(name.size() + 1)));
  }
  return "";
}

/// The value that redis-cli CONFIG GET prints on its second line.
std::string cli_config(const RedisServer& server, const std::string& name) {
  const std::string answer = server.cli({"CONFIG", "GET", name});
  const auto newline = answer.find('\n');
  return newline == std::string::npos ? "" : answer.substr(newline + 1);
}

TEST(RedisProbe, SaysWhatRedisCliSays) {
  NEEDS_REDIS();
  const RedisServer server(
      "maxmemory 100mb\nmaxmemory-policy volatile-lru\nmaxclients 321\nsave 3600 1 300 100");
  server.cli({"SET", "a", "1"});
  server.cli({"SET", "b", "2", "EX", "1000"});
  server.cli({"-n", "5", "SET", "c", "3"});
  const RedisFacts f = look(server.port());
  EXPECT_EQ(server.cli({"PING"}), "PONG");
  EXPECT_TRUE(value(f.ping_ok));
  EXPECT_EQ(value(f.ping_reply), "PONG");
  EXPECT_FALSE(value(f.requires_password));
  EXPECT_FALSE(value(f.answers_strangers)) << "protected mode is on";
  EXPECT_EQ(value(f.version), cli_info(server, "redis_version"));
  EXPECT_EQ(value(f.flavour), "redis");
  EXPECT_EQ(value(f.mode), cli_info(server, "redis_mode"));
  EXPECT_EQ(value(f.role), cli_info(server, "role"));
  EXPECT_EQ(std::to_string(value(f.loading)), cli_info(server, "loading"));
  EXPECT_EQ(std::to_string(value(f.maxmemory_bytes)), cli_config(server, "maxmemory"));
  EXPECT_EQ(value(f.maxmemory_policy), cli_config(server, "maxmemory-policy"));
  EXPECT_EQ(std::to_string(value(f.evicted_keys_total)), cli_info(server, "evicted_keys"));
  EXPECT_EQ(value(f.keys), 3u);
  EXPECT_EQ(value(f.expiring_keys), 1u);
  EXPECT_EQ(std::to_string(value(f.maxclients)), cli_config(server, "maxclients"));
  EXPECT_EQ(std::to_string(value(f.rejected_connections_total)),
            cli_info(server, "rejected_connections"));
  EXPECT_EQ(value(f.snapshot_schedule), cli_config(server, "save"));
  EXPECT_EQ(value(f.last_snapshot_status), cli_info(server, "rdb_last_bgsave_status"));
  EXPECT_EQ(std::to_string(value(f.unsaved_changes)),
            cli_info(server, "rdb_changes_since_last_save"));
  EXPECT_EQ(std::to_string(value(f.aof_enabled)), cli_info(server, "aof_enabled"));
  EXPECT_EQ(value(f.aof_last_write_status), cli_info(server, "aof_last_write_status"));
  EXPECT_EQ(value(f.aof_last_rewrite_status), cli_info(server, "aof_last_bgrewrite_status"));
  EXPECT_EQ(value(f.data_directory), cli_config(server, "dir"));
  EXPECT_EQ(value(f.config_file), cli_info(server, "config_file"));
  EXPECT_EQ(value(f.protected_mode), cli_config(server, "protected-mode") == "yes");
  EXPECT_TRUE(f.master_link_status.absent());
  EXPECT_EQ(std::to_string(value(f.connected_replicas)), cli_info(server, "connected_slaves"));
}

/// What changes while one looks: near what redis-cli says a moment later.
TEST(RedisProbe, SaysNearlyWhatRedisCliSaysOfWhatMoves) {
  NEEDS_REDIS();
  const RedisServer server;
  const RedisFacts f = look(server.port());
  const auto near = [&](std::uint64_t got, const char* field, double slack) {
    const double said =
        static_cast<double>(parse_number<std::uint64_t>(cli_info(server, field)).value_or(0));
    EXPECT_NEAR(static_cast<double>(got), said, slack) << field;
  };
  near(value(f.used_memory_bytes), "used_memory", 200'000);
  near(value(f.peak_memory_bytes), "used_memory_peak", 200'000);
  near(value(f.resident_memory_bytes), "used_memory_rss", 4e6);
  near(value(f.uptime_seconds), "uptime_in_seconds", 2);
  near(value(f.connected_clients), "connected_clients", 1);
  EXPECT_GE(value(f.last_snapshot_age_seconds), 0);
  EXPECT_LE(value(f.last_snapshot_age_seconds), 30);
  EXPECT_LT(value(f.ping_seconds), 1.0);
}

TEST(RedisProbe, WithoutAConfigFileSaysThereIsNone) {
  NEEDS_REDIS();
  const RedisServer server{RedisServer::Options{.with_config_file = false}};
  EXPECT_TRUE(look(server.port()).config_file.absent());
}

TEST(RedisProbe, ChangesNothing) {
  NEEDS_REDIS();
  const RedisServer server;
  server.cli({"SET", "a", "1"});
  server.cli({"CONFIG", "RESETSTAT"});
  (void)look(server.port());
  const std::string stats = server.cli({"INFO", "commandstats"});
  for (const auto line : split(stats, '\n')) {
    if (!line.starts_with("cmdstat_")) continue;
    const auto command = line.substr(8, line.find(':') - 8);
    const bool harmless = command == "ping" || command == "info" || command == "config|get" ||
                          command == "config|resetstat";
    EXPECT_TRUE(harmless) << command;
  }
}

// ---- passwords ----

TEST(RedisProbe, WithoutThePasswordIsDenied) {
  NEEDS_REDIS();
  const RedisServer server("requirepass s3cret-s3cret");
  const RedisFacts f = look(server.port());
  EXPECT_TRUE(value(f.requires_password));
  EXPECT_EQ(why(f.ping_ok), Why::denied);
  EXPECT_NE(f.ping_ok.unknown()->detail.find("postflight.yaml"), std::string::npos);
  EXPECT_EQ(why(f.version), Why::denied);
  EXPECT_EQ(why(f.last_snapshot_status), Why::denied);
}

TEST(RedisProbe, UsesThePasswordFromTheEnvironment) {
  NEEDS_REDIS();
  const RedisServer server("requirepass s3cret-s3cret");
  const std::string said = in_child([&]() -> std::string {
    ::setenv("PF_TEST_REDIS_PASSWORD", "s3cret-s3cret", 1);
    const RedisFacts f =
        look(server.port(), credential({"redis:*", "", "PF_TEST_REDIS_PASSWORD", ""}));
    return f.ping_ok.seen() && f.ping_ok.seen()->value && value(f.requires_password)
               ? value(f.version)
               : "failed";
  });
  EXPECT_EQ(said,
            host::testing::run_command({"redis-cli", "--version"}).out.substr(10, said.size()));
}

TEST(RedisProbe, UsesThePasswordFromAFile) {
  NEEDS_REDIS();
  const RedisServer server("requirepass s3cret-s3cret");
  const host::testing::TempFolder folder;
  const std::string file = folder.write("password", "s3cret-s3cret\nsecond line\n");
  const RedisFacts f = look(server.port(), credential({"redis:127.0.0.1:*", "", "", file}));
  EXPECT_TRUE(value(f.ping_ok));
  EXPECT_TRUE(value(f.requires_password));
  EXPECT_TRUE(f.keys.seen());
}

TEST(RedisProbe, WrongPasswordIsDeniedAndNotRepeated) {
  NEEDS_REDIS();
  const RedisServer server("requirepass s3cret-s3cret");
  const host::testing::TempFolder folder;
  const std::string file = folder.write("password", "not-the-password\n");
  const Json facts = look_at_target(testing::loopback_target("redis", server.port()),
                                    credential({"redis:*", "", "", file}));
  EXPECT_EQ(facts["ping_ok"]["unknown"]["why"], "denied");
  EXPECT_EQ(facts.dump().find("not-the-password"), std::string::npos);
}

TEST(RedisProbe, PasswordThatCannotBeReadIsUnknown) {
  NEEDS_REDIS();
  const RedisServer server("requirepass s3cret-s3cret");
  const auto by_file =
      look(server.port(), credential({"redis:*", "", "", "/nonexistent/password"}));
  EXPECT_TRUE(by_file.ping_ok.unknown());
  const auto by_env = look(server.port(), credential({"redis:*", "", "PF_TEST_NOT_SET", ""}));
  ASSERT_TRUE(by_env.ping_ok.unknown());
  EXPECT_NE(by_env.ping_ok.unknown()->detail.find("PF_TEST_NOT_SET"), std::string::npos);
}

TEST(RedisProbe, AclUserSeesWhatItMay) {
  NEEDS_REDIS();
  const RedisServer server(
      "user default off\nuser app on >s3cret-s3cret ~* +ping +info\n"
      "user bare on >s3cret-s3cret ~* +ping");
  const host::testing::TempFolder folder;
  const std::string file = folder.write("password", "s3cret-s3cret");
  const RedisFacts app = look(server.port(), credential({"redis:*", "app", "", file}));
  EXPECT_TRUE(value(app.ping_ok));
  EXPECT_TRUE(app.version.seen());
  EXPECT_EQ(why(app.snapshot_schedule), Why::denied);
  EXPECT_EQ(why(app.protected_mode), Why::denied);
  const RedisFacts bare = look(server.port(), credential({"redis:*", "bare", "", file}));
  EXPECT_TRUE(value(bare.ping_ok));
  EXPECT_EQ(why(bare.version), Why::denied);
  EXPECT_EQ(why(bare.keys), Why::denied);
}

TEST(RedisProbe, ADeletedFolderIsAbsent) {
  NEEDS_REDIS();
  const RedisServer server("");
  std::filesystem::remove_all(cli_config(server, "dir"));
  const RedisFacts f = look(server.port());
  ASSERT_TRUE(f.data_directory.absent());
  EXPECT_EQ(f.data_directory.absent()->evidence.source.substr(0, 14), "CONFIG GET dir");
}

TEST(RedisProbe, RenamedConfigIsDenied) {
  NEEDS_REDIS();
  const RedisServer server("rename-command CONFIG \"\"");
  const RedisFacts f = look(server.port());
  EXPECT_TRUE(value(f.ping_ok));
  EXPECT_TRUE(f.version.seen());
  EXPECT_EQ(why(f.data_directory), Why::denied);
  EXPECT_EQ(why(f.snapshot_schedule), Why::denied);
}

TEST(RedisProbe, RenamedPingTellsNothingAboutPasswords) {
  NEEDS_REDIS();
  const RedisServer server("requirepass s3cret-s3cret\nrename-command PING \"\"");
  const RedisFacts f = look(server.port());
  EXPECT_FALSE(f.ping_ok.seen() && f.ping_ok.seen()->value);
  EXPECT_FALSE(f.requires_password.seen() && !f.requires_password.seen()->value);
}

// ---- states of trouble ----

TEST(RedisProbe, SeesAFailedSaveAndMisconf) {
  NEEDS_REDIS();
  const RedisServer server("save 3600 1\nenable-protected-configs local");
  const std::string gone = server.folder() + "/gone";
  std::filesystem::create_directory(gone);
  ASSERT_EQ(server.cli({"CONFIG", "SET", "dir", gone}), "OK");
  std::filesystem::remove(gone);
  server.cli({"SET", "a", "1"});
  server.cli({"BGSAVE"});
  ASSERT_TRUE(server.wait_for({"INFO", "persistence"}, "rdb_last_bgsave_status:err"));
  const RedisFacts f = look(server.port());
  EXPECT_FALSE(value(f.ping_ok));
  EXPECT_TRUE(value(f.ping_reply).starts_with("MISCONF")) << value(f.ping_reply);
  EXPECT_FALSE(value(f.requires_password));
  EXPECT_EQ(value(f.last_snapshot_status), "err");
  EXPECT_EQ(value(f.unsaved_changes), 1u);
}

TEST(RedisProbe, SeesLoading) {
  NEEDS_REDIS();
  const RedisServer server(
      "enable-debug-command local\nloading-process-events-interval-bytes 1024");
  server.cli({"DEBUG", "POPULATE", "1000", "key", "200"});
  server.cli({"CONFIG", "SET", "key-load-delay", "5000"});
  const host::testing::ChildProcess reload(
      {"redis-cli", "-p", std::to_string(server.port()), "DEBUG", "RELOAD"});
  ASSERT_TRUE(server.wait_for({"PING"}, "LOADING"));
  const RedisFacts f = look(server.port());
  EXPECT_FALSE(value(f.ping_ok));
  EXPECT_TRUE(value(f.ping_reply).starts_with("LOADING"));
  EXPECT_TRUE(value(f.loading));
  EXPECT_FALSE(value(f.requires_password));
}

TEST(RedisProbe, SeesAReplicaWhoseMasterIsDown) {
  NEEDS_REDIS();
  const RedisServer server("replicaof 127.0.0.1 " + std::to_string(testing::unused_port()));
  const RedisFacts f = look(server.port());
  EXPECT_TRUE(value(f.ping_ok));
  EXPECT_EQ(value(f.role), "slave");
  EXPECT_EQ(value(f.master_link_status), "down");
  const RedisServer strict("replica-serve-stale-data no\nreplicaof 127.0.0.1 " +
                           std::to_string(testing::unused_port()));
  const RedisFacts g = look(strict.port());
  EXPECT_EQ(value(g.master_link_status), "down");
  EXPECT_FALSE(value(g.requires_password));
}

TEST(RedisProbe, SeesTheAppendOnlyFile) {
  NEEDS_REDIS();
  const RedisServer server("appendonly yes");
  const RedisFacts f = look(server.port());
  EXPECT_TRUE(value(f.aof_enabled));
  EXPECT_EQ(value(f.aof_last_write_status), "ok");
  EXPECT_EQ(value(f.snapshot_schedule), "");
}

TEST(RedisProbe, SeesMemoryAtItsLimit) {
  NEEDS_REDIS();
  const RedisServer server("maxmemory 3mb\nmaxmemory-policy noeviction");
  server.cli(
      {"EVAL", "for i=1,100000 do redis.pcall('set', 'k'..i, string.rep('x', 1000)) end", "0"});
  const RedisFacts f = look(server.port());
  EXPECT_TRUE(value(f.ping_ok));
  EXPECT_GE(static_cast<double>(value(f.used_memory_bytes)),
            0.9 * static_cast<double>(value(f.maxmemory_bytes)));
  EXPECT_EQ(value(f.evicted_keys_total), 0u);
}

TEST(RedisProbe, FullOfClientsIsNeverOkAndTellsNothingAboutPasswords) {
  NEEDS_REDIS();
  const RedisServer server("maxclients 1\nrequirepass s3cret-s3cret");
  const auto holder = host::TcpStream::connect("127.0.0.1", server.port(), Deadline{2s});
  ASSERT_TRUE(holder);
  const Deadline limit{5s};
  RedisFacts f = look(server.port());
  // The redis-cli of the start may still be on its way out.
  while (f.requires_password.seen() && f.requires_password.seen()->value && !limit.passed())
    f = look(server.port());
  EXPECT_FALSE(f.ping_ok.seen() && f.ping_ok.seen()->value);
  EXPECT_FALSE(f.requires_password.seen() && !f.requires_password.seen()->value);
}

TEST(RedisProbe, StoppedProcessIsATimeout) {
  NEEDS_REDIS();
  const RedisServer server;
  ASSERT_EQ(::kill(server.pid(), SIGSTOP), 0);
  const RedisFacts f = look(server.port(), {}, 400ms);
  EXPECT_EQ(why(f.ping_ok), Why::timeout);
  EXPECT_EQ(why(f.keys), Why::timeout);
}

// ---- strangers ----

/// Runs a Redis that listens everywhere in a network of its own and tells what was seen of
/// strangers.
std::string strangers_at(const std::string& config) {
  return in_child([&]() -> std::string {
    if (!host::testing::enter_fresh_network_namespace()) return "no namespace";
    host::testing::run_command({"ip", "address", "add", "198.51.100.7/32", "dev", "lo"});
    const RedisServer server("bind * -::*\n" + config);
    Target target = testing::loopback_target("redis", server.port());
    target.service.listeners = {{"0.0.0.0", Exposure::wildcard, 1, 0, 511}};
    Topology topology;
    topology.services = {target.service};
    topology.addresses = {"198.51.100.7"};
    Json facts = testing::run_on("redis", target, Seen{topology, Evidence{}}, 5s);
    return facts["answers_strangers"].dump() + " rejected " +
           facts["rejected_connections_total"]["value"].dump() + " then " +
           cli_info(server, "rejected_connections");
  });
}

TEST(RedisProbe, StrangersAreAnsweredWithoutProtection) {
  NEEDS_REDIS();
  NEEDS_ROOT();
  EXPECT_TRUE(strangers_at("protected-mode no").starts_with("{\"value\":true"));
}

TEST(RedisProbe, ProtectedModeKeepsStrangersOutAndIsNotDisturbed) {
  NEEDS_REDIS();
  NEEDS_ROOT();
  const std::string said = strangers_at("protected-mode yes");
  EXPECT_TRUE(said.starts_with("{\"value\":false")) << said;
  EXPECT_TRUE(said.ends_with("rejected 0 then 0")) << said;
}

TEST(RedisProbe, PasswordKeepsStrangersOut) {
  NEEDS_REDIS();
  NEEDS_ROOT();
  EXPECT_TRUE(strangers_at("requirepass s3cret-s3cret").starts_with("{\"value\":false"));
}

std::string bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

/// A server that answers like Redis, with these settings and this INFO.
Behaviour scripted_redis(std::string info, std::map<std::string, std::string> settings,
                         std::string ping = "+PONG\r\n") {
  return Behaviour::scripted(
      [=](std::size_t, std::string_view received) -> std::optional<std::string> {
        if (received.find("PING") != received.npos) return ping;
        if (received.find("INFO") != received.npos) return info;
        for (const auto& [name, setting] : settings) {
          if (received.find("\r\n" + name + "\r\n") != received.npos)
            return "*2\r\n" + bulk(name) + bulk(setting);
        }
        return "*0\r\n";
      });
}

/// The way in from outside leads to the same port here.
Target exposed_target(std::uint16_t port) {
  Target target = testing::loopback_target("redis", port);
  target.service.listeners[0].exposure = Exposure::local;
  return target;
}

TEST(RedisProbe, ProtectedModeOfOldRedisIsWithoutEffectOnceBound) {
  BadServer bound{scripted_redis(bulk("redis_version:6.0.16\r\n"),
                                 {{"protected-mode", "yes"}, {"bind", "0.0.0.0"}})};
  EXPECT_EQ(look_at_target(exposed_target(bound.port()))["answers_strangers"]["value"], true);
  BadServer unbound{
      scripted_redis(bulk("redis_version:6.0.16\r\n"), {{"protected-mode", "yes"}, {"bind", ""}})};
  EXPECT_EQ(look_at_target(exposed_target(unbound.port()))["answers_strangers"]["value"], false);
}

TEST(RedisProbe, StrangerThatMeetsAFullServerIsUnknown) {
  BadServer server{Behaviour::scripted(
      [](std::size_t connection, std::string_view received) -> std::optional<std::string> {
        if (connection > 0) return "-ERR max number of clients reached\r\n";
        if (received.find("PING") != received.npos) return "+PONG\r\n";
        return received.find("INFO") != received.npos ? bulk("redis_version:7.0.15\r\n") : "*0\r\n";
      })};
  const Json facts = look_at_target(exposed_target(server.port()));
  EXPECT_EQ(facts["ping_ok"]["value"], true);
  EXPECT_TRUE(facts["answers_strangers"].contains("unknown")) << facts["answers_strangers"].dump();
}

// ---- in another network namespace ----

TEST(RedisProbe, LooksIntoAnotherNamespace) {
  NEEDS_REDIS();
  NEEDS_ROOT();
  const std::string said = in_child([]() -> std::string {
    const host::testing::WaitingChild container{[] {
      if (!host::testing::enter_fresh_network_namespace()) throw std::runtime_error("no namespace");
      // Never freed: it lives as long as this child, which is killed.
      new host::testing::ChildProcess(
          {"redis-server", "--port", "6379", "--bind", "127.0.0.1", "--save", "", "--dir", "/tmp"});
      const Deadline limit{10s};
      while (!host::TcpStream::connect("127.0.0.1", 6379, Deadline{1s}) && !limit.passed())
        ::usleep(10'000);
    }};
    Target target = testing::loopback_target("redis", 6379);
    target.service.netns = "container", target.service.netns_pid = container.pid();
    return look_at_target(target)["ping_ok"].dump();
  });
  EXPECT_TRUE(said.starts_with("{\"value\":true")) << said;
}

TEST(RedisProbe, AnotherNamespaceIsDeniedToNobody) {
  NEEDS_ROOT();
  const std::string said = in_child([]() -> std::string {
    if (!host::testing::become_nobody()) return "still root";
    Target target = testing::loopback_target("redis", 6379);
    target.service.netns_pid = 1;
    return look_at_target(target)["ping_ok"].dump();
  });
  EXPECT_NE(said.find("\"denied\""), std::string::npos) << said;
}

// ---- what is no Redis ----

/// Nothing may be claimed of it: each fact is unknown for this reason, or has no reason to be
/// known.
void expect_unknown(const Behaviour& behaviour, Why reason, const char* what) {
  BadServer server{behaviour};
  const Json facts = look_at_target(testing::loopback_target("redis", server.port()), {}, 500ms);
  EXPECT_EQ(facts["ping_ok"]["unknown"].value("why", ""), enum_name(reason))
      << what << ": " << facts["ping_ok"].dump();
  EXPECT_FALSE(facts["ping_ok"]["unknown"].value("detail", "").empty()) << what;
  for (const auto& [key, fact] : facts.items()) {
    EXPECT_TRUE(key == "answers_strangers" || fact.contains("unknown"))
        << what << ": " << key << " " << fact.dump();
  }
}

TEST(RedisProbeBadInput, RefusedIsUnreachable) {
  const RedisFacts f = look(testing::unused_port(), {}, 500ms);
  EXPECT_EQ(why(f.ping_ok), Why::unreachable);
  EXPECT_EQ(why(f.version), Why::unreachable);
}

TEST(RedisProbeBadInput, SilenceIsATimeout) {
  expect_unknown(Behaviour::silent_accept(), Why::timeout, "silence");
}

TEST(RedisProbeBadInput, OneByteASecondIsATimeout) {
  expect_unknown(Behaviour::drip("+PONG\r\n"), Why::timeout, "one byte a second");
}

TEST(RedisProbeBadInput, ClosedOrResetIsUnreachable) {
  expect_unknown(Behaviour::close_at_once(), Why::unreachable, "closes at once");
  expect_unknown(Behaviour::reset(), Why::unreachable, "resets");
  expect_unknown(Behaviour::fixed_and_close("+PO"), Why::unreachable, "closes half-way");
}

TEST(RedisProbeBadInput, WhatIsNotRespIsMalformed) {
  expect_unknown(Behaviour::garbage(), Why::malformed, "garbage");
  expect_unknown(Behaviour::endless("x"), Why::malformed, "endless");
  expect_unknown(Behaviour::fixed(std::string("\x15\x03\x01\x00\x02\x02\x46", 7)), Why::malformed,
                 "a TLS alert");
  expect_unknown(Behaviour::fixed("HTTP/1.1 400 Bad Request\r\n\r\n"), Why::malformed, "HTTP");
  expect_unknown(Behaviour::fixed("SSH-2.0-OpenSSH_9.2\r\n"), Why::malformed, "SSH");
}

TEST(RedisProbeBadInput, RespThatIsNoAnswerToPingIsMalformed) {
  for (const char* reply :
       {"+OK\r\n", ":1\r\n", "$-1\r\n", "$4\r\nPANG\r\n", "*0\r\n", "*-1\r\n", "*1\r\n+PONG\r\n",
        "$-5\r\n", "*-5\r\n", "*1\r\n*1\r\n+PONG\r\n", ":99999999999999999999\r\n"}) {
    expect_unknown(Behaviour::fixed(reply), Why::malformed, reply);
  }
}

TEST(RedisProbeBadInput, HugeLengthsAreNotBelieved) {
  expect_unknown(Behaviour::fixed("$999999999\r\nabc"), Why::timeout, "a promise of a gigabyte");
  expect_unknown(Behaviour::endless("abcdefgh", "$999999999\r\n"), Why::malformed, "a gigabyte");
  expect_unknown(Behaviour::endless("+a\r\n", "*99999\r\n"), Why::malformed, "too many elements");
  expect_unknown(Behaviour::endless("*1\r\n"), Why::malformed, "arrays within arrays");
  expect_unknown(Behaviour::endless("*4096\r\n"), Why::malformed, "arrays that multiply");
}

/// PING may be all that works: it is kept, the rest is unknown with the reason.
TEST(RedisProbeBadInput, TroubleAfterPingLeavesTheRestUnknown) {
  struct Case {
    const char* info;
    Why why;
  };
  for (const Case& one : {Case{"", Why::unreachable},
                          {"$999\r\n", Why::timeout},
                          {"-ERR no\r\n", Why::denied},
                          {"garbage\r\n", Why::malformed},
                          {"$-1\r\n", Why::malformed},
                          {"$2\r\n\r\n\r\n", Why::malformed}}) {
    BadServer server{scripted_redis(one.info, {})};
    const RedisFacts f = look(server.port(), {}, 500ms);
    EXPECT_TRUE(value(f.ping_ok)) << one.info;
    EXPECT_EQ(why(f.version), one.why) << one.info;
    EXPECT_EQ(why(f.keys), one.why) << one.info;
    EXPECT_EQ(why(f.snapshot_schedule), one.why) << one.info;
  }
}

TEST(RedisProbeBadInput, HostileNumbersAreMalformed) {
  BadServer server{scripted_redis(
      bulk("redis_version:\x1b[2J\xff\r\nused_memory:-1\r\nmaxmemory:1e9\r\nuptime_in_seconds:"
           "99999999999999999999\r\nrdb_last_save_time:-9223372036854775808\r\nloading:x\r\n"
           "db0:keys=18446744073709551615,expires=0\r\ndb1:keys=1,expires=0\r\n"),
      {})};
  const Json json = look_at_target(testing::loopback_target("redis", server.port()));
  const RedisFacts f = decode<RedisFacts>(json).value();
  EXPECT_EQ(json.dump().find('\x1b'), std::string::npos);
  EXPECT_EQ(json.dump(-1, ' ', false, Json::error_handler_t::strict).find("\\u001b"),
            std::string::npos);
  EXPECT_EQ(why(f.used_memory_bytes), Why::malformed);
  EXPECT_EQ(why(f.maxmemory_bytes), Why::malformed);
  EXPECT_EQ(why(f.uptime_seconds), Why::malformed);
  EXPECT_EQ(why(f.last_snapshot_age_seconds), Why::malformed);
  EXPECT_EQ(why(f.loading), Why::malformed);
  EXPECT_EQ(why(f.keys), Why::malformed);
  EXPECT_EQ(why(f.role), Why::unsupported) << "a field that is not there";
}

}  // namespace
}  // namespace postflight
