// SPDX-License-Identifier: Apache-2.0
#include "child.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

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

/// Enters a network namespace of its own with loopback up; false without permission.
bool enter_own_namespace() {
  if (::unshare(CLONE_NEWNET) != 0) return false;
  const int any = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  const bool up = ::ioctl(any, SIOCSIFFLAGS, &request) == 0;
  ::close(any);
  return up;
}

/// What a small Redis would say; enough for the probe to fill most of its facts.
std::string_view redis_reply(std::string_view request) {
  static const std::string info = [] {
    std::string text =
        "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nuptime_in_seconds:86400\r\n"
        "# Clients\r\nconnected_clients:3\r\nmaxclients:10000\r\nblocked_clients:0\r\n"
        "# Memory\r\nused_memory:1048576\r\nused_memory_rss:2097152\r\nmaxmemory:0\r\n"
        "maxmemory_policy:noeviction\r\nmem_fragmentation_ratio:1.10\r\n"
        "# Persistence\r\nloading:0\r\nrdb_changes_since_last_save:0\r\n"
        "rdb_bgsave_in_progress:0\r\nrdb_last_save_time:1700000000\r\n"
        "rdb_last_bgsave_status:ok\r\naof_enabled:0\r\naof_last_write_status:ok\r\n"
        "# Stats\r\nrejected_connections:0\r\nevicted_keys:0\r\nkeyspace_hits:1\r\n"
        "keyspace_misses:0\r\ntotal_error_replies:0\r\n# Replication\r\nrole:master\r\n"
        "connected_slaves:0\r\n# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0\r\n";
    return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
  }();
  if (request.find("PING") != request.npos) return "+PONG\r\n";
  if (request.find("INFO") != request.npos) return info;
  if (request.find("CONFIG") != request.npos) return "*0\r\n";
  return "-ERR unknown command\r\n";
}

[[noreturn]] void serve_redis(std::size_t number, bool apart, int ready) {
  ::prctl(PR_SET_NAME, "redis-server");
  if (apart && !enter_own_namespace()) tell_failure(ready);
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(0x7f030001U);
  address.sin_port = htons(static_cast<std::uint16_t>(10000 + number));
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 8) != 0) {
    tell_failure(ready);
  }
  if (::write(ready, "r", 1) != 1) ::_exit(1);
  for (std::array<char, 4096> buffer;;) {
    const int client = ::accept(listener, nullptr, nullptr);
    for (ssize_t count; (count = ::read(client, buffer.data(), buffer.size())) > 0;) {
      const auto reply = redis_reply({buffer.data(), static_cast<std::size_t>(count)});
      if (::send(client, reply.data(), reply.size(), MSG_NOSIGNAL) < 0) break;
    }
    ::close(client);
  }
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

Children::Children(std::size_t count, const std::function<void(std::size_t, int)>& become) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) give_up("pipe2");
  const pid_t self = ::getpid();
  for (std::size_t i = 0; i < count; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != self) ::_exit(1);  // it had died before
      become(i, ends[1]);
    }
    pids_.push_back(pid);
  }
  ::close(ends[1]);
  char byte = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (::read(ends[0], &byte, 1) != 1 || byte != 'r') give_up("listening on 127.0.0.0/8");
  }
  ::close(ends[0]);
}

Children::~Children() {
  for (const int pid : pids_) ::kill(pid, SIGKILL);
  for (const int pid : pids_) ::waitpid(pid, nullptr, 0);
}

Children listeners(std::size_t count, std::size_t processes) {
  return Children{processes, [&](std::size_t number, int ready) {
                    listen_for_ever(number, count / processes, ready);
                  }};
}

Children redis_servers(std::size_t count, std::size_t one_apart_in) {
  return Children{count, [&](std::size_t number, int ready) {
                    serve_redis(number, number % one_apart_in == 0 && ::geteuid() == 0, ready);
                  }};
}

}  // namespace postflight::bench
