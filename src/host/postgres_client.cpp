// SPDX-License-Identifier: Apache-2.0
// libpq without blocking: it says when to wait for what, and poll(2) waits until the deadline.
#include "host/postgres_client.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/text.h"
#include "host/postgres_errors.h"
#include "host/process_root.h"
#include "host/rooted.h"
#include "model/topology.h"

namespace postflight::host {
namespace {

constexpr Duration kStatementLimit{5000};
constexpr const char* kDoingConnect = "connect to";
constexpr const char* kDoingQuery = "ask";

struct ClearResult {
  void operator()(PGresult* result) const { ::PQclear(result); }
};
using ResultPointer = std::unique_ptr<PGresult, ClearResult>;

/// libpq fills what it is not told from PG* variables and from files in the home folder: a password
/// meant for one server would reach another. While it connects it sees an environment without them.
class PlainEnvironment {
 public:
  PlainEnvironment() : before_(::environ) { ::environ = const_cast<char**>(kPlain.data()); }
  PlainEnvironment(const PlainEnvironment&) = delete;
  PlainEnvironment& operator=(const PlainEnvironment&) = delete;
  ~PlainEnvironment() { ::environ = before_; }

 private:
  // With a home libpq need not ask the user database, which may be on the network.
  static constexpr std::array<const char*, 2> kPlain = {"HOME=/nonexistent", nullptr};
  char** before_;
};

/// Set in the startup packet, so that no statement runs without them. Statistics say that JIT costs
/// more than it gains for what is asked here; it takes hundreds of milliseconds to start.
std::string session_options(Deadline deadline) {
  const auto limit = std::clamp(deadline.left(), Duration{1}, kStatementLimit);
  return fmt::format(
      "-c default_transaction_read_only=on -c statement_timeout={} -c lock_timeout=500 -c "
      "idle_in_transaction_session_timeout=10000 -c search_path=pg_catalog -c jit=off -c "
      "max_parallel_workers_per_gather=0 -c DateStyle=ISO",
      limit.count());
}

/// Keywords and values as PQconnectStartParams() wants them.
struct Parameters {
  std::vector<const char*> keywords, values;
  std::vector<std::unique_ptr<std::string>> kept;  // values stay where they are

