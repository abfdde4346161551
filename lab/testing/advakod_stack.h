// SPDX-License-Identifier: Apache-2.0
// The lab's application with real servers behind it, as a fixture: one PostgreSQL for a suite, its
// database made anew for each test; a Redis and a backend for each test.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/deadline.h"
#include "host/testing/postgres_server.h"
#include "host/testing/redis_server.h"
#include "testing/backend_process.h"

namespace postflight::lab::testing {

using host::testing::PostgresServer;

/// No test may find these in an answer or a log.
inline constexpr const char* kDatabasePassword = "pg-s3cret-w0rd";
inline constexpr const char* kRedisPassword = "redis-s3cret-w0rd";

/// Polls until `condition` holds. False after the limit.
bool eventually(const std::function<bool()>& condition, Duration limit = Duration{10'000});

/// Skips where a server is not installed. Three users, two sessions, 30 messages, 3 tests, no audit
/// log; connections are logged.
class AdvakodStack : public ::testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  void SetUp() override;

  static PostgresServer& postgres() { return *postgres_; }
  host::testing::RedisServer& redis() { return *redis_; }
  /// Starts the backend at its first call; what a test puts into `environment` before that counts.
  BackendProcess& backend();

  static std::string database_url();
  std::string redis_url() const;
  /// One value out of the application's database, as superuser.
  static std::string value(const std::string& sql) { return postgres().sql(sql, "advakod"); }
  /// Sessions the backend holds open.
  static int sessions();
  /// How often the backend has logged in since the server's log began.
  static int logins();

  Environment environment;
  std::unique_ptr<host::testing::RedisServer> redis_;

 private:
  static inline std::unique_ptr<PostgresServer> postgres_;
  std::optional<BackendProcess> backend_;
};

}  // namespace postflight::lab::testing
