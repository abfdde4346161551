// SPDX-License-Identifier: Apache-2.0
#include "probes/database_parse.h"

#include <algorithm>
#include <cmath>

namespace postflight::database {
namespace {

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

char lowered(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

void skip_space(std::string_view& text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
}

/// Takes "a ""quoted"" name" off the front; false where its end is missing.
bool take_quoted(std::string_view& text, std::string& name) {
  text.remove_prefix(1);
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c != '"') {
      name += c;
    } else if (!text.empty() && text.front() == '"') {
      name += '"';
      text.remove_prefix(1);
    } else {
      return true;
    }
  }
  return false;
}

void take_plain(std::string_view& text, std::string& name) {
  while (!text.empty() && text.front() != ',' && !is_space(text.front())) {
    name += lowered(text.front());
    text.remove_prefix(1);
  }
}

}  // namespace

std::vector<std::string> parse_search_path(std::string_view text, const std::string& role) {
  std::vector<std::string> schemas;
  for (skip_space(text); !text.empty(); skip_space(text)) {
    std::string name;
    if (text.front() == '"') {
      if (!take_quoted(text, name)) break;
    } else {
      take_plain(text, name);
      if (name.empty()) break;
    }
    if (name == "$user") name = role;
    if (!name.empty()) schemas.push_back(std::move(name));  // "" names no schema
    skip_space(text);
    if (text.empty() || text.front() != ',') break;
    text.remove_prefix(1);
  }
  return schemas;
}

std::string array_literal(const std::vector<std::string>& values) {
  std::string literal = "{";
  for (const std::string& value : values) {
    if (literal.size() > 1) literal += ',';
    literal += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') literal += '\\';
      literal += c;
    }
    literal += '"';
  }
  return literal + "}";
}

bool is_host_name(std::string_view host) {
  if (host.empty() || host.front() == '/' || host.front() == '@' || host == "localhost") {
    return false;
  }
  const bool has_colon = host.find(':') != std::string_view::npos;
  const bool numeric = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return !has_colon && !numeric;
}

std::int64_t estimate_rows(double reltuples, std::uint64_t relpages, std::uint64_t pages) {
  constexpr double kMost = 9e18;
  if (pages == 0) return 0;
  if (!std::isfinite(reltuples) || reltuples < 0 || relpages == 0) return -1;
  const double rows = reltuples / static_cast<double>(relpages) * static_cast<double>(pages);
  return static_cast<std::int64_t>(std::min(rows, kMost));
}

}  // namespace postflight::database
