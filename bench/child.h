// SPDX-License-Identifier: Apache-2.0
// Runs a command for a benchmark and takes the times a user would notice.
#pragma once

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

/// `processes` child processes holding together `count` listening TCP sockets on 127.0.0.0/8; they
/// are gone when this is.
class Listeners {
 public:
  Listeners(std::size_t count, std::size_t processes);
  ~Listeners();
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;

 private:
  std::vector<int> pids_;
};

}  // namespace postflight::bench
