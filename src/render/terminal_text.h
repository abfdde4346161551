// SPDX-License-Identifier: Apache-2.0
// Lines for a terminal: wrapped at words, coloured line by line, never wider than asked for where
// words allow. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postflight {

/// ANSI colours as they are used here; an empty one is none.
namespace colour {
inline constexpr std::string_view kNone = "";
inline constexpr std::string_view kRed = "\x1b[31m";
inline constexpr std::string_view kYellow = "\x1b[33m";
inline constexpr std::string_view kGreen = "\x1b[32m";
inline constexpr std::string_view kCyan = "\x1b[36m";
inline constexpr std::string_view kBold = "\x1b[1m";
inline constexpr std::string_view kFaint = "\x1b[2m";
}  // namespace colour

/// A page in the making.
class TerminalText {
 public:
  TerminalText(std::size_t width, bool coloured) : width_(width), coloured_(coloured) {}

  std::size_t width() const { return width_; }
  std::string take() { return std::move(out_); }

  /// The text as one line, whatever its width: commands must stay as they are to be pasted.
  void line(std::string_view text = "", std::string_view colour = colour::kNone);

  /// An empty line and a bold one.
  void title(std::string_view text, std::string_view colour = colour::kBold);

  /// How a paragraph looks.
  struct Style {
    std::string_view lead_colour = colour::kNone;
    std::string_view colour = colour::kNone;
  };

  /// Words wrapped at the width, behind `indent` blanks; the first line begins with `lead`, the
  /// others stand two columns deeper.
  void paragraph(std::size_t indent, std::string_view lead, std::string_view text, Style style);
  void paragraph(std::size_t indent, std::string_view lead, std::string_view text) {
    paragraph(indent, lead, text, Style{});
  }

  /// Items with " · " between them, as many to a line as fit; none is cut apart.
  void items(std::size_t indent, const std::vector<std::string>& items);

  /// Cells in columns under their heads. Columns that do not fit are left out from the right, the
  /// first two never.
  void table(std::size_t indent, const std::vector<std::string>& head,
             const std::vector<std::vector<std::string>>& rows);

 private:
  std::string paint(std::string_view text, std::string_view colour) const;

  std::size_t width_;
  bool coloured_;
  std::string out_;
};

}  // namespace postflight
