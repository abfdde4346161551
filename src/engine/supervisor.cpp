// SPDX-License-Identifier: Apache-2.0
#include "engine/supervisor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>

#include "base/text.h"
#include "engine/framing.h"
#include "engine/worker.h"
#include "host/file_descriptor.h"
#include "host/files.h"

namespace postflight {
namespace {

using host::FileDescriptor;

/// After SIGKILL a task in uninterruptible sleep (a dead NFS server) does not die; we do not wait longer.
constexpr Duration kDyingTime{300};

/// The part of its budget a probe may use itself; the rest is for saying so before it is killed.
constexpr double kSoftPart = 0.9;

double seconds(MonotonicClock::duration time) {
  return std::chrono::duration<double>(time).count();
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

Deadline soft_deadline(Duration budget, const Deadline& run) {
  return run.within(Duration{static_cast<Duration::rep>(static_cast<double>(budget.count()) * kSoftPart)});
}

/// SIGINT and SIGTERM as a descriptor for poll(), for as long as this lives.
class InterruptSignals {
 public:
  InterruptSignals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, &before_);
    fd_ = FileDescriptor{::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
  }
  ~InterruptSignals() {
    signalfd_siginfo info;
    while (::read(fd_.get(), &info, sizeof info) > 0) {
    }
    sigprocmask(SIG_SETMASK, &before_, nullptr);
  }
  int fd() const { return fd_.get(); }

 private:
  sigset_t before_;
  FileDescriptor fd_;
};

/// A process at work.
struct RunningTask {
  Job job;
  pid_t pid = -1;
  FileDescriptor pidfd;
  FileDescriptor pipe;
  MonotonicClock::time_point started;
  Deadline end;
  FrameReader reader;
  bool killed = false;
  std::string kill_detail;
  Outcome kill_outcome = Outcome::timeout;
};

void kill_group(const RunningTask& task) {
  ::kill(-task.pid, SIGKILL);
  ::kill(task.pid, SIGKILL);  // in case the child had not yet made its group
}

/// Reads what the pipe holds now. False once a bound is broken.
Result<void> drain(RunningTask& task) {
  std::array<char, 64 * 1024> buffer;
  for (;;) {
    const ssize_t count = ::read(task.pipe.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      if (count == 0) task.pipe.reset();
      return {};
    }
    PF_TRY(task.reader.feed({buffer.data(), static_cast<std::size_t>(count)}));
  }
}

/// Descendants that left their task's process group come to us, the subreaper. They are nobody's.
void kill_strays() {
  for (int round = 0; round < 100; ++round) {
    const auto children = host::read_file(fmt::format("/proc/self/task/{}/children", ::gettid()));
    if (!children) return;
    const auto pids = split_words(*children);
    if (pids.empty()) return;
    for (const auto word : pids) {
      if (const auto pid = parse_number<std::int32_t>(word)) ::kill(*pid, SIGKILL);
    }
    ::waitpid(-1, nullptr, WNOHANG);
    ::poll(nullptr, 0, 2);
  }
}

class CollectingSink : public FactSink {
 public:
  explicit CollectingSink(std::vector<Frame>& frames) : frames_(frames) {}
  void put(std::string_view key, std::string_view json) override {
    frames_.push_back({std::string(key), std::string(json)});
  }

 private:
  std::vector<Frame>& frames_;
};

TaskRecord record_for(const Job& job) {
  TaskRecord record;
  record.id = job.id;
  record.budget_seconds = std::chrono::duration<double>(job.budget).count();
  return record;
}

}  // namespace

class Supervisor::Impl {
 public:
  explicit Impl(Options options) : options_(std::move(options)) {}

  void add(Job job) { queue_.push_back(std::move(job)); }

  bool run(const OnDone& on_done) {
    const bool finished = options_.execution == Execution::in_process ? run_here(on_done)
                                                                      : run_forked(on_done);
    for (Job& job : std::exchange(queue_, {})) report_not_started(job, on_done);
    return finished;
  }

