// SPDX-License-Identifier: Apache-2.0
// Looks inside one database over a connection that somebody else has opened to it.
#pragma once

#include "host/postgres_client.h"
#include "probes/database.h"
#include "probes/recorder.h"

namespace postflight {

/// Records what is in the database that `client` is connected to, read-only, without a lock above
/// ACCESS SHARE, by context.deadline. What could not be seen becomes unknown, each fact by itself;
/// flushes as it goes.
void look_at_database(host::PostgresClient& client, const ProbeContext& context,
                      Recorder<DatabaseFacts>& recorder);

}  // namespace postflight
