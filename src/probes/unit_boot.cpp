// SPDX-License-Identifier: Apache-2.0
#include "probes/unit_boot.h"

#include <algorithm>
#include <array>
#include <deque>

namespace postflight::systemd_look {
namespace {

constexpr std::size_t kMostUnitsOnTheWay = 300;
constexpr std::array<std::string_view, 4> kWantedBy = {"WantedBy", "RequiredBy", "BoundBy",
                                                       "UpheldBy"};
constexpr std::string_view kAliasOfDefault = "default.target";

std::vector<std::string> texts(const Json& properties, std::string_view key) {
  std::vector<std::string> all;
  const auto found = properties.find(key);
  if (found == properties.end() || !found->is_array()) return all;
  for (const Json& one : *found) {
    if (one.is_string()) all.push_back(one.get<std::string>());
  }
  return all;
}

std::string text(const Json& properties, std::string_view key) {
  const auto found = properties.find(key);
  return found != properties.end() && found->is_string() ? found->get<std::string>()
                                                         : std::string{};
}

std::vector<std::string> names_of(const std::string& unit, const Json& properties) {
  std::vector<std::string> names = texts(properties, "Names");
  if (std::ranges::find(names, unit) == names.end()) names.push_back(unit);
  return names;
}

/// Dependencies of these are made by systemd itself as well, from other settings than Wants=.
bool has_only_written_dependencies(std::string_view unit) {
  const auto type = unit_type(unit);
  return type != "mount" && type != "swap" && type != "automount" && type != "device";
}

BootStart start_by(std::string_view trigger) {
  return unit_type(trigger) == "timer" ? BootStart::by_timer : BootStart::on_demand;
}

}  // namespace

std::vector<std::string_view> boot_properties() {
  return {"Names",    "LoadState",   "WantedBy",     "RequiredBy",  "BoundBy",
          "UpheldBy", "TriggeredBy", "FragmentPath", "DropInPaths", "SourcePath"};
}

const Result<Json>& BootWays::properties_of(const std::string& unit) {
  const auto known = known_.find(unit);
  if (known != known_.end()) return known->second;
  return known_.emplace(unit, ask_(unit)).first->second;
}

/// The file of `parent` in which `unit`, or the template it is made of, is named.
std::optional<std::string> BootWays::file_that_names(const std::string& parent,
                                                     const std::string& unit) {
  const Result<Json>& properties = properties_of(parent);
  if (!properties) return std::nullopt;
  std::vector<std::string> files = texts(*properties, "DropInPaths");
  for (const char* key : {"FragmentPath", "SourcePath"}) {
    if (std::string path = text(*properties, key); !path.empty()) files.push_back(std::move(path));
  }
  const std::string stem =
      unit.substr(0, unit.find('@') == std::string::npos ? std::string::npos : unit.find('@') + 1);
  for (const std::string& file : files) {
    const auto content = read_(file);
    // A file that cannot be read proves nothing against what systemd says it has read there.
    if (!content || content->find(stem) != std::string::npos) return file;
  }
  return std::nullopt;
}

std::vector<BootWays::Edge> BootWays::edges_of(const std::string& unit, const Json& properties) {
  std::vector<Edge> edges;
  std::set<std::string> linked;
  for (const StartLink& link : folders_.links_to(names_of(unit, properties))) {
    if (!link.stays) continue;
    edges.push_back({link.wanter, link.path, false});
    linked.insert(link.wanter);
  }
  for (const std::string_view key : kWantedBy) {
    for (const std::string& parent : texts(properties, key)) {
      if (linked.contains(parent)) continue;
      const bool written = has_only_written_dependencies(unit) && unit_type(parent) != "device";
      edges.push_back({parent, written ? "" : "systemd", false});
    }
  }
  for (const std::string& trigger : texts(properties, "TriggeredBy")) {
    edges.push_back({trigger, "it triggers " + unit, true});
  }
  return edges;
}

/// Looked up only when its turn comes: basic.target is required by every service.
bool BootWays::is_proven(Step& step) {
  if (step.unproven.empty()) return true;
  const auto file = file_that_names(step.unit, step.unproven);
  if (!file) return false;
  step.steps.back() = step.unit + ": " + *file;
  step.unproven.clear();
  return true;
}

Result<BootWay> BootWays::search(const std::string& unit, bool with_triggers) {
  std::deque<Step> open;
  open.push_back({unit, BootStart::at_boot, {}, {}});
  std::set<std::string> seen;
  while (!open.empty() && seen.size() < kMostUnitsOnTheWay) {
    Step step = std::move(open.front());
    open.pop_front();
    if (seen.contains(step.unit) || !is_proven(step)) continue;
    seen.insert(step.unit);
    // What hardware asks for, udev(7) SYSTEMD_WANTS, starts when the device is found: at boot.
    const bool is_device = unit_type(step.unit) == "device";
    if (step.unit == default_target_ || step.unit == kAliasOfDefault || is_device) {
      return BootWay{step.start, std::move(step.steps)};
    }
    if (const auto known = booting_.find(step.unit); known != booting_.end()) {
      step.steps.insert(step.steps.end(), known->second.steps.begin(), known->second.steps.end());
      return BootWay{step.start, std::move(step.steps)};
    }
    const Result<Json>& properties = properties_of(step.unit);
    if (!properties && properties.error().code == Errc::kNotFound) continue;
    if (!properties) return std::unexpected(properties.error());
    if (step.unit != unit && text(*properties, "LoadState") != "loaded") continue;
    for (const Edge& edge : edges_of(step.unit, *properties)) {
      if (edge.is_trigger && !with_triggers) continue;
      Step next = step;
      if (edge.is_trigger && step.start == BootStart::at_boot) next.start = start_by(edge.from);
      next.steps.push_back(edge.from + ": " + edge.why);
      if (edge.why.empty()) next.unproven = step.unit;
      next.unit = edge.from;
      // Targets first: they lead to the top.
      if (unit_type(edge.from) == "target") {
        open.push_front(std::move(next));
      } else {
        open.push_back(std::move(next));
      }
    }
  }
  return BootWay{};
}

Result<BootWay> BootWays::way_of(const std::string& unit, const Json& properties) {
  Json needed = Json::object();
  for (const std::string_view key : boot_properties()) {
    const auto found = properties.find(key);
    if (found != properties.end()) needed[std::string(key)] = *found;
  }
  known_.insert_or_assign(unit, Result<Json>(std::move(needed)));
  if (text(properties, "LoadState") == "masked") return BootWay{};
  PF_TRY_ASSIGN(BootWay way, search(unit, false));
  if (way.start == BootStart::at_boot) {
    booting_.emplace(unit, way);
    return way;
  }
  PF_TRY_ASSIGN(BootWay triggered, search(unit, true));
  if (triggered.start == BootStart::never && folders_.gap()) {
    return std::unexpected(*folders_.gap());
  }
  return triggered;
}

}  // namespace postflight::systemd_look
