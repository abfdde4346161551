// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/jobs.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "host/files.h"

namespace postflight::testing {

Job job(std::string id, Body body, Duration budget) {
  return {std::move(id), budget, std::move(body)};
}

Results run_jobs(std::vector<Job> jobs, Supervisor::Options options) {
  Supervisor supervisor{std::move(options)};
  for (Job& each : jobs) supervisor.add(std::move(each));
  Results results;
  supervisor.run([&](JobResult result) {
    const std::string id = result.record.id;
    results.emplace(id, std::move(result));
  });
  return results;
}

Results run_jobs(std::vector<Job> jobs) {
  return run_jobs(std::move(jobs), {.run = Deadline{std::chrono::seconds{20}}});
}

std::string fact(const JobResult& result, std::string_view key) {
  for (const Frame& frame : result.frames) {
    if (frame.key == key) return frame.payload;
  }
  return "(none)";
}

void start_daemon(FactSink& sink) {
  int ends[2];
  if (::pipe(ends) != 0) return;
  if (::fork() == 0) {
    ::setsid();
    if (::fork() == 0) {
      const pid_t self = ::getpid();
      if (::write(ends[1], &self, sizeof self) < 0) ::_exit(1);
      for (;;) ::pause();
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  pid_t daemon = 0;
  if (::read(ends[0], &daemon, sizeof daemon) == sizeof daemon)
    sink.put("daemon", std::to_string(daemon));
}

bool is_gone(pid_t pid) {
  for (int i = 0; i < 1000; ++i) {
    if (::kill(pid, 0) != 0 && errno == ESRCH) return true;
    ::poll(nullptr, 0, 1);
  }
  return false;
}

bool is_gone(const std::string& pid) {
  return std::stoi(pid) > 0 && is_gone(std::stoi(pid));
}

bool has_no_children() {
  return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD;
}

std::size_t open_descriptors() {
  return host::list_folder("/proc/self/fd").value().size();
}

int in_child(const std::function<int()>& body, const std::function<void(pid_t)>& while_running) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    try {
      ::_exit(body());
    } catch (...) {
      ::_exit(99);
    }
  }
  if (while_running) while_running(pid);
  for (int i = 0; i < 20'000; ++i) {
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) == pid) {
      return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
    }
    ::poll(nullptr, 0, 1);
  }
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  return -1;
}

}  // namespace postflight::testing
