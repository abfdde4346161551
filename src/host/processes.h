// SPDX-License-Identifier: Apache-2.0
// Processes of the machine: which there are, what they are, which sockets they hold. Only reads
// /proc; never sends a signal, never attaches. Processes come and go while they are read: that is
// normal. Source: proc(5).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/deadline.h"
#include "base/expected.h"
#include "model/topology.h"

namespace postflight::host {

/// Ids of all processes visible under `root`/proc, ascending.
/// Errors: those of reading the folder `root`/proc.
Result<std::vector<std::int32_t>> list_processes(const std::string& root = "/");

/// What a process is. Names and command line are printable UTF-8 on one line, whatever the process
/// calls itself; the command line is cut to 200 bytes. `executable` stays empty where only root may
/// read it; `uid` is the effective one.
/// Errors: kNotFound where the process is gone, kDenied where not even its name may be read.
Result<Program> read_program(std::int32_t pid, const std::string& root = "/");

/// Who holds which of the sockets that were asked for.
struct SocketOwners {
  /// Socket inode -> ids of all processes that hold it, ascending. Several is normal: a server's
  /// workers share its socket, and systemd keeps those it has passed on.
  std::unordered_map<std::uint64_t, std::vector<std::int32_t>> pids;
  /// Processes whose open files could not be read for lack of permission (CAP_SYS_PTRACE and
  /// CAP_DAC_READ_SEARCH, proc(5)): an inode missing from `pids` may belong to one of them.
  std::vector<std::int32_t> denied;
  /// False where the deadline passed before every process was looked at.
  bool complete = true;
};

/// Looks through the open files of every process for the sockets in `inodes`. Does not stop at the
/// first holder: a socket that systemd opened is also, and mainly, its service's. Errors: those of
/// list_processes().
Result<SocketOwners> find_socket_owners(const std::unordered_set<std::uint64_t>& inodes,
                                        const std::string& root, Deadline deadline);

/// The inode in "socket:[12345]", the target of a link in /proc/PID/fd, or 0. Pure.
std::uint64_t parse_socket_link(std::string_view target);

/// The path that names a process's unit or container, from the text of /proc/PID/cgroup: systemd's
/// own hierarchy first, then the unified one, then the longest (cgroups(7)). Empty where there is
/// none. Pure.
std::string parse_cgroup(std::string_view text);

}  // namespace postflight::host
