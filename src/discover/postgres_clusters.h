// SPDX-License-Identifier: Apache-2.0
// PostgreSQL clusters of the machine and of its containers, running or not. Only reads /proc and
// files; connects to nothing. Source: the manual's "Database File Layout" (postmaster.pid),
// src/include/utils/pidfile.h; pg_ctlcluster(1), start.conf.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/expected.h"
#include "model/topology.h"

namespace postflight {

/// postmaster.pid, by which a server says that a data directory is taken.
struct PostmasterFile {
  std::int32_t pid = 0;  ///< As the server sees itself: in a container often 1.
  std::string data_directory;
  std::uint16_t port = 0;
  std::string socket_directory;
  std::string status;  ///< ready, standby, starting or stopping; empty where it says none yet.
};

/// Errors: kMalformed where its first line is no process id. Pure.
Result<PostmasterFile> parse_postmaster_file(std::string_view text);

/// The value of a setting in postgresql.conf: the last one counts, quotes and comments are taken
/// off. Empty where it is not set; included files are not read. Pure.
std::string setting_in_file(std::string_view text, std::string_view name);

/// All clusters: those a server runs on, those of Debian's /etc/postgresql, and data directories in
/// the usual places of other systems. `services` tells on which TCP service each listens. A
/// postmaster.pid whose process is gone, or is another program, is of no server. Sorted by id; ids
/// are unique. What the deadline does not allow is left out.
std::vector<PostgresCluster> find_postgres_clusters(const std::vector<Service>& services,
                                                    const std::string& root, Deadline deadline);

}  // namespace postflight
