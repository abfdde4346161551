// SPDX-License-Identifier: Apache-2.0
// Runs tasks, one forked process each, and keeps what they said, whatever becomes of them.
//
// The supervisor is single-threaded and parses nothing but its own framing, within bounds. A task
// that hangs is killed with its whole process group at its deadline; one that crashes or eats
// memory costs only itself. Why processes: a blocked thread cannot be killed (docs/adr/0002).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "model/component.h"
#include "probes/probe.h"

namespace postflight {

/// Bounds within which one task may live.
struct TaskLimits {
  std::uint64_t memory_bytes = 64ULL << 20;  ///< Private writable memory (RLIMIT_DATA).
  std::size_t frame_bytes = 8UL << 20;       ///< One fact.
  std::size_t total_bytes = 16UL << 20;      ///< Everything one task says.
};

/// Work for one process.
struct Job {
  std::string id;
  Duration budget{};
  std::function<void(FactSink&, Deadline)> body;
};

/// One fact as it came through the pipe: not yet parsed, not yet redacted.
struct Frame {
  std::string key;
  std::string payload;
};

struct JobResult {
  TaskRecord record;
  std::vector<Frame> frames;
};

/// How the jobs are run: each in a process of its own, or all in this one for a debugger. The
/// latter cannot kill a hanging task.
enum class Execution { forked, in_process };

class Supervisor {
 public:
  struct Options {
    Deadline run;  ///< No task outlives this.
    TaskLimits limits;
    std::size_t parallel = 64;  ///< Processes at the same time.
    Execution execution = Execution::forked;
    bool keep_stderr = false;  ///< Lets tasks write to our stderr, for -v.
  };
  using OnDone = std::function<void(JobResult)>;

  explicit Supervisor(Options options);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// Queues a job; may be called from within OnDone.
  void add(Job job);

  /// Runs everything that is queued or added meanwhile. Returns when all jobs have ended or the
  /// run's deadline has passed; jobs whose turn never came are reported as not_started. No process
  /// started here is alive afterwards, not even when on_done throws. Children that the caller had
  /// before are left alone; no other thread may start any meanwhile. Returns false when SIGINT,
  /// SIGTERM or SIGHUP cut it short.
  bool run(const OnDone& on_done);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Private memory of this process: Private_Clean + Private_Dirty of /proc/self/smaps_rollup, in
/// bytes. 0 where the kernel does not tell.
std::uint64_t private_memory_bytes();

}  // namespace postflight
