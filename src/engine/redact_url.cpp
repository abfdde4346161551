// SPDX-License-Identifier: Apache-2.0
#include "engine/redact_url.h"

#include <algorithm>
#include <initializer_list>

#include "engine/redact.h"

namespace postflight {
namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::string_view kCut = "…";

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_port(std::string_view text) {
  return text.size() <= 5 && text.find_first_not_of("0123456789") == npos;
}

/// Where the token that begins at `start` ends: at white space, a quote, an angle bracket, or
/// before the scheme of the next URL in a list. Looks no further than that URL, or a list would
/// cost its square.
std::size_t end_of_token(std::string_view text, std::size_t start) {
  const auto next = std::min(text.find("://", start), text.size());
  const auto end =
      text.substr(0, next).find_first_of(std::string_view(" \t\r\n\v\f\0\"'`<>", 11), start);
  if (end != npos) return end;
  std::size_t scheme = next;
  while (next < text.size() && scheme > start &&
         (is_letter_or_digit(text[scheme - 1]) || text[scheme - 1] == '+')) {
    --scheme;
  }
  return scheme;
}

/// A user name alone that is really a token: long, of one piece, with digits.
bool is_token(std::string_view user) {
  return user.size() >= 20 && user.find_first_of("0123456789") != npos &&
         std::ranges::all_of(user,
                             [](char c) { return is_letter_or_digit(c) || c == '_' || c == '-'; });
}

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Where the password stands in what follows "://" when nothing before the path holds an `@`: a
/// port is none; otherwise it holds a `/` itself, or was cut off.
Span find_odd_password(std::string_view rest, std::string_view authority, bool web, bool cut) {
  const auto colon = authority.find(':');
  if (colon == npos || authority.starts_with("[")) return {};
  const bool port = is_port(authority.substr(colon + 1));
  if (port && web) return {};
  const auto at = (port ? rest.substr(0, rest.find('?')) : rest).rfind('@');
  if (at != npos) return {colon + 1, at};
  return cut && !port ? Span{colon + 1, rest.size()} : Span{};
}

/// What the scheme before "://" says about the user information after it.
enum class Scheme { web, password_alone, other };

/// Where the secret stands in what follows "://"; empty where there is none.
Span find_password(std::string_view rest, Scheme scheme) {
  const bool web = scheme == Scheme::web;
  const bool cut = rest.ends_with(kCut);
  if (cut) rest.remove_suffix(kCut.size());
  const auto authority = rest.substr(0, rest.find_first_of("/?#"));
  auto at = authority.rfind('@');
  if (at == npos) return find_odd_password(rest, authority, web, cut);
  // A path with @ is common on the web (packages, profiles) and unheard of in addresses of
  // databases.
  if (!web) at = std::max(at, rest.substr(0, rest.find('?')).rfind('@'));
  const auto colon = rest.find(':');
  if (colon < at) return {colon + 1, at};
  const auto user = rest.substr(0, at);
  const bool password =
      scheme == Scheme::password_alone && user != "default" && user != "guest" && user != kRedacted;
  return password || is_token(user) ? Span{0, at} : Span{};
}

Scheme scheme_before(std::string_view text, std::size_t separator) {
  const auto before = text.substr(0, separator);
  const auto is_one_of = [&](std::initializer_list<std::string_view> schemes) {
    return std::ranges::any_of(schemes, [&](auto one) { return before.ends_with(one); });
  };
  if (is_one_of({"http", "https", "HTTP", "HTTPS"})) return Scheme::web;
  // Their servers long knew a password and no user, so that people write it alone.
  if (is_one_of({"redis", "rediss", "amqp", "amqps"})) return Scheme::password_alone;
  return Scheme::other;
}

}  // namespace

std::string redact_urls(std::string_view text) {
  std::string out;
  std::size_t done = 0;
  for (auto at = text.find("://"); at != npos; at = text.find("://", at + 3)) {
    const std::size_t start = at + 3;
    const auto rest = text.substr(start, end_of_token(text, start) - start);
    const Span secret = find_password(rest, scheme_before(text, at));
    if (secret.begin >= secret.end) continue;
    out.append(text, done, start + secret.begin - done).append(kRedacted);
    done = start + secret.end;
  }
  return out.append(text, done);
}

}  // namespace postflight
