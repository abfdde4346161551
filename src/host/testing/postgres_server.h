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

namespace postflight::host::testing {

/// Runs as user postgres where the test is root, else as the test's own user. The superuser
/// "postgres" needs no password on the socket; over TCP everybody needs one.
class PostgresServer {
 public:
  /// Makes the cluster and starts it; takes about two seconds. `config` is appended to
  /// postgresql.conf. Throws std::runtime_error where it does not come up.
  /// `programs` is a folder with initdb and postgres of another version; the newest installed one
  /// where it is empty.
  explicit PostgresServer(const std::string& config = "", const std::string& programs = "");
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// True where Debian's package of the server is installed.
  static bool installed();

  /// Starts it again on the same port, or does nothing where it runs. Throws as the constructor.
  void start();
  /// Starts it and does not wait until it takes connections.
  void start_unasked();
  /// Ends it as an administrator does: clients are cut off (fast shutdown).
  void stop();
  /// Makes it read its configuration again.
  void reload() const;
  /// Adds lines to a file in the data directory.
  void append(const std::string& file, const std::string& lines) const;

  std::uint16_t port() const { return port_; }
  pid_t pid() const { return process_ ? process_->pid() : -1; }
  const std::string& folder() const { return folder_.path(); }  ///< Of the socket, too.
  std::string data() const { return folder_.path() + "/data"; }

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

  TempFolder folder_;
  std::string programs_;
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace postflight::host::testing
