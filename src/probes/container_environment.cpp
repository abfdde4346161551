// SPDX-License-Identifier: Apache-2.0
// Which hosts the values of environment variables name. Credentials in them are never kept. Source:
// RFC 3986, section 3.2.
#include <algorithm>
#include <optional>

#include "probes/container_inspect.h"

namespace postflight {
namespace {

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

bool is_host(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) {
    return text.find_first_not_of("0123456789abcdefABCDEF:.", 1) == text.size() - 1;
  }
  return !text.empty() && std::ranges::all_of(text, is_host_character);
}

/// "db:5432", "db", "[::1]:5432".
std::optional<EnvironmentHost> host_and_port(std::string_view text) {
  const auto colon = text.rfind(':');
  const bool has_port = colon != std::string_view::npos && !text.ends_with(']');
  const std::string_view host = has_port ? text.substr(0, colon) : text;
  if (!is_host(host)) return std::nullopt;
  EnvironmentHost found{.variable = {}, .scheme = {}, .host = std::string(host), .port = 0};
  if (!has_port || colon + 1 == text.size()) return found;
  const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
  if (!port) return std::nullopt;
  found.port = *port;
  return found;
}

bool is_scheme(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return is_host_character(c) || c == '+'; });
}

void add_url(std::string_view name, std::string_view value, std::size_t at,
             std::vector<EnvironmentHost>& out) {
  const std::string_view scheme = value.substr(0, at);
  std::string_view rest = value.substr(at + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  // A password with an unescaped slash: what stands before that slash is no host.
  if (rest.substr(authority.size()).find('@') != std::string_view::npos) return;
  const auto sign = authority.rfind('@');
  const std::string_view hosts =
      sign == std::string_view::npos ? authority : authority.substr(sign + 1);
  for (const std::string_view one : split(hosts, ',')) {
    auto found = host_and_port(one);
    if (!found) continue;
    found->variable = name;
    found->scheme = scheme;
    out.push_back(*std::move(found));
  }
}

bool is_called_host(std::string_view name) {
  return name.ends_with("_HOST") || name.ends_with("_HOSTNAME") || name == "PGHOST";
}

}  // namespace

std::vector<EnvironmentHost> hosts_in_environment(const std::vector<std::string>& variables) {
  std::vector<EnvironmentHost> out;
  for (const std::string& variable : variables) {
    const auto equals = variable.find('=');
    if (equals == std::string::npos) continue;
    const std::string_view name = std::string_view(variable).substr(0, equals);
    const std::string_view value = trim(std::string_view(variable).substr(equals + 1));
    const auto at = value.find("://");
    if (at != std::string_view::npos && is_scheme(value.substr(0, at))) {
      add_url(name, value, at, out);
    } else if (is_called_host(name)) {
      auto found = host_and_port(value);
      if (!found) continue;
      found->variable = name;
      out.push_back(*std::move(found));
    }
  }
  return out;
}

}  // namespace postflight
