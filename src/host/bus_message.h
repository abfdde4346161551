// SPDX-License-Identifier: Apache-2.0
// Turns D-Bus messages and errors into what the project works with. Reads the message it is given
// and nothing else. Source: sd_bus_message_read_basic(3), D-Bus Specification, "Type System".
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/expected.h"
#include "base/json.h"

struct sd_bus_message;

namespace postflight::host {

/// All arguments of a message; where it has only one, that one. Of an a{sv} only the keys in
/// `only`, where that is not empty. Errors: kMalformed.
Result<Json> read_message(sd_bus_message* message, std::span<const std::string_view> only = {});

/// The Error that an error name of D-Bus amounts to. Pure.
Error error_from_bus(std::string_view name, std::string_view text);

}  // namespace postflight::host
