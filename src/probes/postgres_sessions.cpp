// SPDX-License-Identifier: Apache-2.0
// Who is connected, what holds others up, and how large the databases are. What a session asks is
// never looked at: it may hold people's data. Source: the manual, pg_stat_activity, pg_locks,
// pg_blocking_pids(), "Database Object Size Functions".
#include "probes/postgres_look.h"

namespace postflight {
namespace {

constexpr const char* kDatabases = R"(
SELECT datname, pg_get_userbyid(datdba) AS owner, pg_encoding_to_char(encoding) AS encoding,
       datcollate, datallowconn, datconnlimit,
       CASE WHEN has_database_privilege(oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE')
            THEN pg_database_size(oid) END AS size,
       datistemplate
FROM pg_database ORDER BY size DESC NULLS LAST, datname)";

constexpr const char* kClients = R"(
SELECT count(*) AS connections, usename, datname,
       CASE WHEN client_addr IS NULL THEN 'local' ELSE host(client_addr) END AS client,
       application_name, state, sum(count(*)) OVER () AS total
FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
GROUP BY usename, datname, client, application_name, state ORDER BY 1 DESC, 2, 3, 4, 5, 6 LIMIT 100)";

/// pg_blocking_pids() holds up the lock manager for a moment: it is asked only of those who wait.
constexpr const char* kTransactions = R"(
WITH waiting AS (
  SELECT DISTINCT pid, unnest(pg_blocking_pids(pid)) AS blocker FROM pg_stat_activity
  WHERE wait_event_type = 'Lock'),
held AS (
  SELECT DISTINCT ON (l.pid) l.pid, upper(regexp_replace(replace(l.mode, 'Lock', ''),
         '([a-z])([A-Z])', '\1 \2', 'g')) AS mode, l.relation
  FROM pg_locks l
  WHERE l.locktype = 'relation' AND l.granted AND l.relation >= 16384 AND l.mode IN
    ('AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock',
     'ShareUpdateExclusiveLock')
  ORDER BY l.pid, array_position(ARRAY['AccessExclusiveLock', 'ExclusiveLock',
    'ShareRowExclusiveLock', 'ShareLock', 'ShareUpdateExclusiveLock'], l.mode), l.relation)
SELECT a.pid, a.state, extract(epoch FROM clock_timestamp() - a.state_change) AS in_state,
       extract(epoch FROM clock_timestamp() - a.xact_start) AS in_transaction,
       a.usename, a.datname,
       CASE WHEN a.client_addr IS NULL THEN 'local' ELSE host(a.client_addr) END AS client,
       a.application_name, (SELECT count(*) FROM waiting w WHERE w.blocker = a.pid) AS blocks,
       h.mode, h.relation
FROM pg_stat_activity a LEFT JOIN held h USING (pid)
WHERE a.xact_start IS NOT NULL AND a.pid <> pg_backend_pid()
  AND a.backend_type IN ('client backend', 'autovacuum worker', 'background worker')
  AND (a.state LIKE 'idle in transaction%' OR a.pid IN (SELECT blocker FROM waiting)
       OR h.mode IS NOT NULL OR a.xact_start < clock_timestamp() - interval '1 minute')
ORDER BY blocks DESC, in_transaction DESC LIMIT 50)";

constexpr const char* kBlocked = R"(
SELECT a.pid, extract(epoch FROM clock_timestamp() - a.query_start) AS waiting,
       (pg_blocking_pids(a.pid))[1] AS blocker, a.usename, a.datname, a.application_name,
       a.wait_event
FROM pg_stat_activity a WHERE a.wait_event_type = 'Lock' AND a.pid <> pg_backend_pid()
ORDER BY waiting DESC NULLS LAST LIMIT 50)";

constexpr const char* kPrepared = R"(
SELECT gid, extract(epoch FROM clock_timestamp() - prepared) AS age, owner, database
FROM pg_prepared_xacts ORDER BY age DESC LIMIT 50)";

constexpr const char* kHidden =
    "the role does not see the sessions of others; run as root, or grant pg_read_all_stats (or "
    "pg_monitor) to it";

PostgresSession session_of(const PostgresRow& row) {
  std::string lock = row.text("mode");
  if (!lock.empty()) lock += " on relation " + row.text("relation");
  return {.pid = row.number_or<std::int32_t>("pid", 0),
          .state = row.text("state"),
          .state_seconds = row.number_or<double>("in_state", 0),
          .transaction_seconds = row.number_or<double>("in_transaction", 0),
          .role = row.text("usename"),
          .database = row.text("datname"),
          .client = row.text("client"),
          .application = row.text("application_name"),
          .blocks = row.number_or<std::uint32_t>("blocks", 0),
          .lock = std::move(lock)};
}

