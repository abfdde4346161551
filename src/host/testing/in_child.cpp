// SPDX-License-Identifier: Apache-2.0
// fork(2) with a pipe back; the parent never waits longer than it said.
#include "host/testing/in_child.h"

#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include "host/file_descriptor.h"

namespace postflight::host::testing {
namespace {

struct Pipe {
  FileDescriptor read_end, write_end;
  Pipe() {
    std::array<int, 2> ends;
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    read_end = FileDescriptor{ends[0]};
    write_end = FileDescriptor{ends[1]};
  }
};

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

/// Everything until the other end closes, or nullopt-like "child: …" at the deadline.
std::string read_all(int fd, Deadline deadline) {
  std::string text;
  std::array<char, 4096> buffer;
  while (true) {
    pollfd entry{fd, POLLIN, 0};
    if (::poll(&entry, 1, deadline.left_for_poll()) <= 0) return text + "child: did not end";
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

std::string guarded(const std::function<std::string()>& work) {
  try {
    return work();
  } catch (const std::exception& error) {
    return std::string("child: ") + error.what();
  }
}

}  // namespace

std::string in_child(const std::function<std::string()>& work, Duration limit) {
  Pipe pipe;
  const pid_t pid = ::fork();
  if (pid < 0) return "child: fork failed";
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    write_all(pipe.write_end.get(), guarded(work));
    ::_exit(0);
  }
  pipe.write_end.reset();
  std::string text = read_all(pipe.read_end.get(), Deadline{limit});
  ::kill(pid, SIGKILL);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL) {
    text += "child: ended by signal " + std::to_string(WTERMSIG(status));
  }
  return text;
}

WaitingChild::WaitingChild(const std::function<void()>& prepare) {
  Pipe ready;
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const std::string failure = guarded([&] { return prepare(), std::string{}; });
    write_all(ready.write_end.get(), failure.empty() ? "ready" : failure);
    ready.write_end.reset();
    while (true) ::pause();
  }
  ready.write_end.reset();
  const std::string text = read_all(ready.read_end.get(), Deadline{Duration{10'000}});
  if (text == "ready") return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  throw std::runtime_error(text);
}

WaitingChild::~WaitingChild() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

bool enter_fresh_network_namespace() {
  if (::unshare(CLONE_NEWNET) != 0) return false;
  const FileDescriptor fd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  return ::ioctl(fd.get(), SIOCSIFFLAGS, &request) == 0;
}

bool become_nobody() {
  return ::setgroups(0, nullptr) == 0 && ::setgid(65534) == 0 && ::setuid(65534) == 0;
}

}  // namespace postflight::host::testing