  void add(const char* keyword, std::string value) {
    kept.push_back(std::make_unique<std::string>(std::move(value)));
    keywords.push_back(keyword);
    values.push_back(kept.back()->c_str());
  }
  void close() {
    keywords.push_back(nullptr);
    values.push_back(nullptr);
  }
  ~Parameters() {
    for (const auto& value : kept) ::explicit_bzero(value->data(), value->size());
  }
};

void add_place(Parameters& parameters, const PostgresAddress& address, const std::string& folder) {
  if (address.is_socket()) return parameters.add("host", folder);
  if (!address.tls_name.empty()) parameters.add("host", address.tls_name);
  parameters.add("hostaddr", address.host);
  parameters.add("sslmode", address.tls_mode);
  if (!address.tls_root.empty()) parameters.add("sslrootcert", address.tls_root);
}

/// In verbose form the text of a failed connection holds the SQLSTATE.
pg_conn* start_connection(const PostgresAddress& address, const std::string& folder,
                          Deadline deadline) {
  Parameters parameters;
  add_place(parameters, address, folder);
  parameters.add("port", std::to_string(address.port));
  parameters.add("dbname", address.database);
  parameters.add("user", address.user);
  if (!address.password.empty()) parameters.add("password", std::string(address.password.reveal()));
  parameters.add("gssencmode", "disable");
  parameters.add("application_name", "postflight");
  parameters.add("client_encoding", "UTF8");
  parameters.add("options", session_options(deadline));
  parameters.close();
  return ::PQconnectStartParams(parameters.keywords.data(), parameters.values.data(), 0);
}

bool is_same_folder(const std::string& a, const std::string& b) {
  struct stat one, other;
  return ::stat(a.c_str(), &one) == 0 && ::stat(b.c_str(), &other) == 0 &&
         one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

void ignore_notice(void*, const char*) {}

void add_row(const PGresult& result, PostgresRows& rows, std::size_t& bytes) {
  const int columns = ::PQnfields(&result);
  for (int row = 0; row < ::PQntuples(&result); ++row) {
    auto& values = rows.rows.emplace_back();
    for (int column = 0; column < columns; ++column) {
      if (::PQgetisnull(&result, row, column)) {
        values.emplace_back();
        continue;
      }
      const auto length = static_cast<std::size_t>(::PQgetlength(&result, row, column));
      values.emplace_back(std::string(::PQgetvalue(&result, row, column), length));
      bytes += length;
    }
  }
}

void add_columns(const PGresult& result, PostgresRows& rows) {
  if (!rows.columns.empty()) return;
  for (int i = 0; i < ::PQnfields(&result); ++i) rows.columns.emplace_back(::PQfname(&result, i));
}

PostgresRefusal refusal_of(const PGresult& result) {
  const char* state = ::PQresultErrorField(&result, PG_DIAG_SQLSTATE);
  const char* message = ::PQresultErrorField(&result, PG_DIAG_MESSAGE_PRIMARY);
  if (!message) message = ::PQresultErrorMessage(&result);
  return {state ? state : "", excerpt(trim(message), 300)};
}

/// States after which the connection is gone, though libpq may not have noticed yet.
bool ends_connection(const std::string& sqlstate) {
  return sqlstate.empty() || sqlstate.starts_with("57P") || sqlstate.starts_with("08");
}

}  // namespace

std::string PostgresAddress::endpoint() const {
  if (!is_socket()) return format_endpoint(host, port);
  // The socket of a container often has the very path of one on the machine.
  const std::string theirs = under_root(root, fmt::format("/proc/{}/root", root_pid));
  const bool elsewhere = root_pid != 0 && !is_same_folder(theirs, root);
  return fmt::format("{}{}/.s.PGSQL.{}", elsewhere ? theirs : "", host, port);
}

std::optional<std::size_t> PostgresRows::column(std::string_view name) const {
  const auto it = std::ranges::find(columns, name);
  if (it == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(it - columns.begin());
}

const std::string* PostgresRows::value(std::size_t row, std::string_view column_name) const {
  const auto at = column(column_name);
  if (!at || row >= rows.size() || *at >= rows[row].size() || !rows[row][*at]) return nullptr;
  return &*rows[row][*at];
}

void PostgresClient::Close::operator()(pg_conn* connection) const {
  ::PQfinish(connection);
}

PostgresClient::PostgresClient(pg_conn* connection, PostgresAddress address)
    : connection_(connection), address_(std::move(address)) {}
PostgresClient::PostgresClient(PostgresClient&&) noexcept = default;
PostgresClient& PostgresClient::operator=(PostgresClient&&) noexcept = default;
PostgresClient::~PostgresClient() = default;

int PostgresClient::server_version_num() const {
  return ::PQserverVersion(connection_.get());
}

std::unexpected<Error> PostgresClient::break_with(Error error) {
  broken_ = error;
  return std::unexpected(std::move(error));
}

/// libpq's own words on a failed connection, with the folder in the place of our descriptor.
std::unexpected<Error> PostgresClient::lost(std::string_view doing) {
  std::string text = ::PQerrorMessage(connection_.get());
  for (std::size_t at; !place_.empty() && (at = text.find(place_)) != std::string::npos;) {
    text.replace(at, place_.size(), address_.host);
  }
  const PostgresRefusal refusal = parse_connection_error(text);
  sqlstate_ = refusal.sqlstate;
  return break_with(error_from_refusal(refusal, fmt::format("{} {}", doing, endpoint())));
}

Result<> PostgresClient::wait(short events, Deadline deadline, std::string_view doing) {
  while (true) {
    pollfd entry{::PQsocket(connection_.get()), events, 0};
    if (entry.fd < 0) return lost(doing);
    const int count = ::poll(&entry, 1, deadline.left_for_poll());
    if (count > 0) return {};
    if (count < 0 && errno != EINTR) return fail_errno("poll", errno);
    if (deadline.passed()) {
      return break_with(
          {Errc::kTimeout, fmt::format("{} {}: no answer in time", doing, endpoint())});
    }
  }
}

Result<PostgresClient> PostgresClient::connect(const PostgresAddress& address, Deadline deadline,
                                               std::string* sqlstate) {
  PostgresClient client{nullptr, address};
  auto opened = client.open(deadline);
  if (sqlstate) *sqlstate = client.sqlstate_;
  if (!opened) return std::unexpected(std::move(opened).error());
  return client;
}

Result<> PostgresClient::open(Deadline deadline) {
  const PlainEnvironment plain;
  PF_TRY(start(deadline));
  return finish_connecting(deadline);
}

/// connect(2) happens in here, and with it the server learns who came.
Result<> PostgresClient::start(Deadline deadline) {
  FileDescriptor place;
  if (address_.is_socket()) {
    // While still root, and by descriptor: the folder may be a container's, its path too long for a
    // socket (107 bytes), or closed to the one that we are about to become.
    PF_TRY_ASSIGN(const auto root, ProcessRoot::open(address_.root_pid, address_.root));
    PF_TRY_ASSIGN(place, root.place(address_.host));
    place_ = fmt::format("/proc/self/fd/{}", place.get());
  }
  std::optional<TemporaryIdentity> identity;
  if (address_.become) {
    PF_TRY_ASSIGN(auto changed, TemporaryIdentity::become(*address_.become));
    identity.emplace(std::move(changed));
  }
  connection_.reset(start_connection(address_, place_, deadline));
  if (!connection_) throw std::bad_alloc{};
  return {};
}

Result<> PostgresClient::finish_connecting(Deadline deadline) {
  ::PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
  ::PQsetNoticeProcessor(connection_.get(), ignore_notice, nullptr);
  if (::PQstatus(connection_.get()) == CONNECTION_BAD) return lost(kDoingConnect);
  for (auto next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK;
       next = ::PQconnectPoll(connection_.get())) {
    if (next == PGRES_POLLING_FAILED) return lost(kDoingConnect);
    PF_TRY(wait(next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline, kDoingConnect));
    if (deadline.passed()) {
      return break_with(
          {Errc::kTimeout, fmt::format("connect to {}: no answer in time", endpoint())});
    }
  }
  ::PQsetErrorVerbosity(connection_.get(), PQERRORS_DEFAULT);
  ::PQsetnonblocking(connection_.get(), 1);
  return {};
}

Result<> PostgresClient::send(std::string_view sql, std::span<const std::string> params,
                              Deadline deadline) {
  std::vector<const char*> values;
  for (const std::string& value : params) values.push_back(value.c_str());
  const std::string text(sql);
  if (!::PQsendQueryParams(connection_.get(), text.c_str(), static_cast<int>(values.size()),
                           nullptr, values.data(), nullptr, nullptr, 0)) {
    return lost(kDoingQuery);
  }
  ::PQsetSingleRowMode(connection_.get());
  while (true) {
    const int more = ::PQflush(connection_.get());
    if (more == 0) return {};
    if (more < 0) return lost(kDoingQuery);
    PF_TRY(wait(POLLOUT | POLLIN, deadline, kDoingQuery));
    if (!::PQconsumeInput(connection_.get())) return lost(kDoingQuery);
  }
}

/// Waits until PQgetResult() can answer without blocking.
Result<> PostgresClient::await_result(Deadline deadline) {
  while (::PQisBusy(connection_.get())) {
    PF_TRY(wait(POLLIN, deadline, kDoingQuery));
    if (!::PQconsumeInput(connection_.get())) return lost(kDoingQuery);
    if (deadline.passed()) {
      return break_with(
          {Errc::kTimeout, fmt::format("ask {}: no complete answer in time", endpoint())});
    }
  }
  return {};
}

/// Reads to the end of the answer, so that the next question finds the connection free.
Result<PostgresRows> PostgresClient::collect(Deadline deadline, std::size_t row_limit) {
  PostgresRows rows;
  std::size_t bytes = 0;
  std::optional<Error> refused;
  while (true) {
    PF_TRY(await_result(deadline));
    const ResultPointer result{::PQgetResult(connection_.get())};
    if (!result) break;
    switch (::PQresultStatus(result.get())) {
      case PGRES_SINGLE_TUPLE:
      case PGRES_TUPLES_OK:
        add_columns(*result, rows);
        if (rows.rows.size() < row_limit && bytes < kByteLimit) {
          add_row(*result, rows, bytes);
        } else {
          rows.truncated = rows.truncated || ::PQntuples(result.get()) > 0;
        }
        break;
      case PGRES_COMMAND_OK:
      case PGRES_EMPTY_QUERY: break;
      default: {
        const PostgresRefusal refusal = refusal_of(*result);
        sqlstate_ = refusal.sqlstate;
        refused = error_from_refusal(refusal, fmt::format("{} {}", kDoingQuery, endpoint()));
        if (ends_connection(sqlstate_)) return break_with(*refused);
      }
    }
  }
  if (refused) return std::unexpected(*std::move(refused));
  return rows;
}

Result<PostgresRows> PostgresClient::query(std::string_view sql,
                                           std::span<const std::string> params, Deadline deadline,
                                           std::size_t row_limit) {
  if (broken_) return std::unexpected(*broken_);
  sqlstate_.clear();
  PF_TRY(send(sql, params, deadline));
  return collect(deadline, row_limit);
}

}  // namespace postflight::host
