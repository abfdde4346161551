// SPDX-License-Identifier: Apache-2.0
// plan: which probe looks at which target, and what nobody looks at, with the reason. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "model/component.h"
#include "probes/probe.h"

namespace postflight {

/// One probe on one target.
struct PlannedTask {
  const ProbeSpec* probe;
  Target target;
  bool for_parts_only = false;  ///< Its own component was left out, but parts of it were asked for.
};

/// Each task costs about 25 kB of the supervisor's memory and a fork, each component some more, and
/// the run has 15 seconds. What is more than this of one kind is looked at in parts, by --only.
inline constexpr std::size_t kMostTargetsOfOneProbe = 1000;

struct Plan {
  std::vector<PlannedTask> tasks;
  std::vector<NotChecked> not_checked;
};

/// The tasks of the probes in `probes`, less what --only and --skip leave out.
Plan plan(std::span<const ProbeSpec* const> probes, const Topology& topology,
          const Settings& settings);

/// Adds to `plan.not_checked` every service of the topology that no task of `plan` talks to.
void note_unchecked_services(Plan& plan, const Topology& topology);

/// What to say of a component that --only or --skip leaves out, and of one too many.
NotChecked left_out(std::string subject, std::string name, std::string protocol = "");
NotChecked over_limit(std::string subject, std::string name, std::string protocol = "");

/// True where --only and --skip let a component with this id be looked at. Patterns match the whole
/// id or its kind.
bool is_wanted(const Settings& settings, const std::string& component_id);

}  // namespace postflight
