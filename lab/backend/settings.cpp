// SPDX-License-Identifier: Apache-2.0
#include "backend/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

namespace postflight::lab {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// What stands after the credentials, without path and options: "host:port".
std::string_view host_and_port(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  const std::size_t at = url.rfind('@');
  if (at != std::string_view::npos) url.remove_prefix(at + 1);
  return url.substr(0, url.find_first_of("/?#"));
}

/// "user:password" of a URL that has it, decoded, into the address.
void take_credentials(std::string_view rest, RedisAddress& address) {
  const std::size_t at = rest.rfind('@');
  if (at == std::string_view::npos) return;
  const std::string_view credentials = rest.substr(0, at);
  const std::size_t colon = std::min(credentials.find(':'), credentials.size());
  address.user = percent_decoded(credentials.substr(0, colon));
  if (colon < credentials.size()) address.password = percent_decoded(credentials.substr(colon + 1));
}

/// redis://[user]:[password]@host[:port][/db]
std::optional<RedisAddress> redis_address(std::string_view url) {
  constexpr std::string_view kScheme = "redis://";
  if (!url.starts_with(kScheme)) return std::nullopt;
  const std::string_view rest = url.substr(kScheme.size());
  RedisAddress address;
  take_credentials(rest, address);
  const std::string_view place = host_and_port(url);
  const std::size_t colon = std::min(place.rfind(':'), place.size());
  address.host = place.substr(0, colon);
  if (address.host.empty()) return std::nullopt;
  if (colon < place.size()) {
    const auto port = whole_number(place.substr(colon + 1), 1, 65535);
    if (!port) return std::nullopt;
    address.port = static_cast<std::uint16_t>(*port);
  }
  const std::string_view path = rest.substr(rest.rfind('@') + 1).substr(place.size());
  if (path.size() > 1) {
    const auto database = whole_number(path.substr(1), 0, 65535);
    if (!database) return std::nullopt;
    address.database = static_cast<int>(*database);
  }
  return address;
}

std::expected<int, std::string> number_of(const char* name, int otherwise, int highest) {
  const std::string text = variable(name);
  if (text.empty()) return otherwise;
  const auto number = whole_number(text, 0, highest);
  if (number) return static_cast<int>(*number);
  return std::unexpected(fmt::format("{} must be a whole number from 0 to {}", name, highest));
}

bool is_postgres_url(std::string_view url) {
  return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

}  // namespace

std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t lowest,
                                         std::int64_t highest) {
  std::int64_t number = 0;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto [stop, error] = std::from_chars(begin, end, number);
  if (error != std::errc{} || stop != end || number < lowest || number > highest) {
    return std::nullopt;
  }
  return number;
}

std::expected<Settings, std::string> read_settings() {
  Settings settings;
  settings.database_url = variable("DATABASE_URL");
  if (settings.database_url.empty()) return std::unexpected("DATABASE_URL is not set");
  if (!is_postgres_url(settings.database_url)) {
    return std::unexpected("DATABASE_URL does not begin with postgresql://");
  }
  const std::string redis_url = variable("REDIS_URL");
  settings.redis = redis_address(redis_url);
  if (!redis_url.empty() && !settings.redis) {
    return std::unexpected("REDIS_URL is not of the form redis://host:port/db");
  }
  const std::string qdrant_url = variable("QDRANT_URL");
  settings.qdrant = host_and_port(qdrant_url);
  const auto port = number_of("PORT", settings.port, 65535);
  if (!port) return std::unexpected(port.error());
  settings.port = static_cast<std::uint16_t>(*port);
  const auto rate = number_of("LOAD_RATE", 0, kHighestLoadRate);
  if (!rate) return std::unexpected(rate.error());
  settings.load_rate = *rate;
  for (const auto& url : {settings.database_url, redis_url, qdrant_url}) {
    settings.secrets.add_url(url);
  }
  return settings;
}

}  // namespace postflight::lab
