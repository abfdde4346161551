// SPDX-License-Identifier: Apache-2.0
#include "engine/task_process.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "engine/worker.h"

namespace postflight {
namespace {

/// After SIGKILL a task in uninterruptible sleep (a dead NFS server) does not die; we do not wait
/// longer.
constexpr Duration kDyingTime{300};

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::string describe_signal(int number) {
  const char* name = ::sigabbrev_np(number);
  if (!name) return fmt::format("signal {}", number);
  const char* hint =
      number == SIGKILL ? ", and not by Postflight; perhaps by the kernel, for want of memory" : "";
  return fmt::format("signal {}: SIG{} ({}){}", number, name, ::sigdescr_np(number), hint);
}

}  // namespace

TaskRecord record_for(const Job& job) {
  TaskRecord record;
  record.id = job.id;
  record.budget_seconds = std::chrono::duration<double>(job.budget).count();
  return record;
}

TaskProcess::TaskProcess(Job job, pid_t pid, host::FileDescriptor pipe, Deadline end,
                         TaskLimits limits)
    : job_(std::move(job)),
      pid_(pid),
      pidfd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))),
      pipe_(std::move(pipe)),
      started_(MonotonicClock::now()),
      end_(end),
      reader_(limits) {}

void TaskProcess::drain() {
  std::array<char, 64 * 1024> buffer;
  while (pipe_) {
    const ssize_t count = ::read(pipe_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;  // nothing more for now
    if (count == 0) return pipe_.reset();
    if (const auto read = reader_.feed({buffer.data(), static_cast<std::size_t>(count)}); !read) {
      pipe_.reset();  // an open one would wake poll() again and again
      condemn(Outcome::crashed, read.error().what);
    }
  }
}

void TaskProcess::kill_group() const {
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);  // in case it had not yet made its session
}

void TaskProcess::condemn(Outcome outcome, std::string detail) {
  if (condemned_) return;
  condemned_ = true;
  verdict_ = outcome;
  verdict_detail_ = std::move(detail);
  end_ = Deadline{kDyingTime};
  if (!collected_) kill_group();  // once reaped, the number may be somebody else's
}

bool TaskProcess::collect() {
  // Looked at first, reaped last: until then neither its pid nor its group's can be given to
  // others.
  siginfo_t info{};
  const int looked = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  if (looked == 0 && info.si_pid == 0) return false;
  if (looked == 0) {
    kill_group();
    if (::wait4(pid_, &status_, WNOHANG, &usage_) != pid_) wait_error_ = errno;
  } else {
    wait_error_ = errno;
  }
  collected_ = true;
  return true;
}

bool TaskProcess::ended_well() const {
  return collected_ && wait_error_ == 0 && WIFEXITED(status_) &&
         WEXITSTATUS(status_) == static_cast<int>(WorkerExit::done) && said_done_ &&
         !reader_.has_partial();
}

void TaskProcess::describe_end(TaskRecord& record) const {
  if (ended_well() && (!condemned_ || verdict_ == Outcome::timeout)) {
    record.outcome = Outcome::done;  // even where it was condemned in the moment it finished
    return;
  }
  record.outcome = Outcome::crashed;
  if (condemned_) {
    record.outcome = verdict_;
    record.detail = verdict_detail_;
    if (!collected_) record.detail += "; its process could not be killed (uninterruptible sleep)";
  } else if (wait_error_ != 0) {
    record.detail = fmt::format("how it ended was not seen: {}", std::strerror(wait_error_));
  } else if (WIFSIGNALED(status_)) {
    record.detail = describe_signal(WTERMSIG(status_));
  } else if (WEXITSTATUS(status_) == static_cast<int>(WorkerExit::out_of_memory)) {
    record.outcome = Outcome::out_of_memory;
    record.detail = "memory ran out";
  } else if (reader_.has_partial()) {
    record.detail = "it ended in the middle of a fact";
  } else {
    record.detail = fmt::format("it left by itself with exit status {}", WEXITSTATUS(status_));
  }
  if (!own_words_.empty() && verdict_detail_.empty()) record.detail = own_words_;
}

JobResult TaskProcess::result() {
  drain();
  JobResult result{record_for(job_), {}};
  for (Frame& frame : reader_.frames()) {
    if (frame.key == kDoneKey) {
      said_done_ = true;
    } else if (frame.key == kErrorKey) {
      own_words_ = excerpt(frame.payload);
    } else {
      result.frames.push_back(std::move(frame));
    }
  }
  result.record.wall_seconds =
      std::chrono::duration<double>(MonotonicClock::now() - started_).count();
  result.record.cpu_seconds = seconds(usage_.ru_utime) + seconds(usage_.ru_stime);
  result.record.peak_memory_bytes = static_cast<std::uint64_t>(usage_.ru_maxrss) * 1024;
  describe_end(result.record);
  return result;
}

}  // namespace postflight
