// SPDX-License-Identifier: Apache-2.0
// A real PostgreSQL for tests: a new cluster in a folder of its own, on a free port of 127.0.0.1
// and a socket in that folder. Ended by its id.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "host/testing/child_process.h"

namespace postflight::lab::testing {

/// Runs as user postgres where the test is root, else as the test's own user. The superuser
/// "postgres" needs no password on the socket; over TCP everybody needs one.
class PostgresServer {
 public:
  /// Makes the cluster and starts it; takes about two seconds. `config` is appended to
  /// postgresql.conf. Throws std::runtime_error where it does not come up.
  explicit PostgresServer(const std::string& config = "");
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// True where Debian's package of the server is installed.
  static bool installed();

  /// Starts it again on the same port, or does nothing where it runs. Throws as the constructor.
  void start();
  /// Ends it as an administrator does: clients are cut off (fast shutdown).
  void stop();

  std::uint16_t port() const { return port_; }
  pid_t pid() const { return process_ ? process_->pid() : -1; }
  const std::string& folder() const { return folder_.path(); }

  /// What psql prints, without the newline at its end; as superuser over the socket. Throws
  /// std::runtime_error where a statement fails.
  std::string sql(const std::string& statements, const std::string& database = "postgres") const;

  /// The words that run psql with these statements, to start it in the background.
  std::vector<std::string> psql(const std::string& statements,
                                const std::string& database = "postgres") const;

  /// Everything the server has logged.
  std::string log() const;

 private:
  bool comes_up();
  void end_with(int signal);

  host::testing::TempFolder folder_;
  std::uint16_t port_ = 0;
  std::unique_ptr<host::testing::ChildProcess> process_;
};

}  // namespace postflight::lab::testing
