// SPDX-License-Identifier: Apache-2.0
// The grammar of message templates, shared by msgc, which refuses bad ones when the tool is built,
// and by catalog/template.h, which fills them in. Pure; knows neither values nor languages.
//
//   {name} {name:bytes} {name:percent} {name:duration} {name:list} {name:number} {name:shell}
//   {count|database|databases}   the word that fits the number, without the number itself
//   {{ }}                        braces
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace postflight {

/// How a value is written; what each looks like stands in catalog/format.h.
enum class ValueFormat { plain, bytes, percent, duration, list, number, shell };

/// Either literal text (then `name` is empty) or a placeholder.
struct TemplatePiece {
  std::string literal;
  std::string name;
  ValueFormat format = ValueFormat::plain;
  std::vector<std::string> plural_forms;  ///< Not empty: the placeholder prints one of these words.

  bool is_literal() const { return name.empty(); }
  bool is_plural() const { return !plural_forms.empty(); }
};

using Template = std::vector<TemplatePiece>;

/// The pieces of `text` in order, or one sentence that says what is wrong with it. The number of
/// plural forms is not checked here, for it depends on the language.
std::expected<Template, std::string> parse_template(std::string_view text);

/// The names a template asks for, sorted, each once; none if the template is malformed.
std::vector<std::string> placeholder_names(std::string_view text);

}  // namespace postflight
