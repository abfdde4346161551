// SPDX-License-Identifier: Apache-2.0
#include "config/text_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace postflight {
namespace {

constexpr std::size_t kEnoughProblems = 10;  // more than that is no text at all

constexpr std::string_view kReplacement =
    "\xEF\xBF\xBD";  // U+FFFD, by which printable_utf8() tells

/// Where the text stops being printable, or its end. printable_utf8() copies all before that place.
std::size_t first_bad_byte(std::string_view line) {
  const std::string printable = printable_utf8(line);
  if (line == printable) return line.size();
  const auto [bad, same] =
      std::mismatch(line.begin(), line.end(), printable.begin(), printable.end());
  const auto differs = static_cast<std::size_t>(bad - line.begin());
  // The bad bytes may be the same as the first ones of U+FFFD.
  for (std::size_t back = std::min<std::size_t>(differs, 2); back > 0; --back) {
    const std::size_t at = differs - back;
    if (printable.compare(at, 3, kReplacement) == 0) return at;
  }
  return differs;
}

void check_characters(std::string_view line, std::size_t number, ProblemList& problems) {
  const std::size_t at = first_bad_byte(line);
  if (at == line.size()) return;
  const auto byte = static_cast<unsigned char>(line[at]);
  const bool starts_c1 = byte == 0xC2 && at + 1 < line.size() &&
                         (static_cast<unsigned char>(line[at + 1]) & 0xC0) == 0x80;
  const bool starts_bidi =
      line.substr(at, 3) >= "\xE2\x80\xAA" && line.substr(at, 3) <= "\xE2\x80\xAE";
  if (byte < 0x20 || byte == 0x7F || starts_c1 || starts_bidi) {
    problems.add({number, at}, fmt::format("a control character (byte 0x{:02X}) is not text", byte),
                 "delete it");
  } else {
    problems.add({number, at}, fmt::format("not valid UTF-8 (byte 0x{:02X})", byte),
                 "save the file as UTF-8");
  }
}

void check_indentation(std::string_view line, std::size_t number, ProblemList& problems) {
  const auto content = line.find_first_not_of(" \t");
  if (content == std::string_view::npos || line[content] == '#') return;
  const auto tab = line.substr(0, content).find('\t');
  if (tab != std::string_view::npos) {
    problems.add({number, tab}, "a tab in the indentation", "YAML takes blanks only");
  }
}

/// The parser skips directives it does not know, and with them a file that is nothing else.
void check_directive(std::string_view line, std::size_t number, ProblemList& problems) {
  if (!line.starts_with('%') || line.starts_with("%YAML 1.")) return;
  problems.add({number, 0}, "directives (%) are not accepted", "delete the line");
}

bool looks_like_utf16(std::string_view text) {
  return text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
}

}  // namespace

void check_text(std::string_view text, ProblemList& problems) {
  if (looks_like_utf16(text)) {
    problems.add({1, 0}, "the file is UTF-16", "save it as UTF-8");
    return;
  }
  for (std::size_t number = 1; number <= problems.line_count() && problems.size() < kEnoughProblems;
       ++number) {
    const std::string_view line = problems.line(number);
    check_characters(line, number, problems);
    check_indentation(line, number, problems);
    check_directive(line, number, problems);
  }
}

bool mentions_secret(std::string_view text) {
  static constexpr std::array<std::string_view, 8> kWords = {"credential", "pas",    "pw",  "word",
                                                             "token",      "secret", "key", "auth"};
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
  return std::any_of(kWords.begin(), kWords.end(), [&](std::string_view word) {
    return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
  });
}

}  // namespace postflight
