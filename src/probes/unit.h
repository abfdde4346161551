// SPDX-License-Identifier: Apache-2.0
// What is looked at on one unit of systemd: does it run, will it start at the next boot and by
// whose doing, does it hold its port, has it room. Its facts are sent by the probe `systemd`.
// Source: org.freedesktop.systemd1(5), systemd.unit(5), systemd.service(5), cgroups(7).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/observed.h"

namespace postflight {

/// What brings a unit up after the next boot.
enum class BootStart {
  at_boot,    ///< The default target pulls it in, directly or not.
  on_demand,  ///< A socket, a path or an automount point that is there after the boot.
  by_timer,   ///< A timer that is there after the boot.
  never,      ///< Nothing does.
};
PF_DESCRIBE_ENUM(BootStart, at_boot, on_demand, by_timer, never)

/// A program outside of the unit that holds a port the unit's server wants.
struct PortRival {
  std::string endpoint;
  std::string program;
  std::int32_t pid = 0;
  std::string unit;
};
// clang-format off
PF_DESCRIBE(PortRival,
  (endpoint, "The port and its address."),
  (program, "Name of the process that holds it; empty where it is not known."),
  (pid, "Its process id; 0 where it is not known."),
  (unit, "Its unit or its place in the cgroup hierarchy."))
// clang-format on

struct UnitFacts {
  Fact<std::string> unit;
  Fact<std::string> description;
  Fact<std::vector<std::string>> reasons;
  Required<std::string> load_state;
  Fact<std::string> load_error;
  Required<std::string> active_state;
  Fact<std::string> sub_state;
  Fact<std::string> since;
  Fact<double> since_seconds;
  Fact<std::string> unit_file_state;
  Fact<BootStart> starts_at_boot;
  Fact<std::vector<std::string>> started_by;
  Fact<std::vector<std::string>> triggered_by;
  Fact<std::vector<std::string>> triggers;
  Fact<std::string> type;
  Fact<bool> remains_after_exit;
  Fact<bool> conditions_met;
  Fact<std::string> result;
  Fact<std::string> exit_code;
  Fact<std::int64_t> exit_status;
  Fact<std::string> program;
  Fact<bool> program_exists;
  Fact<std::string> restart_policy;
  Fact<std::uint64_t> restarts_total;
  Fact<std::int64_t> main_pid;
  Fact<std::vector<std::string>> listens;
  Fact<bool> main_pid_listens;
  Fact<std::vector<PortRival>> port_rivals;
  Fact<std::vector<std::string>> late_addresses;
  Fact<std::uint64_t> memory_bytes;
  Fact<std::string> memory_source;
  Fact<std::uint64_t> memory_reclaimable_bytes;
  Fact<std::uint64_t> memory_peak_bytes;
  Fact<std::uint64_t> memory_max_bytes;
  Fact<std::uint64_t> tasks;
  Fact<std::uint64_t> open_files_limit;
  Fact<std::uint64_t> open_files_hard_limit;
  Fact<std::string> last_start;
  Fact<bool> started_since_boot;
  Fact<std::string> last_trigger;
  Fact<std::string> next_trigger;
  Fact<std::string> unit_file;
  Fact<std::vector<std::string>> drop_ins;
  Fact<bool> transient;
  Fact<bool> can_be_enabled;
  Fact<bool> needs_daemon_reload;
};
// clang-format off
PF_DESCRIBE(UnitFacts,
  (unit, "Property Id: its name."),
  (description, "Property Description."),
  (reasons, "Why it is looked at: listens, cluster, engine, server (a known server's unit), failed, local (its file was written on this machine)."),
  (load_state, "Property LoadState: loaded, not-found, bad-setting, error, masked."),
  (load_error, "Property LoadError: why systemd refuses its file; absent where it does not."),
  (active_state, "Property ActiveState: active, inactive, failed, activating and so on."),
  (sub_state, "Property SubState: running, exited, dead, auto-restart, waiting and so on."),
  (since, "When it came into this state, StateChangeTimestamp, RFC 3339 in UTC; absent where it never left its first."),
  (since_seconds, "Time since then."),
  (unit_file_state, "Property UnitFileState: enabled, disabled, static, masked, generated, enabled-runtime, …; absent where no file is."),
  (starts_at_boot, "What starts it after the next boot, followed from the default target over the links on disk and Wants, Requires, BindsTo and triggers of loaded units."),
  (started_by, "That way, nearest first: each unit and the link or file that says so."),
  (triggered_by, "Sockets, timers and paths that start it, property TriggeredBy."),
  (triggers, "Units that it starts itself, property Triggers; absent where its kind starts none."),
  (type, "Property Type: simple, forking, oneshot, notify, …; absent for anything but services."),
  (remains_after_exit, "Property RemainAfterExit: it counts as active after its programs have ended."),
  (conditions_met, "Property ConditionResult of the last start; absent where it was never started."),
  (result, "Property Result of the last run: success, exit-code, signal, timeout, oom-kill, start-limit-hit and so on."),
  (exit_code, "How the main process ended: exited, killed or dumped; absent while it has not."),
  (exit_status, "Property ExecMainStatus: its exit status, or the signal; absent while it has not ended."),
  (program, "Program of the first ExecStart, without its arguments."),
  (program_exists, "That file is there."),
  (restart_policy, "Property Restart: no, always, on-failure and so on."),
  (restarts_total, "Property NRestarts: automatic restarts since it was last started by somebody."),
  (main_pid, "Property MainPID; absent where it has none."),
  (listens, "Services of the machine whose programs are in its cgroup."),
  (main_pid_listens, "The main process itself holds one of these sockets; absent where there is none of them."),
  (port_rivals, "Programs outside of the unit that hold the port its server is known for, where it does not listen there itself; absent where it has no such port."),
  (late_addresses, "Addresses of container bridges it is bound to, though nothing orders it after the engine that makes them."),
  (memory_bytes, "Memory of its cgroup with the page cache, as systemctl status shows it."),
  (memory_source, "Where this number comes from: the property MemoryCurrent, or the file of the cgroup."),
  (memory_reclaimable_bytes, "Part of it that the kernel can take back without harm: page cache of files, and slab."),
  (memory_peak_bytes, "Property MemoryPeak, or the file of the cgroup."),
  (memory_max_bytes, "Property MemoryMax; absent where there is no limit."),
  (tasks, "Property TasksCurrent."),
  (open_files_limit, "Property LimitNOFILESoft: how many files one of its processes may open."),
  (open_files_hard_limit, "Property LimitNOFILE: up to where a process may raise that."),
  (last_start, "ActiveEnterTimestamp, RFC 3339 in UTC; absent where it was never active since the boot."),
  (started_since_boot, "It was started after the boot was through."),
  (last_trigger, "Timers: LastTriggerUSec, RFC 3339 in UTC; absent where it never was."),
  (next_trigger, "Timers: NextElapseUSecRealtime, RFC 3339 in UTC; absent where no time of day is set."),
  (unit_file, "Property FragmentPath, or SourcePath where it was generated."),
  (drop_ins, "Property DropInPaths."),
  (transient, "Property Transient: it was made by a command (systemd-run) and has no file that stays."),
  (can_be_enabled, "Its file has an [Install] section, which is what systemctl enable needs."),
  (needs_daemon_reload, "Property NeedDaemonReload."))
// clang-format on

}  // namespace postflight
