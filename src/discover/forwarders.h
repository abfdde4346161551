// SPDX-License-Identifier: Apache-2.0
// Finds for each docker-proxy to which service in which container it forwards, so that one server
// behind a published port is not taken for two. Pure. Source: the command line of docker-proxy,
// which dockerd fills in (moby, cmd/docker-proxy/main_linux.go).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/topology.h"

namespace postflight {

/// Where a docker-proxy sends what it is given.
struct ForwardTarget {
  Transport transport = Transport::tcp;
  std::string address;  ///< Of the container, numeric.
  std::uint16_t port = 0;
  bool operator==(const ForwardTarget&) const = default;
};

/// From the command line "… -proto tcp -host-ip A -host-port N -container-ip B -container-port M".
/// Nothing where the container's address or port is missing or no number.
std::optional<ForwardTarget> parse_forwarder(std::string_view command_line);

/// Sets `forwards_to` of each docker-proxy service whose target is among the services, and
/// `published_at` of that one. A target that was not seen leaves it empty.
void link_forwarders(Topology& topology);

}  // namespace postflight
