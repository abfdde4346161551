// SPDX-License-Identifier: Apache-2.0
// The lab's backend as tests start it: with the environment they give and no other, on a port it
// chooses itself.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "host/testing/child_process.h"
#include "testing/http_connection.h"

namespace postflight::lab::testing {

using Environment = std::map<std::string, std::string>;

/// Runs it to its end, for environments it refuses.
host::testing::CommandOutput run_backend(const Environment& environment);

class BackendProcess {
 public:
  /// Returns once it listens. PORT is set to 0 unless given. Throws std::runtime_error with its
  /// output where it does not come up.
  explicit BackendProcess(Environment environment);

  pid_t pid() const { return process_->pid(); }
  bool running() { return process_->running(); }
  std::uint16_t port() const { return port_; }

  HttpAnswer get(const std::string& path) const { return call("GET", path); }
  HttpAnswer call(std::string_view method, const std::string& path,
                  const std::string& body = "") const;

  /// All it has written to stdout and stderr.
  std::string output() const;

 private:
  std::optional<std::uint16_t> announced_port() const;

  host::testing::TempFolder folder_;
  std::optional<host::testing::ChildProcess> process_;
  std::uint16_t port_ = 0;
};

}  // namespace postflight::lab::testing