 private:
  bool run_here(const OnDone& on_done) {
    while (!queue_.empty() && !options_.run.passed()) {
      const Job job = take_job();
      JobResult result{record_for(job), {}};
      CollectingSink sink{result.frames};
      const auto started = MonotonicClock::now();
      const BodyEnd end = run_body(job, sink, soft_deadline(job.budget, options_.run));
      result.record.wall_seconds = seconds(MonotonicClock::now() - started);
      result.record.outcome = outcome_of(end.exit);
      result.record.detail = end.detail;
      on_done(std::move(result));
    }
    return true;
  }

  bool run_forked(const OnDone& on_done) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    const InterruptSignals signals;
    bool interrupted = false;
    while (!running_.empty() || (!queue_.empty() && !options_.run.passed() && !interrupted)) {
      while (!interrupted && !queue_.empty() && running_.size() < options_.parallel &&
             !options_.run.passed()) {
        start(take_job(), on_done);
      }
      if (wait_for_events(signals.fd())) {
        interrupted = true;
        for (RunningTask& task : running_) condemn(task, Outcome::timeout, "interrupted");
      }
      condemn_overdue();
      collect_ended(on_done);
    }
    kill_strays();
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
    return !interrupted;
  }

  Job take_job() {
    Job job = std::move(queue_.front());
    queue_.pop_front();
    return job;
  }

