// SPDX-License-Identifier: Apache-2.0
// One read-only conversation with a PostgreSQL server. Never resolves a name, never waits past its
// deadline, never takes a lock above ACCESS SHARE, never has two connections. Source: libpq's
// asynchronous functions (manual, "Asynchronous Command Processing"), the frontend/backend protocol
// 3.0.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/expected.h"
#include "base/secret.h"
#include "host/identity.h"

struct pg_conn;

namespace postflight::host {

/// Where a server takes connections, and as whom to come.
struct PostgresAddress {
  /// Numeric address, or absolute folder of the Unix socket as the process `root_pid` sees it.
  std::string host;
  std::uint16_t port = 5432;
  std::string database = "postgres";
  std::string user = "postgres";
  Secret password;  ///< Empty where there is none: nothing is then sent, whatever the server asks.
  /// For the Unix socket of a container: a process in it. 0 for the machine's own files.
  std::int32_t root_pid = 0;
  /// Whom to be while connecting, for peer authentication: the owner of the data directory.
  std::optional<Identity> become;
  std::string tls_mode = "prefer";  ///< libpq's sslmode; of no meaning on a Unix socket.
  std::string tls_root;             ///< File of the authorities to trust (sslrootcert), or empty.
  std::string tls_name;             ///< Name that the certificate must have, for verify-full.
  std::string root = "/";           ///< Where /proc of the machine is; tests re-root it.

  bool is_socket() const { return host.starts_with('/'); }
  /// "127.0.0.1:5432" or "/run/postgresql/.s.PGSQL.5432".
  std::string endpoint() const;
};

/// The rows of one answer, as text; nothing stands for NULL.
struct PostgresRows {
  std::vector<std::string> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;
  bool truncated = false;  ///< There were more rows, or bytes, than were asked for.

  std::optional<std::size_t> column(std::string_view name) const;
  /// The value in this row, or nullptr where it is NULL or there is no such column.
  const std::string* value(std::size_t row, std::string_view column_name) const;
};

/// Errors of all calls name the endpoint and, where the server refused, its words and SQLSTATE:
///   kDenied       authentication or permission; says how to allow it.
///   kTimeout      the deadline, the statement's own limit, or a lock that somebody else holds.
///   kUnreachable  nothing listens, no free connection, starting up, connection lost.
///   kNotFound     no such database, no such socket.
///   kMalformed    what answers does not speak PostgreSQL's protocol.
///   kUnsupported  this version does not know what was asked for.
class PostgresClient {
 public:
  static constexpr std::size_t kRowLimit = 10'000;
  static constexpr std::size_t kByteLimit = 8UL << 20;  ///< Of one answer's values.

  /// Connects and authenticates. From the first moment the session is read-only, gives up waiting
  /// for a lock after 500 ms and for any statement after 5 s or what is left of `deadline`, and
  /// finds functions and tables in pg_catalog alone (search_path), so that nobody's namesake runs.
  /// `sqlstate`, where given, gets the server's refusal; it becomes empty where there was none.
  static Result<PostgresClient> connect(const PostgresAddress& address, Deadline deadline,
                                        std::string* sqlstate = nullptr);

  PostgresClient(PostgresClient&&) noexcept;
  PostgresClient& operator=(PostgresClient&&) noexcept;
  ~PostgresClient();

  /// Runs one statement with $1, $2, … as text. Rows beyond `row_limit` are read and dropped. After
  /// kTimeout by the deadline or kUnreachable the connection is of no further use: every later call
  /// fails the same way at once.
  Result<PostgresRows> query(std::string_view sql, std::span<const std::string> params,
                             Deadline deadline, std::size_t row_limit = kRowLimit);
  Result<PostgresRows> query(std::string_view sql, Deadline deadline) {
    return query(sql, {}, deadline);
  }

  /// SQLSTATE of the last refusal; empty where the last call was not refused by the server.
  const std::string& last_sqlstate() const { return sqlstate_; }
  int server_version_num() const;  ///< 150020 for 15.20.
  bool usable() const { return !broken_; }
  std::string endpoint() const { return address_.endpoint(); }
  const std::string& database() const { return address_.database; }
  const std::string& user() const { return address_.user; }
  const PostgresAddress& address() const { return address_; }

 private:
  struct Close {
    void operator()(pg_conn* connection) const;
  };
  PostgresClient(pg_conn* connection, PostgresAddress address);
  Result<> open(Deadline deadline);
  Result<> start(Deadline deadline);
  Result<> finish_connecting(Deadline deadline);
  Result<> wait(short events, Deadline deadline, std::string_view doing);
  Result<> send(std::string_view sql, std::span<const std::string> params, Deadline deadline);
  Result<> await_result(Deadline deadline);
  Result<PostgresRows> collect(Deadline deadline, std::size_t row_limit);
  std::unexpected<Error> lost(std::string_view doing);
  std::unexpected<Error> break_with(Error error);

  std::unique_ptr<pg_conn, Close> connection_;
  PostgresAddress address_;
  std::string place_;  ///< How libpq was told the folder of the socket; empty for TCP.
  std::string sqlstate_;
  std::optional<Error> broken_;  ///< Why no further call can succeed.
};

}  // namespace postflight::host
