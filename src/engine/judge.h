// SPDX-License-Identifier: Apache-2.0
// judge: facts in, findings and tests out. Pure: no clock, no files, no network.
#pragma once

#include "model/component.h"
#include "model/finding.h"
#include "model/settings.h"

namespace postflight {

/// Applies every rule family to the components of its kind, and the family `self` to the run
/// itself. A fact that cannot be read is unknown, and leaves the rules that need it undecided, not
/// the others. Findings whose id matches settings.skip are left out. Unsorted, unfolded.
Judgement judge(const FactsDocument& document, const Settings& settings);

/// The pseudo-component `self`, whose facts are what the run tells of its own tasks.
Component self_component(const FactsDocument& document);

}  // namespace postflight