PostgresBlocked blocked_of(const PostgresRow& row) {
  return {.pid = row.number_or<std::int32_t>("pid", 0),
          .waiting_seconds = row.number_or<double>("waiting", 0),
          .blocked_by = row.number_or<std::int32_t>("blocker", 0),
          .role = row.text("usename"),
          .database = row.text("datname"),
          .application = row.text("application_name"),
          .wants = row.text("wait_event")};
}

PostgresClients clients_of(const PostgresRow& row) {
  return {.connections = row.number_or<std::uint32_t>("connections", 0),
          .role = row.text("usename"),
          .database = row.text("datname"),
          .client = row.text("client"),
          .application = row.text("application_name"),
          .state = row.text("state")};
}

Observed<std::uint64_t> size_of(const PostgresRow& row) {
  if (const auto size = row.number<std::uint64_t>("size")) return Seen{*size, Evidence{}};
  return Unknown{Why::denied, "the role may not connect to it; grant pg_read_all_stats"};
}

}  // namespace

void look_at_databases(PostgresView& view) {
  PostgresFacts& f = view.facts;
  const auto rows = view.ask(kDatabases, {}, 10'000);
  if (!rows) {
    f.databases = unknown_from(rows.error());
    f.databases_bytes = unknown_from(rows.error());
  } else {
    std::vector<PostgresDatabase> list;
    std::uint64_t sum = 0;
    bool complete = !rows->truncated;
    for (std::size_t i = 0; i < rows->rows.size(); ++i) {
      const PostgresRow row{*rows, i};
      Observed<std::uint64_t> size = size_of(row);
      if (size.seen()) sum += size.seen()->value;
      complete = complete && size.seen();
      if (row.flag("datistemplate")) continue;
      list.push_back({row.text("datname"), std::move(size), row.text("owner"), row.text("encoding"),
                      row.text("datcollate"), row.flag("datallowconn"),
                      row.number_or<std::int32_t>("datconnlimit", -1)});
    }
    f.databases = Seen{std::move(list), view.ask.from("pg_database", *rows)};
    f.databases_bytes =
        complete
            ? Observed<std::uint64_t>{Seen{
                  sum, view.ask.from("pg_database_size()", fmt::format("{} databases, {} bytes",
                                                                       rows->rows.size(), sum))}}
            : Unknown{Why::denied,
                      "the role may not see the size of each database; "
                      "grant pg_read_all_stats to it"};
  }
  f.tablespaces_bytes = view.ask.number<std::uint64_t>(
      view.ask("SELECT sum(pg_tablespace_size(oid))::bigint AS bytes FROM pg_tablespace"),
      "pg_tablespace_size()", "bytes");
  f.wal_bytes = view.ask.number<std::uint64_t>(
      view.ask("SELECT coalesce(sum(size), 0)::bigint AS bytes FROM pg_ls_waldir()"),
      "pg_ls_waldir()", "bytes");
}

void look_at_sessions(PostgresView& view) {
  PostgresFacts& f = view.facts;
  view.ask.fill(f.prepared_transactions, "pg_prepared_xacts", view.ask(kPrepared),
                [](const PostgresRow& row) {
                  return PostgresPrepared{row.text("gid"), row.number_or<double>("age", 0),
                                          row.text("owner"), row.text("database")};
                });
  if (!view.sees_all) {
    const Unknown hidden{Why::denied, kHidden};
    f.clients = hidden;
    f.connections_used = hidden;
    f.transactions = hidden;
    f.blocked_sessions = hidden;
    return;
  }
  const auto clients = view.ask(kClients);
  view.ask.fill(f.clients, "pg_stat_activity", clients, clients_of);
  f.connections_used = view.ask.number<std::uint32_t>(clients, "pg_stat_activity", "total");
  if (f.connections_used.absent()) {
    f.connections_used = Seen{std::uint32_t{0}, view.ask.from("pg_stat_activity", "no rows")};
  }
  view.ask.fill(f.transactions, "pg_stat_activity, pg_locks", view.ask(kTransactions), session_of);
  view.ask.fill(f.blocked_sessions, "pg_stat_activity, pg_blocking_pids()", view.ask(kBlocked),
                blocked_of);
}

}  // namespace postflight
