// SPDX-License-Identifier: Apache-2.0
#include "render/testing/golden_reports.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "engine/assemble.h"
#include "engine/judge.h"
#include "model/codec.h"
#include "probes/redis.h"
#include "probes/sockets.h"

namespace postflight::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAt = "2026-01-12T02:27:04.512Z";

template <class T>
Seen<T> seen(T value, const char* source, const char* excerpt) {
  return {std::move(value), {source, excerpt, kAt}};
}

RedisFacts healthy_redis() {
  RedisFacts f;
  f.ping_ok = seen(true, "PING to 127.0.0.1:6379", "PONG");
  f.ping_reply = seen(std::string("PONG"), "PING to 127.0.0.1:6379", "PONG");
  f.ping_seconds = seen(0.0004, "PING to 127.0.0.1:6379", "PONG");
  f.requires_password = seen(true, "PING to 127.0.0.1:6379", "NOAUTH Authentication required.");
  f.answers_strangers =
      Absent{{"listening sockets", "127.0.0.1:6379 is not reachable from outside", kAt}};
  const auto info = [](auto value, const char* line) {
    return seen(std::move(value), "INFO to 127.0.0.1:6379", line);
  };
  f.version = info(std::string("7.0.15"), "redis_version:7.0.15");
  f.flavour = info(std::string("redis"), "server_name:");
  f.mode = info(std::string("standalone"), "redis_mode:standalone");
  f.role = info(std::string("master"), "role:master");
  f.uptime_seconds = info(std::uint64_t{93784}, "uptime_in_seconds:93784");
  f.loading = info(false, "loading:0");
  f.used_memory_bytes = info(std::uint64_t{104857600}, "used_memory:104857600");
  f.peak_memory_bytes = info(std::uint64_t{120857600}, "used_memory_peak:120857600");
  f.resident_memory_bytes = info(std::uint64_t{130857600}, "used_memory_rss:130857600");
  f.maxmemory_bytes = info(std::uint64_t{0}, "maxmemory:0");
  f.maxmemory_policy = info(std::string("noeviction"), "maxmemory_policy:noeviction");
  f.evicted_keys_total = info(std::uint64_t{0}, "evicted_keys:0");
  f.keys = info(std::uint64_t{12345}, "db0:keys=12345,expires=345");
  f.expiring_keys = info(std::uint64_t{345}, "db0:keys=12345,expires=345");
  f.connected_clients = info(std::uint64_t{17}, "connected_clients:17");
  f.maxclients = info(std::uint64_t{10000}, "maxclients:10000");
  f.rejected_connections_total = info(std::uint64_t{0}, "rejected_connections:0");
  f.snapshot_schedule = seen(std::string("3600 1 300 100 60 10000"), "CONFIG GET save",
                             "save \"3600 1 300 100 60 10000\"");
  f.last_snapshot_status = info(std::string("ok"), "rdb_last_bgsave_status:ok");
  f.last_snapshot_age_seconds = info(std::int64_t{1800}, "rdb_last_save_time:1768183624");
  f.unsaved_changes = info(std::uint64_t{21}, "rdb_changes_since_last_save:21");
  f.aof_enabled = info(false, "aof_enabled:0");
  f.aof_last_write_status = info(std::string("ok"), "aof_last_write_status:ok");
  f.aof_last_rewrite_status = info(std::string("ok"), "aof_last_bgrewrite_status:ok");
  f.data_directory =
      seen(std::string("/var/lib/redis"), "CONFIG GET dir", "dir \"/var/lib/redis\"");
  f.config_file = info(std::string("/etc/redis/redis.conf"), "config_file:/etc/redis/redis.conf");
  f.protected_mode = seen(true, "CONFIG GET protected-mode", "protected-mode \"yes\"");
  f.master_link_status = Absent{{"INFO to 127.0.0.1:6379", "master_link_status:", kAt}};
  f.connected_replicas = info(std::uint64_t{0}, "connected_slaves:0");
  return f;
}

