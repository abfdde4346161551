// SPDX-License-Identifier: Apache-2.0
// Small operations on text that the whole project shares. Pure; no locale.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postflight {

/// The text without white space at both ends.
std::string_view trim(std::string_view text);

/// Parts between separators; an empty text has no parts, adjacent separators give empty ones.
std::vector<std::string_view> split(std::string_view text, char separator);

/// Words between runs of blanks and tabs, as in /proc files.
std::vector<std::string_view> split_words(std::string_view text);

/// The whole text as a decimal number, or nothing: no sign where T has none, no trailing bytes, and
/// for double neither "inf" nor "nan".
template <class T>
std::optional<T> parse_number(std::string_view text);

/// A duration as people write it in configuration: "500ms", "15s", "2m", "1h", a week at most.
/// Milliseconds.
std::optional<std::int64_t> parse_duration_ms(std::string_view text);

/// The text as valid UTF-8: each byte that is not becomes U+FFFD, and so do control characters
/// other than tab and newline, line separators and bidirectional controls, so that a hostile
/// process name cannot move a cursor.
std::string printable_utf8(std::string_view bytes);

/// At most `limit` bytes of printable_utf8(bytes), cut between characters, and then "…" where cut.
std::string excerpt(std::string_view bytes, std::size_t limit = 200);

/// Shell-style pattern: `*` any run, `?` one character. Case-sensitive.
bool glob_match(std::string_view pattern, std::string_view text);

/// The candidate nearest to `word` by edit distance, or nothing if none is near enough to be meant.
std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string> candidates);

/// How many columns of a terminal the text takes (wcwidth, UTF-8).
std::size_t display_width(std::string_view text);

}  // namespace postflight
