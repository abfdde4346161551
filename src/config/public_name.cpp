// SPDX-License-Identifier: Apache-2.0
#include "config/public_name.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace postflight {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_ascii_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_beyond_ascii(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}

/// Blanks and punctuation beyond ASCII that get into a name by copying from a document.
bool has_foreign_punctuation(std::string_view text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text.substr(i, 2) == "\xC2\xA0") return true;  // no-break space
    const std::string_view three = text.substr(i, 3);
    if (three >= "\xE2\x80\x80" && three <= "\xE2\x81\xAF") return true;  // U+2000..U+206F
    if (three == "\xE3\x80\x80" || three == "\xE3\x80\x82") return true;  // U+3000, U+3002
    if (three == "\xEF\xBC\x8E" || three == "\xEF\xBD\xA1") return true;  // other full stops
    if (three == "\xEF\xBB\xBF" || three == "\xEF\xBF\xBD") return true;  // BOM, U+FFFD
  }
  return false;
}

bool is_label(std::string_view label) {
  const auto characters = std::count_if(label.begin(), label.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  });
  if (label.empty() || characters > 63) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    return is_ascii_letter(c) || is_digit(c) || c == '-' || is_beyond_ascii(c);
  });
}

}  // namespace

bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > 253 || text.back() == '.') return false;
  if (printable_utf8(text) != text || has_foreign_punctuation(text)) return false;
  const auto labels = split(text, '.');
  if (!std::all_of(labels.begin(), labels.end(), is_label)) return false;
  return !std::all_of(labels.back().begin(), labels.back().end(), is_digit);
}

std::optional<std::string> host_name_in(std::string_view text) {
  text = trim(text);
  if (const auto scheme = text.find("://"); scheme != text.npos) text.remove_prefix(scheme + 3);
  text = text.substr(0, text.find_first_of("/?#"));
  if (const auto user = text.rfind('@'); user != text.npos) text.remove_prefix(user + 1);
  text = text.substr(0, text.find(':'));
  if (text.ends_with('.')) text.remove_suffix(1);
  if (!is_host_name(text)) return std::nullopt;
  return std::string(text);
}

}  // namespace postflight
