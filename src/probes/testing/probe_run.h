// SPDX-License-Identifier: Apache-2.0
// Runs a probe in this process on one port of loopback, for tests.
#pragma once

#include <cstdint>
#include <string_view>

#include "probes/probe.h"

namespace postflight::testing {

/// The facts that the probe `id` records about 127.0.0.1:port within `budget`, under their keys.
Json run_on_port(std::string_view id, std::uint16_t port, Duration budget = Duration{2000},
                 const Settings& settings = {});

/// As run_on_port(), on a target of the test's own making.
Json run_on(std::string_view id, const Target& target, const Observed<Topology>& topology,
            Duration budget = Duration{2000}, const Settings& settings = {});

/// A target for 127.0.0.1:port as discovery would make it.
Target loopback_target(std::string_view kind, std::uint16_t port);

/// A port on 127.0.0.1 on which nothing listens.
std::uint16_t unused_port();

}  // namespace postflight::testing
