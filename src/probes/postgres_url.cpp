// SPDX-License-Identifier: Apache-2.0
// The texts in which credentials for PostgreSQL come: URLs, .pgpass, passwd.
#include <fmt/format.h>

#include "base/text.h"
#include "model/topology.h"
#include "probes/postgres_access.h"

namespace postflight {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// RFC 3986 section 2.1. Nothing where a % is not followed by two digits, or gives a NUL.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0 || high + low == 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::unexpected<Error> malformed(const char* what) {
  return fail(Errc::kMalformed,
              std::string(what) + "; write postgres://USER:PASSWORD@HOST:PORT/DATABASE");
}

Result<std::string> decoded(std::string_view text, const char* part) {
  auto plain = percent_decoded(text);
  if (!plain) return malformed(part);
  return *std::move(plain);
}

/// "HOST", "HOST:PORT", "[::1]:PORT".
Result<> read_place(std::string_view place, PostgresUrl& url) {
  std::string_view port;
  if (place.starts_with('[')) {
    const auto close = place.find(']');
    if (close == std::string_view::npos) return malformed("the address has no closing ]");
    port = place.substr(close + 1);
    url.host = place.substr(1, close - 1);
  } else {
    const auto colon = place.rfind(':');
    port = colon == std::string_view::npos ? std::string_view{} : place.substr(colon);
    PF_TRY_ASSIGN(url.host, decoded(place.substr(0, colon), "the host is not readable"));
  }
  if (url.host.find(',') != std::string::npos) return malformed("only one host can be named");
  if (port.empty()) return {};
  const auto number = parse_number<std::uint16_t>(port.substr(1));
  if (!port.starts_with(':') || !number || *number == 0) return malformed("the port is no number");
  url.port = *number;
  return {};
}

Result<> read_user(std::string_view info, PostgresUrl& url) {
  const auto colon = info.find(':');
  PF_TRY_ASSIGN(url.user, decoded(info.substr(0, colon), "the user is not readable"));
  if (colon == std::string_view::npos) return {};
  PF_TRY_ASSIGN(std::string password,
                decoded(info.substr(colon + 1), "the password is not readable"));
  url.password = Secret{std::move(password)};
  return {};
}

Result<> read_option(std::string_view option, PostgresUrl& url) {
  const auto equals = option.find('=');
  const auto name = option.substr(0, equals);
  PF_TRY_ASSIGN(const std::string value,
                decoded(equals == std::string_view::npos ? "" : option.substr(equals + 1),
                        "an option is not readable"));
  if (name == "sslmode" || name == "ssl") url.tls_mode = value == "true" ? "require" : value;
  if (name == "sslrootcert") url.tls_root = value;
  if (name == "host") url.host = value;
  if (name == "user") url.user = value;
  if (name == "password") url.password = Secret{value};
  if (name == "dbname") url.database = value;
  if (name == "port") {
    const auto number = parse_number<std::uint16_t>(value);
    if (!number) return malformed("the port is no number");
    url.port = *number;
  }
  return {};
}

/// The next field up to an unescaped colon, which is taken too.
std::string take_field(std::string_view& line) {
  std::string field;
  while (!line.empty() && line.front() != ':') {
    if (line.front() == '\\' && line.size() > 1) line.remove_prefix(1);
    field += line.front();
    line.remove_prefix(1);
  }
  if (!line.empty()) line.remove_prefix(1);
  return field;
}

}  // namespace

std::string PostgresUrl::endpoint() const {
  if (host.starts_with('/')) return fmt::format("{}/.s.PGSQL.{}", host, port);
  return format_endpoint(host.empty() ? "localhost" : host, port);
}

Result<PostgresUrl> parse_postgres_url(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme == std::string_view::npos || !text.starts_with("postgres")) {
    return malformed("this is no postgres:// URL");
  }
  std::string_view rest = text.substr(scheme + 3);
  PostgresUrl url;
  const auto question = rest.find('?');
  const auto options = question == std::string_view::npos ? "" : rest.substr(question + 1);
  rest = rest.substr(0, question);
  // A password may hold an unescaped @ or /, as people write them: the last @ ends it.
  const auto at = rest.rfind('@');
  if (at != std::string_view::npos) {
    PF_TRY(read_user(rest.substr(0, at), url));
    rest = rest.substr(at + 1);
  }
  const auto slash = rest.find('/');
  PF_TRY(read_place(rest.substr(0, slash), url));
  if (slash != std::string_view::npos) {
    PF_TRY_ASSIGN(url.database, decoded(rest.substr(slash + 1), "the database is not readable"));
  }
  for (const std::string_view option : split(options, '&')) PF_TRY(read_option(option, url));
  return url;
}

std::vector<PgPassEntry> parse_pgpass(std::string_view text) {
  std::vector<PgPassEntry> entries;
  for (std::string_view line : split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    PgPassEntry entry;
    for (std::string* field : {&entry.host, &entry.port, &entry.database, &entry.user}) {
      *field = take_field(line);
    }
    entry.password = Secret{take_field(line)};
    if (!entry.password.empty()) entries.push_back(std::move(entry));
  }
  return entries;
}

std::string user_name(std::string_view passwd, std::uint32_t uid) {
  for (const std::string_view line : split(passwd, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() > 2 && parse_number<std::uint32_t>(fields[2]) == uid) {
      return std::string(fields[0]);
    }
  }
  return {};
}

}  // namespace postflight
