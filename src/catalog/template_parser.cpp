// SPDX-License-Identifier: Apache-2.0
#include "catalog/template_parser.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/text.h"

namespace postflight {
namespace {

constexpr std::array<std::pair<std::string_view, ValueFormat>, 6> kFormats{{
    {"bytes", ValueFormat::bytes},
    {"percent", ValueFormat::percent},
    {"duration", ValueFormat::duration},
    {"list", ValueFormat::list},
    {"number", ValueFormat::number},
    {"shell", ValueFormat::shell},
}};

std::optional<ValueFormat> format_named(std::string_view name) {
  const auto* const found = std::find_if(kFormats.begin(), kFormats.end(),
                                         [&](const auto& format) { return format.first == name; });
  if (found == kFormats.end()) return std::nullopt;
  return found->second;
}

bool is_name(std::string_view text) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz";
  return !text.empty() && kLetters.find(text[0]) != std::string_view::npos &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

/// Reads what stands between the braces of one placeholder.
std::expected<TemplatePiece, std::string> parse_placeholder(std::string_view inside) {
  const std::string shown = "{" + std::string(inside) + "}";
  TemplatePiece piece;
  const auto name_end = inside.find_first_of(":|");
  piece.name = inside.substr(0, name_end);
  if (!is_name(piece.name)) return std::unexpected("malformed placeholder " + shown);
  if (name_end == std::string_view::npos) return piece;
  const auto rest = inside.substr(name_end + 1);
  if (inside[name_end] == ':') {
    const auto format = format_named(rest);
    if (!format) return std::unexpected("unknown format in " + shown);
    piece.format = *format;
    return piece;
  }
  for (const auto form : split(rest, '|')) piece.plural_forms.emplace_back(form);
  if (piece.plural_forms.size() < 2) return std::unexpected("too few plural forms in " + shown);
  return piece;
}

void add_literal(Template& pieces, char character) {
  if (pieces.empty() || !pieces.back().is_literal()) pieces.emplace_back();
  pieces.back().literal += character;
}

}  // namespace

std::expected<Template, std::string> parse_template(std::string_view text) {
  Template pieces;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool doubled = i + 1 < text.size() && text[i + 1] == c;
    if (c != '{' && c != '}') {
      add_literal(pieces, c);
    } else if (doubled) {
      add_literal(pieces, c);
      ++i;
    } else if (c == '}') {
      return std::unexpected("unbalanced brace: } without {");
    } else {
      const auto end = text.find_first_of("{}", i + 1);
      if (end == std::string_view::npos || text[end] == '{') {
        return std::unexpected("unbalanced brace: { without }");
      }
      auto piece = parse_placeholder(text.substr(i + 1, end - i - 1));
      if (!piece) return std::unexpected(std::move(piece).error());
      pieces.push_back(*std::move(piece));
      i = end;
    }
  }
  return pieces;
}

std::vector<std::string> placeholder_names(std::string_view text) {
  std::vector<std::string> names;
  const auto pieces = parse_template(text);
  if (!pieces) return names;
  for (const TemplatePiece& piece : *pieces) {
    if (!piece.is_literal()) names.push_back(piece.name);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace postflight