ListeningService listening(const char* program, const char* protocol, const char* address,
                           std::uint16_t port, Exposure exposure) {
  ListeningService out;
  out.endpoint = std::string(address) + ":" + std::to_string(port);
  out.program = program, out.protocol = protocol, out.port = port, out.exposure = exposure;
  out.addresses = {address};
  out.backlog_limit = 511;
  out.data_service = out.protocol == "redis" || out.protocol == "postgresql";
  return out;
}

SocketsFacts healthy_sockets() {
  constexpr const char* kFrom = "sock_diag(7) in every network namespace, /proc/PID/fd";
  SocketsFacts f;
  f.services =
      seen(std::vector{listening("sshd", "ssh", "0.0.0.0", 22, Exposure::wildcard),
                       listening("redis-server", "redis", "127.0.0.1", 6379, Exposure::loopback)},
           kFrom, "2 services in 1 namespaces");
  f.namespaces = seen(std::vector<std::string>{}, kFrom, "2 services in 1 namespaces");
  f.global_addresses =
      seen(std::vector<std::string>{"203.0.113.7"}, "getifaddrs(3)", "203.0.113.7");
  f.owners_unknown = seen(std::uint64_t{0}, kFrom, "2 services in 1 namespaces");
  f.listen_overflows_total =
      seen(std::uint64_t{0}, "/proc/net/netstat", "TcpExt ListenOverflows 0");
  return f;
}

TaskRecord task(const std::string& id, const std::string& component,
                Outcome outcome = Outcome::done) {
  return {id,    component, outcome,   outcome == Outcome::done ? "" : "3 s",
          0.042, 0.003,     9'437'184, 3};
}

FactsDocument document_of(const SocketsFacts& sockets, const RedisFacts& redis) {
  FactsDocument document;
  document.tool_version = "1.0.0";
  document.host = "web1";
  document.started_at = kAt;
  document.duration_seconds = 0.35;
  document.topology = Seen{Topology{.services = {},
                                    .namespaces = {},
                                    .addresses = {"203.0.113.7"},
                                    .global_addresses = {"203.0.113.7"}},
                           Evidence{}};
  document.tasks = {task("discover", ""), task("sockets sockets", "sockets"),
                    task("redis redis:127.0.0.1:6379", "redis:127.0.0.1:6379")};
  document.components = {{"sockets", "sockets", "Listening sockets", "sockets", to_json(sockets)},
                         {"redis:127.0.0.1:6379", "redis", "Redis 127.0.0.1:6379 (redis-server)",
                          "redis", to_json(redis)}};
  document.not_checked = {
      {"0.0.0.0:22", "sshd, ssh", {Why::not_planned, "there is no probe for ssh yet"}}};
  return document;
}

FactsDocument with_warnings() {
  SocketsFacts sockets = healthy_sockets();
  auto services = sockets.services.seen()->value;
  services.push_back(listening("postgres", "postgresql", "0.0.0.0", 5432, Exposure::wildcard));
  sockets.services = seen(services, "sock_diag(7) in every network namespace, /proc/PID/fd",
                          "3 services in 1 namespaces");
  sockets.listen_overflows_total =
      seen(std::uint64_t{13}, "/proc/net/netstat", "TcpExt ListenOverflows 13");
  RedisFacts redis = healthy_redis();
  redis.snapshot_schedule = seen(std::string(), "CONFIG GET save", "save \"\"");
  return document_of(sockets, redis);
}

