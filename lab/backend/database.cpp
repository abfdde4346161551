// SPDX-License-Identifier: Apache-2.0
#include "backend/database.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <string_view>

namespace postflight::lab {
namespace {

using Clock = std::chrono::steady_clock;
using Answer = std::unique_ptr<PGresult, void (*)(PGresult*)>;

std::string trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  return std::string{text.substr(0, text.find_last_not_of(kBlank) + 1)};
}

Rows rows_of(const PGresult* answer) {
  Rows rows;
  for (int row = 0; row < PQntuples(answer); ++row) {
    auto& values = rows.emplace_back();
    for (int column = 0; column < PQnfields(answer); ++column) {
      values.emplace_back(PQgetvalue(answer, row, column));
    }
  }
  return rows;
}

}  // namespace

void Connection::Closer::operator()(pg_conn* connection) const {
  PQfinish(connection);
}

bool Connection::usable() const {
  return connection_ && PQstatus(connection_.get()) == CONNECTION_OK;
}

bool Connection::lost() {
  if (!usable()) return true;
  pollfd entry{PQsocket(connection_.get()), POLLIN, 0};
  // Nobody speaks on an idle connection but a server that says goodbye.
  if (::poll(&entry, 1, 0) > 0) return PQconsumeInput(connection_.get()) != 1 || !usable();
  return false;
}

/// Waits until PQgetResult has something without blocking. False when the time is over.
bool Connection::answer_arrives() {
  const auto end = Clock::now() + kAnswerTimeout;
  while (PQisBusy(connection_.get())) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) return false;
    pollfd entry{PQsocket(connection_.get()), POLLIN, 0};
    // A failure to read ends PQisBusy; PQgetResult then has the text for it.
    if (::poll(&entry, 1, static_cast<int>(left)) > 0) PQconsumeInput(connection_.get());
  }
  return true;
}

std::expected<Rows, std::string> Connection::query(const char* sql,
                                                   const std::vector<std::string>& parameters) {
  if (!connection_) return std::unexpected("the connection is closed");
  std::vector<const char*> values;
  for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
  if (PQsendQueryParams(connection_.get(), sql, static_cast<int>(values.size()), nullptr,
                        values.data(), nullptr, nullptr, 0) != 1) {
    return std::unexpected(trimmed(PQerrorMessage(connection_.get())));
  }
  Answer first{nullptr, PQclear};
  while (true) {
    if (!answer_arrives()) {
      connection_.reset();  // whatever it still says would be taken for the next answer
      return std::unexpected(
          fmt::format("no answer from the server within {} s", kAnswerTimeout.count()));
    }
    Answer next{PQgetResult(connection_.get()), PQclear};
    if (!next) break;
    if (!first) first = std::move(next);
  }
  const ExecStatusType status = PQresultStatus(first.get());
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return rows_of(first.get());
  return std::unexpected(trimmed(PQresultErrorMessage(first.get())));
}

std::expected<Database, std::string> Database::from_uri(const std::string& uri) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> parsed{
      PQconninfoParse(uri.c_str(), &message), PQconninfoFree};
  // libpq's message quotes what it could not read, which may be the password.
  PQfreemem(message);
  if (!parsed) return std::unexpected("DATABASE_URL is not a valid connection URI");
  Database database;
  for (const PQconninfoOption* option = parsed.get(); option->keyword; ++option) {
    if (option->val) database.options_.emplace_back(option->keyword, option->val);
  }
  const std::string limit = fmt::format("{} -c statement_timeout={}", database.option("options"),
                                        std::chrono::milliseconds{kStatementTimeout}.count());
  // The last one of a keyword counts. The TCP options find a peer that is silently gone.
  database.options_.insert(database.options_.end(), {{"options", limit},
                                                     {"connect_timeout", "8"},
                                                     {"client_encoding", "UTF8"},
                                                     {"fallback_application_name", "advakod"},
                                                     {"keepalives_idle", "10"},
                                                     {"keepalives_interval", "2"},
                                                     {"keepalives_count", "3"},
                                                     {"tcp_user_timeout", "12000"}});
  return database;
}

std::string Database::option(const std::string& keyword) const {
  const auto found =
      std::ranges::find(options_, keyword, [](const auto& pair) { return pair.first; });
  return found == options_.end() ? "" : found->second;
}

std::string Database::shown() const {
  const std::string port = option("port");
  return fmt::format("{}:{}/{} as {}", option("host"), port.empty() ? "5432" : port,
                     option("dbname"), option("user"));
}

std::expected<Connection, std::string> Database::connect() const {
  std::vector<const char*> keywords, values;
  for (const auto& [keyword, value] : options_) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  pg_conn* opened = PQconnectdbParams(keywords.data(), values.data(), 0);
  if (!opened) return std::unexpected("out of memory");
  Connection connection{opened};
  if (!connection.usable()) return std::unexpected(trimmed(PQerrorMessage(opened)));
  PQsetErrorVerbosity(opened, PQERRORS_TERSE);  // one line for each error
  return connection;
}

}  // namespace postflight::lab
