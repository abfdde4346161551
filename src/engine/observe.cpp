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
#include "engine/readable.h"
#include "engine/redact.h"
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

Unknown why_missing(const TaskRecord& record) {
  switch (record.outcome) {
    case Outcome::done: return {Why::not_planned, "the probe did not look at it"};
    case Outcome::timeout: return {Why::timeout, record.detail};
    case Outcome::crashed: return {Why::crashed, record.detail};
    case Outcome::out_of_memory: return {Why::crashed, "the task's memory limit: " + record.detail};
    case Outcome::not_started: return {Why::timeout, record.detail};
  }
  return {};
}

/// The facts of one task, in the order its probe declares them: what it said, and why it did not.
Json facts_of(const ProbeSpec& probe, const JobResult& result) {
  std::map<std::string_view, const Frame*> last;
  for (const Frame& frame : result.frames) last[frame.key] = &frame;
  Json facts = Json::object();
  for (const FactDeclaration& fact : probe.facts()) {
    const auto said = last.find(fact.key);
    Json value;
    if (said == last.end()) {
      value = to_json(Observed<bool>{why_missing(result.record)});
    } else if (auto parsed = parse_json(said->second->payload)) {
      value = readable_fact(fact, *std::move(parsed));
    } else {
      value = to_json(Observed<bool>{Unknown{Why::malformed, parsed.error().what}});
    }
    facts[std::string(fact.key)] = std::move(value);
  }
  return facts;
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
    if (after_discovery && options_.on_planned) options_.on_planned(tasks_.size());
  }

  void add(PlannedTask task) {
    const auto configured = options_.settings.budgets.find(std::string(task.probe->id));
    const Duration budget =
        configured == options_.settings.budgets.end() ? task.probe->budget : configured->second;
    Component component{task.target.component_id, std::string(task.probe->kind), task.target.name,
                        std::string(task.probe->id)};
    const std::string id = fmt::format("{} {}", task.probe->id, task.target.component_id);
    tasks_.emplace(id, Slot{task.probe, document_.components.size()});
    document_.components.push_back(std::move(component));
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
      const Slot& slot = tasks_.at(result.record.id);
      Component& component = document_.components[slot.component];
      component.facts = facts_of(*slot.probe, result);
      // At once, while others are still being waited for: at the end it would delay the report.
      result.record.component = component.id;
      redact(component);
    }
    if (options_.on_task) options_.on_task(result.record);
    document_.tasks.push_back(std::move(result.record));
  }

  void finish(MonotonicClock::duration took) {
    document_.duration_seconds = std::chrono::duration<double>(took).count();
    redact_all_but_components(document_);  // they were, each as it came
    for (Component& component : document_.components) {
      if (component.facts.empty()) redact(component);  // but for one that never came
    }
    note_memory();
    document_.supervisor_memory_bytes = most_memory_;
  }

  void note_memory() { most_memory_ = std::max(most_memory_, private_memory_bytes()); }

  struct Slot {
    const ProbeSpec* probe;
    std::size_t component;
  };

  const ObserveOptions& options_;
  Supervisor supervisor_;
  FactsDocument document_;
  std::map<std::string, Slot> tasks_;
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