/// Redis is open to the world: that it listens there is then no fault of its own.
FactsDocument with_critical() {
  SocketsFacts sockets = healthy_sockets();
  sockets.services =
      seen(std::vector{listening("redis-server", "redis", "0.0.0.0", 6379, Exposure::wildcard)},
           "sock_diag(7) in every network namespace, /proc/PID/fd", "1 services in 1 namespaces");
  RedisFacts redis = healthy_redis();
  redis.requires_password = seen(false, "PING to 127.0.0.1:6379", "PONG");
  redis.protected_mode = seen(false, "CONFIG GET protected-mode", "protected-mode \"no\"");
  redis.answers_strangers = seen(true, "PING to 203.0.113.7:6379", "PONG");
  redis.last_snapshot_status =
      seen(std::string("err"), "INFO to 127.0.0.1:6379", "rdb_last_bgsave_status:err");
  redis.ping_ok =
      seen(false, "PING to 127.0.0.1:6379", "MISCONF Redis is configured to save RDB snapshots");
  redis.ping_reply =
      seen(std::string("MISCONF Redis is configured to save RDB snapshots"),
           "PING to 127.0.0.1:6379", "MISCONF Redis is configured to save RDB snapshots");
  FactsDocument document = document_of(sockets, redis);
  document.components[1].id = "redis:0.0.0.0:6379";
  document.components[1].name = "Redis 0.0.0.0:6379 (redis-server)";
  return document;
}

/// What an ordinary user sees of a machine whose Redis wants a password.
FactsDocument without_root() {
  SocketsFacts sockets = healthy_sockets();
  sockets.namespaces =
      Unknown{Why::denied,
              "unseen: the network namespaces of 41 processes could not be read; run as "
              "root or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"};
  sockets.owners_unknown = seen(std::uint64_t{1}, "/proc/PID/fd", "2 services in 1 namespaces");
  RedisFacts redis;
  for_each_field<RedisFacts>(redis, [](std::string_view, auto& fact, std::string_view) {
    fact = Unknown{Why::denied,
                   "Redis wants a password; name it under credentials in postflight.yaml for "
                   "redis:127.0.0.1:6379"};
  });
  redis.requires_password = seen(true, "PING to 127.0.0.1:6379", "NOAUTH Authentication required.");
  FactsDocument document = document_of(sockets, redis);
  document.tasks.push_back(
      task("http http:127.0.0.1:8000", "http:127.0.0.1:8000", Outcome::timeout));
  return document;
}

FactsDocument of_an_empty_machine() {
  SocketsFacts sockets = healthy_sockets();
  sockets.services =
      seen(std::vector<ListeningService>{}, "sock_diag(7) in every network namespace, /proc/PID/fd",
           "0 services in 1 namespaces");
  FactsDocument document = document_of(sockets, {});
  document.components.pop_back();
  document.tasks.pop_back();
  document.not_checked.clear();
  return document;
}

std::string content_of(const fs::path& path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace

std::vector<GoldenCase> golden_cases() {
  const std::vector<std::pair<std::string, FactsDocument>> documents = {
      {"healthy", document_of(healthy_sockets(), healthy_redis())},
      {"warnings", with_warnings()},
      {"critical", with_critical()},
      {"unknowns", without_root()},
      {"empty", of_an_empty_machine()},
  };
  std::vector<GoldenCase> cases;
  for (const auto& [name, document] : documents) {
    for (const Lang lang : {Lang::en, Lang::ru}) {
      cases.push_back({name, assemble(document, judge(document, Settings{}), lang)});
    }
  }
  return cases;
}

void expect_goldens(const std::string& renderer, const std::string& extension,
                    const RenderOptions& options) {
  const fs::path folder = fs::path(PF_SOURCE_DIR) / "src/render/golden";
  std::set<std::string> known;
  for (const GoldenCase& one : golden_cases()) {
    const std::string name = one.name + "." + enum_name(one.report.lang) + "." +
                             std::to_string(one.report.exit_code) + extension;
    known.insert(name);
    const std::string text = find_renderer(renderer)->render(one.report, options);
    if (std::getenv("PF_UPDATE_GOLDEN")) {
      fs::create_directories(folder);
      std::ofstream(folder / name, std::ios::binary) << text;
    }
    EXPECT_EQ(text, content_of(folder / name))
        << name << ": PF_UPDATE_GOLDEN=1 writes it anew; read the difference";
  }
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    EXPECT_TRUE(!name.ends_with(extension) || known.contains(name))
        << name << " belongs to no case";
  }
}

}  // namespace postflight::testing
