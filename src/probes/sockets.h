// SPDX-License-Identifier: Apache-2.0
// What is told about the machine's listening sockets as a whole: who listens where, and whether the
// kernel had to turn connections away. The sockets themselves come from discovery; nothing is sent.
// Source: sock_diag(7), /proc/net/netstat (TcpExt).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "model/observed.h"
#include "model/topology.h"

namespace postflight {

/// One listening service in a form that fits a line of the report.
struct ListeningService {
  std::string endpoint;
  std::string program;
  std::string protocol;
  Exposure exposure = Exposure::loopback;
  Transport transport = Transport::tcp;
  std::uint16_t port = 0;
  std::string netns;
  std::vector<std::string> addresses;
  bool data_service = false;
  bool executable_deleted = false;
  std::uint32_t backlog = 0;
  std::uint32_t backlog_limit = 0;
  bool operator==(const ListeningService&) const = default;
};
// clang-format off
PF_DESCRIBE(ListeningService,
  (endpoint, "Id of the service: ADDRESS:PORT, with /udp and @NAMESPACE where they apply."),
  (program, "Name of the program that listens; empty where it could not be seen."),
  (protocol, "What it probably speaks; empty where nothing suggests it."),
  (exposure, "The widest reach among its addresses, firewalls not considered."),
  (transport, "tcp or udp."),
  (port, "Port number."),
  (netns, "Network namespace; empty for the machine's own."),
  (addresses, "All addresses it listens on."),
  (data_service, "It keeps data or controls the machine: a database, cache, queue or the Docker API."),
  (executable_deleted, "The program's file was replaced after it had started."),
  (backlog, "Connections waiting to be accepted on its fullest socket."),
  (backlog_limit, "How many may wait on that socket."))
// clang-format on

struct SocketsFacts {
  Required<std::vector<ListeningService>> services;
  Fact<std::vector<std::string>> namespaces;
  Fact<std::vector<std::string>> global_addresses;
  Fact<std::uint64_t> owners_unknown;
  Fact<std::uint64_t> listen_overflows_total;
};
// clang-format off
PF_DESCRIBE(SocketsFacts,
  (services, "Everything that listens, in every network namespace that could be looked into."),
  (namespaces, "Network namespaces other than the machine's own that were looked into."),
  (global_addresses, "Globally routable addresses of this machine."),
  (owners_unknown, "Services whose program could not be seen."),
  (listen_overflows_total, "Connections dropped since boot because a queue was full, TcpExt ListenOverflows."))
// clang-format on

/// One counter of /proc/net/netstat: a line of names and a line of numbers, both led by `group`.
/// kNotFound where the kernel has no such counter, kMalformed where the lines do not match. Pure.
Result<std::uint64_t> netstat_counter(std::string_view text, std::string_view group,
                                      std::string_view name);

}  // namespace postflight
