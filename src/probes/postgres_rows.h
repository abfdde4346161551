// SPDX-License-Identifier: Apache-2.0
// From rows of text to facts: each value with the query it came from, each refusal with its reason.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "host/postgres_client.h"
#include "probes/probe.h"

namespace postflight {

/// Stands between the elements of a list that a query returns as one text.
inline constexpr char kListSeparator = '\x1f';

/// One row of an answer.
class PostgresRow {
 public:
  PostgresRow(const host::PostgresRows& rows, std::size_t index) : rows_(rows), index_(index) {}

  bool is_null(std::string_view column) const { return !rows_.value(index_, column); }
  /// Printable; empty for NULL.
  std::string text(std::string_view column) const {
    const std::string* value = rows_.value(index_, column);
    return value ? printable_utf8(*value) : std::string{};
  }
  bool flag(std::string_view column) const {
    const std::string* value = rows_.value(index_, column);
    return value && *value == "t";
  }
  template <class T>
  std::optional<T> number(std::string_view column) const {
    const std::string* value = rows_.value(index_, column);
    return value ? parse_number<T>(*value) : std::nullopt;
  }
  /// For fields of a list, whose documentation says what `otherwise` stands for.
  template <class T>
  T number_or(std::string_view column, T otherwise) const {
    const auto value = number<T>(column);
    return value ? *value : otherwise;
  }
  /// A text of elements with kListSeparator between them.
  std::vector<std::string> list(std::string_view column) const {
    std::vector<std::string> out;
    for (const auto part : split(text_raw(column), kListSeparator)) {
      out.push_back(printable_utf8(part));
    }
    return out;
  }

 private:
  std::string_view text_raw(std::string_view column) const {
    const std::string* value = rows_.value(index_, column);
    return value ? std::string_view{*value} : std::string_view{};
  }
  const host::PostgresRows& rows_;
  std::size_t index_;
};

/// Asks one server, and turns what it says into facts.
class PostgresAsk {
 public:
  PostgresAsk(host::PostgresClient& client, const ProbeContext& context)
      : client_(client), context_(context) {}

  Result<host::PostgresRows> operator()(std::string_view sql,
                                        const std::vector<std::string>& params = {},
                                        std::size_t row_limit = 1000) {
    return client_.query(sql, params, context_.deadline, row_limit);
  }

  /// Evidence from a view or function, with the first rows as they came.
  Evidence from(std::string_view source, const host::PostgresRows& rows) const {
    return context_.evidence(source_of(source), excerpt_of(rows));
  }
  Evidence from(std::string_view source, std::string_view raw) const {
    return context_.evidence(source_of(source), raw);
  }

  /// A list with one element for each row.
  template <class T, class Make>
  void fill(Observed<std::vector<T>>& fact, std::string_view source,
            const Result<host::PostgresRows>& rows, Make&& make) const {
    if (!rows) {
      fact = unknown_from(rows.error());
      return;
    }
    std::vector<T> list;
    for (std::size_t i = 0; i < rows->rows.size(); ++i) list.push_back(make(PostgresRow{*rows, i}));
    fact = Seen{std::move(list), from(source, *rows)};
  }

  /// A number in the first row; NULL, or no row, is its absence.
  template <class T>
  Observed<T> number(const Result<host::PostgresRows>& rows, std::string_view source,
                     std::string_view column) const {
    if (!rows) return unknown_from(rows.error());
    const PostgresRow row{*rows, 0};
    if (row.is_null(column)) return Absent{from(source, *rows)};
    const auto value = row.number<T>(column);
    if (!value) return Unknown{Why::malformed, fmt::format("{} is no number", column)};
    return Seen{*value, from(source, fmt::format("{}={}", column, row.text(column)))};
  }
  Observed<std::string> text(const Result<host::PostgresRows>& rows, std::string_view source,
                             std::string_view column) const {
    if (!rows) return unknown_from(rows.error());
    const PostgresRow row{*rows, 0};
    if (row.text(column).empty()) return Absent{from(source, *rows)};
    return Seen{row.text(column), from(source, fmt::format("{}={}", column, row.text(column)))};
  }
  Observed<bool> flag(const Result<host::PostgresRows>& rows, std::string_view source,
                      std::string_view column) const {
    if (!rows) return unknown_from(rows.error());
    const PostgresRow row{*rows, 0};
    if (row.is_null(column)) return Absent{from(source, *rows)};
    return Seen{row.flag(column), from(source, fmt::format("{}={}", column, row.text(column)))};
  }

  host::PostgresClient& client() { return client_; }
  const ProbeContext& context() const { return context_; }

 private:
  std::string source_of(std::string_view source) const {
    return fmt::format("{} at {}", source, client_.endpoint());
  }
  static std::string excerpt_of(const host::PostgresRows& rows) {
    std::string text;
    for (const auto& row : rows.rows) {
      for (std::size_t i = 0; i < row.size() && i < rows.columns.size(); ++i) {
        if (!row[i] || row[i]->empty()) continue;
        text += fmt::format("{}{}={}", text.empty() ? "" : " ", rows.columns[i], *row[i]);
      }
      if (text.size() > 200) break;
      text += ";";
    }
    for (char& c : text) {
      if (c == kListSeparator) c = ',';
    }
    return text.empty() ? "no rows" : text;
  }

  host::PostgresClient& client_;
  const ProbeContext& context_;
};

}  // namespace postflight
