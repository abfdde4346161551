// SPDX-License-Identifier: Apache-2.0
// What the tests of the supervisor share: running a few jobs for real, and looking for survivors.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/supervisor.h"

namespace postflight::testing {

using Body = std::function<void(FactSink&, Deadline)>;

/// A job with a budget that no well-behaved test reaches.
Job job(std::string id, Body body, Duration budget = std::chrono::seconds{10});

/// Results by the id of the job.
using Results = std::map<std::string, JobResult>;

/// Runs the jobs, each in a process of its own, within `run`.
Results run_jobs(std::vector<Job> jobs, Supervisor::Options options);
Results run_jobs(std::vector<Job> jobs);

/// The payload of a fact, or "(none)".
std::string fact(const JobResult& result, std::string_view key);

/// Forks a process that leaves its parent's session by a double fork, tells its pid, and sleeps.
void start_daemon(FactSink& sink);

/// True where no process with this pid exists, not even a zombie; waits for that a second at most.
bool is_gone(pid_t pid);
bool is_gone(const std::string& pid);

/// True where this process has no child, dead or alive.
bool has_no_children();

/// How many descriptors this process has open.
std::size_t open_descriptors();

/// Seconds since it was made.
class StopWatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(MonotonicClock::now() - start_).count();
  }

 private:
  MonotonicClock::time_point start_ = MonotonicClock::now();
};

/// Runs `body` in a forked process, gives its exit status, or 256 + the signal that ended it, or -1
/// where it does not end within 20 s. `while_running` is called with its pid meanwhile.
int in_child(const std::function<int()>& body,
             const std::function<void(pid_t)>& while_running = {});

}  // namespace postflight::testing
