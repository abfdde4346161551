// SPDX-License-Identifier: Apache-2.0
#include "probes/redis.h"

#include <fmt/format.h>

#include <optional>

#include "base/text.h"
#include "host/namespaces.h"
#include "host/redis_client.h"
#include "probes/recorder.h"
#include "probes/service_target.h"

namespace postflight {
namespace {

using host::RedisClient;
using host::RedisReply;

constexpr std::string_view kKeyspacePrefix = "db";

/// What a reply to PING says about the client without credentials that sent it.
enum class Admission { let_in, turned_away, untold };

/// processCommand() of Redis's server.c checks who asks before it checks the server's own state, so
/// these errors, too, mean "let in".
Admission admission_of(const RedisReply& reply) {
  if (!reply.is_error()) return Admission::let_in;
  for (const auto& error : {"LOADING", "MISCONF", "MASTERDOWN", "BUSY", "OOM", "NOREPLICAS"}) {
    if (reply.text.starts_with(error)) return Admission::let_in;
  }
  const bool away = reply.text.starts_with("NOAUTH") || reply.text.starts_with("DENIED");
  return away ? Admission::turned_away : Admission::untold;
}

/// One conversation with one server.
class RedisLook {
 public:
  RedisLook(const ProbeContext& context, Recorder<RedisFacts>& recorder)
      : context_(context),
        recorder_(recorder),
        facts_(recorder.facts),
        address_(reachable_address(preferred_listener(context.target.service).address)),
        endpoint_(format_endpoint(address_, context.target.service.port)) {}

  Result<void> look() {
    PF_TRY_ASSIGN(RedisClient client, connect());
    PF_TRY(ping(client));
    recorder_.flush();
    const auto read = read_all(client);
    // Last, because a client that protected mode turns away counts as a rejected connection in
    // INFO.
    look_as_stranger();
    return read;
  }

 private:
  /// From where the server listens. The connection stays there, this process does not: strangers
  /// come from elsewhere.
  Result<RedisClient> connect() const {
    const Service& service = context_.target.service;
    std::optional<host::NamespaceVisit> visit;
    if (service.netns_pid != 0) {
      PF_TRY_ASSIGN(auto entered, host::NamespaceVisit::enter(service.netns_pid));
      visit.emplace(std::move(entered));
    }
    return RedisClient::connect(address_, service.port, context_.deadline);
  }

  Result<void> read_all(RedisClient& client) {
    if (const auto* locked = facts_.ping_ok.unknown()) return fail(Errc::kDenied, locked->detail);
    PF_TRY(read_info(client));
    recorder_.flush();
    read_settings(client);
    recorder_.flush();
    return {};
  }

  Evidence from(std::string_view command, std::string_view raw) const {
    return context_.evidence(fmt::format("{} to {}", command, endpoint_), raw);
  }

  Result<void> ping(RedisClient& client) {
    PF_TRY_ASSIGN(RedisReply reply, timed_ping(client));
    const Evidence first = from("PING", reply.text);
    const bool refused = reply.text.starts_with("NOAUTH");
    facts_.requires_password = password_wanted(reply, first);
    if (refused) {
      const auto authenticated = authenticate(client);
      if (!authenticated) {
        facts_.ping_ok = unknown_from(authenticated.error());
        return {};
      }
      PF_TRY_ASSIGN(reply, timed_ping(client));
    }
    facts_.ping_reply = Seen{excerpt(reply.text), from("PING", reply.text)};
    facts_.ping_ok = Seen{!reply.is_error() && reply.text == "PONG", from("PING", reply.text)};
    return {};
  }

  /// Whether the client was let in as it came. An error that may precede the check of who asks,
  /// "max number of clients reached" or "unknown command", tells nothing about passwords.
  static Required<bool> password_wanted(const RedisReply& reply, const Evidence& from) {
    switch (admission_of(reply)) {
      case Admission::let_in: return Seen{false, from};
      case Admission::turned_away: return Seen{reply.text.starts_with("NOAUTH"), from};
      case Admission::untold: break;
    }
    return Unknown{Why::unsupported,
                   "the server answered before it looked who asks: " + excerpt(reply.text, 80)};
  }

