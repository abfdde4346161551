// SPDX-License-Identifier: Apache-2.0
// Whether the data would survive: archiving, replication, checksums, wraparound. Source: the
// manual, pg_stat_archiver, pg_replication_slots, pg_stat_replication, pg_stat_wal_receiver,
// pg_stat_database, "Preventing Transaction ID Wraparound Failures".
#include "probes/postgres_look.h"

namespace postflight {
namespace {

constexpr const char* kArchiver = R"(
SELECT failed_count, last_failed_wal,
       coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) AS fails,
       current_setting('archive_mode') AS mode
FROM pg_stat_archiver)";

constexpr const char* kWaiting =
    "SELECT count(*) AS waiting FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'";

constexpr const char* kSlots = R"(
SELECT slot_name, slot_type, active, wal_status, greatest(pg_wal_lsn_diff(
         CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END,
         restart_lsn), 0)::bigint AS retained
FROM pg_replication_slots ORDER BY slot_name)";

constexpr const char* kReplicas = R"(
SELECT application_name, CASE WHEN client_addr IS NULL THEN 'local' ELSE host(client_addr) END AS client,
       state, sync_state, greatest(pg_wal_lsn_diff(
         CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END,
         replay_lsn), 0)::bigint AS lag
FROM pg_stat_replication ORDER BY application_name)";

constexpr const char* kReceiver = R"(
SELECT (SELECT status FROM pg_stat_wal_receiver) AS status,
       EXISTS (SELECT FROM pg_stat_wal_receiver) AS running,
       CASE WHEN pg_last_wal_receive_lsn() IS NOT NULL THEN greatest(pg_wal_lsn_diff(
         pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), 0)::bigint END AS behind)";

constexpr const char* kHidden =
    "the role does not see replication; run as root, or grant pg_read_all_stats (or pg_monitor) "
    "to it";

void look_at_archiving(PostgresView& view) {
  PostgresFacts& f = view.facts;
  const auto rows = view.ask(kArchiver);
  f.archive_failed_total = view.ask.number<std::uint64_t>(rows, "pg_stat_archiver", "failed_count");
  f.archive_last_failed = view.ask.text(rows, "pg_stat_archiver", "last_failed_wal");
  f.archiving_fails = view.ask.flag(rows, "pg_stat_archiver", "fails");
  if (rows && PostgresRow{*rows, 0}.text("mode") == "off") {
    f.archiving_fails = Absent{view.ask.from("pg_settings", "archive_mode = off")};
  }
  f.archive_waiting =
      view.ask.number<std::uint64_t>(view.ask(kWaiting), "pg_ls_archive_statusdir()", "waiting");
}

void look_at_replication(PostgresView& view) {
  PostgresFacts& f = view.facts;
  view.ask.fill(
      f.replication_slots, "pg_replication_slots", view.ask(kSlots), [](const PostgresRow& row) {
        return PostgresSlot{row.text("slot_name"), row.text("slot_type"), row.flag("active"),
                            row.text("wal_status"), row.number_or<std::uint64_t>("retained", 0)};
      });
  const auto receiver = view.ask(kReceiver);
  f.replay_behind_bytes =
      view.ask.number<std::uint64_t>(receiver, "pg_last_wal_replay_lsn()", "behind");
  if (!view.sees_all) {
    f.replicas = Unknown{Why::denied, kHidden};
    f.receiver_status = Unknown{Why::denied, kHidden};
    return;
  }
  f.receiver_status = view.ask.text(receiver, "pg_stat_wal_receiver", "status");
  view.ask.fill(f.replicas, "pg_stat_replication", view.ask(kReplicas), [](const PostgresRow& row) {
    return PostgresReplica{row.text("application_name"), row.text("client"), row.text("state"),
                           row.text("sync_state"), row.number_or<std::uint64_t>("lag", 0)};
  });
}

}  // namespace

void look_at_safety(PostgresView& view) {
  PostgresFacts& f = view.facts;
  look_at_archiving(view);
  look_at_replication(view);
  f.checksum_failures_total = view.ask.number<std::uint64_t>(
      view.ask("SELECT sum(checksum_failures)::bigint AS failures FROM pg_stat_database"),
      "pg_stat_database", "failures");
  const auto ages = view.ask(
      "SELECT max(age(datfrozenxid)) AS xid, max(mxid_age(datminmxid)) AS multixact "
      "FROM pg_database");
  f.oldest_transaction_age = view.ask.number<std::uint64_t>(ages, "pg_database", "xid");
  f.oldest_multixact_age = view.ask.number<std::uint64_t>(ages, "pg_database", "multixact");
}

}  // namespace postflight
