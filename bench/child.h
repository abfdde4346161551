// SPDX-License-Identifier: Apache-2.0
// Runs a command for a benchmark and takes the times a user would notice.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace postflight::bench {

struct ChildTimes {
  double first_byte_seconds = 0;  ///< From fork() to the first byte on its standard output.
  double total_seconds = 0;       ///< From fork() to its end.
  std::string out;
};

/// Runs the command with stderr thrown away. Aborts the benchmark program where it cannot be
/// started.
ChildTimes run_child(const std::vector<std::string>& words);

/// Child processes that serve; they are gone when this is.
class Children {
 public:
  /// Forks `count` children, each of which runs `become(number, ready)`, writes "r" to `ready` once
  /// it serves, and never returns. Aborts the benchmark program where one writes anything else.
  Children(std::size_t count, const std::function<void(std::size_t, int)>& become);
  ~Children();
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

 private:
  std::vector<int> pids_;
};

/// `processes` children holding together `count` listening TCP sockets on 127.0.0.0/8.
Children listeners(std::size_t count, std::size_t processes);

/// `count` children that call themselves redis-server, answer like one, and each listen on a port
/// of their own. As root, one in `one_apart_in` does so in a network namespace of its own.
Children redis_servers(std::size_t count, std::size_t one_apart_in);

}  // namespace postflight::bench
