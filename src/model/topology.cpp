// SPDX-License-Identifier: Apache-2.0
#include "model/topology.h"

#include <algorithm>

namespace postflight {

std::string reachable_address(const std::string& address) {
  if (address == "0.0.0.0") return "127.0.0.1";
  if (address == "::") return "::1";
  return address;
}

const Listener& preferred_listener(const Service& service) {
  const auto rank = [](const Listener& listener) {
    const bool ipv6 = listener.address.find(':') != std::string::npos;
    const bool by_loopback =
        listener.exposure == Exposure::loopback || listener.exposure == Exposure::wildcard;
    return (by_loopback ? 0 : 2) + (ipv6 ? 1 : 0);
  };
  return *std::ranges::min_element(service.listeners, {}, rank);
}

std::string format_endpoint(const std::string& address, std::uint16_t port) {
  const bool ipv6 = address.find(':') != std::string::npos;
  return (ipv6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

}  // namespace postflight
