// SPDX-License-Identifier: Apache-2.0
// The gate for one text: which of its parts are secrets.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postflight {

/// The text with its secrets replaced; nothing where it has none, as nearly all texts. Pure; time
/// is linear in the length of the text (RE2).
std::optional<std::string> without_secrets(std::string_view text);

}  // namespace postflight
