// SPDX-License-Identifier: Apache-2.0
// What the user may set, in postflight.yaml or on the command line. The defaults stand here and
// nowhere else.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/describe.h"
#include "base/secret.h"
#include "model/report.h"

namespace postflight {

/// Limits beyond which a rule speaks. Ratios are parts of one.
struct Thresholds {
  double disk_used_warning_ratio = 0.90;
  double disk_used_critical_ratio = 0.95;
  double inodes_used_warning_ratio = 0.90;
  double inodes_used_critical_ratio = 0.98;
  double memory_available_warning_ratio = 0.10;
  double memory_available_critical_ratio = 0.04;
  double swap_used_warning_ratio = 0.80;
  double cpu_pressure_warning_ratio = 0.50;
  double memory_pressure_warning_ratio = 0.05;
  double io_pressure_warning_ratio = 0.30;
  double http_slow_seconds = 2.0;
  double redis_memory_warning_ratio = 0.90;
  double redis_clients_warning_ratio = 0.90;
  double postgres_connections_warning_ratio = 0.90;
  double postgres_idle_transaction_seconds = 60.0;
  double postgres_transaction_seconds = 12 * 3600.0;
  double postgres_prepared_transaction_seconds = 3600.0;
  double postgres_slot_retained_bytes = 1024.0 * 1024 * 1024;
  double postgres_transaction_age_warning = 1.0e9;
  double postgres_transaction_age_critical = 1.8e9;
  double database_unanalyzed_warning_bytes = 1024 * 1024;
  double unit_memory_warning_ratio = 0.90;
  double unit_restarts_warning = 5;
  double boot_slow_seconds = 180;
  double engine_slow_seconds = 2.0;
  double container_log_warning_bytes = 1024.0 * 1024 * 1024;
};
// clang-format off
PF_DESCRIBE(Thresholds,
  (disk_used_warning_ratio, "Used part of a file system, as df counts it, from which a warning is given."),
  (disk_used_critical_ratio, "Used part of a file system from which it is critical."),
  (inodes_used_warning_ratio, "Used part of a file system's inodes from which a warning is given."),
  (inodes_used_critical_ratio, "Used part of a file system's inodes from which it is critical."),
  (memory_available_warning_ratio, "Available part of the memory below which a warning is given."),
  (memory_available_critical_ratio, "Available part of the memory below which it is critical."),
  (swap_used_warning_ratio, "Used part of the swap space from which a warning is given while memory is short."),
  (cpu_pressure_warning_ratio, "Part of the last minute in which some task waited for a CPU (PSI) from which a warning is given."),
  (memory_pressure_warning_ratio, "Part of the last minute in which all tasks waited for memory (PSI full) from which a warning is given."),
  (io_pressure_warning_ratio, "Part of the last minute in which all tasks waited for a disk (PSI full) from which a warning is given."),
  (http_slow_seconds, "Time to the first byte of an HTTP answer from which it is called slow."),
  (redis_memory_warning_ratio, "Used part of Redis's maxmemory from which a warning is given where keys are not evicted."),
  (redis_clients_warning_ratio, "Used part of Redis's maxclients from which a warning is given."),
  (postgres_connections_warning_ratio, "Used part of the connections that PostgreSQL has for ordinary roles from which a warning is given."),
  (postgres_idle_transaction_seconds, "How long a session may be idle in a transaction before a warning is given; at once where it holds others up."),
  (postgres_transaction_seconds, "How long a transaction may run before a warning is given."),
  (postgres_prepared_transaction_seconds, "How long a prepared transaction may wait before a warning is given."),
  (postgres_slot_retained_bytes, "Write-ahead log that an unused replication slot may keep before a warning is given."),
  (postgres_transaction_age_warning, "Age of the oldest transaction id of a cluster from which a warning is given."),
  (postgres_transaction_age_critical, "Age of the oldest transaction id of a cluster from which it is critical; at 2,100 million it stops taking writes."),
  (database_unanalyzed_warning_bytes, "Size of a table without planner statistics from which a warning is given."),
  (unit_memory_warning_ratio, "Used part of a unit's MemoryMax, without what the kernel can take back, from which a warning is given."),
  (unit_restarts_warning, "Automatic restarts of a unit from which it is said to restart again and again."),
  (boot_slow_seconds, "Time after which a machine that is still starting is given a warning."),
  (engine_slow_seconds, "Time within which a container engine must answer."),
  (container_log_warning_bytes, "Size of a container's log that has no limit from which a warning is given."))
// clang-format on

/// A credential by reference: the value itself never stands in the file.
struct CredentialReference {
  std::string component;
  std::string username;
  std::string password_env;
  std::string password_file;
};
// clang-format off
PF_DESCRIBE(CredentialReference,
  (component, "Pattern of component ids it is for, e.g. redis:127.0.0.1:6379 or redis:*."),
  (username, "User name, where the protocol has one."),
  (password_env, "Name of the environment variable that holds the password."),
  (password_file, "File whose first line is the password."))
// clang-format on

struct Settings {
  Duration timeout = std::chrono::seconds{15};
  Lang lang = Lang::en;
  std::map<std::string, Duration> budgets;
  Thresholds thresholds;
  std::vector<std::string> only;
  std::vector<std::string> skip;
  std::vector<CredentialReference> credentials;
  std::vector<std::string> public_names;
  Secret postgres_url;  ///< From --pg-url; never in a file and in no output, so not described.
};
// clang-format off
PF_DESCRIBE(Settings,
  (timeout, "Time after which a check ends, whatever has answered by then: 500ms, 15s, 2m."),
  (lang, "Language of the report, en or ru; without it the locale decides."),
  (budgets, "Time for one task of a probe, by the probe's name."),
  (thresholds, "Limits beyond which a rule speaks."),
  (only, "Patterns of components to look at; nothing else is looked at."),
  (skip, "Patterns of components and finding ids to leave out."),
  (credentials, "Credentials by reference to an environment variable or a file."),
  (public_names, "Names under which the public reaches this machine, e.g. example.org."))
// clang-format on

}  // namespace postflight
