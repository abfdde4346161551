// SPDX-License-Identifier: Apache-2.0
// Texts as libpq 15 gave them, with verbose errors.
#include "host/postgres_errors.h"

#include <gtest/gtest.h>

namespace postflight::host {
namespace {

Error meaning(std::string_view text) {
  return error_from_refusal(parse_connection_error(text), "connect to x");
}

TEST(PostgresErrors, FindTheStateInAnyLanguage) {
  const auto english = parse_connection_error(
      "connection to server on socket \"/run/postgresql/.s.PGSQL.5432\" failed: FATAL:  28000: "
      "Peer authentication failed for user \"postgres\"\nLOCATION:  auth_failed, auth.c:343\n");
  EXPECT_EQ(english.sqlstate, "28000");
  EXPECT_EQ(english.message, "Peer authentication failed for user \"postgres\"");
  const auto russian = parse_connection_error(
      "connection to server at \"127.0.0.1\", port 5432 failed: ВАЖНО:  53300: извините, уже "
      "слишком много клиентов\n");
  EXPECT_EQ(russian.sqlstate, "53300");
  EXPECT_EQ(russian.message, "извините, уже слишком много клиентов");
  EXPECT_EQ(parse_connection_error("could not fork:  x: y").sqlstate, "");
  EXPECT_EQ(parse_connection_error(":  ").sqlstate, "");
  EXPECT_EQ(parse_connection_error("").message, "");
}

TEST(PostgresErrors, OfSeveralAttemptsTheLastCounts) {
  EXPECT_EQ(parse_connection_error("FATAL:  28000: no entry, SSL encryption\n"
                                   "connection … failed: FATAL:  28P01: wrong password\n")
                .sqlstate,
            "28P01");
}

TEST(PostgresErrors, MeanWhatTheManualSays) {
  EXPECT_EQ(meaning("FATAL:  28P01: x").code, Errc::kDenied);
  EXPECT_EQ(meaning("FATAL:  57P03: the database system is starting up").code, Errc::kUnreachable);
  EXPECT_NE(meaning("FATAL:  57P03: the database system is starting up").what.find("starting up"),
            std::string::npos);
  EXPECT_NE(meaning("FATAL:  53300: sorry").what.find("no free connection"), std::string::npos);
  EXPECT_EQ(meaning("FATAL:  3D000: x").code, Errc::kNotFound);
  EXPECT_EQ(meaning("FATAL:  08P01: unsupported startup parameter: options").code,
            Errc::kUnsupported);
  EXPECT_EQ(meaning("FATAL:  XX000: x").code, Errc::kUnreachable);
  EXPECT_EQ(meaning("connection to server at \"127.0.0.1\" failed: Connection refused").code,
            Errc::kUnreachable);
  EXPECT_EQ(meaning("expected authentication request from server, but received H").code,
            Errc::kMalformed);
  EXPECT_EQ(meaning("fe_sendauth: no password supplied").code, Errc::kDenied);
}

}  // namespace
}  // namespace postflight::host
