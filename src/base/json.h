// SPDX-License-Identifier: Apache-2.0
// JSON for the whole project: key order kept, input bounded. The library is heavy, so include this
// only where documents are read or written.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/expected.h"

namespace postflight {

using Json = nlohmann::ordered_json;

/// Limits for reading JSON that somebody else wrote.
struct JsonLimits {
  std::size_t max_bytes = 64 * 1024 * 1024;
  int max_depth = 64;  ///< Objects and arrays within one another.
};

/// Reads one document: no duplicate keys, no trailing bytes, valid UTF-8, within the limits.
/// Errors: kMalformed with the byte position, or with the key that stands twice.
Result<Json> parse_json(std::string_view text, JsonLimits limits = {});

/// One line, UTF-8, invalid bytes replaced by U+FFFD.
std::string dump_json(const Json& value);

/// Indented by two blanks, for people; ends without a newline.
std::string dump_json_pretty(const Json& value);

}  // namespace postflight
