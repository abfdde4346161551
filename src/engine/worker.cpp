// SPDX-License-Identifier: Apache-2.0
#include "engine/worker.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <new>

#include "engine/framing.h"

namespace postflight {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryCanBeLimited = false;  // the sanitizer's shadow counts as private memory
#else
constexpr bool kMemoryCanBeLimited = true;
#endif

constexpr rlim_t kStackBytes = 8 << 20;

class PipeSink : public FactSink {
 public:
  explicit PipeSink(int pipe) : pipe_(pipe) {}
  void put(std::string_view key, std::string_view json) override {
    const std::string frame = encode_frame(key, json);
    for (std::size_t at = 0; at < frame.size();) {
      const ssize_t count = ::write(pipe_, frame.data() + at, frame.size() - at);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) ::_exit(static_cast<int>(WorkerExit::failed));  // the supervisor is gone
      at += static_cast<std::size_t>(count);
    }
  }

 private:
  int pipe_;
};

void limit(__rlimit_resource_t resource, rlim_t value) {
  const rlimit both{value, value};
  ::setrlimit(resource, &both);
}

/// Leaves stdin, stdout and, unless wanted, stderr pointing nowhere, so that a library that prints
/// cannot spoil the report.
void detach_standard_streams(bool keep_stderr) {
  int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nowhere < 0)
    nowhere = ::open("/", O_PATH | O_CLOEXEC);  // a bare chroot: every use gives EBADF
  if (nowhere < 0) return;
  ::dup2(nowhere, STDIN_FILENO);
  ::dup2(nowhere, STDOUT_FILENO);
  if (!keep_stderr) ::dup2(nowhere, STDERR_FILENO);
}

void close_all_but(int pipe) {
  const auto first = static_cast<unsigned>(pipe);
  if (pipe > 3) ::close_range(3, first - 1, 0);
  ::close_range(first + 1, ~0U, 0);
}

void reset_signals() {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  ::signal(SIGPIPE, SIG_IGN);  // a peer that hangs up is an error code, not a death
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Where the machine runs out of memory, the kernel shall choose this process and not a database.
void volunteer_for_oom_killer() {
  const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  [[maybe_unused]] const ssize_t written = ::write(file, "1000", 4);
  ::close(file);
}

void confine(int pipe, const Supervisor::Options& options) {
  reset_signals();
  detach_standard_streams(options.keep_stderr);
  close_all_but(pipe);
  volunteer_for_oom_killer();
  limit(RLIMIT_CORE, 0);
  if (kMemoryCanBeLimited) {
    limit(RLIMIT_DATA, options.limits.memory_bytes);
    limit(RLIMIT_STACK, kStackBytes);  // the stack does not count as data
  }
}

/// Tells how it ended. No memory may be left even for that; the exit status then speaks alone.
void tell_end(FactSink& sink, const BodyEnd& end) {
  try {
    sink.put(end.exit == WorkerExit::done ? kDoneKey : kErrorKey, end.detail);
  } catch (const std::exception&) {
  }
}

}  // namespace

BodyEnd run_body(const Job& job, FactSink& sink, Deadline soft) {
  try {
    job.body(sink, soft);
    return {};
  } catch (const std::bad_alloc&) {
    return {WorkerExit::out_of_memory, "memory ran out"};
  } catch (const std::exception& error) {
    return {WorkerExit::failed, error.what()};
  } catch (...) {
    return {WorkerExit::failed, "an exception of unknown type"};
  }
}

Outcome BodyEnd::outcome() const {
  switch (exit) {
    case WorkerExit::done: return Outcome::done;
    case WorkerExit::out_of_memory: return Outcome::out_of_memory;
    case WorkerExit::failed: return Outcome::crashed;
  }
  return Outcome::crashed;
}

void run_worker(const Job& job, Deadline soft, int pipe, pid_t supervisor,
                const Supervisor::Options& options) noexcept {
  ::setsid();  // a group of its own, and no terminal on which a library could ask for a pass phrase
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != supervisor) ::_exit(static_cast<int>(WorkerExit::failed));
  // Started with closed standard streams we would get their numbers and overwrite the pipe
  // ourselves.
  if (pipe <= STDERR_FILENO) pipe = ::fcntl(pipe, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  confine(pipe, options);
  PipeSink sink{pipe};
  const BodyEnd end = run_body(job, sink, soft);
  tell_end(sink, end);
  // No destructors, no atexit: the process owns nothing that outlives it.
  ::_exit(static_cast<int>(end.exit));
}

}  // namespace postflight
