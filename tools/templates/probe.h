// SPDX-License-Identifier: Apache-2.0
// What is looked at on a service that speaks @NAME@. Connects and listens; sends nothing.
// Source: the manual of @NAME@.
#pragma once

#include <string>
#include <string_view>

#include "base/expected.h"
#include "model/observed.h"

namespace postflight {

struct @TYPE@Facts {
  Required<bool> accepts;
  Fact<std::string> greeting;
};
PF_DESCRIBE(@TYPE@Facts,
  (accepts, "A connection is accepted."),
  (greeting, "The first line it sends by itself; absent where it waits for the client."))

/// The first line of a greeting. kMalformed where it holds none within 512 bytes. Pure.
Result<std::string> parse_@NAME@_greeting(std::string_view bytes);

}  // namespace postflight
