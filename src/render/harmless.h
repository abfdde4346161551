// SPDX-License-Identifier: Apache-2.0
// What others wrote, made fit to be printed: a service's name must not move the reader's cursor,
// and a facts file edited by hand must not end the report. Pure.
#pragma once

#include <string>

#include "base/json.h"
#include "model/report.h"

namespace postflight {

/// The report with every string and key as printable_utf8(), and with facts that are no objects
/// replaced by unknown ones.
Report harmless(const Report& report);

/// The text with each newline and tab turned into a blank.
std::string on_one_line(std::string text);

/// The string member `key`, or nothing where there is none or it is no string.
std::string text_at(const Json& object, const char* key);

}  // namespace postflight
