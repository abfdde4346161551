// SPDX-License-Identifier: Apache-2.0
// What is looked at on the service manager: is it systemd, what state is it in, what failed, what
// has changed since it booted. Its units are parts of their own (probes/unit.h). Only properties
// and lists are read, over D-Bus; no unit is started, stopped or reloaded.
// Source: org.freedesktop.systemd1(5), systemd.unit(5).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/observed.h"
#include "model/topology.h"

namespace postflight {

/// A unit in the state "failed".
struct FailedUnit {
  std::string unit;
  std::string description;
  std::string result;
  std::string exit_status;
  std::string since;
};
// clang-format off
PF_DESCRIBE(FailedUnit,
  (unit, "Name of the unit."),
  (description, "Its Description."),
  (result, "Property Result: exit-code, signal, timeout, oom-kill, …; empty where its kind has none."),
  (exit_status, "How its main process ended: exited 203, killed 9; empty where none was started."),
  (since, "When it failed, StateChangeTimestamp, RFC 3339 in UTC."))
// clang-format on

/// Something systemd still has to do.
struct SystemdJob {
  std::string unit;
  std::string type;
  std::string state;
};
// clang-format off
PF_DESCRIBE(SystemdJob,
  (unit, "Unit the job is about."),
  (type, "start, stop, restart and so on."),
  (state, "running, or waiting for another job."))
// clang-format on

/// A unit whose files are not those that systemd has read.
struct UnreadUnit {
  std::string unit;
  std::vector<std::string> files;
};
// clang-format off
PF_DESCRIBE(UnreadUnit,
  (unit, "Unit whose NeedDaemonReload is set."),
  (files, "Its files that are new, changed or gone since systemd read them, as far as their times tell."))
// clang-format on

enum class SinceBoot {
  started,  ///< Started by somebody after the boot was through.
  changed,  ///< A unit file, a drop-in or a link that starts it is newer than the boot.
};
PF_DESCRIBE_ENUM(SinceBoot, started, changed)

/// A unit of which the last boot proves nothing.
struct UnprovenUnit {
  std::string unit;
  SinceBoot what = SinceBoot::started;
  std::string at;
  std::string file;
};
// clang-format off
PF_DESCRIBE(UnprovenUnit,
  (unit, "Name of the unit."),
  (what, "started after the boot was through, or changed since."),
  (at, "When, RFC 3339 in UTC."),
  (file, "The changed file; empty where it was only started."))
// clang-format on

enum class Outside {
  login_session,  ///< A session of somebody who logged in.
  user_unit,      ///< A unit of a user's own service manager, which is not looked at.
};
PF_DESCRIBE_ENUM(Outside, login_session, user_unit)

/// A program that listens and belongs to no unit of the machine.
struct OutsideProgram {
  std::string endpoint;
  std::string program;
  std::int32_t pid = 0;
  Outside place = Outside::login_session;
  std::string unit;
  Exposure exposure = Exposure::loopback;
};
// clang-format off
PF_DESCRIBE(OutsideProgram,
  (endpoint, "Where it listens."),
  (program, "Name of the process."),
  (pid, "Process id."),
  (place, "login_session, or user_unit: a unit of a user's own service manager."),
  (unit, "Name of that scope or unit."),
  (exposure, "From whom the address can be reached, firewalls not considered."))
// clang-format on

struct SystemdFacts {
  Required<bool> in_charge;
  Required<std::string> system_state;
  Fact<std::string> version;
  Fact<std::uint64_t> loaded_units;
  Required<std::vector<FailedUnit>> failed_units;
  Fact<std::vector<SystemdJob>> jobs;
  Fact<std::string> default_target;
  Fact<std::string> booted_at;
  Fact<std::string> boot_finished_at;
  Fact<double> boot_seconds;
  Fact<double> running_seconds;
  Fact<std::vector<UnreadUnit>> unread_units;
  Fact<std::vector<UnprovenUnit>> unproven_units;
  Fact<std::vector<OutsideProgram>> outside_programs;
  Fact<std::vector<std::string>> units_left_out;
};
// clang-format off
PF_DESCRIBE(SystemdFacts,
  (in_charge, "Process 1 of the machine is systemd, sd_booted(3)."),
  (system_state, "Property SystemState: running, degraded, starting, maintenance and so on."),
  (version, "Property Version."),
  (loaded_units, "Units in memory, ListUnits."),
  (failed_units, "Units in the state failed."),
  (jobs, "Jobs that are queued or running, ListJobs."),
  (default_target, "What the machine boots into, GetDefaultTarget."),
  (booted_at, "When systemd took over as process 1, UserspaceTimestamp, RFC 3339 in UTC."),
  (boot_finished_at, "When all that boots was started, FinishTimestamp; absent while it is starting."),
  (boot_seconds, "Time between these two."),
  (running_seconds, "Time since systemd took over."),
  (unread_units, "Loaded units whose files were changed without daemon-reload, NeedDaemonReload."),
  (unproven_units, "Units looked at that were started after the boot was through, or whose files, drop-ins or links are newer than the boot: no boot has shown that they start by themselves."),
  (outside_programs, "Programs that listen from a login session or a user's own service manager."),
  (units_left_out, "Units that would be worth looking at but are over the limit of one run."))
// clang-format on

}  // namespace postflight
