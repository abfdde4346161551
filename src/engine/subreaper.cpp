// SPDX-License-Identifier: Apache-2.0
#include "engine/subreaper.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <string>

#include "base/deadline.h"
#include "base/text.h"
#include "host/files.h"

namespace postflight {
namespace {

constexpr Duration kDyingTime{300};

/// Children of all threads: an orphan goes to the main thread, whichever of them runs the tasks.
std::set<pid_t> children() {
  std::set<pid_t> pids;
  const std::string threads = "/proc/self/task/";
  const auto names = host::list_folder(threads);
  if (!names) return pids;
  for (const std::string& thread : *names) {
    const auto listed = host::read_file(threads + thread + "/children");
    if (!listed) continue;
    for (const auto word : split_words(*listed)) {
      if (const auto pid = parse_number<std::int32_t>(word)) pids.insert(*pid);
    }
  }
  return pids;
}

}  // namespace

Subreaper::Subreaper() : not_ours_(children()) {
  ::prctl(PR_GET_CHILD_SUBREAPER, &setting_before_);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

Subreaper::~Subreaper() {
  // The children of those killed come to us in turn, hence the rounds.
  const Deadline patience{kDyingTime};
  for (auto left = strays(); !left.empty() && !patience.passed(); left = strays()) {
    for (const pid_t pid : left) ::kill(pid, SIGKILL);
    bool reaped = false;
    for (const pid_t pid : left) reaped |= ::waitpid(pid, nullptr, WNOHANG) == pid;
    if (!reaped) ::poll(nullptr, 0, 1);
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, setting_before_);
}

std::set<pid_t> Subreaper::strays() const {
  std::set<pid_t> pids = children();
  std::erase_if(pids, [&](pid_t pid) { return not_ours_.contains(pid); });
  return pids;
}

}  // namespace postflight
