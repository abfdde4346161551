// SPDX-License-Identifier: Apache-2.0
// What probes of listening services share: from a service to a target, and the way in from outside.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/probe.h"

namespace postflight {

/// A target for each TCP service whose probable protocol is among `protocols`, with ids
/// "KIND:SERVICE" and names "LABEL ENDPOINT (program)".
std::vector<Target> targets_for(const Topology& topology, std::string_view kind,
                                std::string_view label,
                                std::initializer_list<std::string_view> protocols);

/// The same without the docker-proxies whose server was seen inside its container: one server is
/// one component. Not for the web, where the published port is a path of its own to be walked.
std::vector<Target> server_targets_for(const Topology& topology, std::string_view kind,
                                       std::string_view label,
                                       std::initializer_list<std::string_view> protocols);

/// Where somebody outside would connect to.
struct OutsideEndpoint {
  std::string address;  ///< Numeric, not loopback.
  std::uint16_t port = 0;
  bool operator==(const OutsideEndpoint&) const = default;
};

/// An address of this machine, not loopback, at which the target's service can be had: its own, or
/// for one in a container that of a published port. Nothing where it is to be had on loopback
/// alone, or where the machine has no other address.
std::optional<OutsideEndpoint> outside_endpoint(const ProbeContext& context);

}  // namespace postflight
