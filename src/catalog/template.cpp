// SPDX-License-Identifier: Apache-2.0
#include "catalog/template.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "catalog/format.h"
#include "catalog/shell.h"
#include "catalog/template_parser.h"

namespace postflight {
namespace {

constexpr std::string_view kMissing = "?";

/// Hostile names must neither move a cursor nor begin a line of their own.
std::string one_line(std::string_view value) {
  std::string text = printable_utf8(value);
  std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return text;
}

const Json* find_argument(const Json& args, const std::string& name) {
  if (!args.is_object()) return nullptr;
  const auto found = args.find(name);
  return found == args.end() || found->is_null() ? nullptr : &*found;
}

std::string plain_text(const Json& value, Lang lang);

std::string joined(const Json& list, Lang lang) {
  if (list.empty()) return lang == Lang::ru ? "нет" : "none";
  std::string text;
  for (const Json& element : list) {
    if (!text.empty()) text += ", ";
    text += element.is_array() ? std::string(kMissing) : plain_text(element, lang);
  }
  return text;
}

std::string plain_text(const Json& value, Lang lang) {
  if (value.is_string()) return one_line(value.get_ref<const std::string&>());
  if (value.is_number_float()) return format_decimal(value.get<double>(), lang);
  if (value.is_number()) return value.dump();
  if (value.is_array()) return joined(value, lang);
  if (value.is_boolean()) {
    return value.get<bool>() ? (lang == Lang::ru ? "да" : "yes")
                             : (lang == Lang::ru ? "нет" : "no");
  }
  return std::string(kMissing);
}

std::string number_text(const Json& value, Lang lang) {
  if (value.is_number_float()) return format_number(value.get<double>(), lang);
  return group_digits(value.dump(), lang);
}

std::string value_text(const Json& value, ValueFormat format, Lang lang) {
  if (format == ValueFormat::shell && value.is_string()) {
    return one_line(quote_shell(value.get_ref<const std::string&>()));
  }
  if (!value.is_number()) return plain_text(value, lang);
  switch (format) {
    case ValueFormat::bytes: return format_bytes(value.get<double>(), lang);
    case ValueFormat::percent: return format_percent(value.get<double>(), lang);
    case ValueFormat::duration: return format_duration(value.get<double>(), lang);
    case ValueFormat::number: return number_text(value, lang);
    default: return plain_text(value, lang);
  }
}

std::string plural_word(const TemplatePiece& piece, const Json& value, Lang lang) {
  if (!value.is_number()) return std::string(kMissing);
  std::size_t index = 0;
  if (value.is_number_float()) {
    index = plural_index(value.get<double>(), lang);
  } else if (value.is_number_unsigned()) {
    index = plural_index(value.get<std::uint64_t>(), lang);
  } else {
    const auto number = value.get<std::int64_t>();  // the unsigned minus knows no overflow
    index = plural_index(
        number < 0 ? -static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number),
        lang);
  }
  return index < piece.plural_forms.size() ? piece.plural_forms[index] : std::string(kMissing);
}

std::string raw_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return plain_text(value, Lang::en);
}

std::string word(const Json& value, bool in_comment) {
  std::string text = raw_text(value);
  // A newline ends a comment, quoted or not.
  if (in_comment) text = one_line(text);
  return quote_shell(text);
}

std::string command_words(const Json& value, bool in_comment) {
  if (!value.is_array()) return word(value, in_comment);
  std::string words;
  for (const Json& element : value) {
    if (!words.empty()) words += ' ';
    words += word(element, in_comment);
  }
  return words;
}

/// The one format that may stand inside quotes: digits, or nothing that means anything to a shell
/// there.
std::string command_number(const Json& value, bool in_quotes) {
  if (value.is_number()) return plain_text(value, Lang::en);
  return in_quotes ? std::string(kMissing) : quote_shell(kMissing);
}

}  // namespace

std::string render_text(std::string_view text, Lang lang, const Json& args) {
  const auto pieces = parse_template(text);
  if (!pieces) return std::string(text);
  std::string out;
  for (const TemplatePiece& piece : *pieces) {
    if (piece.is_literal()) {
      out += piece.literal;
    } else if (const Json* value = find_argument(args, piece.name); !value) {
      out += kMissing;
    } else {
      out += piece.is_plural() ? plural_word(piece, *value, lang)
                               : value_text(*value, piece.format, lang);
    }
  }
  return out;
}

std::string render_command(std::string_view command, const Json& args) {
  const auto pieces = parse_template(command);
  if (!pieces) return std::string(command);
  std::string out;
  ShellScanner scanner;
  for (const TemplatePiece& piece : *pieces) {
    if (piece.is_literal()) {
      scanner.feed(piece.literal);
      out += piece.literal;
      continue;
    }
    const Json missing = kMissing;
    const Json* found = find_argument(args, piece.name);
    const Json& value = found ? *found : missing;
    out += piece.format == ValueFormat::number ? command_number(value, scanner.in_quotes())
                                               : command_words(value, scanner.in_comment());
    scanner.feed_value();
  }
  return out;
}

}  // namespace postflight
