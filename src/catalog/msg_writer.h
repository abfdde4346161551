// SPDX-License-Identifier: Apache-2.0
// Writes parsed messages as the C++ source that defines catalog_rows(). Pure.
#pragma once

#include <span>
#include <string>

#include "catalog/msg_parser.h"

namespace postflight {

/// The source text: one sorted constexpr table, the same for the same entries in any order of
/// files.
std::string generate_tables(std::span<const MsgEntry> entries);

}  // namespace postflight
