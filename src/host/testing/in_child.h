// SPDX-License-Identifier: Apache-2.0
// Runs a piece of a test in a forked child, for what would change the test's own process: its user,
// its name, its network namespace.
#pragma once

#include <functional>
#include <string>

#include "base/deadline.h"

namespace postflight::host::testing {

/// Forks, calls `work` in the child and returns what it returned. Ends with "child: …" where the
/// child threw, died or did not end within `limit`; it is killed then.
std::string in_child(const std::function<std::string()>& work, Duration limit = Duration{20'000});

/// A child that calls `prepare`, then waits to be ended. Ended by its id with the object.
class WaitingChild {
 public:
  /// Returns once `prepare` has run in the child. Throws std::runtime_error where it threw.
  explicit WaitingChild(const std::function<void()>& prepare);
  ~WaitingChild();
  WaitingChild(const WaitingChild&) = delete;
  WaitingChild& operator=(const WaitingChild&) = delete;
  int pid() const { return pid_; }

 private:
  int pid_ = -1;
};

/// Moves the calling process into a new network namespace with its loopback interface up.
/// False where that is not permitted.
bool enter_fresh_network_namespace();

/// Gives up root for user and group 65534 without a way back. False where that is not permitted.
bool become_nobody();

}  // namespace postflight::host::testing
