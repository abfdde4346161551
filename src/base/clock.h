// SPDX-License-Identifier: Apache-2.0
// Wall-clock time as the report writes it. Only the engine and the probes ask for "now"; rules and
// renderers get it as data.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace postflight {

using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// The machine's wall clock, to the millisecond.
WallTime wall_now();

/// RFC 3339 in UTC with milliseconds: "2025-11-17T23:27:04.512Z".
std::string format_rfc3339(WallTime time);

/// The inverse of format_rfc3339; accepts any number of fractional digits and only the zone "Z".
std::optional<WallTime> parse_rfc3339(std::string_view text);

}  // namespace postflight
