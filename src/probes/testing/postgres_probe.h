// SPDX-License-Identifier: Apache-2.0
// The probe `postgres` on a test's own server, for tests.
#pragma once

#include <string>
#include <vector>

#include "host/testing/postgres_server.h"
#include "model/topology.h"
#include "probes/postgres.h"
#include "probes/probe.h"

namespace postflight::testing {

/// The server as discovery would find it: as a cluster with its service.
Topology topology_of(const host::testing::PostgresServer& server);

/// The facts recorded about the server's cluster within `budget`.
PostgresFacts look_at_cluster(const Topology& topology, Duration budget = Duration{5000},
                              const Settings& settings = {});

/// The facts recorded about what answers at 127.0.0.1:port, to a client that knows no cluster
/// there and comes by --pg-url as this role; without a role as nobody in particular.
PostgresFacts look_by_url(std::uint16_t port, const std::string& role = "nobody:x",
                          Duration budget = Duration{3000});

/// Folders with the programs of other versions, as tools/postgres-versions installs them, and of
/// the machine's own.
std::vector<std::string> program_folders();

}  // namespace postflight::testing
