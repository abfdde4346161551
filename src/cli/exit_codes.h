// SPDX-License-Identifier: Apache-2.0
// Exit codes beyond the verdicts 0 to 3, which are engine/verdict.h's. After sysexits(3).
#pragma once

namespace postflight::cli {

inline constexpr int kExitUsage = 64;  ///< The command line or the configuration is wrong.
inline constexpr int kExitDamagedInput =
    65;  ///< A file given as input cannot be read as what it should be.
inline constexpr int kExitInternal = 70;  ///< Our own fault, or the report could not be written.
inline constexpr int kExitInterrupted = 130;  ///< SIGINT or SIGTERM.

}  // namespace postflight::cli
