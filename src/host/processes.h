// SPDX-License-Identifier: Apache-2.0
// Processes of the machine: which there are and what they are. Only reads /proc; never sends a
// signal, never attaches. Processes come and go while they are read: that is normal. Source:
// proc(5).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "model/topology.h"

namespace postflight::host {

/// Ids of all processes visible under `root`/proc, ascending.
/// Errors: those of reading the folder `root`/proc.
Result<std::vector<std::int32_t>> list_processes(const std::string& root = "/");

/// What a process is. Names and command line are printable UTF-8 on one line, whatever the process
/// calls itself; the command line is cut to 200 bytes. `executable` stays empty where only root may
/// read it; `uid` is the effective one.
/// Errors: kNotFound where the process is gone, kDenied where not even its name may be read.
Result<Program> read_program(std::int32_t pid, const std::string& root = "/");

/// Name and parent of a process: what one short read tells.
struct ProcessStat {
  std::string name;  ///< As the kernel has it, at most 15 bytes; raw.
  std::int32_t parent = 0;
};
/// Errors: those of reading /proc/PID/stat; kMalformed where it has another form.
Result<ProcessStat> read_process_stat(std::int32_t pid, const std::string& root = "/");

/// "42 (a) b) S 1 …": the name may hold anything, parentheses too. Pure.
Result<ProcessStat> parse_process_stat(std::string_view text);

/// The path that names a process's unit or container, from the text of /proc/PID/cgroup: systemd's
/// own hierarchy first, then the unified one, then the longest (cgroups(7)). Empty where there is
/// none. Pure.
std::string parse_cgroup(std::string_view text);

}  // namespace postflight::host
