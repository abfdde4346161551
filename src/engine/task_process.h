// SPDX-License-Identifier: Apache-2.0
// One task's process as the supervisor sees it: what it said, when it must end, how it ended.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <string>

#include "engine/framing.h"
#include "engine/supervisor.h"
#include "host/file_descriptor.h"

namespace postflight {

/// A process at work. Its pid stays its own until collect() has reaped it.
class TaskProcess {
 public:
  TaskProcess(Job job, pid_t pid, host::FileDescriptor pipe, Deadline end, TaskLimits limits);

  int pidfd() const { return pidfd_.get(); }  ///< Readable once it has ended; -1 on old kernels.
  int pipe() const { return pipe_.get(); }    ///< -1 once it was closed.
  pid_t pid() const { return pid_; }
  const Deadline& end() const { return end_; }

  /// Reads what the pipe holds now. Condemns a task that breaks a bound.
  void drain();

  /// Kills it and its group; from then on end() is when we stop waiting for its death. Does nothing
  /// the second time.
  void condemn(Outcome outcome, std::string detail);

  /// True where it cannot be killed: condemned, and still not dead when that was due.
  bool undead() const { return condemned_ && end_.passed(); }

  /// True once it has ended, by itself or not; it is then reaped and the rest of its group is gone.
  bool collect();

  /// What is left of it, once collect() gave true or undead() is.
  JobResult result();

 private:
  void kill_group() const;
  void describe_end(TaskRecord& record) const;
  bool ended_well() const;

  Job job_;
  pid_t pid_;
  host::FileDescriptor pidfd_;
  host::FileDescriptor pipe_;
  MonotonicClock::time_point started_;
  Deadline end_;
  FrameReader reader_;
  bool condemned_ = false;
  bool collected_ = false;
  bool said_done_ = false;
  Outcome verdict_ = Outcome::timeout;
  std::string verdict_detail_;
  std::string own_words_;
  int status_ = 0;
  int wait_error_ = 0;
  rusage usage_{};
};

/// A record that names the job and its budget, and nothing else yet.
TaskRecord record_for(const Job& job);

}  // namespace postflight
