// SPDX-License-Identifier: Apache-2.0
// What is inside one PostgreSQL database, and what a move may have left broken in it. Reads
// catalogues, counts rows, reads the order of indexes where a collation changed; never writes,
// never runs a function that belongs to the database. Source: PostgreSQL manual, "System Catalogs".
#pragma once

#include "probes/database_objects.h"

namespace postflight {

struct DatabaseFacts {
  Fact<std::uint32_t> server_major;
  Fact<std::string> looked_as;
  Fact<std::string> owner;
  Fact<std::string> encoding;
  Fact<std::uint64_t> size_bytes;
  Required<std::uint64_t> tables;
  Fact<std::uint64_t> partitions;
  Fact<std::uint64_t> views;
  Fact<std::uint64_t> materialized_views;
  Fact<std::uint64_t> sequences;
  Fact<std::uint64_t> functions;
  Fact<std::uint64_t> triggers;
  Fact<std::uint64_t> publications;
  Fact<std::uint64_t> rows;
  Fact<std::uint64_t> tables_estimated;
  Fact<std::uint64_t> users_rows;
  Fact<std::vector<std::string>> main_tables;
  Fact<std::vector<TableSize>> largest_tables;
  Fact<std::vector<ObjectFault>> unreadable_tables;
  Fact<std::vector<TableOwner>> table_owners;
  Fact<std::vector<Extension>> extensions;
  Fact<std::vector<MissingLibrary>> missing_libraries;
  Fact<std::vector<SequenceBehind>> sequences_behind;
  Fact<std::vector<NotExamined>> sequences_not_examined;
  Fact<std::vector<BadIndex>> invalid_indexes;
  Fact<std::vector<ObjectFault>> not_validated_constraints;
  Fact<std::vector<std::string>> unpopulated_views;
  Fact<std::vector<ObjectFault>> disabled_triggers;
  Fact<bool> autovacuum;
  Fact<std::uint64_t> tables_without_statistics;
  Fact<std::vector<UnanalyzedTable>> unanalyzed_tables;
  Fact<std::vector<DeadRows>> dead_rows;
  Fact<std::vector<std::string>> unlogged_tables;
  Fact<std::uint64_t> large_objects;
  Fact<std::vector<MissingLargeObjects>> missing_large_objects;
  Fact<std::vector<Subscription>> subscriptions;
  Fact<std::vector<RemoteHost>> remote_hosts;
  Fact<std::vector<std::string>> tables_without_policy;
  Fact<std::vector<std::string>> functions_with_carriage_return;
  Fact<std::vector<ApplicationRole>> application_roles;
  Fact<std::vector<LockedOut>> locked_out;
  Fact<std::string> collation_provider;
  Fact<std::string> collation;
  Fact<std::string> collation_version_recorded;
  Fact<std::string> collation_version_actual;
  Fact<std::vector<ChangedCollation>> changed_collations;
  Fact<std::vector<CollatedIndex>> collated_indexes;
};
// clang-format off
PF_DESCRIBE(DatabaseFacts,
  (server_major, "Major version of the server."),
  (looked_as, "Role as which the database was looked at."),
  (owner, "Owner of the database, pg_database.datdba."),
  (encoding, "Encoding of the database, pg_database.encoding."),
  (size_bytes, "pg_database_size: tables, indexes and catalogues on the disk, without the write-ahead log."),
  (tables, "Tables in all schemas but the system's; a partitioned table is one, its partitions are not counted."),
  (partitions, "Partitions of partitioned tables."),
  (views, "Views in all schemas but the system's."),
  (materialized_views, "Materialised views."),
  (sequences, "Sequences, those of identity columns among them."),
  (functions, "Functions and procedures that belong to no extension."),
  (triggers, "Triggers, those that PostgreSQL makes for constraints not among them."),
  (publications, "Publications for logical replication."),
  (rows, "Rows of all tables and partitions: counted, or estimated for as many tables as tables_estimated says."),
  (tables_estimated, "Tables and partitions whose rows were estimated from the planner's statistics: too large, locked, or not readable."),
  (users_rows, "Rows of the table of users, counted; absent where no table has one of the usual names."),
  (main_tables, "Tables that other tables refer to most, then the largest."),
  (largest_tables, "The ten largest tables with their indexes."),
  (unreadable_tables, "Tables whose rows could not be read because files are missing or damaged."),
  (table_owners, "How many tables belong to which role."),
  (extensions, "Installed extensions, pg_extension and pg_available_extensions."),
  (missing_libraries, "Library files that functions of this database name in pg_proc.probin and that are not there, asked by pg_stat_file. Nothing is loaded: a file that is there may still not fit."),
  (sequences_behind, "Sequences whose next value is not beyond the largest value of the column they fill."),
  (sequences_not_examined, "Sequences that could not be compared with their column, and why."),
  (invalid_indexes, "Indexes that are not used by queries, pg_index.indisvalid; those being built just now left out."),
  (not_validated_constraints, "Constraints that were never checked against the rows that are there, pg_constraint.convalidated; NOT ENFORCED ones left out."),
  (unpopulated_views, "Materialised views that refuse to be read until they are refreshed, pg_class.relispopulated."),
  (disabled_triggers, "Triggers, rules, event triggers and foreign keys that are switched off, tgenabled, ev_enabled, evtenabled."),
  (autovacuum, "autovacuum and track_counts are both on: tables get analysed and vacuumed by themselves."),
  (tables_without_statistics, "Tables with at least one page that have no planner statistics, pg_statistic."),
  (unanalyzed_tables, "The largest of them."),
  (dead_rows, "Tables with more dead rows than autovacuum should ever leave, pg_stat_all_tables."),
  (unlogged_tables, "Tables that are emptied after a crash, pg_class.relpersistence."),
  (large_objects, "Large objects, pg_largeobject_metadata."),
  (missing_large_objects, "Columns of type oid or lo that name large objects which do not exist."),
  (subscriptions, "Subscriptions of this database, pg_subscription and pg_stat_subscription."),
  (remote_hosts, "Names of hosts that foreign servers, subscriptions and functions with dblink connect to."),
  (tables_without_policy, "Tables with row level security and no policy: nobody but the owner sees a row."),
  (functions_with_carriage_return, "Functions whose source holds carriage returns, pg_proc.prosrc."),
  (application_roles, "Roles that may log in, are no superusers, and own the database, own tables or are connected."),
  (locked_out, "What of the tables these roles need and may not use."),
  (collation_provider, "Who sorts text by default: libc, icu or builtin, pg_database.datlocprovider; libc before PostgreSQL 15."),
  (collation, "Collation of the database, pg_database.datcollate or its ICU locale."),
  (collation_version_recorded, "Version of the collation when the database was made, pg_database.datcollversion; absent where none is recorded."),
  (collation_version_actual, "Version that the system's library has now; absent where the collation has no versions, as C."),
  (changed_collations, "Collations used by indexes whose version is another one than recorded, was never recorded, or is not tracked by this version of PostgreSQL."),
  (collated_indexes, "B-tree indexes that depend on them, and what reading their order showed."))
// clang-format on

}  // namespace postflight
