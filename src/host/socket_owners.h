// SPDX-License-Identifier: Apache-2.0
// Which processes hold which sockets, from the links in /proc/PID/fd. Only reads them; never opens,
// duplicates or follows what they lead to. Source: proc(5).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/deadline.h"
#include "base/expected.h"

namespace postflight::host {

/// Who holds which of the sockets that were asked for.
struct SocketOwners {
  /// Socket inode -> ids of all processes that hold it, ascending. Several is normal: a server's
  /// workers share its socket, and systemd keeps those it has passed on.
  std::unordered_map<std::uint64_t, std::vector<std::int32_t>> pids;
  /// Processes, ascending, whose open files could not be read for lack of permission
  /// (CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, proc(5)): an inode missing from `pids` may belong to
  /// one of them.
  std::vector<std::int32_t> denied;
  /// False where the deadline passed before every process was looked at.
  bool complete = true;
};

/// Looks through the open files of every process for the sockets in `inodes`, on all processors at
/// once. Does not stop at the first holder: a socket that systemd opened is also, and mainly, its
/// service's. Errors: those of list_processes().
Result<SocketOwners> find_socket_owners(const std::unordered_set<std::uint64_t>& inodes,
                                        const std::string& root, Deadline deadline);

/// The inode in "socket:[12345]", the target of a link in /proc/PID/fd, or 0. Pure.
std::uint64_t parse_socket_link(std::string_view target);

}  // namespace postflight::host
