// SPDX-License-Identifier: Apache-2.0
// The inside of a task's process, from fork() to _exit().
#pragma once

#include <sys/types.h>

#include "engine/supervisor.h"

namespace postflight {

/// How a worker ends when it is not killed; the supervisor reads it as the exit status. The numbers
/// are unlike those that programs and libraries use when they call exit().
enum class WorkerExit : int { done = 0, failed = 113, out_of_memory = 114 };

/// Confines this freshly forked process (own session without a terminal, no core, memory and stack
/// limits, no inherited descriptors, first to go when the machine runs out of memory, dies with the
/// supervisor unless it changes its user), runs the job and leaves. Nothing escapes from it, for it
/// stands on a copy of the supervisor's stack. `soft` is the deadline the probe itself works to.
[[noreturn]] void run_worker(const Job& job, Deadline soft, int pipe, pid_t supervisor,
                             const Supervisor::Options& options) noexcept;

/// Runs a job's body and turns what escapes from it into a detail: empty when it ended well.
struct BodyEnd {
  WorkerExit exit = WorkerExit::done;
  std::string detail;

  Outcome outcome() const;
};
BodyEnd run_body(const Job& job, FactSink& sink, Deadline soft);

}  // namespace postflight
