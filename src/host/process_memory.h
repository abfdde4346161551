// SPDX-License-Identifier: Apache-2.0
// How much memory which program holds, and which programs run at all. Only reads /proc/PID/status.
// Source: proc_pid_status(5).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/expected.h"

namespace postflight::host {

/// What /proc/PID/status says about a process and its memory.
struct ProcessMemory {
  std::string name;                       ///< As the process calls itself, printable.
  std::uint64_t anonymous_bytes = 0;      ///< RssAnon: its own. 0 for threads of the kernel.
  std::uint64_t shared_memory_bytes = 0;  ///< RssShmem: the same pages in all that share them.
  bool operator==(const ProcessMemory&) const = default;
};

/// kMalformed where the text names no process. Pure.
Result<ProcessMemory> parse_process_status(std::string_view text);

/// All processes of one name.
struct ProgramMemory {
  std::string name;
  std::uint32_t processes = 0;
  std::uint64_t bytes = 0;  ///< Sum of the anonymous memory, and the largest shared memory once.
  std::int32_t largest_pid = 0;  ///< The one with the most of its own.
};

/// What a walk through the processes found.
struct ProcessSurvey {
  std::vector<ProgramMemory> programs;  ///< Largest first.
  bool complete = true;                 ///< False where the deadline passed first.
  bool hidden = false;                  ///< Processes of others are hidden: hidepid, proc(5).
};

/// Walks through all processes below `root`/proc. Page cache is left out of the sums: the kernel
/// can take it back, and shared pages, counted once per process, would make a database of 8 GiB
/// look like 800. Errors: those of reading the folder `root`/proc; kUnreachable where no process
/// could be read.
Result<ProcessSurvey> survey_processes(const std::string& root, Deadline deadline);

}  // namespace postflight::host
