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

/// Each task costs about 25 kB of the supervisor's memory and a fork, and the run has 15 seconds. A
/// machine with more services than this of one kind is looked at in parts, by --only.
constexpr std::size_t kMostTargetsOfOneProbe = 1000;

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

}  // namespace

bool is_wanted(const Settings& settings, const std::string& component_id) {
  if (!settings.only.empty() && !matches_any(settings.only, component_id)) return false;
  return !matches_any(settings.skip, component_id);
}

Plan plan(std::span<const ProbeSpec* const> probes, const Topology& topology,
          const Settings& settings) {
  Plan result;
  const auto pass_over = [&](const Target& target, Passed passed, std::string detail) {
    result.not_checked.push_back(passed_over(target.component_id, target.name, passed,
                                             std::move(detail), target.service.guess.protocol));
  };
  for (const ProbeSpec* probe : probes) {
    if (!probe->plan) continue;  // its components are announced by another probe's tasks
    std::set<std::string> planned;
    GuessedPorts guessed;
    std::size_t count = 0;
    for (Target& target : probe->plan(topology, settings)) {
      if (!planned.insert(target.component_id).second) {
        pass_over(target, Passed::same_id, "another one with the same id is looked at");
      } else if (!is_wanted(settings, target.component_id)) {
        pass_over(target, Passed::left_out, "left out by only or skip");
      } else if (settings.only.empty() && guessed.are_enough_of(target.service)) {
        pass_over(
            target, Passed::too_many_alike,
            fmt::format("its process holds many ports, {} of them were asked; --only asks this one",
                        kMostGuessedPortsOfOneProcess));
      } else if (count == kMostTargetsOfOneProbe) {
        pass_over(target, Passed::over_limit,
                  fmt::format("{} others of its kind are looked at, which is all a run can hold; "
                              "--only chooses",
                              kMostTargetsOfOneProbe));
      } else {
        ++count;
        result.tasks.push_back({probe, std::move(target)});
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
    plan.not_checked.push_back(unchecked(service));
  }
}

}  // namespace postflight
