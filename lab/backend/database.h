// SPDX-License-Identifier: Apache-2.0
// PostgreSQL over libpq: one connection, and the way to open it. Everything that waits ends by
// itself. Source: libpq of PostgreSQL 15.
#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <string>
#include <utility>
#include <vector>

struct pg_conn;

namespace postflight::lab {

/// How long the server works on one statement before it cancels it (statement_timeout).
inline constexpr std::chrono::seconds kStatementTimeout{10};

/// How long the client waits for the answer to a statement. Longer than the server's own limit,
/// whose error text says more; it matters where the server is frozen or its packets get lost.
inline constexpr std::chrono::seconds kAnswerTimeout{12};

/// The rows of an answer, all values as text; null is the empty text.
using Rows = std::vector<std::vector<std::string>>;

/// An open connection. Used by one thread at a time; closed with the object.
class Connection {
 public:
  /// Takes over what libpq has opened.
  explicit Connection(pg_conn* opened) : connection_(opened) {}

  /// Runs one statement with bound parameters ($1, $2, …). The error is the text of the server or
  /// of libpq, trimmed. After no answer within kAnswerTimeout the connection is no longer usable.
  std::expected<Rows, std::string> query(const char* sql,
                                         const std::vector<std::string>& parameters = {});

  /// True where query() got no answer in time.
  bool timed_out() const { return !connection_; }

  /// False once the connection is gone for good.
  bool usable() const;

  /// True where the other end has hung up, also if nothing was sent since. Never waits.
  bool lost();

 private:
  struct Closer {
    void operator()(pg_conn* connection) const;
  };
  bool answer_arrives();

  std::unique_ptr<pg_conn, Closer> connection_;
};

/// Where the database is and how to log in. Safe to use from many threads.
class Database {
 public:
  /// Takes a connection URI apart. The error is a sentence without any part of the URI.
  static std::expected<Database, std::string> from_uri(const std::string& uri);

  /// "host:port/name as user", for people.
  std::string shown() const;

  /// Opens a connection; gives up after 8 s per address of the host. The error is libpq's text.
  std::expected<Connection, std::string> connect() const;

 private:
  std::string option(const std::string& keyword) const;

  std::vector<std::pair<std::string, std::string>> options_;  ///< libpq's keywords and values.
};

}  // namespace postflight::lab
