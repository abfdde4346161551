// SPDX-License-Identifier: Apache-2.0
#include "engine/supervisor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <utility>

#include "base/text.h"
#include "engine/interrupt_signals.h"
#include "engine/subreaper.h"
#include "engine/task_process.h"
#include "engine/worker.h"
#include "host/file_descriptor.h"
#include "host/files.h"

namespace postflight {
namespace {

using host::FileDescriptor;

/// The part of its time a probe may use itself; the rest is for saying so before it is killed.
constexpr double kSoftPart = 0.9;

/// How often we look at tasks whose end the kernel does not report (no pidfd: Linux before 5.3).
constexpr Duration kLookAgain{20};

Deadline soft_deadline(Duration budget, const Deadline& run) {
  const auto time = static_cast<double>(std::min(budget, run.left()).count());
  return run.within(Duration{static_cast<Duration::rep>(time * kSoftPart)});
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

/// Lacks that pass when a running task ends.
bool is_passing_lack(int error) {
  return error == EAGAIN || error == EMFILE || error == ENFILE || error == ENOMEM;
}

JobResult never_ran(const Job& job, Outcome outcome, std::string detail) {
  JobResult result{record_for(job), {}};
  result.record.outcome = outcome;
  result.record.detail = std::move(detail);
  return result;
}

}  // namespace

class Supervisor::Impl {
 public:
  explicit Impl(Options options) : options_(std::move(options)) {
    options_.parallel = std::max<std::size_t>(options_.parallel, 1);
  }

  void add(Job job) { queue_.push_back(std::move(job)); }

  bool run(const OnDone& on_done) {
    if (options_.execution == Execution::in_process) {
      run_here(on_done);
    } else {
      run_forked(on_done);
    }
    while (!queue_.empty()) {  // on_done may still add to it
      on_done(never_ran(take_job(), Outcome::not_started,
                        interrupted_ ? "the run was interrupted before its turn came"
                                     : "the run's deadline passed before its turn came"));
    }
    return !interrupted_;
  }

 private:
  void run_here(const OnDone& on_done) {
    while (!queue_.empty() && !options_.run.passed()) {
      const Job job = take_job();
      JobResult result{record_for(job), {}};
      CollectingSink sink{result.frames};
      const auto started = MonotonicClock::now();
      const BodyEnd end = run_body(job, sink, soft_deadline(job.budget, options_.run));
      const std::chrono::duration<double> took = MonotonicClock::now() - started;
      result.record.wall_seconds = took.count();
      result.record.outcome = end.outcome();
      result.record.detail = excerpt(end.detail);
      on_done(std::move(result));
    }
  }

  void run_forked(const OnDone& on_done) {
    const InterruptSignals signals;
    Subreaper subreaper;
    running_.reserve(
        options_.parallel);  // nothing may fail between fork() and writing down the pid
    try {
      while (!running_.empty() || may_start()) {
        start_queued(on_done);
        if (wait_for_events(interrupted_ ? -1 : signals.fd())) {
          interrupted_ = true;
          for (TaskProcess& task : running_)
            task.condemn(Outcome::timeout, "the run was interrupted");
        }
        collect_ended(on_done, subreaper);
        condemn_overdue();
      }
    } catch (...) {
      // The host's on_done threw: what still runs is a stray now, killed and reaped by the
      // subreaper.
      for (TaskProcess& task : std::exchange(running_, {})) task.condemn(Outcome::timeout, "");
      throw;
    }
  }

  bool may_start() const { return !queue_.empty() && !interrupted_ && !options_.run.passed(); }

  void start_queued(const OnDone& on_done) {
    while (may_start() && running_.size() < options_.parallel) {
      Job job = take_job();
      const auto started = start(job);
      if (started) continue;
      if (is_passing_lack(started.error()) && !running_.empty()) {
        queue_.push_front(std::move(job));
        return;
      }
      on_done(
          never_ran(job, Outcome::crashed,
                    fmt::format("it could not be started: {}", std::strerror(started.error()))));
    }
  }

  Job take_job() {
    Job job = std::move(queue_.front());
    queue_.pop_front();
    return job;
  }

  /// Forks. On failure gives errno and leaves the job alone.
  std::expected<void, int> start(Job& job) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return std::unexpected(errno);
    FileDescriptor read_end{ends[0]}, write_end{ends[1]};
    ::fcntl(read_end.get(), F_SETFL, O_NONBLOCK);
    const pid_t self = ::getpid();
    const Deadline soft = soft_deadline(job.budget, options_.run);
    const Deadline end = options_.run.within(job.budget);
    const pid_t pid = ::fork();
    if (pid == 0) run_worker(job, soft, write_end.get(), self, options_);
    if (pid < 0) return std::unexpected(errno);
    running_.emplace_back(std::move(job), pid, std::move(read_end), end, options_.limits);
    return {};
  }

  /// Sleeps until something happens or is due. True when a signal asks us to stop.
  bool wait_for_events(int signal_fd) {
    std::vector<pollfd> fds{{signal_fd, POLLIN, 0}};
    Deadline next = options_.run.within(std::chrono::hours{1});
    for (const TaskProcess& task : running_) {
      fds.push_back({task.pidfd(), POLLIN, 0});
      fds.push_back({task.pipe(), POLLIN, 0});  // -1 once closed: poll ignores it
      if (task.end().end() < next.end()) next = task.end();
      if (task.pidfd() < 0) next = next.within(kLookAgain);
    }
    if (running_.empty()) return false;  // everything ended at once, or nothing could be started
    ::poll(fds.data(), fds.size(), std::max(1, next.left_for_poll()));
    for (std::size_t i = 0; i < running_.size(); ++i) {
      if (fds[2 * i + 2].revents != 0) running_[i].drain();
    }
    return (fds[0].revents & POLLIN) != 0;
  }

  void condemn_overdue() {
    for (TaskProcess& task : running_) {
      if (!task.end().passed()) continue;
      task.condemn(Outcome::timeout,
                   options_.run.passed() ? "the run's deadline passed" : "its budget was used up");
    }
  }

  void collect_ended(const OnDone& on_done, Subreaper& subreaper) {
    std::vector<JobResult> ended;
    std::erase_if(running_, [&](TaskProcess& task) {
      const bool collected = task.collect();
      if (!collected && !task.undead()) return false;
      if (!collected) subreaper.give_up_on(task.pid());
      ended.push_back(task.result());
      return true;
    });
    for (JobResult& result : ended) on_done(std::move(result));  // may add jobs
  }

  Options options_;
  std::deque<Job> queue_;
  std::vector<TaskProcess> running_;
  bool interrupted_ = false;
};

Supervisor::Supervisor(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Supervisor::~Supervisor() = default;
void Supervisor::add(Job job) {
  impl_->add(std::move(job));
}
bool Supervisor::run(const OnDone& on_done) {
  return impl_->run(on_done);
}

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
