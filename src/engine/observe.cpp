// SPDX-License-Identifier: Apache-2.0
#include "engine/observe.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "base/version.h"
#include "discover/discover.h"
#include "engine/plan.h"
#include "engine/redact.h"
#include "engine/task_components.h"
#include "model/codec.h"

namespace postflight {
namespace {

constexpr Duration kDiscoveryBudget = std::chrono::seconds{5};
constexpr const char* kDiscoveryTask = "discover";
constexpr std::string_view kServiceKey = "service";
constexpr std::string_view kTopologyKey = "topology";

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : "?";
}

template <class T>
Result<T> read_frame(Frame& frame) {
  const std::string payload = std::exchange(frame.payload, {});  // not needed twice
  PF_TRY_ASSIGN(const Json json, parse_json(payload));
  return decode<T>(json, frame.key);
}

/// Services come one by one, so that thousands are never all there as JSON; what is left of the
/// topology comes last, and without it the list of them is not complete.
Observed<Topology> topology_of(JobResult& result) {
  std::vector<Service> services;
  for (Frame& frame : result.frames) {
    if (frame.key == kServiceKey) {
      auto service = read_frame<Service>(frame);
      if (!service) return unknown_from(service.error());
      services.push_back(*std::move(service));
    } else if (frame.key == kTopologyKey) {
      auto topology = read_frame<Topology>(frame);
      if (!topology) return unknown_from(topology.error());
      topology->services = std::move(services);
      return Seen{*std::move(topology), Evidence{}};
    }
  }
  return why_missing(result.record);
}

Job discovery_job(const ObserveOptions& options) {
  return {kDiscoveryTask, kDiscoveryBudget, [&options](FactSink& sink, Deadline deadline) {
            Topology topology = discover({.root = options.root, .deadline = deadline});
            for (const Service& service : std::exchange(topology.services, {})) {
              sink.put(kServiceKey, dump_json(to_json(service)));
            }
            sink.put(kTopologyKey, dump_json(to_json(topology)));
          }};
}

/// One task, and the components it speaks of: the planned one, then its parts.
struct Look {
  const ProbeSpec* probe;
  bool for_parts_only;
  std::vector<Component> components;
};

/// What the user did not ask for, and parts beyond what a run can hold, are named instead of kept.
void leave_out_unwanted(Look& look, const Settings& settings, std::vector<NotChecked>& named) {
  std::vector<Component> kept;
  std::size_t parts = 0;
  for (std::size_t i = 0; i < look.components.size(); ++i) {
    Component& component = look.components[i];
    const bool is_part = i > 0;
    if (!is_part && look.for_parts_only) continue;  // named when it was planned
    if (is_part && !is_wanted(settings, component.id)) {
      named.push_back(left_out(component.id, component.name));
    } else if (is_part && ++parts > kMostTargetsOfOneProbe) {
      named.push_back(over_limit(component.id, component.name));
    } else {
      kept.push_back(std::move(component));
    }
  }
  look.components = std::move(kept);
}

/// One run: owns what the tasks look at, and collects what they say in the order of the plan.
class Run {
 public:
  explicit Run(const ObserveOptions& options)
      : options_(options),
        supervisor_({.run = Deadline{options.settings.timeout},
                     .limits = {},
                     .execution = options.execution,
                     .keep_stderr = options.keep_stderr}) {
    document_.tool_version = kVersion;
    document_.host = host_name();
    document_.started_at = format_rfc3339(wall_now());
  }

  Observation go(bool discovery_only) {
    const auto started = MonotonicClock::now();
    // Probes that need no topology start beside discovery, so that it delays nothing.
    if (!discovery_only) enqueue(false);
    supervisor_.add(discovery_job(options_));
    const bool finished = supervisor_.run([&](JobResult result) {
      const bool is_discovery = result.record.id == kDiscoveryTask;
      take(std::move(result));
      if (is_discovery && !discovery_only) enqueue(true);
    });
    finish(MonotonicClock::now() - started);
    return {std::move(document_), !finished};
  }

 private:
  void enqueue(bool after_discovery) {
    std::vector<const ProbeSpec*> probes;
    for (const ProbeSpec* probe : all_probes()) {
      if (probe->needs_topology == after_discovery) probes.push_back(probe);
    }
    const auto* seen = document_.topology.seen();
    const Topology none;
    const Topology& topology = seen ? seen->value : none;
    Plan planned = plan(probes, topology, options_.settings);
    if (after_discovery) note_unchecked_services(planned, topology);
    for (PlannedTask& task : planned.tasks) add(std::move(task));
    for (NotChecked& item : planned.not_checked) document_.not_checked.push_back(std::move(item));
    if (after_discovery && options_.on_planned) options_.on_planned(looks_.size());
  }

  void add(PlannedTask task) {
    const auto configured = options_.settings.budgets.find(std::string(task.probe->id));
    const Duration budget =
        configured == options_.settings.budgets.end() ? task.probe->budget : configured->second;
    const std::string id = fmt::format("{} {}", task.probe->id, task.target.component_id);
    Component planned{task.target.component_id, std::string(task.probe->kind), task.target.name,
                      std::string(task.probe->id)};
    slots_.emplace(id, looks_.size());
    looks_.push_back({task.probe, task.for_parts_only, {std::move(planned)}});
    supervisor_.add({id, budget,
                     [this, probe = task.probe, target = std::move(task.target)](
                         FactSink& sink, Deadline deadline) {
                       probe->run(
                           {target, document_.topology, options_.settings, deadline, options_.root},
                           sink);
                     }});
  }

  void take(JobResult result) {
    if (result.record.id == kDiscoveryTask) {
      document_.topology = topology_of(result);
      note_memory();  // the topology is there twice: what was said, and what was read
    } else {
      Look& look = looks_[slots_.at(result.record.id)];
      result.record.component = look.components.front().id;
      look.components = components_of(*look.probe, std::move(look.components.front()), result);
      leave_out_unwanted(look, options_.settings, document_.not_checked);
      // At once, while others are still being waited for: at the end it would delay the report.
      for (Component& component : look.components) redact(component);
    }
    if (options_.on_task) options_.on_task(result.record);
    document_.tasks.push_back(std::move(result.record));
  }

  void finish(MonotonicClock::duration took) {
    document_.duration_seconds = std::chrono::duration<double>(took).count();
    for (Look& look : looks_) {
      for (Component& component : look.components) {
        if (component.facts.empty()) redact(component);  // one that never came
        document_.components.push_back(std::move(component));
      }
    }
    redact_all_but_components(document_);  // they were, each as it came
    note_memory();
    document_.supervisor_memory_bytes = most_memory_;
  }

  void note_memory() { most_memory_ = std::max(most_memory_, private_memory_bytes()); }

  const ObserveOptions& options_;
  Supervisor supervisor_;
  FactsDocument document_;
  std::vector<Look> looks_;                   ///< In the order of planning, which is the report's.
  std::map<std::string, std::size_t> slots_;  ///< Index in looks_ by the task's id.
  std::uint64_t most_memory_ = 0;
};

}  // namespace

Observation observe(const ObserveOptions& options) {
  return Run{options}.go(false);
}

FactsDocument discover_only(const ObserveOptions& options) {
  return Run{options}.go(true).document;
}

}  // namespace postflight
