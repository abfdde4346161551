// SPDX-License-Identifier: Apache-2.0
// Networks of containers as the kernel has them: bridges with their IPv4 and IPv6 subnets, and how
// many interfaces hang on each. Only looks. Source: getifaddrs(3); /sys/class/net/NAME/brif.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/expected.h"

namespace postflight::host {

/// One subnet of a bridge that leads to containers of this machine.
struct ContainerSubnet {
  std::string subnet;   ///< "172.18.0.0/16".
  std::string address;  ///< The machine's own address in it: the containers' gateway.
  std::string interface;
  std::uint32_t members = 0;  ///< Interfaces on the bridge: about one per running container.
  bool operator==(const ContainerSubnet&) const = default;
};

/// Subnets of the current network namespace's bridges, IPv4 first, sorted; link-local ones left
/// out. Bridges are known by the names that Docker, Podman and others give them.
/// Errors: those of getifaddrs(3).
Result<std::vector<ContainerSubnet>> container_subnets(const std::string& root = "/");

}  // namespace postflight::host
