// SPDX-License-Identifier: Apache-2.0
#include "engine/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"

namespace postflight {
namespace {

std::string describe_service(const Service& service) {
  std::string program = "?";
  if (const auto* programs = service.programs.seen(); programs && !programs->value.empty()) {
    program = programs->value.front().name;
  }
  return service.guess.protocol.empty() ? program
                                        : fmt::format("{}, {}", program, service.guess.protocol);
}

Unknown why_unchecked(const Service& service) {
  if (service.guess.protocol.empty()) {
    return {Why::not_planned, "nothing tells what it speaks, so nothing was sent to it"};
  }
  return {Why::not_planned,
          fmt::format("there is no probe for {} yet", service.guess.protocol)};
}

bool matches_any(const std::vector<std::string>& patterns, const std::string& id) {
  const std::string kind = id.substr(0, id.find(':'));
  return std::ranges::any_of(patterns, [&](const std::string& pattern) {
    return glob_match(pattern, id) || pattern == kind;
  });
}

}  // namespace

bool is_wanted(const Settings& settings, const std::string& component_id) {
  if (!settings.only.empty() && !matches_any(settings.only, component_id)) return false;
  return !matches_any(settings.skip, component_id);
}

Plan plan(std::span<const ProbeSpec* const> probes, const Topology& topology,
          const Settings& settings) {
  Plan result;
  for (const ProbeSpec* probe : probes) {
    std::set<std::string> planned;
    for (Target& target : probe->plan(topology, settings)) {
      if (!planned.insert(target.component_id).second) {
        result.not_checked.push_back({target.component_id, target.name,
                                      {Why::not_planned, "another task looks at it under the same id"}});
      } else if (is_wanted(settings, target.component_id)) {
        result.tasks.push_back({probe, std::move(target)});
      } else {
        result.not_checked.push_back({target.component_id, target.name,
                                      {Why::not_planned, "left out by only or skip"}});
      }
    }
  }
  return result;
}

void note_unchecked_services(Plan& plan, const Topology& topology) {
  std::set<std::string> talked_to;
  for (const PlannedTask& task : plan.tasks) talked_to.insert(task.target.service.id);
  for (const NotChecked& left_out : plan.not_checked) {
    talked_to.insert(left_out.subject.substr(left_out.subject.find(':') + 1));
  }
  for (const Service& service : topology.services) {
    if (talked_to.contains(service.id)) continue;
    plan.not_checked.push_back({service.id, describe_service(service), why_unchecked(service)});
  }
}

}  // namespace postflight
