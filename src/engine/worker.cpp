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
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return;
  ::dup2(null, STDIN_FILENO);
  ::dup2(null, STDOUT_FILENO);
  if (!keep_stderr) ::dup2(null, STDERR_FILENO);
}

void close_all_but(int pipe) {
  const auto first = static_cast<unsigned>(pipe);
  if (pipe > 3) ::close_range(3, first - 1, 0);
  ::close_range(first + 1, ~0U, 0);
}

void reset_signals() {
  for (const int number : {SIGINT, SIGTERM, SIGCHLD, SIGPIPE, SIGHUP}) ::signal(number, SIG_DFL);
  ::signal(SIGPIPE, SIG_IGN);  // a peer that hangs up is an error code, not a death
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
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

void run_worker(const Job& job, Deadline soft, int pipe, pid_t supervisor,
                const Supervisor::Options& options) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != supervisor) ::_exit(static_cast<int>(WorkerExit::failed));
  reset_signals();
  detach_standard_streams(options.keep_stderr);
  close_all_but(pipe);
  limit(RLIMIT_CORE, 0);
  if (kMemoryCanBeLimited) limit(RLIMIT_DATA, options.limits.memory_bytes);
  PipeSink sink{pipe};
  const BodyEnd end = run_body(job, sink, soft);
  if (end.exit != WorkerExit::done) sink.put(kErrorKey, end.detail);
  // No destructors, no atexit: the process owns nothing that outlives it.
  ::_exit(static_cast<int>(end.exit));
}

}  // namespace postflight
