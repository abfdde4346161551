// SPDX-License-Identifier: Apache-2.0
#include "engine/sides.h"

#include <algorithm>

#include "base/text.h"
#include "rules/commands.h"

namespace postflight {
namespace {

constexpr std::size_t kIdShown = 12;  // digits of a container's id in labels and cgroups

/// "postgresql@15-main.service" of the cluster "15/main", as Debian names it; empty elsewhere.
std::string unit_of(const PostgresCluster& cluster) {
  const auto slash = cluster.debian_name.find('/');
  if (slash == std::string::npos) return {};
  return "postgresql@" + cluster.debian_name.substr(0, slash) + "-" +
         cluster.debian_name.substr(slash + 1) + ".service";
}

/// The value of a fact that is a text; empty where it was not seen.
std::string text_of(const Component& component, std::string_view key) {
  if (!component.facts.is_object()) return {};
  const auto fact = component.facts.find(key);
  if (fact == component.facts.end() || !fact->is_object()) return {};
  const auto value = fact->find("value");
  return value != fact->end() && value->is_string() ? value->get<std::string>() : std::string{};
}

bool runs_in(const Service& service, const std::string& container) {
  return service.netns == container || rules::container_of(&service) == container;
}

}  // namespace

Sides::Sides(const FactsDocument& document) {
  const auto* seen = document.topology.seen();
  if (!seen) return;
  for (const Service& service : seen->value.services) {
    if (!service.forwards_to.empty()) add(service.id, service.forwards_to);
    for (const std::string& published : service.published_at) add(service.id, published);
  }
  for (const Component& component : document.components) add_component(component, seen->value);
}

const std::vector<std::string>& Sides::of(std::string_view id) const {
  static const std::vector<std::string> kNone;
  const auto it = sides_.find(id);
  return it == sides_.end() ? kNone : it->second;
}

void Sides::add(const std::string& id, const std::string& endpoint) {
  auto& known = sides_[id];
  if (std::ranges::find(known, endpoint) == known.end()) known.push_back(endpoint);
}

void Sides::add_service(const std::string& id, const Service& service) {
  add(id, service.id);
  for (const std::string& published : service.published_at) add(id, published);
}

void Sides::add_component(const Component& component, const Topology& topology) {
  const std::string& id = component.id;
  const std::string name = id.substr(id.find(':') + 1);
  const std::string container =
      component.kind == "container" ? text_of(component, "id").substr(0, kIdShown) : "";
  for (const Service& service : topology.services) {
    const bool of_unit = component.kind == "unit" && rules::unit_of(&service) == name;
    const bool of_container = !container.empty() && runs_in(service, container);
    if (of_unit || of_container || service.id == name) add_service(id, service);
  }
  for (const PostgresCluster& cluster : topology.clusters) {
    const bool of_unit = component.kind == "unit" && unit_of(cluster) == name;
    const bool of_cluster = component.kind == "database" && name.starts_with(cluster.id + "/");
    if (of_unit || of_cluster) add(id, cluster.id);
  }
}

}  // namespace postflight
