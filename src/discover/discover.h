// SPDX-License-Identifier: Apache-2.0
// Finds out what runs on the machine and listens: sockets, their programs, the network namespaces
// of containers. Only reads kernel tables and /proc; connects to nothing.
#pragma once

#include <string>

#include "base/deadline.h"
#include "model/topology.h"

namespace postflight {

struct DiscoverOptions {
  std::string root = "/";             ///< Where /proc and /run of the machine are found.
  Deadline deadline{Duration{5000}};  ///< What was not seen by then is unknown.
};

/// The machine's services and namespaces. Never fails: what could not be seen stands in the result
/// as unknown, with the permission that would show it:
///   - a service whose programs are unknown;
///   - a namespace whose `services` are unknown: one that could not be entered; one with the label
///     "unseen" for all processes that do not show in which namespace they are; one with an empty
///     label where not even the machine's own sockets could be listed.
/// UDP sockets on ports out of net.ipv4.ip_local_port_range are left out: those are clients.
///
/// Moves between network namespaces while it looks and is back in its own at the end, so it wants a
/// process without other threads: run it in a forked task.
Topology discover(const DiscoverOptions& options);

}  // namespace postflight
