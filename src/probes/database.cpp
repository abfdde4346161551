// SPDX-License-Identifier: Apache-2.0
#include "probes/database.h"

#include "probes/database_look.h"
#include "probes/database_session.h"

namespace postflight {
namespace {

using database::Session;

/// Relations that somebody holds for himself alone, and the tables whose indexes he holds: reading,
/// measuring or describing them would wait for him.
constexpr std::string_view kLocked = R"(
WITH held AS (
  SELECT l.relation AS oid FROM pg_locks l
  WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
SELECT coalesce(array_agg(oid), '{}') AS oids FROM (
  SELECT oid FROM held UNION SELECT i.indrelid FROM pg_index i JOIN held h ON h.oid = i.indexrelid
) q)";

void prepare(Session& session) {
  // Rows that policies hide from us must be an error, not a smaller number; a count must not start
  // further processes. Where a setting is refused, what depends on it is refused as well.
  (void)session.set("row_security", "off");
  (void)session.set("max_parallel_workers_per_gather", "0");
  // Names in such a database may be in no encoding at all; as they are they find their table.
  const auto encoding = session.ask("SHOW server_encoding");
  if (encoding && !encoding->rows.empty() && encoding->rows[0][0] == "SQL_ASCII") {
    (void)session.set("client_encoding", "SQL_ASCII");
  }
  const auto locked = session.ask(kLocked);
  if (locked && !locked->rows.empty()) session.locked_tables = *locked->rows[0][0];
}

using Part = void (*)(Session&, DatabaseFacts&);

/// What only asks catalogues comes first, what reads tables last.
constexpr Part kParts[] = {
    &database::look_at_objects,
    &database::look_at_hazards,
    &database::look_at_roles,
    &database::look_at_statistics,
    &database::look_at_collations,
    &database::look_at_extensions,
    &database::compare_sequences,
    &database::count_rows,
    &database::examine_collated_indexes,
    &database::look_for_large_objects,
    &database::look_at_links,
};

}  // namespace

void look_at_database(host::PostgresClient& client, const ProbeContext& context,
                      Recorder<DatabaseFacts>& recorder) {
  Session session{client, context};
  prepare(session);
  for (const Part part : kParts) {
    part(session, recorder.facts);
    recorder.flush();
  }
}

namespace probes {

extern const ProbeSpec database;
const ProbeSpec database{.id = "database",
                         .kind = "database",
                         .summary =
                             "The databases of a PostgreSQL cluster: what is in them, whether it "
                             "can be read, and what a move left broken.",
                         .budget = std::chrono::seconds{5},
                         .needs_topology = true,
                         .facts = &declare_facts<DatabaseFacts>,
                         .plan = nullptr,
                         .run = nullptr,
                         .announced_by = "postgres"};

}  // namespace probes

}  // namespace postflight
