// SPDX-License-Identifier: Apache-2.0
#include "backend/secrets.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace postflight::lab {
namespace {

/// Shorter pieces of a badly written password would tear words out of every text.
constexpr std::size_t kShortestPiece = 3;

/// What stands between "scheme://" and the last '@'; empty where there are no credentials.
std::string_view credentials_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  const std::size_t end = url.rfind('@');
  return end == std::string_view::npos ? std::string_view{} : url.substr(0, end);
}

/// The name of the database in "…@host:port/name?options".
std::string_view database_of(std::string_view url) {
  url = url.substr(std::min(url.rfind('@'), url.size()));
  url = url.substr(0, url.find('?'));
  const std::size_t slash = url.find('/');
  return slash == std::string_view::npos ? std::string_view{} : url.substr(slash + 1);
}

std::vector<std::string_view> pieces_of(std::string_view password) {
  std::vector<std::string_view> pieces;
  while (!password.empty()) {
    const std::size_t end = std::min(password.find_first_of("@/:?#"), password.size());
    if (end >= kShortestPiece) pieces.push_back(password.substr(0, end));
    password.remove_prefix(std::min(end + 1, password.size()));
  }
  return pieces;
}

void replace_all(std::string& text, const std::string& from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

}  // namespace

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    const char* hex = text.data() + i + 1;
    const bool escaped = text[i] == '%' && i + 2 < text.size() &&
                         std::from_chars(hex, hex + 2, byte, 16).ptr == hex + 2;
    decoded += escaped ? static_cast<char>(byte) : text[i];
    if (escaped) i += 2;
  }
  return decoded;
}

void Secrets::add_url(std::string_view url) {
  const std::string_view credentials = credentials_of(url);
  const std::size_t colon = credentials.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view user = credentials.substr(0, colon);
  const std::string_view password = credentials.substr(colon + 1);
  std::vector<std::string_view> candidates = pieces_of(password);
  candidates.push_back(password);
  const std::string decoded = percent_decoded(password);
  candidates.push_back(decoded);
  for (const std::string_view candidate : candidates) {
    if (candidate.empty() || candidate == user || candidate == database_of(url)) continue;
    values_.emplace_back(candidate);
  }
  // The longest first: a piece replaced inside the whole would leave the rest of it standing.
  std::ranges::sort(values_, std::greater{}, &std::string::size);
}

std::string Secrets::hide(std::string text) const {
  for (const std::string& value : values_) replace_all(text, value, "***");
  return text;
}

}  // namespace postflight::lab
