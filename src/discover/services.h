// SPDX-License-Identifier: Apache-2.0
// Turns listening sockets and their holders into services: who listens where, under which id. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/sock_diag.h"
#include "model/topology.h"

namespace postflight {

/// A listening socket and where it was seen.
struct PlacedSocket {
  host::ListeningSocket socket;
  Exposure exposure = Exposure::loopback;
  std::string netns;  ///< Label of its network namespace; empty for the machine's own.
  std::int32_t netns_pid = 0;
};

/// Who holds which socket.
struct Ownership {
  std::map<std::int32_t, Program> programs;                              ///< By process id.
  std::unordered_map<std::uint64_t, std::vector<std::int32_t>> holders;  ///< By inode, ascending.
  Observed<std::vector<Program>> missing;  ///< What is known of sockets that are not in `holders`.
  std::string at;                          ///< When it was read, for evidence.
};

/// How many programs a service lists at most; the first process, then workers like the first.
inline constexpr std::size_t kProgramsListed = 8;

/// The sockets of one namespace, transport, port and program are one service, whatever their
/// addresses and families. Sorted by namespace, transport, port and id; ids are unique ("#PROGRAM"
/// is added where two programs share an address and port). systemd counts as holder only where
/// nobody else does: it keeps the sockets of the services it has started.
std::vector<Service> group_services(const std::vector<PlacedSocket>& sockets,
                                    const Ownership& ownership);

}  // namespace postflight
