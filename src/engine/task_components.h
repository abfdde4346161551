// SPDX-License-Identifier: Apache-2.0
// From what one task said to the components it is about: the planned one, and the parts it
// announced (probes/part.h). Pure.
#pragma once

#include <vector>

#include "engine/supervisor.h"
#include "model/component.h"
#include "probes/probe.h"

namespace postflight {

/// Why a task left something unsaid, from how it ended.
Unknown why_missing(const TaskRecord& record);

/// The planned component first, then its parts in the order of announcement. Each has all the facts
/// its probe declares: what was said, or why it was not. A part of a probe that does not belong to
/// `probe`, or whose id is taken, is passed over: a task speaks for its own parts alone.
std::vector<Component> components_of(const ProbeSpec& probe, Component planned,
                                     const JobResult& result);

}  // namespace postflight
