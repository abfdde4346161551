// SPDX-License-Identifier: Apache-2.0
#include "engine/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"

namespace postflight {
namespace {

/// One process that holds more ports than this, none of them known to speak the protocol, is no
/// server of it: asking them all would fill its log and our time. Counted by process, because many
/// small services share a program's name, and Docker runs a docker-proxy for each published port.
constexpr std::size_t kMostGuessedPortsOfOneProcess = 16;

std::string program_of(const Service& service) {
  const auto* programs = service.programs.seen();
  return programs && !programs->value.empty() ? programs->value.front().name : "?";
}

std::string describe_service(const Service& service) {
  const std::string program = program_of(service);
  return service.guess.protocol.empty() ? program
                                        : fmt::format("{}, {}", program, service.guess.protocol);
}

NotChecked passed_over(std::string subject, std::string name, Passed passed, std::string detail,
                       std::string protocol = "") {
  return {std::move(subject),
          std::move(name),
          {Why::not_planned, std::move(detail)},
          passed,
          std::move(protocol)};
}

NotChecked unchecked(const Service& service) {
  const std::string& protocol = service.guess.protocol;
  if (protocol.empty()) {
    return passed_over(service.id, describe_service(service), Passed::nothing_suggests,
                       "nothing tells what it speaks, so nothing was sent to it");
  }
  return passed_over(service.id, describe_service(service), Passed::no_probe,
                     fmt::format("there is no probe for {} yet", protocol), protocol);
}

/// Counts guessed ports by process, and tells from which one on they are too many. Ports whose
/// process was not seen are all asked: they may belong to as many services.
class GuessedPorts {
 public:
  bool are_enough_of(const Service& service) {
    const auto* programs = service.programs.seen();
    if (service.guess.certain || !programs || programs->value.empty()) return false;
    return ++seen_[programs->value.front().pid] > kMostGuessedPortsOfOneProcess;
  }

 private:
  std::map<std::int32_t, std::size_t> seen_;
};

bool matches_any(const std::vector<std::string>& patterns, const std::string& id) {
  const std::string kind = id.substr(0, id.find(':'));
  return std::ranges::any_of(patterns, [&](const std::string& pattern) {
    return glob_match(pattern, id) || pattern == kind;
  });
}

/// True where --only asks for parts that tasks of this probe may announce.
bool announces_wanted(const ProbeSpec& probe, const Settings& settings) {
  return std::ranges::any_of(all_probes(), [&](const ProbeSpec* part) {
    return part->announced_by == probe.id &&
           std::ranges::any_of(settings.only, [&](std::string_view pattern) {
             return glob_match(pattern.substr(0, pattern.find(':')), std::string(part->kind));
           });
  });
}

/// Plans the targets of one probe.
class ProbePlan {
 public:
  ProbePlan(const ProbeSpec& probe, const Settings& settings, Plan& plan)
      : probe_(probe), settings_(settings), plan_(plan) {}

  void add(Target target) {
    const std::string& protocol = target.service.guess.protocol;
    if (!planned_.insert(target.component_id).second) {
      pass(passed_over(target.component_id, target.name, Passed::same_id,
                       "another one with the same id is looked at", protocol));
    } else if (!is_wanted(settings_, target.component_id)) {
      pass(left_out(target.component_id, target.name, protocol));
      if (announces_wanted(probe_, settings_)) accept(std::move(target), true);
    } else if (settings_.only.empty() && guessed_.are_enough_of(target.service)) {
      pass(passed_over(
          target.component_id, target.name, Passed::too_many_alike,
          fmt::format("its process holds many ports, {} of them were asked; --only asks this one",
                      kMostGuessedPortsOfOneProcess),
          protocol));
    } else if (count_ == kMostTargetsOfOneProbe) {
      pass(over_limit(target.component_id, target.name, protocol));
    } else {
      accept(std::move(target), false);
    }
  }

 private:
  void pass(NotChecked item) { plan_.not_checked.push_back(std::move(item)); }
  void accept(Target target, bool for_parts_only) {
    ++count_;
    plan_.tasks.push_back({&probe_, std::move(target), for_parts_only});
  }

  const ProbeSpec& probe_;
  const Settings& settings_;
  Plan& plan_;
  std::set<std::string> planned_;
  GuessedPorts guessed_;
  std::size_t count_ = 0;
};

}  // namespace

NotChecked left_out(std::string subject, std::string name, std::string protocol) {
  return passed_over(std::move(subject), std::move(name), Passed::left_out,
                     "left out by only or skip", std::move(protocol));
}

NotChecked over_limit(std::string subject, std::string name, std::string protocol) {
  return passed_over(
      std::move(subject), std::move(name), Passed::over_limit,
      fmt::format("{} others of its kind are looked at, which is all a run can hold; "
                  "--only chooses",
                  kMostTargetsOfOneProbe),
      std::move(protocol));
}

bool is_wanted(const Settings& settings, const std::string& component_id) {
  if (!settings.only.empty() && !matches_any(settings.only, component_id)) return false;
  return !matches_any(settings.skip, component_id);
}

Plan plan(std::span<const ProbeSpec* const> probes, const Topology& topology,
          const Settings& settings) {
  Plan result;
  for (const ProbeSpec* probe : probes) {
    if (!probe->plan) continue;  // its components are announced by another probe's tasks
    ProbePlan of_probe{*probe, settings, result};
    for (Target& target : probe->plan(topology, settings)) of_probe.add(std::move(target));
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
    if (talked_to.contains(service.id) || talked_to.contains(service.forwards_to)) continue;
    plan.not_checked.push_back(unchecked(service));
  }
}

}  // namespace postflight
