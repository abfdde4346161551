// SPDX-License-Identifier: Apache-2.0
// What is looked at on a PostgreSQL cluster: does it answer, for whom and from where, is its data
// safe, is there room, will it start again. Only read-only statements are sent, over one
// connection; what is inside its databases is another probe's. Source: the PostgreSQL manual,
// "System Views", "The Cumulative Statistics System", "System Administration Functions".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/observed.h"

namespace postflight {

struct PostgresDatabase {
  std::string name;
  Observed<std::uint64_t> size_bytes;
  std::string owner;
  std::string encoding;
  std::string collate;
  bool allows_connections = false;
  std::int32_t connection_limit = -1;
};
// clang-format off
PF_DESCRIBE(PostgresDatabase,
  (name, "pg_database.datname."),
  (size_bytes, "pg_database_size(): all files of the database, indexes and free space within them included."),
  (owner, "Role that owns it."),
  (encoding, "Encoding of its text."),
  (collate, "datcollate: the order of its text."),
  (allows_connections, "datallowconn."),
  (connection_limit, "datconnlimit; -1 is no limit."))
// clang-format on

struct PostgresRole {
  std::string name;
  bool can_login = false;
  bool superuser = false;
  std::string attributes;
  std::string valid_until;
  bool expired = false;
  std::int32_t connection_limit = -1;
  bool owns_database = false;
  std::uint32_t sessions = 0;
};
// clang-format off
PF_DESCRIBE(PostgresRole,
  (name, "pg_roles.rolname; PostgreSQL's own pg_* roles are left out."),
  (can_login, "LOGIN."),
  (superuser, "SUPERUSER."),
  (attributes, "Further attributes: CREATEDB, CREATEROLE, REPLICATION, BYPASSRLS."),
  (valid_until, "rolvaliduntil, UTC: from then on its password is refused; empty where it has no end."),
  (expired, "That time has passed."),
  (connection_limit, "rolconnlimit; -1 is no limit."),
  (owns_database, "A database that is no template belongs to it."),
  (sessions, "Its connections now."))
// clang-format on

struct PostgresVerifier {
  std::string role;
  std::string kind;
};
// clang-format off
PF_DESCRIBE(PostgresVerifier,
  (role, "Role that may log in."),
  (kind, "How its password is kept: scram-sha-256, md5, other, or none."))
// clang-format on

struct PostgresHbaRule {
  std::uint32_t line = 0;
  std::string type;
  std::vector<std::string> databases;
  std::vector<std::string> users;
  std::string address;
  std::string method;
  std::string netmask;
  std::string error;
  std::string file;
};
// clang-format off
PF_DESCRIBE(PostgresHbaRule,
  (line, "Line in its file."),
  (type, "local, host, hostssl, hostnossl, hostgssenc or hostnogssenc; empty where the line is in error."),
  (databases, "Databases it is for."),
  (users, "Roles it is for."),
  (address, "Address, host name, all, samehost or samenet; empty for local ones."),
  (method, "trust, reject, scram-sha-256, md5, peer, …"),
  (netmask, "Mask of the address; empty where there is none."),
  (error, "What is wrong with the line; with one such line the server refuses to load the whole file."),
  (file, "File it stands in, where that is not pg_hba.conf itself (from version 16 on)."))
// clang-format on

struct PostgresSetting {
  std::string name;
  std::string value;
  std::string source;
  std::string file;
  std::uint32_t line = 0;
};
// clang-format off
PF_DESCRIBE(PostgresSetting,
  (name, "Name of the setting."),
  (value, "Value in force, with its unit where it has one."),
  (source, "default, configuration file, command line, environment variable, override, …"),
  (file, "File it comes from; empty where it comes from none or may not be seen."),
  (line, "Line in that file; 0 where there is none."))
// clang-format on

struct PostgresPendingSetting {
  std::string name;
  std::string running;
  std::string wanted;
  std::string file;
  std::uint32_t line = 0;
};
// clang-format off
PF_DESCRIBE(PostgresPendingSetting,
  (name, "Setting that takes effect only at a restart."),
  (running, "Value in force."),
  (wanted, "Value in the file; empty where the file may not be seen."),
  (file, "File that has it; empty where it may not be seen."),
  (line, "Line in that file; 0 where it may not be seen."))
// clang-format on

struct PostgresFileError {
  std::string file;
  std::uint32_t line = 0;
  std::string setting;
  std::string error;
};
// clang-format off
PF_DESCRIBE(PostgresFileError,
  (file, "Configuration file."),
  (line, "Line in it."),
  (setting, "Setting the line is about; empty where it has no such form."),
  (error, "What the server says is wrong with it."))
// clang-format on

struct PostgresClients {
  std::uint32_t connections = 0;
  std::string role;
  std::string database;
  std::string client;
  std::string application;
  std::string state;
};
// clang-format off
PF_DESCRIBE(PostgresClients,
  (connections, "How many connections have all of the following in common."),
  (role, "Role they logged in as."),
  (database, "Database they are connected to."),
  (client, "Address they come from; local where they come over the Unix socket."),
  (application, "application_name, as the client chose it."),
  (state, "active, idle, idle in transaction, …"))
// clang-format on

struct PostgresSession {
  std::int32_t pid = 0;
  std::string state;
  double state_seconds = 0;
  double transaction_seconds = 0;
  std::string role;
  std::string database;
  std::string client;
  std::string application;
  std::uint32_t blocks = 0;
  std::string lock;
};
// clang-format off
PF_DESCRIBE(PostgresSession,
  (pid, "Process of the session, as the server sees it."),
  (state, "active, idle in transaction, …"),
  (state_seconds, "How long it has been in that state."),
  (transaction_seconds, "Age of its transaction."),
  (role, "Role."),
  (database, "Database."),
  (client, "Address it comes from; local where it comes over the Unix socket."),
  (application, "application_name, as the client chose it."),
  (blocks, "Sessions that wait for it directly."),
  (lock, "The strongest table lock it holds, from SHARE UPDATE EXCLUSIVE on, and on what; empty where it holds none."))
// clang-format on

struct PostgresBlocked {
  std::int32_t pid = 0;
  double waiting_seconds = 0;
  std::int32_t blocked_by = 0;
  std::string role;
  std::string database;
  std::string application;
  std::string wants;
};
// clang-format off
PF_DESCRIBE(PostgresBlocked,
  (pid, "Process of a session that waits for a lock."),
  (waiting_seconds, "How long its statement has been running, which is at least as long as it waits."),
  (blocked_by, "Process it waits for; 0 where that is a prepared transaction."),
  (role, "Its role."),
  (database, "Its database."),
  (application, "Its application_name."),
  (wants, "Kind of lock it waits for: relation, transactionid, tuple, advisory, …"))
// clang-format on

struct PostgresPrepared {
  std::string name;
  double age_seconds = 0;
  std::string owner;
  std::string database;
};
// clang-format off
PF_DESCRIBE(PostgresPrepared,
  (name, "Name its maker gave it."),
  (age_seconds, "How long it has been waiting for COMMIT PREPARED or ROLLBACK PREPARED."),
  (owner, "Role."),
  (database, "Database."))
// clang-format on

struct PostgresSlot {
  std::string name;
  std::string type;
  bool active = false;
  std::string wal_status;
  std::uint64_t retained_bytes = 0;
};
// clang-format off
PF_DESCRIBE(PostgresSlot,
  (name, "Name of the slot."),
  (type, "physical or logical."),
  (active, "Somebody reads from it now."),
  (wal_status, "reserved, extended, unreserved or lost; empty where the slot reserves nothing."),
  (retained_bytes, "Write-ahead log kept for it."))
// clang-format on

struct PostgresReplica {
  std::string application;
  std::string client;
  std::string state;
  std::string sync_state;
  std::uint64_t lag_bytes = 0;
};
// clang-format off
PF_DESCRIBE(PostgresReplica,
  (application, "application_name of the replica."),
  (client, "Its address."),
  (state, "streaming, catchup, startup, backup or stopping."),
  (sync_state, "async, potential, sync or quorum."),
  (lag_bytes, "Write-ahead log it has not replayed yet."))
// clang-format on

struct PostgresNetwork {
  std::string subnet;
  std::string gateway;
  std::string interface;
  std::uint32_t members = 0;
};
// clang-format off
PF_DESCRIBE(PostgresNetwork,
  (subnet, "Subnet of a bridge to containers."),
  (gateway, "The machine's own address in it."),
  (interface, "The bridge."),
  (members, "Interfaces on the bridge: about one per running container."))
// clang-format on

struct PostgresFacts {
  Required<bool> answers;
  Fact<double> answer_seconds;
  Fact<std::string> refusal;
  Fact<std::string> version;
  Fact<std::string> status;
  Fact<std::uint16_t> port;
  Fact<std::string> data_directory;
  Fact<std::string> system_identifier;
  Fact<double> uptime_seconds;
  Fact<std::string> start_mode;
  Fact<bool> enabled;
  Fact<std::string> listen_addresses;
  Fact<std::vector<std::string>> bound_addresses;
  Fact<std::vector<std::string>> socket_directories;
  Fact<std::vector<PostgresNetwork>> container_networks;
  Fact<std::vector<PostgresDatabase>> databases;
  Fact<std::uint64_t> databases_bytes;
  Fact<std::uint64_t> tablespaces_bytes;
  Fact<std::uint64_t> wal_bytes;
  Fact<std::vector<PostgresRole>> roles;
  Fact<std::vector<PostgresVerifier>> verifiers;
  Fact<std::string> hba_file;
  Fact<std::vector<PostgresHbaRule>> hba_rules;
  Fact<bool> hba_changed_since_load;
  Fact<std::string> config_file;
  Fact<bool> config_changed_since_load;
  Fact<std::vector<PostgresFileError>> config_errors;
  Fact<std::vector<PostgresPendingSetting>> pending_settings;
  Fact<std::vector<PostgresSetting>> settings;
  Fact<std::uint32_t> connections_used;
  Fact<std::uint32_t> connections_limit;
  Fact<std::uint32_t> connections_reserved;
  Fact<std::vector<PostgresClients>> clients;
  Fact<std::vector<PostgresSession>> transactions;
  Fact<std::vector<PostgresBlocked>> blocked_sessions;
  Fact<std::vector<PostgresPrepared>> prepared_transactions;
  Fact<bool> archiving_fails;
  Fact<std::string> archive_last_failed;
  Fact<std::uint64_t> archive_failed_total;
  Fact<std::uint64_t> archive_waiting;
  Fact<std::vector<PostgresSlot>> replication_slots;
  Fact<std::vector<PostgresReplica>> replicas;
  Fact<bool> in_recovery;
  Fact<std::string> receiver_status;
  Fact<bool> follows_primary;
  Fact<std::uint64_t> replay_behind_bytes;
  Fact<std::uint64_t> checksum_failures_total;
  Fact<std::uint64_t> oldest_transaction_age;
  Fact<std::uint64_t> oldest_multixact_age;
  Fact<std::uint64_t> memory_cgroup_bytes;
  Fact<std::uint64_t> memory_proportional_bytes;
  Fact<std::uint64_t> memory_resident_sum_bytes;
};
// clang-format off
PF_DESCRIBE(PostgresFacts,
  (answers, "SELECT 1 was answered. False where no server runs on the data directory."),
  (answer_seconds, "Time from sending SELECT 1 to its answer, over the open connection."),
  (refusal, "SQLSTATE with which the server refused the connection; absent where it let us in."),
  (version, "server_version."),
  (status, "Last line of postmaster.pid: ready, standby, starting or stopping; absent where no server runs."),
  (port, "Port of its sockets."),
  (data_directory, "As the server sees it."),
  (system_identifier, "pg_control_system(): made by initdb, the same in all physical copies."),
  (uptime_seconds, "Since pg_postmaster_start_time()."),
  (start_mode, "First word of Debian's start.conf: auto, manual or disabled; absent elsewhere."),
  (enabled, "A unit that the system starts at boot pulls it in: links in systemd's *.wants and *.requires folders; absent in a container and without systemd."),
  (listen_addresses, "The setting of that name: where it was told to listen."),
  (bound_addresses, "Where it really listens, from the kernel's table of sockets."),
  (socket_directories, "unix_socket_directories."),
  (container_networks, "Subnets of this machine's bridges to containers; absent where the server is in a container itself."),
  (databases, "Databases that are no templates."),
  (databases_bytes, "Sum of pg_database_size() over all databases, templates included."),
  (tablespaces_bytes, "Sum of pg_tablespace_size(): all databases and what they share, without write-ahead log and server log."),
  (wal_bytes, "Size of the files in pg_wal."),
  (roles, "Roles of the cluster, pg_roles."),
  (verifiers, "How the passwords of roles that may log in are kept, from pg_authid; never a password or its hash."),
  (hba_file, "Path of pg_hba.conf."),
  (hba_rules, "pg_hba_file_rules: what stands in the file, not what is loaded."),
  (hba_changed_since_load, "pg_hba.conf, or a file it includes, is newer than pg_conf_load_time(). Rules that stand in the file may not be in force."),
  (config_file, "Path of postgresql.conf."),
  (config_changed_since_load, "A configuration file is newer than pg_conf_load_time()."),
  (config_errors, "Lines of the configuration files that the server cannot use, from pg_file_settings."),
  (pending_settings, "Settings whose new value waits for a restart, from pg_settings.pending_restart."),
  (settings, "Settings that decide about safety and speed, and all that come from the command line, from pg_settings."),
  (connections_used, "Connections of clients, our own left out."),
  (connections_limit, "max_connections."),
  (connections_reserved, "superuser_reserved_connections and, from version 16 on, reserved_connections: not for ordinary roles."),
  (clients, "Who is connected, counted by role, database, address, application and state."),
  (transactions, "Sessions with an open transaction that are idle in it, block others, hold a strong lock, or began over a minute ago."),
  (blocked_sessions, "Sessions that wait for a lock, longest first."),
  (prepared_transactions, "Transactions prepared for two-phase commit, oldest first."),
  (archiving_fails, "pg_stat_archiver: the last attempt to archive failed; absent where archive_mode is off."),
  (archive_last_failed, "File that could not be archived last."),
  (archive_failed_total, "pg_stat_archiver.failed_count since the statistics were reset."),
  (archive_waiting, "Files in archive_status that end in .ready: finished, not yet archived."),
  (replication_slots, "pg_replication_slots."),
  (replicas, "pg_stat_replication."),
  (in_recovery, "pg_is_in_recovery(): a standby, or one that is being restored."),
  (receiver_status, "pg_stat_wal_receiver.status; absent where nothing is received."),
  (follows_primary, "primary_conninfo is set: as a standby it is to stream from another server."),
  (replay_behind_bytes, "Write-ahead log received and not replayed yet; absent where nothing was received."),
  (checksum_failures_total, "Sum of pg_stat_database.checksum_failures; absent where checksums are off."),
  (oldest_transaction_age, "Largest age(datfrozenxid) of all databases, in transactions. At 2,100 million the server stops taking writes."),
  (oldest_multixact_age, "Largest mxid_age(datminmxid) of all databases."),
  (memory_cgroup_bytes, "memory.current of its cgroup: page cache included, and whatever else runs in it."),
  (memory_proportional_bytes, "Sum of Pss over its processes: pages they share count once."),
  (memory_resident_sum_bytes, "Sum of VmRSS over its processes: shared_buffers counts once for each of them."))
// clang-format on

}  // namespace postflight
