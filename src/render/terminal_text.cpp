// SPDX-License-Identifier: Apache-2.0
#include "render/terminal_text.h"

#include <utility>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace postflight {
namespace {

/// Nobody's text begins a line of ours.
std::string on_one_line(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(out, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return out;
}

std::string blanks(std::size_t count) {
  return std::string(count, ' ');
}

/// How many of the columns fit into `width`, with two blanks between them.
std::size_t columns_that_fit(const std::vector<std::size_t>& widths, std::size_t width) {
  std::size_t used = 0, count = 0;
  for (const std::size_t one : widths) {
    used += one + (count == 0 ? 0 : 2);
    if (used > width && count >= 2) break;
    ++count;
  }
  return count;
}

std::string joined_cells(const std::vector<std::string>& cells,
                         const std::vector<std::size_t>& widths, std::size_t count) {
  std::string row;
  for (std::size_t i = 0; i < std::min(count, cells.size()); ++i) {
    row += cells[i];
    const std::size_t cell = display_width(cells[i]);
    row += blanks(2 + (widths[i] > cell ? widths[i] - cell : 0));
  }
  row.erase(row.find_last_not_of(' ') + 1);
  return row;
}

}  // namespace

std::string TerminalText::paint(std::string_view text, std::string_view colour) const {
  if (!coloured_ || colour.empty() || text.empty()) return std::string(text);
  return std::string(colour) + std::string(text) + "\x1b[0m";
}

void TerminalText::line(std::string_view text, std::string_view colour) {
  out_ += paint(on_one_line(text), colour);
  out_ += '\n';
}

void TerminalText::title(std::string_view text, std::string_view colour) {
  line();
  line(text, colour);
}

void TerminalText::paragraph(std::size_t indent, std::string_view lead, std::string_view raw,
                             Style style) {
  const std::string text = on_one_line(raw);
  std::string before = blanks(indent) + paint(lead, style.lead_colour);
  std::string current;
  std::size_t column = indent + display_width(lead);
  for (const auto word : split_words(text)) {
    const std::size_t word_width = display_width(word);
    if (!current.empty() && column + 1 + word_width > width_) {
      out_ += before + paint(current, style.colour) + "\n";
      before = blanks(indent + 2);
      column = indent + 2;
      current.clear();
    }
    if (!current.empty()) current += ' ', ++column;
    current += word;
    column += word_width;
  }
  out_ += before + paint(current, style.colour) + "\n";
}

void TerminalText::items(std::size_t indent, const std::vector<std::string>& items) {
  std::string current;
  for (const std::string& item : items) {
    if (indent + display_width(item) > width_) {
      if (!current.empty()) line(blanks(indent) + std::exchange(current, ""));
      paragraph(indent, "", item);
      continue;
    }
    const bool fits = indent + display_width(current) + 3 + display_width(item) <= width_;
    if (!current.empty() && !fits) line(blanks(indent) + std::exchange(current, ""));
    current += (current.empty() ? "" : " · ") + item;
  }
  if (!current.empty()) line(blanks(indent) + current);
}

void TerminalText::table(std::size_t indent, const std::vector<std::string>& head,
                         const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const std::string& cell : head) widths.push_back(display_width(cell));
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < std::min(row.size(), widths.size()); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i]));
    }
  }
  const std::size_t count = columns_that_fit(widths, width_ > indent ? width_ - indent : 0);
  line(blanks(indent) + joined_cells(head, widths, count), colour::kFaint);
  for (const auto& row : rows) line(blanks(indent) + joined_cells(row, widths, count));
}

}  // namespace postflight
