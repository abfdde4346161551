// SPDX-License-Identifier: Apache-2.0
// What a type cannot say about settings: ranges, pairs that must agree, names that must be known.
// Pure.
#pragma once

#include <string>
#include <vector>

#include "config/config_problem.h"
#include "config/settings_reader.h"
#include "model/settings.h"

namespace postflight {

/// Shortest and longest time for the whole check.
inline constexpr Duration kMinTimeout{1'000};
inline constexpr Duration kMaxTimeout{600'000};
/// Shortest time for one task; the longest is kMaxTimeout.
inline constexpr Duration kMinBudget{10};

/// Adds a problem for each value read from the file that makes no sense. Values that could not be
/// read and defaults are not judged.
void check_settings(const Settings& settings, const ValuePlaces& places,
                    const std::vector<std::string>& probe_names, ProblemList& problems);

/// A duration in the largest unit that leaves it whole: "15s", "500ms".
std::string duration_text(Duration duration);

}  // namespace postflight
