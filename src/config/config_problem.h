// SPDX-License-Identifier: Apache-2.0
// What is wrong with a configuration file, told the way a compiler does: place, sentence, the line
// itself. Lines that may hold a secret are cut or left out; a value is never shown where it could
// be one.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postflight {

/// One thing wrong in a configuration file. All texts are printable UTF-8.
struct ConfigProblem {
  std::string file;
  std::size_t line = 0;    ///< From 1; 0 where the file as a whole is meant.
  std::size_t column = 0;  ///< From 1, in characters; 0 with line 0.
  std::string message;
  std::string hint;  ///< What to write instead; may be empty.
  /// The line, shortened and without secrets; empty where it must not show.
  std::string source_line;
  std::size_t caret = 0;  ///< Terminal columns in source_line before the place meant.
};

/// `file:line:column: message; hint`, then the source line and a caret below it. No newline at the
/// end.
std::string format_problem(const ConfigProblem& problem);

/// All of them, each ended by a newline.
std::string format_problems(const std::vector<ConfigProblem>& problems);

/// A place in the text as the parser counts.
struct TextMark {
  std::size_t line = 1;    ///< From 1.
  std::size_t offset = 0;  ///< Bytes before it in its line.
};

/// Collects problems of one text. Lines are rendered only in finish(), when it is known what to
/// hide.
class ProblemList {
 public:
  /// How much of a line may be shown. Later ones hide more.
  enum class Hide { kNothing, kAfterColon, kAll };

  /// Keeps a view of `text`, which must outlive the list.
  ProblemList(std::string file, std::string_view text);

  void add(TextMark mark, std::string message, std::string hint = {});

  /// Hides the lines from `first` to `last` in every problem; never shows again what is hidden.
  void hide(std::size_t first, std::size_t last, Hide how);

  bool empty() const { return drafts_.empty(); }
  std::size_t size() const { return drafts_.size(); }
  std::size_t line_count() const { return lines_.size(); }

  /// Line `number`, from 1, without its line break; past the end it is the last one.
  std::string_view line(std::size_t number) const;

  /// The problems in the order of the text; beyond a number nobody reads there is only a count.
  std::vector<ConfigProblem> finish() const;

 private:
  struct Draft {
    TextMark mark;
    std::string message;
    std::string hint;
  };

  ConfigProblem render(const Draft& draft) const;
  Hide hidden(std::size_t line) const;

  std::string file_;
  std::vector<std::string_view> lines_;
  std::multimap<std::pair<std::size_t, std::size_t>, Draft> drafts_;  ///< In the order of the text.
  std::map<std::size_t, Hide> hidden_;
};

}  // namespace postflight