  /// PING with its duration noted. What answers in RESP but not to PING is no Redis.
  Result<RedisReply> timed_ping(RedisClient& client) {
    const auto before = MonotonicClock::now();
    PF_TRY_ASSIGN(RedisReply reply, client.command({"PING"}, context_.deadline));
    const std::chrono::duration<double> took = MonotonicClock::now() - before;
    if (!reply.is_error() && reply.text != "PONG") {
      return fail(Errc::kMalformed, "the reply to PING is not Redis's: " + excerpt(reply.text, 60));
    }
    facts_.ping_seconds = Seen{took.count(), from("PING", reply.text)};
    return reply;
  }

  Result<void> authenticate(RedisClient& client) {
    const auto credential = context_.credential();
    if (!credential && credential.error().code == Errc::kNotFound) {
      return fail(Errc::kDenied,
                  "Redis wants a password; name it under credentials in "
                  "postflight.yaml for " +
                      context_.target.component_id);
    }
    if (!credential) return std::unexpected(credential.error());
    const auto password = credential->password.reveal();
    PF_TRY_ASSIGN(
        const RedisReply reply,
        credential->username.empty()
            ? client.command({"AUTH", password}, context_.deadline)
            : client.command({"AUTH", credential->username, password}, context_.deadline));
    if (reply.is_error()) {
      return fail(Errc::kDenied,
                  fmt::format("the configured password was refused ({})", excerpt(reply.text, 80)));
    }
    return {};
  }

  /// What a client from outside would see: the same PING through an address that is not loopback.
  void look_as_stranger() {
    if (const auto* mode = facts_.protected_mode.seen(); mode && protected_mode_holds()) {
      // Known without asking: redis.conf, protected-mode. Asking would leave a trace in its
      // counters.
      facts_.answers_strangers = Seen{false, mode->evidence};
      return;
    }
    const auto endpoint = outside_endpoint(context_);
    if (!endpoint) {
      facts_.answers_strangers = Absent{context_.evidence(
          "listening sockets", context_.target.service.id + " is not reachable from outside")};
      return;
    }
    const auto& [address, port] = *endpoint;
    const std::string outside = format_endpoint(address, port);
    auto client = RedisClient::connect(address, port, context_.deadline, address);
    const auto reply = client ? client->command({"PING"}, context_.deadline)
                              : Result<RedisReply>{std::unexpected(client.error())};
    if (!reply) {
      facts_.answers_strangers = unknown_from(reply.error());
      return;
    }
    facts_.answers_strangers =
        admitted(*reply, context_.evidence("PING to " + outside, reply->text));
  }

  static Observed<bool> admitted(const RedisReply& reply, Evidence from) {
    switch (admission_of(reply)) {
      case Admission::let_in: return Seen{true, std::move(from)};
      case Admission::turned_away: return Seen{false, std::move(from)};
      case Admission::untold: break;
    }
    return Unknown{Why::unsupported, "neither let in nor turned away: " + excerpt(reply.text, 80)};
  }

  /// Protected mode turns strangers away while no password is set. Before Redis 7.0 it was without
  /// effect as soon as "bind" was set, to whatever address (release notes of 7.0).
  bool protected_mode_holds() const {
    const auto* mode = facts_.protected_mode.seen();
    const auto* required = facts_.requires_password.seen();
    if (!mode || !mode->value || !required || required->value) return false;
    const auto* version = facts_.version.seen();
    const auto major =
        version ? parse_number<unsigned>(version->value.substr(0, version->value.find('.')))
                : std::nullopt;
    if (major && *major >= 7) return true;
    const auto* bind = bind_.seen();
    return bind && bind->value.empty();
  }

  Result<void> read_info(RedisClient& client) {
    PF_TRY_ASSIGN(const RedisReply reply, client.command({"INFO"}, context_.deadline));
    if (reply.is_error())
      return fail(Errc::kDenied, "INFO was refused: " + excerpt(reply.text, 80));
    PF_TRY_ASSIGN(info_, parse_redis_info(reply.text));
    set_identity();
    set_memory();
    set_clients();
    set_persistence();
    set_replication();
    return {};
  }

  /// The evidence for one INFO field: the line it stood on.
  Evidence from_info(std::string_view field, std::string_view value) const {
    return from("INFO", fmt::format("{}:{}", field, value));
  }

  Observed<std::string> text(std::string_view field) const {
    const auto it = info_.find(field);
    if (it == info_.end()) return Unknown{Why::unsupported, fmt::format("INFO has no {}", field)};
    return Seen{printable_utf8(it->second), from_info(field, it->second)};
  }

