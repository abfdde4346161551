// SPDX-License-Identifier: Apache-2.0
// What a refusal by PostgreSQL means, by its SQLSTATE. Source: the manual's appendix A, "PostgreSQL
// Error Codes"; src/backend/utils/errcodes.txt.
#pragma once

#include <string>
#include <string_view>

#include "base/expected.h"

namespace postflight::host {

/// A refusal in the server's words.
struct PostgresRefusal {
  std::string sqlstate;  ///< Five characters; empty where libpq itself failed.
  std::string message;   ///< Its first line, printable.
};

/// The last refusal in what libpq tells of a failed connection with verbose errors: "connection to
/// server … failed: FATAL:  28000: no pg_hba.conf entry …", whatever the language of the severity.
/// Pure.
PostgresRefusal parse_connection_error(std::string_view text);

/// The error that a refusal amounts to; its sentence begins with `doing`, names the SQLSTATE and
/// says how to allow it where permission is what lacks. Pure.
Error error_from_refusal(const PostgresRefusal& refusal, std::string_view doing);

}  // namespace postflight::host
