// SPDX-License-Identifier: Apache-2.0
// The inside of a task's process, from fork() to _exit().
#pragma once

#include <sys/types.h>

#include "engine/supervisor.h"

namespace postflight {

/// How a worker ends when it is not killed; the supervisor reads it as the exit status.
enum class WorkerExit : int { done = 0, failed = 3, out_of_memory = 4 };

/// Confines this freshly forked process (own group, no core, memory limit, no inherited descriptors, dies
/// with the supervisor), runs the job and leaves. `soft` is the deadline the probe itself works to.
[[noreturn]] void run_worker(const Job& job, Deadline soft, int pipe, pid_t supervisor,
                             const Supervisor::Options& options);

/// Runs a job's body and turns what escapes from it into a detail: empty when it ended well.
struct BodyEnd {
  WorkerExit exit = WorkerExit::done;
  std::string detail;
};
BodyEnd run_body(const Job& job, FactSink& sink, Deadline soft);

}  // namespace postflight
