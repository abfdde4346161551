// SPDX-License-Identifier: Apache-2.0
#include "child.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace postflight::bench {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::abort();
}

[[noreturn]] void become(std::vector<std::string> words, int out) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(::open("/dev/null", O_WRONLY), STDERR_FILENO);
  ::execvp(pointers[0], pointers.data());
  ::_exit(127);
}

/// Tells the parent that a child could not listen: its silence would be waited for without end,
/// since the other children hold the pipe open too.
[[noreturn]] void tell_failure(int ready) {
  ::_exit(::write(ready, "x", 1) == 1 ? 1 : 2);
}

/// Opens `count` listening sockets, tells that it is done, and waits to be killed.
[[noreturn]] void listen_for_ever(std::size_t number, std::size_t count, int ready) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit limit{65536, 65536};
  ::setrlimit(RLIMIT_NOFILE, &limit);
  for (std::size_t i = 0; i < count; ++i) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(0x7f010000U + static_cast<std::uint32_t>(number) * 256 + 1);
    address.sin_port = htons(static_cast<std::uint16_t>(10000 + i));
    if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd, 8) != 0) {
      tell_failure(ready);
    }
  }
  if (::write(ready, "r", 1) != 1) ::_exit(1);
  for (;;) ::pause();
}

}  // namespace

ChildTimes run_child(const std::vector<std::string>& words) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) give_up("pipe2");
  ChildTimes times;
  const auto start = Clock::now();
  const pid_t pid = ::fork();
  if (pid == 0) become(words, ends[1]);
  ::close(ends[1]);
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t count = ::read(ends[0], buffer.data(), buffer.size());
    if (count <= 0) break;
    if (times.out.empty()) times.first_byte_seconds = since(start);
    times.out.append(buffer.data(), static_cast<std::size_t>(count));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  times.total_seconds = since(start);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127) give_up(words[0].c_str());
  return times;
}

Listeners::Listeners(std::size_t count, std::size_t processes) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) give_up("pipe2");
  for (std::size_t i = 0; i < processes; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) listen_for_ever(i, count / processes, ends[1]);
    pids_.push_back(pid);
  }
  ::close(ends[1]);
  char byte = 0;
  for (std::size_t i = 0; i < processes; ++i) {
    if (::read(ends[0], &byte, 1) != 1 || byte != 'r') give_up("listening on 127.1.0.0/16");
  }
  ::close(ends[0]);
}

Listeners::~Listeners() {
  for (const int pid : pids_) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
}

}  // namespace postflight::bench
