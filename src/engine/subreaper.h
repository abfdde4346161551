// SPDX-License-Identifier: Apache-2.0
// Takes in the descendants that left their task's session (daemons by double fork, setsid) and puts
// an end to them, and to nobody else. Source: PR_SET_CHILD_SUBREAPER in prctl(2),
// /proc/PID/task/TID/children.
#pragma once

#include <sys/types.h>

#include <set>

namespace postflight {

/// Orphaned descendants become children of this process for as long as this lives. Children that
/// were there before are the caller's and are left alone; while this lives no other thread may
/// start any. Without /proc strays cannot be found.
class Subreaper {
 public:
  Subreaper();
  /// Kills what came since, waits for it for a moment, and restores what was set before.
  ~Subreaper();
  Subreaper(const Subreaper&) = delete;
  Subreaper& operator=(const Subreaper&) = delete;

  /// This child cannot be killed (uninterruptible sleep); nobody waits for it any more.
  void give_up_on(pid_t pid) { not_ours_.insert(pid); }

 private:
  std::set<pid_t> strays() const;

  int setting_before_ = 0;
  std::set<pid_t> not_ours_;
};

}  // namespace postflight
