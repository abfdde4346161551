// SPDX-License-Identifier: Apache-2.0
// Judges a Redis server: does it work, is its data kept, is there room, are strangers let in.
// Pure. Source: Redis manual, "Persistence", "Security", "Key eviction", "Redis clients handling".
#include "probes/redis.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "rules/commands.h"
#include "rules/family.h"

namespace postflight::rules {
namespace {

constexpr double kDay = 24 * 3600;

bool evicts_any_key(const std::string& policy) {
  return policy.starts_with("allkeys-");
}

std::uint16_t port_of(const JudgeContext& context) {
  // "redis:127.0.0.1:6379@web": the number behind the last colon.
  const std::string& id = context.component.id;
  const auto digits = std::string_view(id).substr(id.rfind(':') + 1);
  return parse_number<std::uint16_t>(digits.substr(0, digits.find_first_of("@#"))).value_or(6379);
}

/// The first words of a command that asks the server, from where it can be reached.
Words redis_cli(const JudgeContext& context) {
  const Service* service = service_of(context);
  Words words = {"redis-cli"};
  if (service && !service->listeners.empty()) {
    const std::string address = reachable_address(preferred_listener(*service).address);
    if (address != "127.0.0.1") words.insert(words.end(), {"-h", address});
  }
  words.insert(words.end(), {"-p", std::to_string(port_of(context))});
  if (!container_of(service).empty()) return in_container_of(context, service, words);
  return in_network_of(service, words);
}

/// Shows the server's log, or where it is.
Words log_words(const JudgeContext& context) {
  const Service* service = service_of(context);
  if (!container_of(service).empty()) return log_command(context, service, "20");
  Words words = redis_cli(context);
  words.insert(words.end(), {"CONFIG", "GET", "logfile"});
  return words;
}

/// {published} stands for the port where docker-proxy listens, {own} where the server itself does:
/// a command that names the one that is not given is left out.
FindingDraft draft(Severity severity, const JudgeContext& context) {
  const Service* service = service_of(context);
  const bool published = is_published_by_docker(service);
  return FindingDraft{severity}
      .arg("port", port_of(context))
      .arg("redis", redis_cli(context))
      .arg(published ? "published" : "own", port_of(context));
}

/// Adds a command that names the programs of this machine that are connected. Not for a server in a
/// container: its clients are in other networks.
FindingDraft with_clients(FindingDraft draft, const JudgeContext& c) {
  const Service* service = service_of(c);
  const bool here = container_of(service).empty() && !is_published_by_docker(service);
  if (here) draft.arg("show_sockets", in_network_of(service, {"ss"}));
  return draft;
}

/// Adds the folder the server writes to, and commands that look at it where that folder is.
FindingDraft with_directory(FindingDraft draft, const RedisFacts& f, const JudgeContext& c) {
  const auto* directory = f.data_directory.seen();
  const Service* service = service_of(c);
  draft.arg("known", directory ? 1 : 0)
      .arg("directory", directory ? Json(directory->value) : Json(""));
  if (directory && !is_published_by_docker(service)) {
    draft.arg("list_folder", in_container_of(c, service, {"ls", "-ld", directory->value}))
        .arg("show_space", in_container_of(c, service, {"df", "-h", directory->value}));
  }
  return draft;
}

bool is_without_right(const std::string& reply) {
  return reply.starts_with("NOPERM");
}

/// A server that answers PING with an error other than the two that rules of their own explain.
Verdicts ping_refused(const RedisFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](bool ok, const std::string& reply) -> Verdicts {
        if (ok || reply.starts_with("LOADING") || reply.starts_with("MISCONF") ||
            reply.starts_with("MASTERDOWN")) {
          return silent();
        }
        // The check's user may not ask; those of the clients may well.
        if (is_without_right(reply)) return Unknown{Why::denied, reply};
        return with_clients(draft(Severity::critical, c).arg("reply", reply), c);
      },
      f.ping_ok, f.ping_reply);
}

Verdicts loading(const RedisFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](bool is_loading) -> Verdicts {
        if (!is_loading) return silent();
        return draft(Severity::warning, c).arg("uptime", shown(f.uptime_seconds));
      },
      f.loading);
}

/// Adds the way out of a deleted folder. A new one of that name is another one to the server: only
/// a dump over the wire helps, and not even that one where an append-only file is kept: the server
/// would ignore the dump and start empty.
FindingDraft with_rescue(FindingDraft found, const RedisFacts& f, const JudgeContext& c) {
  const Service* service = service_of(c);
  const Words redis = redis_cli(c);
  const auto* aof = f.aof_enabled.seen();
  const bool plain = aof && !aof->value;
  const bool published = is_published_by_docker(service);
  const std::string id = published ? "CONTAINER" : container_called(c, service);
  found.arg("rescue", redis)
      .arg("dump", "/root/redis-" + std::to_string(port_of(c)) + ".rdb")
      .arg("appends", plain ? 0 : 1)
      .because(f.data_directory.absent()->evidence);
  if (!aof) found.arg("unsure", redis);
  if (id.empty()) {
    found.arg(plain ? "leave" : "leave_unlogged", redis);
  } else {
    found.arg("stop", Words{"docker", "stop", id});
    if (plain) found.arg("start", Words{"docker", "start", id});
    if (!plain) found.arg("renew", Words{"docker", "compose", "up", "-d"});
  }
  if (published) found.arg("behind", port_of(c));
  if (!plain) {
    Words later = redis;  // a container that is made anew has another id
    std::ranges::replace(later, id, "CONTAINER");
    found.arg("later", later);
  }
  return found;
}

