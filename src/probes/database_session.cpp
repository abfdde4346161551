// SPDX-License-Identifier: Apache-2.0
#include "probes/database_session.h"

#include <fmt/format.h>

#include <algorithm>

namespace postflight::database {
namespace {

constexpr std::size_t kRowsShown = 6;
constexpr std::size_t kExcerptBytes = 400;

std::string shown_row(const PostgresRows& rows, std::size_t row) {
  std::string line;
  for (std::size_t i = 0; i < rows.columns.size(); ++i) {
    const auto& value = rows.rows[row][i];
    if (value) line += fmt::format("{}{}={}", line.empty() ? "" : " ", rows.columns[i], *value);
  }
  return line;
}

}  // namespace

Result<PostgresRows> Session::ask(std::string_view sql, const std::vector<std::string>& params,
                                  std::size_t row_limit) {
  return client_.query(sql, params, context_.deadline, row_limit);
}

Result<void> Session::set(const std::string& name, const std::string& value) {
  PF_TRY(ask("SELECT set_config($1, $2, false)", {name, value}));
  return {};
}

Result<void> Session::limit_statements(Duration most) {
  // A statement that the server ends itself leaves the connection usable; our own deadline does
  // not.
  const Duration left = context_.deadline.left() * 9 / 10;
  return set("statement_timeout",
             std::to_string(std::max(Duration{1}, std::min(most, left)).count()));
}

Evidence Session::from(std::string_view source, const PostgresRows& rows) const {
  std::string raw;
  for (std::size_t i = 0; i < std::min(kRowsShown, rows.rows.size()); ++i) {
    raw += (raw.empty() ? "" : "; ") + shown_row(rows, i);
  }
  if (rows.rows.empty()) raw = "(no rows)";
  if (rows.rows.size() > kRowsShown) raw += fmt::format("; … {} rows", rows.rows.size());
  Evidence evidence = context_.evidence(
      fmt::format("{} of {} at {}", source, client_.database(), client_.endpoint()), "");
  evidence.excerpt = excerpt(raw, kExcerptBytes);
  return evidence;
}

}  // namespace postflight::database
