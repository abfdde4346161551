// SPDX-License-Identifier: Apache-2.0
// A real redis-server for tests: on a free port of 127.0.0.1, in a folder of its own, ended by its
// id.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "host/testing/child_process.h"

namespace postflight::host::testing {

class RedisServer {
 public:
  /// How it is started. By default with a file that holds `config` (redis.conf(5) lines) after
  /// port, bind, dir and "save" switched off; else with `arguments` on the command line.
  struct Options {
    std::string config;
    bool with_config_file = true;
    std::vector<std::string> arguments;
    bool wait_until_ready =
        true;  ///< Until it answers anything but LOADING; else until it accepts.
  };

  /// Throws std::runtime_error where it does not come up.
  explicit RedisServer(Options options);
  explicit RedisServer(const std::string& config = "") : RedisServer(Options{.config = config}) {}

  /// True where redis-server and redis-cli are installed.
  static bool installed();

  std::uint16_t port() const { return port_; }
  pid_t pid() const { return process_->pid(); }
  const std::string& folder() const { return folder_.path(); }

  /// What redis-cli prints for a command, without the newline at its end.
  std::string cli(const std::vector<std::string>& words) const;

  /// Polls until redis-cli prints something with `text` in it. False after ten seconds.
  bool wait_for(const std::vector<std::string>& words, const std::string& text) const;

 private:
  bool comes_up(const Options& options);

  TempFolder folder_;
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace postflight::host::testing