Verdicts last_save_failed(const RedisFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& status, const std::string& reply) -> Verdicts {
        if (status == "ok") return silent();
        // With stop-writes-on-bgsave-error, the default, every write is refused from now on.
        const bool refuses_writes = reply.starts_with("MISCONF");
        const bool deleted = f.data_directory.absent();
        FindingDraft found = draft(refuses_writes ? Severity::critical : Severity::warning, c)
                                 .arg("age", shown(f.last_snapshot_age_seconds))
                                 .arg("unsaved", shown(f.unsaved_changes))
                                 .arg("writes", refuses_writes ? 0 : 1)
                                 .arg("deleted", deleted ? 1 : 0);
        if (deleted) return with_directory(with_rescue(std::move(found), f, c), f, c);
        found.arg("appends", 0).arg("save", redis_cli(c)).arg("log", log_words(c));
        return with_directory(std::move(found), f, c);
      },
      f.last_snapshot_status, f.ping_reply);
}

/// Both kinds of trouble with the append-only file read alike: it is on, and the last attempt
/// failed.
Verdicts aof_failed(const Observed<std::string>& last_attempt, Severity severity,
                    const RedisFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](bool enabled, const std::string& status) -> Verdicts {
        if (!enabled || status == "ok") return silent();
        return with_directory(draft(severity, c), f, c);
      },
      f.aof_enabled, last_attempt);
}

Verdicts aof_write_failed(const RedisFacts& f, const JudgeContext& c) {
  return aof_failed(f.aof_last_write_status, Severity::critical, f, c);
}

Verdicts aof_rewrite_failed(const RedisFacts& f, const JudgeContext& c) {
  return aof_failed(f.aof_last_rewrite_status, Severity::warning, f, c);
}

/// Keys without a time to live in a server that writes nothing to disk: a restart loses them. A
/// cache that may evict every key has agreed to lose them.
Verdicts nothing_persisted(const RedisFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& schedule, bool aof, std::uint64_t keys, std::uint64_t expiring,
          std::uint64_t limit, const std::string& policy, const std::string& role,
          std::uint64_t replicas) -> Verdicts {
        const bool is_cache = limit > 0 && evicts_any_key(policy);
        const bool kept_elsewhere = role != "master" || replicas > 0;
        if (!schedule.empty() || aof || is_cache || kept_elsewhere || keys <= expiring)
          return silent();
        return draft(Severity::warning, c).arg("keys", keys - expiring);
      },
      f.snapshot_schedule, f.aof_enabled, f.keys, f.expiring_keys, f.maxmemory_bytes,
      f.maxmemory_policy, f.role, f.connected_replicas);
}

/// Changes wait, yet nothing was saved for a day: the longest default schedule is one hour.
Verdicts snapshot_overdue(const RedisFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& schedule, bool aof, const std::string& status, std::uint64_t unsaved,
          std::int64_t age) -> Verdicts {
        const bool due = !schedule.empty() && !aof && status == "ok" && unsaved > 0;
        if (!due || static_cast<double>(age) < kDay) return silent();
        std::int64_t longest = 0;  // "3600 1 300 100": seconds and changes in turn
        const auto words = split_words(schedule);
        for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
          const auto seconds = parse_number<std::int64_t>(words[i]);
          const auto changes = parse_number<std::uint64_t>(words[i + 1]);
          if (seconds && changes && unsaved >= *changes) longest = std::max(longest, *seconds);
        }
        if (longest == 0 || age / 2 < longest) return silent();
        return draft(Severity::warning, c)
            .arg("age", age)
            .arg("unsaved", unsaved)
            .arg("schedule", schedule);
      },
      f.snapshot_schedule, f.aof_enabled, f.last_snapshot_status, f.unsaved_changes,
      f.last_snapshot_age_seconds);
}

/// At the limit without eviction every write is refused with OOM.
Verdicts memory_nearly_full(const RedisFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](std::uint64_t used, std::uint64_t limit, const std::string& policy) -> Verdicts {
        const double ratio =
            limit == 0 ? 0 : static_cast<double>(used) / static_cast<double>(limit);
        if (evicts_any_key(policy) || ratio < c.thresholds.redis_memory_warning_ratio)
          return silent();
        return draft(ratio >= 1 ? Severity::critical : Severity::warning, c)
            .arg("used", used)
            .arg("limit", limit)
            .arg("ratio", ratio)
            .arg("reached", ratio >= 1 ? 1 : 0)
            .arg("policy", policy);
      },
      f.used_memory_bytes, f.maxmemory_bytes, f.maxmemory_policy);
}

