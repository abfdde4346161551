// SPDX-License-Identifier: Apache-2.0
// What is looked at on a Redis (or Valkey) server: does it answer, who may talk to it, is its data
// kept, is there room. Only PING, AUTH, INFO and CONFIG GET are sent; no key is ever read or
// written. Source: Redis command reference, INFO and CONFIG GET.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/expected.h"
#include "model/observed.h"

namespace postflight {

struct RedisFacts {
  Required<bool> ping_ok;
  Fact<std::string> ping_reply;
  Fact<double> ping_seconds;
  Required<bool> requires_password;
  Fact<bool> answers_strangers;
  Fact<std::string> version;
  Fact<std::string> flavour;
  Fact<std::string> mode;
  Fact<std::string> role;
  Fact<std::uint64_t> uptime_seconds;
  Fact<bool> loading;
  Fact<std::uint64_t> used_memory_bytes;
  Fact<std::uint64_t> peak_memory_bytes;
  Fact<std::uint64_t> resident_memory_bytes;
  Fact<std::uint64_t> maxmemory_bytes;
  Fact<std::string> maxmemory_policy;
  Fact<std::uint64_t> evicted_keys_total;
  Fact<std::uint64_t> keys;
  Fact<std::uint64_t> expiring_keys;
  Fact<std::uint64_t> connected_clients;
  Fact<std::uint64_t> maxclients;
  Fact<std::uint64_t> rejected_connections_total;
  Fact<std::string> snapshot_schedule;
  Fact<std::string> last_snapshot_status;
  Fact<std::int64_t> last_snapshot_age_seconds;
  Fact<std::uint64_t> unsaved_changes;
  Fact<bool> aof_enabled;
  Fact<std::string> aof_last_write_status;
  Fact<std::string> aof_last_rewrite_status;
  Fact<std::string> data_directory;
  Fact<std::string> config_file;
  Fact<bool> protected_mode;
  Fact<std::string> master_link_status;
  Fact<std::uint64_t> connected_replicas;
};
// clang-format off
PF_DESCRIBE(RedisFacts,
  (ping_ok, "PING was answered with +PONG. Any other reply, even from a living server, is false."),
  (ping_reply, "The reply to PING as it came."),
  (ping_seconds, "Time from sending PING to its reply."),
  (requires_password, "A client without credentials is refused with NOAUTH."),
  (answers_strangers, "A client without credentials that comes through an address of this machine other than loopback gets its PING answered."),
  (version, "INFO redis_version, or valkey_version where the server is Valkey."),
  (flavour, "redis, valkey or what INFO server_name says."),
  (mode, "INFO redis_mode: standalone, cluster or sentinel."),
  (role, "INFO role: master or slave."),
  (uptime_seconds, "INFO uptime_in_seconds."),
  (loading, "INFO loading: the data set is still being read from disk."),
  (used_memory_bytes, "INFO used_memory: data and overhead as the allocator counts them."),
  (peak_memory_bytes, "INFO used_memory_peak."),
  (resident_memory_bytes, "INFO used_memory_rss: what the kernel counts."),
  (maxmemory_bytes, "INFO maxmemory; 0 is no limit."),
  (maxmemory_policy, "INFO maxmemory_policy: what happens when the limit is reached."),
  (evicted_keys_total, "INFO evicted_keys since the server's start."),
  (keys, "Keys in all databases, INFO keyspace."),
  (expiring_keys, "Keys with a time to live in all databases, INFO keyspace."),
  (connected_clients, "INFO connected_clients."),
  (maxclients, "INFO maxclients."),
  (rejected_connections_total, "INFO rejected_connections: refused since the start because of maxclients."),
  (snapshot_schedule, "CONFIG GET save; empty where snapshots are switched off."),
  (last_snapshot_status, "INFO rdb_last_bgsave_status: ok or err."),
  (last_snapshot_age_seconds, "Time since INFO rdb_last_save_time; counts from the server's start where none was made."),
  (unsaved_changes, "INFO rdb_changes_since_last_save."),
  (aof_enabled, "INFO aof_enabled."),
  (aof_last_write_status, "INFO aof_last_write_status: ok or err."),
  (aof_last_rewrite_status, "INFO aof_last_bgrewrite_status: ok or err."),
  (data_directory, "CONFIG GET dir; absent where the folder was deleted while the server runs."),
  (config_file, "INFO config_file; absent where the server was started without one."),
  (protected_mode, "CONFIG GET protected-mode."),
  (master_link_status, "INFO master_link_status; absent on a master."),
  (connected_replicas, "INFO connected_slaves."))
// clang-format on

/// The fields of an INFO answer: name to value. Sections and lines without a colon are passed over.
using RedisInfo = std::map<std::string, std::string, std::less<>>;

/// Parses the answer to INFO. kMalformed where it holds no field at all. Pure.
Result<RedisInfo> parse_redis_info(std::string_view text);

/// Sum of one counter (keys, expires, …) over all lines dbN:keys=…,expires=…. kMalformed where a
/// line does not have that form. Pure.
Result<std::uint64_t> sum_keyspace(const RedisInfo& info, std::string_view counter);

}  // namespace postflight
