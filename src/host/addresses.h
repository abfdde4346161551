// SPDX-License-Identifier: Apache-2.0
// The machine's own addresses, and from whom an address can be reached. Only looks; sends nothing.
// Source: getifaddrs(3); RFC 1918, 3927, 4193, 4291, 6598.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "model/topology.h"

namespace postflight::host {

/// An address of this machine and the interface that has it.
struct InterfaceAddress {
  std::string address;  ///< Numeric, without "%interface".
  std::string interface;
  bool operator==(const InterfaceAddress&) const = default;
};

/// All addresses of the current network namespace but those of loopback, IPv4 first, sorted.
/// Errors: those of getifaddrs(3).
Result<std::vector<InterfaceAddress>> interface_addresses();

/// True for interfaces that lead to containers or virtual machines of this host and nowhere else,
/// by the names that Docker, Podman, CNI, LXC and libvirt give them. Pure.
bool is_container_interface(std::string_view interface);

/// From whom a numeric listening address can be reached as far as the address tells; `own` says
/// which address belongs to which interface. "::ffff:1.2.3.4" counts as 1.2.3.4, "%interface" is
/// ignored, multicast and broadcast reach the local network. What is no address counts as global:
/// the worst case, because a wrong guess must not hide an open port. Pure.
Exposure classify_exposure(std::string_view address, std::span<const InterfaceAddress> own);

}  // namespace postflight::host
