// SPDX-License-Identifier: Apache-2.0
#include "engine/task_components.h"

#include <map>
#include <optional>
#include <set>

#include "engine/readable.h"
#include "model/codec.h"
#include "probes/part.h"

namespace postflight {
namespace {

/// What was said about one component: the last word on each fact counts.
using Said = std::map<std::string_view, const Frame*>;

Json fact_of(const FactDeclaration& fact, const Said& said, const TaskRecord& record) {
  const auto frame = said.find(fact.key);
  if (frame == said.end()) return to_json(Observed<bool>{why_missing(record)});
  auto parsed = parse_json(frame->second->payload);
  if (!parsed) return to_json(Observed<bool>{Unknown{Why::malformed, parsed.error().what}});
  return readable_fact(fact, *std::move(parsed));
}

/// The facts in the order their probe declares them.
Json facts_of(const ProbeSpec& probe, const Said& said, const TaskRecord& record) {
  Json facts = Json::object();
  for (const FactDeclaration& fact : probe.facts()) {
    facts[std::string(fact.key)] = fact_of(fact, said, record);
  }
  return facts;
}

/// Frames by the component they are about: the empty id is the planned one. `announcements` keeps
/// their order.
struct SortedFrames {
  std::map<std::string_view, Said> by_component;
  std::vector<const Frame*> announcements;
};

SortedFrames sort_frames(const std::vector<Frame>& frames) {
  SortedFrames sorted;
  for (const Frame& frame : frames) {
    if (frame.key == kPartKey) {
      sorted.announcements.push_back(&frame);
      continue;
    }
    const std::string_view key = frame.key;
    const auto end = key.find(kPartSeparator);
    const bool is_own = end == std::string_view::npos;
    sorted.by_component[is_own ? "" : key.substr(0, end)][is_own ? key : key.substr(end + 1)] =
        &frame;
  }
  return sorted;
}

/// The announced part, where the task may speak for it.
std::optional<Part> read_part(const Frame& frame, const ProbeSpec& announcer) {
  const auto json = parse_json(frame.payload);
  auto part = json ? decode<Part>(*json, frame.key) : std::unexpected(json.error());
  if (!part) return std::nullopt;
  const ProbeSpec* probe = find_probe(part->probe);
  if (!probe || probe->announced_by != announcer.id) return std::nullopt;
  return *std::move(part);
}

}  // namespace

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

std::vector<Component> components_of(const ProbeSpec& probe, Component planned,
                                     const JobResult& result) {
  SortedFrames sorted = sort_frames(result.frames);
  planned.facts = facts_of(probe, sorted.by_component[""], result.record);
  std::set<std::string> taken{planned.id};
  std::vector<Component> components;
  components.push_back(std::move(planned));
  for (const Frame* frame : sorted.announcements) {
    const std::optional<Part> part = read_part(*frame, probe);
    if (!part || !taken.insert(part->component_id).second) continue;
    const ProbeSpec& declares = *find_probe(part->probe);
    components.push_back(
        {part->component_id, std::string(declares.kind), part->name, part->probe,
         facts_of(declares, sorted.by_component[part->component_id], result.record)});
  }
  return components;
}

}  // namespace postflight
