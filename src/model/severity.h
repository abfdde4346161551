// SPDX-License-Identifier: Apache-2.0
// How bad a finding is, and what a component or a whole run amounts to.
#pragma once

#include "base/describe.h"

namespace postflight {

/// Severity of a finding. `info` is worth knowing and never moves the verdict.
enum class Severity { info, warning, critical };
PF_DESCRIBE_ENUM(Severity, info, warning, critical)

/// Status of a component and verdict of a run, from best to worst: critical > warning > unknown >
/// ok.
enum class Verdict { ok, unknown, warning, critical };
PF_DESCRIBE_ENUM(Verdict, ok, unknown, warning, critical)

}  // namespace postflight
