// SPDX-License-Identifier: Apache-2.0
// How the parts of the probe `database` ask: one statement, its rows, and the fact they amount to.
// Values are the server's and may be hostile: what is shown passes printable_utf8, what goes back
// into SQL stays as format('%I') quoted it on the server.
#pragma once

#include <optional>
#include <set>

#include "base/text.h"
#include "host/postgres_client.h"
#include "probes/database.h"
#include "probes/probe.h"

namespace postflight::database {

using host::PostgresRows;

/// One row of an answer. A number that is none marks the row as malformed.
class Row {
 public:
  Row(const PostgresRows& rows, std::size_t index) : rows_(rows), index_(index) {}

  /// As it came, for SQL; empty where it is NULL.
  std::string raw(std::string_view column) const {
    const std::string* value = rows_.value(index_, column);
    return value ? *value : std::string{};
  }
  /// For people; empty where it is NULL.
  std::string text(std::string_view column) const { return printable_utf8(raw(column)); }
  bool is_null(std::string_view column) const { return rows_.value(index_, column) == nullptr; }
  bool flag(std::string_view column) const { return raw(column) == "t"; }
  /// `none` stands for NULL.
  template <class T>
  T number(std::string_view column, T none) {
    if (is_null(column)) return none;
    const auto value = parse_number<T>(raw(column));
    if (!value) malformed_ = true;
    return value ? *value : none;
  }
  bool malformed() const { return malformed_; }

 private:
  const PostgresRows& rows_;
  std::size_t index_;
  bool malformed_ = false;
};

/// The conversation with one database.
class Session {
 public:
  Session(host::PostgresClient& client, const ProbeContext& context)
      : client_(client), context_(context) {}

  Result<PostgresRows> ask(std::string_view sql, const std::vector<std::string>& params = {},
                           std::size_t row_limit = host::PostgresClient::kRowLimit);

  /// This part of what is left, so that one step does not take the time of those behind it.
  Deadline slice(double part) const {
    const auto left = static_cast<double>(context_.deadline.left().count());
    return context_.deadline.within(Duration{static_cast<Duration::rep>(left * part)});
  }

  /// Changes a setting of this session only.
  Result<void> set(const std::string& name, const std::string& value);

  /// No statement may take longer than this, nor than what is left.
  Result<void> limit_statements(Duration most);

  /// `source` names the catalogues; the excerpt is the first rows as they came.
  Evidence from(std::string_view source, const PostgresRows& rows) const;

  /// Calls read(Row&) for each row. `sql` must give one row per element.
  template <class T, class Read>
  Observed<std::vector<T>> list(std::string_view source, std::string_view sql,
                                const std::vector<std::string>& params, Read&& read);

  /// One number in one row.
  template <class T>
  Observed<T> number(std::string_view source, const PostgresRows& rows,
                     std::string_view column) const;

  host::PostgresClient& client() { return client_; }
  const ProbeContext& context() const { return context_; }
  int version() const { return client_.server_version_num() / 10'000; }

  /// Tables, as an array of oids for $n::oid[], for whose locks we would have to wait: they are
  /// neither read nor described. Empty where nobody may tell.
  std::string locked_tables = "{}";

 private:
  host::PostgresClient& client_;
  const ProbeContext& context_;
};

/// Unknown with the place where it was asked.
inline Unknown not_answered(const Error& error) {
  return unknown_from(error);
}

template <class T, class Read>
Observed<std::vector<T>> Session::list(std::string_view source, std::string_view sql,
                                       const std::vector<std::string>& params, Read&& read) {
  const auto rows = ask(sql, params);
  if (!rows) return not_answered(rows.error());
  std::vector<T> out;
  for (std::size_t i = 0; i < rows->rows.size(); ++i) {
    Row row{*rows, i};
    T element = read(row);
    if (row.malformed()) return Unknown{Why::malformed, "no number where one should be"};
    out.push_back(std::move(element));
  }
  return Seen{std::move(out), from(source, *rows)};
}

template <class T>
Observed<T> Session::number(std::string_view source, const PostgresRows& rows,
                            std::string_view column) const {
  if (rows.rows.empty()) return Unknown{Why::malformed, "an answer without a row"};
  Row row{rows, 0};
  if (row.is_null(column)) return Unknown{Why::malformed, std::string(column) + " is NULL"};
  const T value = row.number<T>(column, T{});
  if (row.malformed()) return Unknown{Why::malformed, std::string(column) + " is no number"};
  return Seen{value, from(source, rows)};
}

/// The parts, each of which fills some facts and leaves none of them open.
void look_at_objects(Session& session, DatabaseFacts& facts);
void look_at_extensions(Session& session, DatabaseFacts& facts);
void look_at_hazards(Session& session, DatabaseFacts& facts);
void look_at_statistics(Session& session, DatabaseFacts& facts);
void look_at_links(Session& session, DatabaseFacts& facts);
void look_at_roles(Session& session, DatabaseFacts& facts);
void look_at_collations(Session& session, DatabaseFacts& facts);
void examine_collated_indexes(Session& session, DatabaseFacts& facts);
void compare_sequences(Session& session, DatabaseFacts& facts);
void count_rows(Session& session, DatabaseFacts& facts);
void look_for_large_objects(Session& session, DatabaseFacts& facts);

/// A condition on pg_namespace n: schemas of people, not of the system.
inline constexpr std::string_view kUserSchema =
    "n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema' AND n.nspname !~ "
    "'^pg_(toast|temp)'";

/// A condition on pg_class c: it belongs to an extension.
inline constexpr std::string_view kOfExtension =
    "EXISTS (SELECT FROM pg_depend x WHERE x.classid = 'pg_class'::regclass AND x.objid = c.oid "
    "AND x.deptype = 'e')";

}  // namespace postflight::database
