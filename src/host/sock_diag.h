// SPDX-License-Identifier: Apache-2.0
// Sockets on which somebody waits for strangers: TCP in LISTEN and UDP without a peer, as the
// kernel tells them for the current network namespace. Only asks; never opens a port, never closes
// a socket. Source: sock_diag(7), linux/inet_diag.h, net/ipv4/inet_diag.c; proc(5) for the second
// way.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/expected.h"
#include "model/topology.h"

namespace postflight::host {

/// One socket that waits for strangers.
struct ListeningSocket {
  Transport transport = Transport::tcp;
  bool ipv6 = false;    ///< The socket's family, also where it is bound to ::ffff:1.2.3.4.
  bool v6only = false;  ///< IPV6_V6ONLY: "::" does not take IPv4. Always false from /proc.
  std::string address;  ///< Numeric; link-local IPv6 with its interface, "fe80::1%eth0".
  std::uint16_t port = 0;
  std::uint64_t inode =
      0;  ///< Its inode in sockfs, by which an owner is found; 0 where none owns it.
  std::uint32_t uid = 0;            ///< User who made it.
  std::uint32_t backlog = 0;        ///< TCP: connections that wait for accept(2). UDP: 0.
  std::uint32_t backlog_limit = 0;  ///< TCP: how many may wait. UDP and /proc: 0.
  bool operator==(const ListeningSocket&) const = default;
};

/// What was found and where, for evidence.
struct ListeningSockets {
  std::vector<ListeningSocket> sockets;
  std::string source;  ///< "NETLINK_SOCK_DIAG" or "/proc/net/{tcp,tcp6,udp,udp6}".
};

/// Listening TCP and unconnected UDP sockets, IPv4 and IPv6, of the current network namespace. Asks
/// by netlink and reads `root`/proc/net where the kernel refuses that. Errors: kTimeout; otherwise
/// what reading /proc/net failed with.
Result<ListeningSockets> listening_sockets(Deadline deadline, const std::string& root = "/");

/// The netlink way alone. Errors: kTimeout, kDenied, kUnsupported (no inet_diag in this kernel),
/// kMalformed, kUnreachable (changed under our eyes each time we asked).
Result<std::vector<ListeningSocket>> listening_sockets_from_netlink(Deadline deadline);

/// How a dump stands after one buffer of messages.
enum class DumpState {
  kMore,         ///< Another buffer follows.
  kDone,         ///< NLMSG_DONE was there.
  kInterrupted,  ///< NLM_F_DUMP_INTR: the table changed meanwhile, ask again.
};

/// Reads one buffer of messages of an inet_diag dump and adds its sockets to `sockets`. Pure.
/// Errors: the kernel's own (NLMSG_ERROR), kMalformed where a message is cut short.
Result<DumpState> parse_diag_messages(std::span<const char> buffer, Transport transport,
                                      std::vector<ListeningSocket>& sockets);

}  // namespace postflight::host
