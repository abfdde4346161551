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

/// An address of this machine, not loopback, at which the target's service listens; nothing where
/// it listens on loopback alone or in another namespace, or where the machine has no other address.
std::optional<std::string> outside_address(const ProbeContext& context);

}  // namespace postflight
