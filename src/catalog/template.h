// SPDX-License-Identifier: Apache-2.0
// Fills templates with the arguments of a finding. Never fails: what is missing or of the wrong
// type is shown as "?", because a report with a gap is better than none. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "model/report.h"

namespace postflight {

/// A sentence for the reader. `args` is an object; strings are made printable and put on one line,
/// fractions get at most two decimals, lists are joined by ", ". A malformed template, which msgc
/// lets nobody compile, is returned as it is.
std::string render_text(std::string_view text, Lang lang, const Json& args);

/// A command to paste. Every value is one word of the shell (catalog/shell.h) whatever it holds; a
/// list becomes one word for each element. Numbers are plain: no grouping and a decimal point.
std::string render_command(std::string_view command, const Json& args);

}  // namespace postflight
