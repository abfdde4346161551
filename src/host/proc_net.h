// SPDX-License-Identifier: Apache-2.0
// The second way to the listening sockets: the tables /proc/net/{tcp,tcp6,udp,udp6}, for kernels
// without inet_diag and for sandboxes that forbid netlink. Only reads. Source: proc(5),
// get_tcp4_sock() in net/ipv4/tcp_ipv4.c and its brothers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/sock_diag.h"

namespace postflight::host {

/// As listening_sockets_from_netlink(), but knows neither IPV6_V6ONLY nor the limit of a backlog
/// nor the interface of a link-local address. A missing table (no IPv6) is an empty one. Errors:
/// kTimeout, kDenied, kMalformed (over 64 MiB), kNotFound where there is no /proc/net/tcp.
Result<std::vector<ListeningSocket>> listening_sockets_from_proc(const std::string& root,
                                                                 Deadline deadline);

/// Reads the text of one table: TCP lines in state 0A (LISTEN), UDP lines in state 07 (no peer).
/// Lines of another form, such as the heading, are skipped. Pure.
std::vector<ListeningSocket> parse_proc_net(std::string_view text, Transport transport);

}  // namespace postflight::host
