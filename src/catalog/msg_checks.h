// SPDX-License-Identifier: Apache-2.0
// What makes an entry of a .msg file fit to print: both languages saying the same, placeholders
// that can be filled, plural forms complete, commands that no value can break out of. Pure.
#pragma once

#include <vector>

#include "catalog/msg_parser.h"

namespace postflight {

/// Appends one error for each fault of the entry; see the causes in msg_checks.cpp.
void check_entry(const MsgEntry& entry, std::vector<MsgError>& errors);

}  // namespace postflight
