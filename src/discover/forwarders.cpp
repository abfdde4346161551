// SPDX-License-Identifier: Apache-2.0
#include "discover/forwarders.h"

#include <algorithm>

#include "base/text.h"

namespace postflight {
namespace {

constexpr std::string_view kForwarder = "docker-proxy";

/// The word behind `option`; empty where there is none.
std::string_view value_of(const std::vector<std::string_view>& words, std::string_view option) {
  const auto it = std::ranges::find(words, option);
  return it == words.end() || it + 1 == words.end() ? std::string_view{} : *(it + 1);
}

bool is_forwarder(const Service& service) {
  const auto* programs = service.programs.seen();
  return programs && !programs->value.empty() && programs->value.front().name == kForwarder;
}

/// Whether a connection to `address` reaches one of the service's sockets.
bool listens_at(const Service& service, const std::string& address) {
  return std::ranges::any_of(service.listeners, [&](const Listener& listener) {
    return listener.address == address || listener.address == "0.0.0.0" || listener.address == "::";
  });
}

/// The one namespace that has this address; null where several do, as machines inside this one may.
const NetworkNamespace* find_namespace(const Topology& topology, const std::string& address) {
  const NetworkNamespace* found = nullptr;
  for (const NetworkNamespace& space : topology.namespaces) {
    if (std::ranges::find(space.addresses, address) == space.addresses.end()) continue;
    if (found) return nullptr;
    found = &space;
  }
  return found;
}

Service* find_target(Topology& topology, const ForwardTarget& target) {
  const NetworkNamespace* space = find_namespace(topology, target.address);
  if (!space) return nullptr;
  const auto service = std::ranges::find_if(topology.services, [&](const Service& one) {
    return one.netns == space->label && one.port == target.port &&
           one.transport == target.transport && listens_at(one, target.address);
  });
  return service == topology.services.end() ? nullptr : &*service;
}

}  // namespace

std::optional<ForwardTarget> parse_forwarder(std::string_view command_line) {
  const auto words = split_words(command_line);
  const auto port = parse_number<std::uint16_t>(value_of(words, "-container-port"));
  const std::string_view address = value_of(words, "-container-ip");
  if (!port || address.empty()) return std::nullopt;
  const bool udp = value_of(words, "-proto") == "udp";
  return ForwardTarget{udp ? Transport::udp : Transport::tcp, std::string(address), *port};
}

void link_forwarders(Topology& topology) {
  for (Service& forwarder : topology.services) {
    if (!is_forwarder(forwarder)) continue;
    const auto target = parse_forwarder(forwarder.programs.seen()->value.front().command_line);
    Service* service = target ? find_target(topology, *target) : nullptr;
    if (!service || service == &forwarder) continue;
    forwarder.forwards_to = service->id;
    service->published_at.push_back(forwarder.id);
  }
}

}  // namespace postflight
