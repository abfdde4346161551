// SPDX-License-Identifier: Apache-2.0
// fold: one fault, one finding. A symptom is put under its cause, never dropped. Pure.
#pragma once

#include <vector>

#include "engine/sides.h"
#include "model/finding.h"
#include "rules/rule.h"

namespace postflight {

/// Puts each symptom under the finding that explains it, where both are about the same thing
/// (an endpoint they share; `sides` tells of others) and not about different parts of one
/// component; puts findings of one rule that name one fault under the first of them, wherever they
/// are; and orders the rest: worst first, otherwise as they came. A symptom worse than its cause
/// raises the cause's severity, so that folding never hides how bad things are.
std::vector<Finding> fold(std::vector<Finding> findings, std::vector<Explains> explains,
                          const Sides& sides = {});

/// The pairs that all families declare.
std::vector<Explains> declared_explanations();

}  // namespace postflight
