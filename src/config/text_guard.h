// SPDX-License-Identifier: Apache-2.0
// Looks at the bytes of a configuration file before a YAML parser does, so that the parser never
// meets what it handles badly: binary data, tabs as indentation. Depth is yaml_tree.h's.
#pragma once

#include "config/config_problem.h"

namespace postflight {

/// Largest configuration file that is read, in bytes.
inline constexpr std::size_t kMaxConfigBytes = 1024 * 1024;

/// Adds a problem for each line that is no clean UTF-8 text (YAML 1.2, section 5.1), is indented by
/// tabs (section 6.1) or is a directive (section 6.8).
void check_text(std::string_view text, ProblemList& problems);

/// True where the text speaks of anything that may be a secret. Errs on the side of yes.
bool mentions_secret(std::string_view text);

}  // namespace postflight