  template <class T>
  Observed<T> number(std::string_view field) const {
    const auto it = info_.find(field);
    if (it == info_.end()) return Unknown{Why::unsupported, fmt::format("INFO has no {}", field)};
    const auto value = parse_number<T>(it->second);
    if (!value) {
      return Unknown{Why::malformed, fmt::format("INFO {}:{}", field, excerpt(it->second, 40))};
    }
    return Seen{*value, from_info(field, it->second)};
  }

  Observed<bool> flag(std::string_view field) const {
    const Observed<std::uint64_t> value = number<std::uint64_t>(field);
    if (const auto* unknown = value.unknown()) return *unknown;
    return Seen{value.seen()->value != 0, value.seen()->evidence};
  }

  /// A field that is there only where it applies: its lack is knowledge.
  Observed<std::string> text_or_absent(std::string_view field) const {
    const auto it = info_.find(field);
    const bool there = it != info_.end() && !it->second.empty();
    if (!there) return Absent{from_info(field, "")};
    return text(field);
  }

  Observed<std::uint64_t> keyspace(std::string_view counter) const {
    const auto sum = sum_keyspace(info_, counter);
    if (!sum) return unknown_from(sum.error());
    return Seen{*sum, from("INFO", keyspace_lines())};
  }

  std::string keyspace_lines() const {
    std::string lines;
    for (const auto& [field, value] : info_) {
      if (field.starts_with(kKeyspacePrefix) && value.starts_with("keys=")) {
        lines += fmt::format("{}{}:{}", lines.empty() ? "" : " ", field, value);
      }
    }
    return lines.empty() ? "# Keyspace (empty)" : lines;
  }

  void set_identity() {
    facts_.version =
        info_.contains("valkey_version") ? text("valkey_version") : text("redis_version");
    facts_.flavour =
        info_.contains("server_name")
            ? text("server_name")
            : Observed<std::string>{Seen{std::string("redis"), from_info("server_name", "")}};
    facts_.mode = text("redis_mode");
    facts_.role = text("role");
    facts_.uptime_seconds = number<std::uint64_t>("uptime_in_seconds");
    facts_.config_file = text_or_absent("config_file");
  }

  void set_memory() {
    facts_.used_memory_bytes = number<std::uint64_t>("used_memory");
    facts_.peak_memory_bytes = number<std::uint64_t>("used_memory_peak");
    facts_.resident_memory_bytes = number<std::uint64_t>("used_memory_rss");
    facts_.maxmemory_bytes = number<std::uint64_t>("maxmemory");
    facts_.maxmemory_policy = text("maxmemory_policy");
    facts_.evicted_keys_total = number<std::uint64_t>("evicted_keys");
    facts_.keys = keyspace("keys");
    facts_.expiring_keys = keyspace("expires");
  }

  void set_clients() {
    facts_.connected_clients = number<std::uint64_t>("connected_clients");
    facts_.maxclients = number<std::uint64_t>("maxclients");
    facts_.rejected_connections_total = number<std::uint64_t>("rejected_connections");
  }

  void set_persistence() {
    facts_.loading = flag("loading");
    facts_.last_snapshot_status = text("rdb_last_bgsave_status");
    facts_.unsaved_changes = number<std::uint64_t>("rdb_changes_since_last_save");
    facts_.aof_enabled = flag("aof_enabled");
    facts_.aof_last_write_status = text("aof_last_write_status");
    facts_.aof_last_rewrite_status = text("aof_last_bgrewrite_status");
    const auto saved_at = number<std::int64_t>("rdb_last_save_time");
    facts_.last_snapshot_age_seconds = saved_at.visit(
        [&](const Seen<std::int64_t>& seen) -> Observed<std::int64_t> {
          const std::int64_t now =
              std::chrono::floor<std::chrono::seconds>(wall_now()).time_since_epoch().count();
          std::int64_t age = 0;
          if (__builtin_sub_overflow(now, seen.value, &age)) {
            return Unknown{Why::malformed, "INFO " + seen.evidence.excerpt};
          }
          return Seen{age, seen.evidence};
        },
        [](const Absent& absent) -> Observed<std::int64_t> { return absent; },
        [](const Unknown& unknown) -> Observed<std::int64_t> { return unknown; });
  }

