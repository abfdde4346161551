// SPDX-License-Identifier: Apache-2.0
#include "config/config_problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace postflight {
namespace {

constexpr std::size_t kShownProblems = 50;
constexpr std::size_t kShownBytes = 100;

bool continues_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

std::size_t character_start(std::string_view text, std::size_t at) {
  at = std::min(at, text.size());
  while (at > 0 && at < text.size() && continues_character(text[at])) --at;
  return at;
}

std::size_t count_characters(std::string_view text) {
  const std::string printable = printable_utf8(text);
  return static_cast<std::size_t>(std::count_if(
      printable.begin(), printable.end(), [](char byte) { return !continues_character(byte); }));
}

std::string one_line(std::string_view text) {
  std::string out = printable_utf8(text);
  std::replace_if(out.begin(), out.end(), [](char c) { return c == '\t' || c == '\n'; }, ' ');
  return out;
}

/// How much of the line may be shown when what follows its key could be a secret.
std::size_t length_up_to_colon(std::string_view line) {
  const auto colon = line.find(':');
  if (colon != std::string_view::npos) return colon + 1;
  return std::min(line.find_first_not_of(" -[{"), line.size());
}

/// Puts the line, or the part of a long one around the place, into the problem.
void show_line(std::string_view line, std::size_t offset, bool cut, ConfigProblem& problem) {
  const std::size_t length = cut ? length_up_to_colon(line) : line.size();
  const bool dropped = !trim(line.substr(length)).empty();
  line = line.substr(0, length);
  offset = std::min(offset, length);
  const std::size_t start =
      length > kShownBytes ? character_start(line, offset > kShownBytes / 2 ? offset - 40 : 0) : 0;
  const std::size_t end = character_start(line, start + kShownBytes);
  const std::string before = (start > 0 ? "…" : "") + one_line(line.substr(start, offset - start));
  problem.caret = display_width(before);
  problem.source_line = before + one_line(line.substr(offset, end - offset));
  if (end < line.size()) problem.source_line += "…";
  if (dropped) problem.source_line += " …";
}

}  // namespace

std::string format_problem(const ConfigProblem& problem) {
  std::string out = problem.file;
  if (problem.line > 0) out += fmt::format(":{}:{}", problem.line, problem.column);
  out += ": " + problem.message;
  if (!problem.hint.empty()) out += "; " + problem.hint;
  if (!problem.source_line.empty()) {
    out += "\n  " + problem.source_line + "\n  " + std::string(problem.caret, ' ') + "^";
  }
  return out;
}

std::string format_problems(const std::vector<ConfigProblem>& problems) {
  std::string out;
  for (const ConfigProblem& problem : problems) out += format_problem(problem) + "\n";
  return out;
}

ProblemList::ProblemList(std::string file, std::string_view text) : file_(std::move(file)) {
  lines_ = split(text, '\n');
  if (lines_.empty()) lines_.emplace_back();
  for (std::string_view& line : lines_) {
    if (line.ends_with('\r')) line.remove_suffix(1);
  }
}

void ProblemList::add(TextMark mark, std::string message, std::string hint) {
  drafts_.emplace(std::pair(mark.line, mark.offset),
                  Draft{mark, std::move(message), std::move(hint)});
}

void ProblemList::hide(std::size_t first, std::size_t last, Hide how) {
  for (std::size_t line = first; line <= std::min(last, line_count()); ++line) {
    Hide& now = hidden_[line];
    now = std::max(now, how);
  }
}

std::string_view ProblemList::line(std::size_t number) const {
  return lines_[std::clamp<std::size_t>(number, 1, lines_.size()) - 1];
}

ProblemList::Hide ProblemList::hidden(std::size_t line) const {
  const auto it = hidden_.find(line);
  return it == hidden_.end() ? Hide::kNothing : it->second;
}

ConfigProblem ProblemList::render(const Draft& draft) const {
  ConfigProblem problem;
  problem.file = one_line(file_);
  problem.message = one_line(draft.message);
  problem.hint = one_line(draft.hint);
  if (draft.mark.line == 0) return problem;
  problem.line = std::min(draft.mark.line, line_count());
  const std::string_view text = line(problem.line);
  const std::size_t offset = std::min(draft.mark.offset, text.size());
  problem.column = 1 + count_characters(text.substr(0, offset));
  const Hide how = hidden(problem.line);
  if (how != Hide::kAll) show_line(text, offset, how == Hide::kAfterColon, problem);
  return problem;
}

std::vector<ConfigProblem> ProblemList::finish() const {
  std::vector<ConfigProblem> problems;
  for (const auto& [place, draft] : drafts_) {
    if (problems.size() == kShownProblems) {
      const auto rest = drafts_.size() - kShownProblems;
      problems.push_back(render({{0, 0}, fmt::format("{} more problems are not shown", rest), ""}));
      break;
    }
    problems.push_back(render(draft));
  }
  return problems;
}

}  // namespace postflight
