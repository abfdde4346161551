// SPDX-License-Identifier: Apache-2.0
// Faults of PostgreSQL clusters, each on a cluster of its own that Debian's tools make.
#include "testing/fix_cases.h"

namespace postflight::lab {
namespace {

const std::string kPostgres = "--only 'postgres*'";

/// cluster NAME PORT LINE...: a cluster 15/NAME with these lines in its configuration, running.
const std::string kTools =
    "cluster() { local name=$1 port=$2; shift 2; "
    "pg_createcluster --locale C.UTF-8 -p $port 15 $name -- --no-sync >/dev/null; "
    "printf '%s\\n' \"$@\" >>/etc/postgresql/15/$name/postgresql.conf; "
    "systemctl daemon-reload; systemctl start postgresql@15-$name; listens $port; }; "
    "sql() { runuser -u postgres -- psql -XAtq -p $1 -d postgres -c \"$2\"; }; "
    "conf() { sed -i \"/^$2/d\" /etc/postgresql/15/$1/postgresql.conf; "
    "echo \"$2 = $3\" >>/etc/postgresql/15/$1/postgresql.conf; }; ";

FixCase with_tools(FixCase one) {
  for (std::string* line : {&one.cause, &one.before, &one.after}) {
    if (!line->empty()) *line = kTools + *line;
  }
  return one;
}

}  // namespace

std::vector<FixCase> fix_cases_of_postgres() {
  std::vector<FixCase> cases = {
      {"PostgresWritesAreNotSafe", "postgres/writes-not-safe", kPostgres, ":7302",
       "cluster unsafe 7302 'fsync = off'", "fsync            | off", "",
       "conf unsafe fsync on; sql 7302 'select pg_reload_conf()'", "set fsync = on in"},
      {"PostgresAutovacuumIsOff", "postgres/autovacuum-off", kPostgres, ":7303",
       "cluster lazy 7303 'autovacuum = off'", "autovacuum", "",
       "conf lazy autovacuum on; sql 7303 'select pg_reload_conf()'", "set autovacuum = on in"},
      {"PostgresWaitsForARestart", "postgres/restart-pending", kPostgres, ":7304",
       "cluster pending 7304; conf pending max_connections 50; sql 7304 'select pg_reload_conf()'; "
       "sleep 0.3",
       "max_connections", "", "systemctl restart postgresql@15-pending; listens 7304",
       "# at a quiet time: systemctl restart postgresql@15-pending"},
      {"PostgresHbaNotReloaded", "postgres/hba-not-reloaded", kPostgres, ":7305",
       "cluster hba 7305; sleep 0.1; "
       "echo 'host all all 10.1.2.0/24 scram-sha-256' >>/etc/postgresql/15/hba/pg_hba.conf",
       "10.1.2.0/24", "", ""},
      {"PostgresHbaIsBroken", "postgres/hba-file-broken", kPostgres, ":7306",
       "cluster broken 7306; "
       "echo 'hostx all all 10.1.2.0/24 md5' >>/etc/postgresql/15/broken/pg_hba.conf",
       "invalid connection type", "",
       "sed -i /hostx/d /etc/postgresql/15/broken/pg_hba.conf; "
       "sql 7306 'select pg_reload_conf()'",
       "SELECT pg_reload_conf()"},
      {"PostgresConfigIsBroken", "postgres/config-file-broken", kPostgres, ":7307",
       "cluster typo 7307; echo 'no_such_setting = 1' >>/etc/postgresql/15/typo/postgresql.conf",
       "no_such_setting", "",
       "sed -i /no_such_setting/d /etc/postgresql/15/typo/postgresql.conf; "
       "sql 7307 'select pg_reload_conf()'",
       "SELECT pg_reload_conf()"},
      {"PostgresConfigNotReloaded", "postgres/config-not-reloaded", kPostgres, ":7308",
       "cluster edited 7308; sleep 0.1; conf edited work_mem 8MB", "work_mem", "", ""},
      {"PostgresMd5UnderScram", "postgres/md5-password-under-scram", kPostgres, ":7309",
       "cluster hashes 7309; sql 7309 \"set password_encryption = md5; "
       "create role shop login password 's3cret'\"",
       "scram-sha-256", "", "sql 7309 \"alter role shop password 's3cret'\"", "\\password"},
      {"PostgresPasswordExpired", "postgres/password-expired", kPostgres, ":7310",
       "cluster expired 7310; sql 7310 \"create role shop login valid until '2020-01-01'\"; "
       "sql 7310 'create database shop owner shop'",
       "2020-01-01", "", "sql 7310 \"alter role shop valid until 'infinity'\"", "infinity"},
      {"PostgresIsOpenToStrangers", "postgres/open-to-strangers", kPostgres, ":7311",
       "cluster open 7311 \"listen_addresses = '*'\"; "
       "echo 'host all all 0.0.0.0/0 md5' >>/etc/postgresql/15/open/pg_hba.conf; "
       "sql 7311 'select pg_reload_conf()'",
       "0.0.0.0/0", "",
       "sed -i 's#0.0.0.0/0#10.1.2.0/24#' /etc/postgresql/15/open/pg_hba.conf; "
       "sql 7311 'select pg_reload_conf()'",
       "# narrow line"},
      {"PostgresDoesNotStartAtBoot", "postgres/not-started-at-boot", kPostgres, ":7312",
       "cluster manual 7312; sed -i s/^auto/manual/ /etc/postgresql/15/manual/start.conf", "manual",
       "", ""},
      {"PostgresIdleInTransaction", "postgres/idle-in-transaction", kPostgres, ":7313",
       "cluster idle 7313; sql 7313 'create table users(id int)'; mkfifo /tmp/idle; "
       "unit idler bash -c 'exec 9<>/tmp/idle; echo \"begin; lock table users;\" >&9; "
       "PGAPPNAME=migrate.py runuser -u postgres -- psql -X -p 7313 -d postgres </tmp/idle'; "
       "sleep 1.5",
       "migrate.py", "",
       "sql 7313 \"select pg_terminate_backend(pid) from pg_stat_activity where application_name "
       "= 'migrate.py'\"",
       "pg_terminate_backend"},
      {"PostgresRunsOutOfConnections", "postgres/connections-exhausted", kPostgres, ":7314",
       "cluster full 7314 'max_connections = 13' 'superuser_reserved_connections = 3'; "
       "sql 7314 'create role pool login superuser'; "
       "unit pool bash -c 'for i in {1..10}; do PGAPPNAME=pool runuser -u postgres -- "
       "psql -X -p 7314 -d postgres -c \"select pg_sleep(600)\" & done; wait'; "
       "waits 'test $(runuser -u postgres -- psql -XAtq -p 7314 -d postgres -c "
       "\"select count(*) from pg_stat_activity where application_name = \\$\\$pool\\$\\$\") = 10'",
       "pool", "",
       "systemctl stop pool; sql 7314 \"select pg_terminate_backend(pid) from pg_stat_activity "
       "where application_name = 'pool'\"",
       "pg_terminate_backend"},
      {"PostgresArchivingFails", "postgres/archiving-fails", kPostgres, ":7315",
       "cluster archive 7315 'archive_mode = on' \"archive_command = 'cp %p /srv/wal/%f'\"; "
       "sql 7315 'select pg_switch_wal()'; "
       "waits 'test $(runuser -u postgres -- psql -XAtq -p 7315 -d postgres -c "
       "\"select failed_count > 0 from pg_stat_archiver\") = t'",
       "cp %p /srv/wal/%f", "install -d -o postgres /srv/wal",
       "sql 7315 'create table y()'; sql 7315 'select pg_switch_wal()'; sleep 3",
       "last_archived_time"},
      {"PostgresArchivesNothing", "postgres/archiving-goes-nowhere", kPostgres, ":7316",
       "cluster discard 7316 'archive_mode = on' \"archive_command = '/bin/true'\"", "/bin/true",
       "", "conf discard archive_command \"'test -n %p'\"; sql 7316 'select pg_reload_conf()'"},
      {"PostgresSlotKeepsWal", "postgres/slot-keeps-wal",
       "--config /root/slot.yaml --only 'postgres*'", ":7317",
       "cluster slot 7317; echo 'thresholds: {postgres_slot_retained_bytes: 1}' >/root/slot.yaml; "
       "sql 7317 \"select pg_create_physical_replication_slot('gone', true)\"; "
       "sql 7317 'select pg_switch_wal()'",
       "gone", "", "sql 7317 \"select pg_drop_replication_slot('gone')\"",
       "pg_drop_replication_slot"},
      {"PostgresPreparedTransactionForgotten", "postgres/prepared-transaction-forgotten",
       "--config /root/prepared.yaml --only 'postgres*'", ":7318",
       "cluster prepared 7318 'max_prepared_transactions = 2'; "
       "echo 'thresholds: {postgres_prepared_transaction_seconds: 0.1}' >/root/prepared.yaml; "
       "sql 7318 \"create table t(); begin; lock table t; prepare transaction 'left'\"; sleep 0.2",
       "left", "", "sql 7318 \"rollback prepared 'left'\"", "ROLLBACK PREPARED"},
      {"PostgresReplicaIsCutOff", "postgres/replica-cut-off", kPostgres, ":7319",
       "cluster replica 7319 \"primary_conninfo = 'host=127.0.0.1 port=7399'\"; "
       "systemctl stop postgresql@15-replica; "
       "install -o postgres /dev/null /var/lib/postgresql/15/replica/standby.signal; "
       "systemctl start postgresql@15-replica; listens 7319",
       "status", "",
       "rm /var/lib/postgresql/15/replica/standby.signal; systemctl restart postgresql@15-replica; "
       "listens 7319"},
      {"PostgresKeepsNoChecksums", "postgres/checksums-off", kPostgres, ":7320",
       "cluster sums 7320", "off", "",
       "systemctl stop postgresql@15-sums; runuser -u postgres -- "
       "/usr/lib/postgresql/15/bin/pg_checksums -e -D /var/lib/postgresql/15/sums >/dev/null; "
       "systemctl start postgresql@15-sums; listens 7320"},
  };
  for (FixCase& one : cases) one = with_tools(std::move(one));
  return cases;
}

}  // namespace postflight::lab
