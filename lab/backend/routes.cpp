// SPDX-License-Identifier: Apache-2.0
#include "backend/routes.h"

#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

namespace postflight::lab {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kRequestsKey = "advakod:requests";
constexpr std::string_view kCachePath = "/api/v1/cache";

/// A table that is served, and the statement for one page of it: its rows as a JSON array and the
/// number of all rows. The names are fixed here, so nothing a client sends becomes part of SQL.
struct Table {
  std::string_view path;
  const char* sql;
};
#define LAB_TABLE(name)                                                                   \
  Table{"/api/v1/" name,                                                                  \
        "select coalesce(json_agg(row_to_json(page)), '[]'), (select count(*) from " name \
        ") "                                                                              \
        "from (select * from " name " where id > $1::bigint order by id limit $2::int) as page"}
constexpr Table kTables[] = {LAB_TABLE("users"), LAB_TABLE("chat_sessions"),
                             LAB_TABLE("chat_messages"), LAB_TABLE("ab_tests"),
                             LAB_TABLE("audit_logs")};
#undef LAB_TABLE

/// Text from a server may hold bytes that are no UTF-8; they must not cost the answer.
std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// The query parameter as a number: `otherwise` where it is not given, nothing where it is wrong.
std::optional<std::int64_t> number_in(const Request& request, const char* name,
                                      std::int64_t otherwise, std::int64_t lowest,
                                      std::int64_t highest) {
  const auto given = request.query.find(name);
  if (given == request.query.end()) return otherwise;
  return whole_number(given->second, lowest, highest);
}

}  // namespace

struct Routes::Route {
  std::string_view path;
  std::string_view method;
  Answer (Routes::*handler)(const Request&) const;
};

const Routes::Route Routes::kRoutes[] = {
    {"/api/v1/health", "GET", &Routes::health},  {kTables[0].path, "GET", &Routes::list},
    {kTables[1].path, "GET", &Routes::list},     {kTables[2].path, "GET", &Routes::list},
    {kTables[3].path, "GET", &Routes::list},     {kTables[4].path, "GET", &Routes::list},
    {kCachePath, "GET", &Routes::cache},         {"/api/v1/load", "GET", &Routes::show_load},
    {"/api/v1/load", "POST", &Routes::set_load},
};

Answer refusal(int status, const std::string& detail) {
  return {status, dumped({{"detail", detail}})};
}

Answer Routes::answer(const Request& request) const {
  // HEAD is GET whose body the server leaves out.
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  std::string allow;
  for (const Route& route : kRoutes) {
    if (route.path != request.path) continue;
    if (route.method == method) return (this->*route.handler)(request);
    allow += allow.empty() ? "" : ", ";
    allow += route.method == "GET" ? "GET, HEAD" : route.method;
  }
  if (allow.empty()) return refusal(404, "Not Found");
  Answer wrong_method = refusal(405, "Method Not Allowed");
  wrong_method.allow = allow;
  return wrong_method;
}

void Routes::answered(const Request& request) const {
  // The cache's own endpoint has counted itself.
  if (request.path != kCachePath) parts_.cache.count(kRequestsKey);
}

/// The one way out for error texts: no password passes.
Answer Routes::unhealthy(const std::string& error) const {
  return {503, dumped({{"status", "unhealthy"}, {"error", parts_.secrets.hide(error)}})};
}

/// Over a fresh connection: an old one would still work where nobody can log in any more.
Answer Routes::health(const Request&) const {
  auto connection = parts_.database.connect();
  if (!connection) return unhealthy(connection.error());
  const auto rows = connection->query("select count(*) from users");
  if (!rows) return unhealthy(rows.error());
  return {200, fmt::format(R"({{"status":"healthy","users":{}}})", rows->at(0).at(0))};
}

Answer Routes::list(const Request& request) const {
  const auto limit = number_in(request, "limit", 20, 1, 100);
  if (!limit) return refusal(422, "limit must be a whole number from 1 to 100");
  constexpr std::int64_t kHighestId = std::numeric_limits<std::int64_t>::max();
  const auto after = number_in(request, "after", 0, 0, kHighestId);
  if (!after) return refusal(422, "after must be the id of a row, a whole number from 0");
  for (const Table& table : kTables) {
    if (table.path != request.path) continue;
    const auto rows = parts_.pool.read(table.sql, {std::to_string(*after), std::to_string(*limit)});
    if (!rows) return unhealthy(rows.error());
    // The database has written JSON already.
    return {200, fmt::format(R"({{"items":{},"total":{}}})", rows->at(0).at(0), rows->at(0).at(1))};
  }
  return refusal(404, "Not Found");
}

/// Writes rather than reads: a Redis that refuses to write is of no use to this service.
Answer Routes::cache(const Request&) const {
  const auto requests = parts_.cache.increment(kRequestsKey);
  if (!requests) return unhealthy(requests.error());
  return {200, dumped({{"status", "ok"}, {"requests", *requests}})};
}

Answer Routes::show_load(const Request&) const {
  const Load::Counts counts = parts_.load.counts();
  return {200, dumped({{"rate", counts.rate}, {"done", counts.done}, {"failed", counts.failed}})};
}

Answer Routes::set_load(const Request& request) const {
  const Json body = Json::parse(request.body, nullptr, false);
  const bool has_rate =
      body.is_object() && body.contains("rate") && body["rate"].is_number_integer();
  const auto rate = has_rate ? body["rate"].get<std::int64_t>() : -1;
  if (rate < 0 || rate > kHighestLoadRate) {
    return refusal(422, fmt::format("rate must be a whole number from 0 to {}", kHighestLoadRate));
  }
  parts_.load.set_rate(static_cast<int>(rate));
  return show_load(request);
}

}  // namespace postflight::lab
