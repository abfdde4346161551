// SPDX-License-Identifier: Apache-2.0
// The parts of a look at a PostgreSQL cluster: each asks a few views and sets its facts. Nothing
// here writes; what a view refuses makes its own facts unknown, and no others.
#pragma once

#include "host/process_root.h"
#include "probes/postgres.h"
#include "probes/postgres_rows.h"

namespace postflight {

template <class Facts>
class Recorder;

/// What the parts have in common.
struct PostgresView {
  PostgresAsk& ask;
  PostgresFacts& facts;
  const PostgresCluster* cluster;  ///< Null where the server is elsewhere.
  bool sees_all = false;           ///< Its role may see what other roles' sessions do.
  double loaded_at = 0;            ///< pg_conf_load_time(), seconds since 1970.
};

/// The process, the links that start it, where it listens and what containers there are; needs no
/// connection. Sets also what postmaster.pid and start.conf tell.
void look_from_outside(const ProbeContext& context, const PostgresCluster& cluster,
                       PostgresFacts& facts);

/// Memory of its processes. Last, because walking their page tables takes time.
void look_at_memory(const ProbeContext& context, const PostgresCluster& cluster,
                    PostgresFacts& facts);

/// Version, identity, settings and files; sets `sees_all` and `loaded_at` for the others.
void look_at_settings(PostgresView& view);
/// pg_hba.conf, roles and how their passwords are kept.
void look_at_access(PostgresView& view);
/// Databases and sizes.
void look_at_databases(PostgresView& view);
/// Connections, transactions, locks.
void look_at_sessions(PostgresView& view);
/// Archiving, replication, checksums, wraparound.
void look_at_safety(PostgresView& view);

/// Announces the databases that take connections as components of their own, closes `client` and
/// looks into each over a connection of its own, the largest first, with half of the time that is
/// left; the last one has all of it. Names locked relations on the way.
void look_into_databases(const ProbeContext& context, host::PostgresClient client,
                         Recorder<PostgresFacts>& recorder);

/// Whether `file`, as the server sees it, is newer than its last load of the configuration.
Observed<bool> changed_since_load(const PostgresView& view, const std::vector<std::string>& files);

}  // namespace postflight
