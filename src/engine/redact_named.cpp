// SPDX-License-Identifier: Apache-2.0
#include "engine/redact_named.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "engine/redact.h"

namespace postflight {
namespace {

constexpr auto npos = std::string_view::npos;

RE2::Options bytes() {
  RE2::Options options{RE2::Latin1};  // any byte is a character, so that broken UTF-8 hides nothing
  options.set_log_errors(false);
  return options;
}

/// A name that ends in a word for a secret, and perhaps in what only numbers or varies it.
const RE2& secret_name() {
  static const RE2 pattern{
      R"((?i)(?:passw(?:or)?d|passwort|passphrase|passcode|(?:^|[_.\-])pwd?|secret|token|credential|api[_.\-]?key|access[_.\-]?key|)"
      R"(private[_.\-]?key|preshared[_.\-]?key|shared[_.\-]?key|account[_.\-]?key|encrypt(?:ion)?[_.\-]?key|)"
      R"(signing[_.\-]?key|master[_.\-]?key|auth[_.\-]?key|app[_.\-]?key|jwt[_.\-]?key|(?:^|[_.\-])pass|requirepass|masterauth|)"
      R"(auth[_.\-]?pass|smtp[_.\-]?pass|db[_.\-]?pass|x-amz-signature|(?:^|[_.\-])sig)(?:e?s)?)"
      R"((?:[_.\-]*(?:\d+|key|base|base64|b64|hash|salt|value|string|text|plain|raw|hex|old|new|current|previous|prev|next|)"
      R"(prod|production|dev|staging|test|main|primary|secondary|replica|slave|master|admin|root|user|default|rw|ro))*$)",
      bytes()};
  return pattern;
}

/// The head of an assignment: name, closing quote or bracket, operator; in a query of a URL that
/// is a value itself, percent-encoded.
constexpr const char* kAssignment =
    R"re((?i)([A-Za-z0-9_.\-]*(?:passw|passphrase|passcode|pw|secret|token|credential|key|pass|masterauth|sig)[A-Za-z0-9_.\-]*|пароль|ПАРОЛЬ|Пароль))re"
    R"re((\\*["']?\s*\]?[ \t]*(?:=>|:=|==?|:)\s*|["']\s*,\s*["']?value["']?\s*[:=]\s*|["']\s+value\s*=\s*|["']\s*,\s*|)re"
    R"re(%(?:25)*3D|%22%3A(?:%20|\+)*%22))re";

const RE2& assignment() {
  static const RE2 pattern{kAssignment, bytes()};
  return pattern;
}

/// One of these words is in every name that secret_name() knows, and in few others.
bool may_name_a_secret(std::string_view name) {
  static const RE2 pattern{"(?i)pass|pw|secret|token|credential|key|masterauth|sig", bytes()};
  return RE2::PartialMatch(name, pattern);
}

/// What names the place of the value instead of holding it: ${NAME}, {{ name }}. Not ${NAME:-x}:
/// there the value may stand. Bounded, or a text of openings without an end would cost its square.
constexpr const char* kTemplate =
    R"re((?:\$\{[A-Za-z_][\w.\-]{0,100}\}|\$?\{\{[^{}\r\n]{0,200}\}\}))re";

bool is_template(std::string_view value) {
  static const RE2 pattern{std::string("^") + kTemplate + "[\\s\\])},;\"']*$", bytes()};
  return value.size() <= 300 && RE2::PartialMatch(value, pattern);
}

/// Where a template at `at` ends, for it may hold blanks and quotes; `at` where there is none.
std::size_t end_of_template(std::string_view text, std::size_t at) {
  static const RE2 pattern{std::string("^(") + kTemplate + ")", bytes()};
  re2::StringPiece found;
  return RE2::PartialMatch(text.substr(at, 300), pattern, &found) ? at + found.size() : at;
}

bool is_harmless_value(std::string_view value) {
  static constexpr std::array<std::string_view, 20> kWords = {
      "true",     "false",   "yes",   "no",     "on",     "off",     "null",
      "none",     "nil",     "unset", "set",    "empty",  "missing", "required",
      "optional", "invalid", "wrong", "denied", "prompt", "disabled"};
  std::string lower(value);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return value.empty() || value == kRedacted || is_template(value) ||
         value.find_first_not_of("*") == npos || value == "нет" || value.starts_with("не ") ||
         std::ranges::find(kWords, lower) != kWords.end();
}

/// End of a quoted value that opens at `at` with `quote` (which a text within a text escapes), or
/// the end of the text: an excerpt may have been cut inside.
std::size_t end_of_quoted(std::string_view text, std::size_t at, std::string_view quote) {
  for (std::size_t i = at; i < text.size(); ++i) {
    if (text.substr(i).starts_with(quote)) return i;
    if (text[i] == '\\') ++i;
  }
  return text.size();
}

std::size_t end_of_line(std::string_view text, std::size_t at) {
  return std::min(text.find_first_of(std::string_view("\r\n\0", 3), at), text.size());
}

/// The lines after a YAML block indicator that are indented deeper than the name's own line.
std::size_t end_of_block(std::string_view text, std::size_t name, std::size_t at) {
  const auto line = name == 0 ? 0 : text.rfind('\n', name - 1) + 1;
  const std::size_t indent = text.find_first_not_of(" ", line) - line;
  std::size_t end = end_of_line(text, at);
  while (end < text.size()) {
    const auto first = text.find_first_not_of(" \r\n", end);
    const auto start = first == npos ? npos : text.rfind('\n', first);
    if (first == npos || start == npos || first - start - 1 <= indent) break;
    end = end_of_line(text, first);
  }
  return end;
}

/// True where the text after a separator is another assignment or nothing, so that the value ended.
bool begins_assignment(std::string_view rest) {
  static const RE2 pattern{R"re(^[;,&\s]*["']?[A-Za-z_][\w .\-]{0,40}["']?\s*(?:=|:))re", bytes()};
  return rest.empty() || rest[0] == ' ' || rest[0] == '\n' ||
         RE2::PartialMatch(rest.substr(0, 100), pattern);
}

/// True where a percent-encoded `&`, `#` or quote begins, which ends an encoded value.
bool ends_encoded(std::string_view rest) {
  if (!rest.starts_with('%')) return false;
  rest.remove_prefix(1);
  while (rest.starts_with("25")) rest.remove_prefix(2);
  return rest.starts_with("26") || rest.starts_with("23") || rest.starts_with("22");
}

std::size_t end_of_encoded(std::string_view text, std::size_t at) {
  for (std::size_t i = at; i < text.size(); ++i) {
    if (std::string_view(" \t\r\n\0\"'<>&#", 11).find(text[i]) != npos) return i;
    if (ends_encoded(text.substr(i, 16))) return i;
  }
  return text.size();
}

std::size_t end_of_word(std::string_view text, std::size_t at) {
  for (std::size_t i = at; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0') return i;
    if ((c == '"' || c == '\'') &&
        (i + 1 == text.size() || std::string_view(" ,;}])\r\n\t").find(text[i + 1]) != npos)) {
      return i;  // the quote that closes the whole assignment: "NAME=value"
    }
    if ((c == ',' || c == ';' || c == '&') && begins_assignment(text.substr(i + 1))) return i;
    if (c == '<' && text.substr(i).starts_with("</")) return i;
  }
  return text.size();
}

/// True where the name is the first word of its line: a line of a configuration or an environment.
bool leads_its_line(std::string_view text, std::size_t name) {
  static const RE2 pattern{R"re((?:^|[\n\r\x00])[ \t]*(?:- |export |\$)?["']?$)re", bytes()};
  const std::size_t from = name > 40 ? name - 40 : 0;
  return RE2::PartialMatch(text.substr(from, name - from), pattern) &&
         (from == 0 || name - from == 40);
}

/// True where what follows the first word reads like the rest of a command.
bool reads_like_command(std::string_view rest) {
  static const RE2 pattern{R"re((?:^|\s)(?:-{1,2}[A-Za-z]|[A-Za-z_]\w*=|[|>]))re", bytes()};
  return RE2::PartialMatch(rest, pattern);
}

std::size_t end_of_bare(std::string_view text, std::size_t name, std::size_t at) {
  const std::size_t word = end_of_word(text, end_of_template(text, at));
  const bool ends_here = word < text.size() && text[word] != ' ' && text[word] != '\t';
  if (ends_here || !leads_its_line(text, name)) return word;
  const std::size_t line = end_of_line(text, at);
  const auto rest = text.substr(word, line - word);
  if (reads_like_command(rest)) return word;
  const auto comment = rest.find(" #");
  return comment == npos ? line : word + comment;
}

/// True for a name behind which the rest of an encoded `?`, `&` or quote hides: %3Fpwd, %253Fpwd.
bool names_a_secret_escaped(std::string_view text, std::string_view name) {
  static const RE2 escape{"^(?:25)*[0-9A-Fa-f]{2}(.+)", bytes()};
  re2::StringPiece rest;
  return name.data() != text.data() && *(name.data() - 1) == '%' &&
         RE2::PartialMatch(name, escape, &rest) && names_a_secret({rest.data(), rest.size()});
}

struct Value {
  std::size_t begin;
  std::size_t end;
};

/// Where the value of the name at `name` stands, given that its operator ended at `at`.
Value find_value(std::string_view text, std::size_t name, std::size_t at) {
  std::size_t quote = at;
  while (quote < text.size() && text[quote] == '\\') ++quote;
  if (quote < text.size() && (text[quote] == '"' || text[quote] == '\'')) {
    const auto mark = text.substr(at, quote + 1 - at);
    return {quote + 1, end_of_quoted(text, end_of_template(text, quote + 1), mark)};
  }
  const auto line = text.substr(at, 4);
  const bool block = !line.empty() && (line[0] == '|' || line[0] == '>') &&
                     line.find('\n') != npos && line.find_first_not_of("|>+-\r\n ") == npos;
  return {at, block ? end_of_block(text, name, at) : end_of_bare(text, name, at)};
}

/// True where what follows the operator at `at` is no value at all. Asked before the value's end is
/// looked for: it is far where these follow one another without a blank.
bool holds_no_value(std::string_view text, std::string_view name, std::string_view link,
                    std::size_t at) {
  const auto rest = text.substr(at);
  if (link == ":" && rest.starts_with("//")) return true;  // a scheme: token://
  return (name == "PWD" || name == "OLDPWD") &&
         (rest.starts_with("/") || rest.starts_with("\"/") || rest.starts_with("'/"));
}

/// `'password', ` is an assignment only in define(…) and the like, where a quoted value follows.
bool is_call_argument(std::string_view text, std::size_t name) {
  static const RE2 pattern{R"re((?i)(?:define|putenv|setenv|set)\s*\(\s*["']$)re", bytes()};
  const std::size_t from = name > 24 ? name - 24 : 0;
  return RE2::PartialMatch(text.substr(from, name - from), pattern);
}

bool is_counter(std::string_view name, std::string_view value) {
  // "pass: 5 fail: 1" is how tests end; no password has so few digits.
  const bool passed = (name == "pass" || name == "Pass" || name == "PASS") && value.size() <= 3;
  return (passed || counts_secrets(name)) && is_count(value);
}

}  // namespace

const char* assignment_pattern() {
  return kAssignment;
}

bool counts_secrets(std::string_view name) {
  static const RE2 pattern{"(?i)(?:tokens|keys|secrets|credentials)$", bytes()};
  return RE2::PartialMatch(name, pattern);
}

bool is_count(std::string_view value) {
  return value.size() <= 9 && value.find_first_not_of("0123456789") == npos;
}

bool names_a_secret(std::string_view name) {
  if (name == "пароль" || name == "Пароль" || name == "ПАРОЛЬ") return true;
  if (!may_name_a_secret(name)) return false;
  for (const std::string_view harmless :
       {"proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass",
        "public_key", "max_tokens"}) {
    if (name == harmless) return false;
  }
  std::string words;  // camelCase taken apart, so that DbPass is db_pass and compass is one word
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool upper = name[i] >= 'A' && name[i] <= 'Z';
    if (upper && i > 0 && name[i - 1] >= 'a' && name[i - 1] <= 'z') words += '_';
    words += name[i];
  }
  return RE2::PartialMatch(words, secret_name());
}

std::string redact_named_values(std::string_view text) {
  std::string out;
  std::size_t done = 0;
  std::size_t from = 0;
  re2::StringPiece groups[3];
  while (from < text.size() &&
         assignment().Match(text, from, text.size(), RE2::UNANCHORED, groups, 3)) {
    const std::string_view name{groups[1].data(), groups[1].size()};
    const std::string_view link{groups[2].data(), groups[2].size()};
    const auto name_at = static_cast<std::size_t>(name.data() - text.data());
    const std::size_t at =
        static_cast<std::size_t>(groups[0].data() - text.data()) + groups[0].size();
    from = at;
    const bool call = trim(link).ends_with(",");
    const bool named = names_a_secret(name) || names_a_secret_escaped(text, name);
    if (!named || (call && !is_call_argument(text, name_at)) ||
        holds_no_value(text, name, link, at)) {
      continue;
    }
    const Value value =
        link.starts_with('%') ? Value{at, end_of_encoded(text, at)} : find_value(text, name_at, at);
    const auto secret = text.substr(value.begin, value.end - value.begin);
    if (is_harmless_value(trim(secret)) || is_counter(name, secret)) {
      // On after it, or a long one would be read again for each name inside.
      if (is_template(trim(secret))) from = std::max(value.end, at);
      continue;
    }
    out.append(text, done, value.begin - done).append(kRedacted);
    done = from = std::max(value.end, at);
  }
  return out.append(text, done);
}

}  // namespace postflight
