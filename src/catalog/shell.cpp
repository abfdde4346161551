// SPDX-License-Identifier: Apache-2.0
#include "catalog/shell.h"

#include <cstdint>

#include "base/text.h"

namespace postflight {
namespace {

/// No '=' here: as the first word of a command, A=b would be an assignment. No '~' and no '%' at
/// all: the first is expanded, the second names jobs.
constexpr std::string_view kSafe =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@+:,./-";

bool is_safe(std::string_view value) {
  return !value.empty() && value.find_first_not_of(kSafe) == std::string_view::npos;
}

/// May be pasted into a terminal as it is, once it stands in quotes.
bool is_printable(std::string_view value) {
  return value.find_first_of("\n\t") == std::string_view::npos && printable_utf8(value) == value;
}

std::string single_quoted(std::string_view value) {
  std::string quoted = "'";
  for (const char c : value) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

/// For printf %b: everything that is not plainly harmless as \0ooo, '!' included, which an
/// interactive bash would expand even there.
void append_octal(std::string& out, char c) {
  const auto byte = static_cast<std::uint8_t>(c);
  out += "\\0";
  for (const int shift : {6, 3, 0}) out += static_cast<char>('0' + ((byte >> shift) & 7));
}

std::string printf_word(std::string_view value) {
  std::string word = "\"$(printf %b '";
  for (const char c : value) {
    if (c == ' ' || kSafe.find(c) != std::string_view::npos) {
      word += c;
    } else if (c == '\0') {
      for (const char part : std::string_view("\xEF\xBF\xBD")) append_octal(word, part);
    } else {
      append_octal(word, c);
    }
  }
  return word + "')\"";
}

}  // namespace

std::string quote_shell(std::string_view value) {
  if (is_safe(value)) return std::string(value);
  if (is_printable(value)) return single_quoted(value);
  // $(…) drops newlines at the end, so these have to stay outside.
  const auto last = value.find_last_not_of('\n');
  const auto body = last == std::string_view::npos ? std::string_view{} : value.substr(0, last + 1);
  const auto newlines = value.substr(body.size());
  std::string word;
  if (!body.empty()) word = is_printable(body) ? single_quoted(body) : printf_word(body);
  if (!newlines.empty()) word += single_quoted(newlines);
  return word;
}

void ShellScanner::feed(std::string_view literal) {
  for (const char c : literal) {
    if (escaped_) {
      escaped_ = false;
      word_started_ = true;
      previous_ = '\0';
    } else if (comment_) {
      comment_ = c != '\n';
    } else if (quote_ == '\0') {
      feed_unquoted(c);
    } else if (quote_ == '"' && c == '\\') {
      escaped_ = true;
    } else if (c == quote_) {
      quote_ = '\0';
      previous_ = c;
    }
  }
}

void ShellScanner::feed_unquoted(char c) {
  previous_ = c;
  if (c == '\\') {
    escaped_ = true;
  } else if (c == '#' && !word_started_) {
    comment_ = true;
  } else if (c == '\'' || c == '"' || c == '`') {
    quote_ = c;
  }
  word_started_ = std::string_view(" \t\n;&|()<>").find(c) == std::string_view::npos;
}

}  // namespace postflight
