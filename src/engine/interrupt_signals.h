// SPDX-License-Identifier: Apache-2.0
// The signals of the supervising process while it runs tasks: requests to stop become readable in
// poll(), and nobody but the supervisor learns of its children. Restores everything. Source:
// signalfd(2).
#pragma once

#include <signal.h>

#include "host/file_descriptor.h"

namespace postflight {

/// Lives as long as one run. SIGINT, SIGTERM and SIGHUP are blocked and read from fd(), unless the
/// caller ignores them (nohup, a job in the background); SIGCHLD gets its default action, because
/// with an ignored SIGCHLD the kernel throws away how a task ended.
class InterruptSignals {
 public:
  InterruptSignals();
  ~InterruptSignals();
  InterruptSignals(const InterruptSignals&) = delete;
  InterruptSignals& operator=(const InterruptSignals&) = delete;

  /// Becomes readable when the process is asked to stop.
  int fd() const { return fd_.get(); }

 private:
  sigset_t mask_before_;
  struct sigaction child_before_;
  host::FileDescriptor fd_;
};

}  // namespace postflight