  void start(Job job, const OnDone& on_done) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return report_failed_start(job, "pipe", on_done);
    FileDescriptor read_end{ends[0]}, write_end{ends[1]};
    ::fcntl(read_end.get(), F_SETFL, O_NONBLOCK);
    const pid_t self = ::getpid();
    const Deadline soft = soft_deadline(job.budget, options_.run);
    const pid_t pid = ::fork();
    if (pid == 0) run_worker(job, soft, write_end.get(), self, options_);
    if (pid < 0) return report_failed_start(job, "fork", on_done);
    ::setpgid(pid, pid);  // both sides do it, whoever comes first: no window without a group
    FileDescriptor pidfd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
    const Deadline end = options_.run.within(job.budget);
    running_.push_back({std::move(job), pid, std::move(pidfd), std::move(read_end),
                        MonotonicClock::now(), end, FrameReader{options_.limits}});
  }

  /// Sleeps until something happens or is due. True when a signal asks us to stop.
  bool wait_for_events(int signal_fd) {
    std::vector<pollfd> fds{{signal_fd, POLLIN, 0}};
    Deadline next = options_.run.within(std::chrono::hours{1});
    for (const RunningTask& task : running_) {
      fds.push_back({task.pidfd.get(), POLLIN, 0});
      fds.push_back({task.pipe.get(), POLLIN, 0});  // -1 once closed: poll ignores it
      if (task.end.end() < next.end()) next = task.end;
    }
    ::poll(fds.data(), fds.size(), std::max(1, next.left_for_poll()));
    for (std::size_t i = 0; i < running_.size(); ++i) {
      if (fds[2 * i + 2].revents == 0) continue;
      if (const auto read = drain(running_[i]); !read) {
        condemn(running_[i], Outcome::crashed, read.error().what);
      }
    }
    return (fds[0].revents & POLLIN) != 0;
  }

  void condemn(RunningTask& task, Outcome outcome, std::string detail) {
    if (task.killed) return;
    task.killed = true;
    task.kill_outcome = outcome;
    task.kill_detail = std::move(detail);
    task.end = Deadline{kDyingTime};
    kill_group(task);
  }

  void condemn_overdue() {
    for (RunningTask& task : running_) {
      if (!task.end.passed()) continue;
      condemn(task, Outcome::timeout,
              options_.run.passed() ? "the run's deadline passed" : "its budget was used up");
    }
  }

  void collect_ended(const OnDone& on_done) {
    std::vector<JobResult> ended;
    std::erase_if(running_, [&](RunningTask& task) {
      rusage usage{};
      int status = 0;
      const pid_t pid = ::wait4(task.pid, &status, WNOHANG, &usage);
      const bool undead = pid == 0 && task.killed && task.end.passed();
      if (pid == 0 && !undead) return false;
      if (undead) task.kill_detail += "; its process could not be killed (uninterruptible sleep)";
      kill_group(task);  // grandchildren that are still in the group
      ended.push_back(result_of(task, status, usage));
      return true;
    });
    for (JobResult& result : ended) on_done(std::move(result));  // may add jobs
  }

  JobResult result_of(RunningTask& task, int status, const rusage& usage) {
    if (const auto read = drain(task); !read && !task.killed) {
      task.killed = true, task.kill_outcome = Outcome::crashed, task.kill_detail = read.error().what;
    }
    JobResult result{record_for(task.job), {}};
    result.record.wall_seconds = seconds(MonotonicClock::now() - task.started);
    result.record.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    result.record.peak_memory_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
    describe_end(task, status, result.record);
    for (Frame& frame : task.reader.frames()) {
      if (frame.key == kErrorKey) {
        result.record.detail = excerpt(frame.payload);
      } else {
        result.frames.push_back(std::move(frame));
      }
    }
    return result;
  }

  static Outcome outcome_of(WorkerExit exit) {
    switch (exit) {
      case WorkerExit::done: return Outcome::done;
      case WorkerExit::out_of_memory: return Outcome::out_of_memory;
      case WorkerExit::failed: return Outcome::crashed;
    }
    return Outcome::crashed;
  }

  static void describe_end(const RunningTask& task, int status, TaskRecord& record) {
    if (task.killed) {
      record.outcome = task.kill_outcome;
      record.detail = task.kill_detail;
    } else if (WIFSIGNALED(status)) {
      record.outcome = Outcome::crashed;
      record.detail = fmt::format("signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
    } else {
      record.outcome = outcome_of(static_cast<WorkerExit>(WEXITSTATUS(status)));
      if (record.outcome != Outcome::done) {
        record.detail = fmt::format("exit status {}", WEXITSTATUS(status));
      } else if (task.reader.has_partial()) {
        record.outcome = Outcome::crashed;
        record.detail = "it ended in the middle of a fact";
      }
    }
  }

  void report_failed_start(const Job& job, std::string_view call, const OnDone& on_done) {
    JobResult result{record_for(job), {}};
    result.record.outcome = Outcome::crashed;
    result.record.detail = fmt::format("{}: {}", call, std::strerror(errno));
    on_done(std::move(result));
  }

  static void report_not_started(const Job& job, const OnDone& on_done) {
    JobResult result{record_for(job), {}};
    result.record.outcome = Outcome::not_started;
    result.record.detail = "the run's deadline passed before its turn came";
    on_done(std::move(result));
  }

  Options options_;
  std::deque<Job> queue_;
  std::vector<RunningTask> running_;
};

Supervisor::Supervisor(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Supervisor::~Supervisor() = default;
void Supervisor::add(Job job) { impl_->add(std::move(job)); }
bool Supervisor::run(const OnDone& on_done) { return impl_->run(on_done); }

std::uint64_t private_memory_bytes() {
  const auto rollup = host::read_file("/proc/self/smaps_rollup");
  if (!rollup) return 0;
  std::uint64_t kilobytes = 0;
  for (const auto line : split(*rollup, '\n')) {
    if (!line.starts_with("Private_Clean:") && !line.starts_with("Private_Dirty:")) continue;
    const auto words = split_words(line);
    if (words.size() > 1) {
      if (const auto value = parse_number<std::uint64_t>(words[1])) kilobytes += *value;
    }
  }
  return kilobytes * 1024;
}

}  // namespace postflight
