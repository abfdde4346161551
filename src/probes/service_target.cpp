// SPDX-License-Identifier: Apache-2.0
#include "probes/service_target.h"

#include <fmt/format.h>

#include <algorithm>

namespace postflight {
namespace {

std::string name_of(const Service& service, std::string_view label) {
  const auto* programs = service.programs.seen();
  if (!programs || programs->value.empty()) return fmt::format("{} {}", label, service.id);
  return fmt::format("{} {} ({})", label, service.id, programs->value.front().name);
}

bool is_ipv6(const std::string& address) {
  return address.find(':') != std::string::npos;
}

/// A service of the machine's own namespace, as somebody outside would address it.
std::optional<OutsideEndpoint> endpoint_from_outside(const Service& service,
                                                     const Topology& topology) {
  for (const Listener& listener : service.listeners) {
    if (listener.exposure == Exposure::loopback) continue;
    if (listener.exposure != Exposure::wildcard) {
      return OutsideEndpoint{listener.address, service.port};
    }
    for (const std::string& own : topology.addresses) {
      if (is_ipv6(own) == is_ipv6(listener.address) && !own.starts_with("fe80:")) {
        return OutsideEndpoint{own, service.port};
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<Target> targets_for(const Topology& topology, std::string_view kind,
                                std::string_view label,
                                std::initializer_list<std::string_view> protocols) {
  std::vector<Target> targets;
  for (const Service& service : topology.services) {
    const bool speaks = std::ranges::find(protocols, service.guess.protocol) != protocols.end();
    if (!speaks || service.transport != Transport::tcp || service.listeners.empty()) continue;
    targets.push_back(
        {fmt::format("{}:{}", kind, service.id), name_of(service, label), service, ""});
  }
  return targets;
}

std::vector<Target> server_targets_for(const Topology& topology, std::string_view kind,
                                       std::string_view label,
                                       std::initializer_list<std::string_view> protocols) {
  std::vector<Target> targets = targets_for(topology, kind, label, protocols);
  std::erase_if(targets, [](const Target& target) { return !target.service.forwards_to.empty(); });
  return targets;
}

std::optional<OutsideEndpoint> outside_endpoint(const ProbeContext& context) {
  const auto* topology = context.topology.seen();
  const Service& service = context.target.service;
  if (!topology) return std::nullopt;
  if (service.netns_pid == 0) return endpoint_from_outside(service, topology->value);
  for (const std::string& id : service.published_at) {
    const auto& services = topology->value.services;
    const auto forwarder = std::ranges::find(services, id, &Service::id);
    if (forwarder == services.end() || forwarder->netns_pid != 0) continue;
    if (auto endpoint = endpoint_from_outside(*forwarder, topology->value)) return endpoint;
  }
  return std::nullopt;
}

}  // namespace postflight