  void set_replication() {
    facts_.master_link_status = text_or_absent("master_link_status");
    facts_.connected_replicas = number<std::uint64_t>("connected_slaves");
  }

  /// Redis answers with getcwd(3), which gives nothing once the folder is deleted.
  Observed<std::string> data_directory(RedisClient& client) const {
    const Observed<std::string> directory = setting(client, "dir");
    const auto* seen = directory.seen();
    if (!seen || !seen->value.empty()) return directory;
    return Absent{{seen->evidence.source, "(empty: the folder was deleted)", seen->evidence.at}};
  }

  void read_settings(RedisClient& client) {
    facts_.snapshot_schedule = setting(client, "save");
    facts_.data_directory = data_directory(client);
    bind_ = setting(client, "bind");
    const Observed<std::string> mode = setting(client, "protected-mode");
    facts_.protected_mode = mode.visit(
        [](const Seen<std::string>& seen) -> Observed<bool> {
          return Seen{seen.value == "yes", seen.evidence};
        },
        [](const Absent& absent) -> Observed<bool> { return absent; },
        [](const Unknown& unknown) -> Observed<bool> { return unknown; });
  }

  Observed<std::string> setting(RedisClient& client, std::string_view name) const {
    const auto reply = client.command({"CONFIG", "GET", name}, context_.deadline);
    const std::string source = fmt::format("CONFIG GET {}", name);
    if (!reply) return unknown_from(reply.error());
    if (reply->is_error()) {
      return Unknown{Why::denied,
                     fmt::format("{} was refused: {}", source, excerpt(reply->text, 80))};
    }
    if (reply->elements.size() != 2) return Absent{from(source, "(empty list)")};
    const std::string& value = reply->elements[1].text;
    return Seen{printable_utf8(value), from(source, fmt::format("{} \"{}\"", name, value))};
  }

  const ProbeContext& context_;
  Recorder<RedisFacts>& recorder_;
  RedisFacts& facts_;
  std::string address_;
  std::string endpoint_;
  RedisInfo info_;
  Observed<std::string> bind_;
};

void look(const ProbeContext& context, Recorder<RedisFacts>& recorder) {
  if (const auto done = RedisLook{context, recorder}.look(); !done) {
    recorder.give_up(unknown_from(done.error()));
  }
}

std::vector<Target> plan(const Topology& topology, const Settings&) {
  return server_targets_for(topology, "redis", "Redis", {"redis"});
}

}  // namespace

Result<RedisInfo> parse_redis_info(std::string_view text) {
  RedisInfo info;
  for (std::string_view line : split(text, '\n')) {
    line = trim(line);
    const auto colon = line.find(':');
    if (line.starts_with('#') || colon == std::string_view::npos) continue;
    info.emplace(line.substr(0, colon), line.substr(colon + 1));
  }
  if (info.empty()) return fail(Errc::kMalformed, "the answer to INFO holds no field");
  return info;
}

Result<std::uint64_t> sum_keyspace(const RedisInfo& info, std::string_view counter) {
  std::uint64_t sum = 0;
  for (auto it = info.lower_bound(kKeyspacePrefix); it != info.end(); ++it) {
    const auto& [field, value] = *it;
    if (!field.starts_with(kKeyspacePrefix)) break;
    if (!parse_number<std::uint32_t>(std::string_view(field).substr(2))) continue;
    std::optional<std::uint64_t> count;
    for (const auto part : split(value, ',')) {
      if (part.starts_with(counter) && part.substr(counter.size()).starts_with('=')) {
        count = parse_number<std::uint64_t>(part.substr(counter.size() + 1));
      }
    }
    if (!count || __builtin_add_overflow(sum, *count, &sum)) {
      return fail(Errc::kMalformed, "INFO " + field + ":" + excerpt(value, 60));
    }
  }
  return sum;
}

namespace probes {

extern const ProbeSpec redis;
const ProbeSpec redis{.id = "redis",
                      .kind = "redis",
                      .summary =
                          "Redis and Valkey: PING, INFO, and the settings that decide whether "
                          "data is kept and strangers are let in.",
                      .budget = std::chrono::seconds{3},
                      .needs_topology = true,
                      .facts = &declare_facts<RedisFacts>,
                      .plan = &plan,
                      .run = &run_probe<RedisFacts, &look>};

}  // namespace probes

}  // namespace postflight