/// Worth knowing only: for a cache eviction is its work, for a queue or sessions it is loss.
Verdicts evicts_keys(const RedisFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](std::uint64_t evicted) -> Verdicts {
        if (evicted == 0) return silent();
        return draft(Severity::info, c)
            .arg("evicted", evicted)
            .arg("limit", shown(f.maxmemory_bytes))
            .arg("policy", shown(f.maxmemory_policy));
      },
      f.evicted_keys_total);
}

Verdicts clients_nearly_full(const RedisFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](std::uint64_t connected, std::uint64_t limit) -> Verdicts {
        const double ratio =
            limit == 0 ? 0 : static_cast<double>(connected) / static_cast<double>(limit);
        if (ratio < c.thresholds.redis_clients_warning_ratio) return silent();
        return with_clients(
            draft(Severity::warning, c).arg("connected", connected).arg("limit", limit), c);
      },
      f.connected_clients, f.maxclients);
}

Verdicts connections_rejected(const RedisFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](std::uint64_t rejected) -> Verdicts {
        if (rejected == 0) return silent();
        return draft(Severity::info, c)
            .arg("rejected", rejected)
            .arg("limit", shown(f.maxclients))
            .arg("uptime", shown(f.uptime_seconds));
      },
      f.rejected_connections_total);
}

Verdicts open_to_strangers(const RedisFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](bool answers) -> Verdicts {
        if (!answers) return silent();
        // A machine without a global address can be reached from its own network only.
        const auto* topology = c.document.topology.seen();
        const bool global = topology && !topology->value.global_addresses.empty();
        FindingDraft found = draft(global ? Severity::critical : Severity::warning, c);
        // In a container loopback is the container's own: bound to it, nobody would reach the
        // server.
        const Service* service = service_of(c);
        const bool contained = is_published_by_docker(service) || !container_of(service).empty();
        found.arg("contained", contained ? 1 : 0);
        if (!contained) found.arg("bindable", redis_cli(c));
        const std::string id = container_of(service);
        if (!id.empty()) found.arg("container", id);
        return found;
      },
      f.answers_strangers);
}

Verdicts replica_cut_off(const RedisFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& link) -> Verdicts {
        if (link == "up") return silent();
        return draft(Severity::critical, c).arg("link", link);
      },
      f.master_link_status);
}

Verdicts settings_not_kept(const RedisFacts& f, const JudgeContext& c) {
  return f.config_file.visit([](const Seen<std::string>&) { return silent(); },
                             [&](const Absent& absent) -> Verdicts {
                               return draft(Severity::info, c).because(absent.evidence);
                             },
                             [](const Unknown& unknown) -> Verdicts { return unknown; });
}

std::vector<TestDraft> ping_test(const RedisFacts& f, const JudgeContext&) {
  TestDraft test;
  f.ping_ok.visit(
      [&](const Seen<bool>& seen) {
        const auto* reply = f.ping_reply.seen();
        if (reply && is_without_right(reply->value)) {
          test.reason = {Why::denied, reply->value};
          return;
        }
        test.status = seen.value ? TestStatus::pass : TestStatus::fail;
        test.evidence = {seen.evidence};
      },
      [&](const Absent&) {}, [&](const Unknown& unknown) { test.reason = unknown; });
  if (const auto* took = f.ping_seconds.seen()) test.duration_seconds = took->value;
  return {test};
}

struct RedisRules {
  static constexpr std::array rules{
      Rule<RedisFacts>{"redis/ping-refused", &ping_refused},
      Rule<RedisFacts>{"redis/loading", &loading},
      Rule<RedisFacts>{"redis/last-save-failed", &last_save_failed},
      Rule<RedisFacts>{"redis/aof-write-failed", &aof_write_failed},
      Rule<RedisFacts>{"redis/aof-rewrite-failed", &aof_rewrite_failed},
      Rule<RedisFacts>{"redis/nothing-persisted", &nothing_persisted},
      Rule<RedisFacts>{"redis/snapshot-overdue", &snapshot_overdue},
      Rule<RedisFacts>{"redis/memory-nearly-full", &memory_nearly_full},
      Rule<RedisFacts>{"redis/evicts-keys", &evicts_keys},
      Rule<RedisFacts>{"redis/clients-nearly-full", &clients_nearly_full},
      Rule<RedisFacts>{"redis/connections-rejected", &connections_rejected},
      Rule<RedisFacts>{"redis/open-to-strangers", &open_to_strangers},
      Rule<RedisFacts>{"redis/replica-cut-off", &replica_cut_off},
      Rule<RedisFacts>{"redis/settings-not-kept", &settings_not_kept},
  };
  static constexpr std::array tests{FunctionalTest<RedisFacts>{"redis/ping", &ping_test}};
  static constexpr std::array explains{
      Explains{"redis/open-to-strangers", "sockets/data-service-exposed"},
      Explains{"redis/last-save-failed", "redis/snapshot-overdue"},
      Explains{"redis/clients-nearly-full", "redis/connections-rejected"},
  };
};

}  // namespace

extern const RuleFamily redis;
const RuleFamily redis = define_family<RedisFacts, RedisRules>("redis", "redis");

}  // namespace postflight::rules
