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

std::optional<std::string> outside_address(const ProbeContext& context) {
  const auto* topology = context.topology.seen();
  const Service& service = context.target.service;
  if (!topology || service.netns_pid != 0) return std::nullopt;
  for (const Listener& listener : service.listeners) {
    if (listener.exposure == Exposure::loopback) continue;
    if (listener.exposure != Exposure::wildcard) return listener.address;
    for (const std::string& own : topology->value.addresses) {
      if (is_ipv6(own) == is_ipv6(listener.address) && !own.starts_with("fe80:")) return own;
    }
  }
  return std::nullopt;
}

}  // namespace postflight
