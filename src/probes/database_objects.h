// SPDX-License-Identifier: Apache-2.0
// The objects of a database that the facts of the probe `database` speak of. Names are qualified
// and quoted as SQL wants them, as regclass prints them with an empty search_path.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/observed.h"

namespace postflight {

struct TableSize {
  std::string table;
  std::uint64_t size_bytes = 0;
  std::int64_t rows = -1;
  bool counted = false;
  bool operator==(const TableSize&) const = default;
};
// clang-format off
PF_DESCRIBE(TableSize,
  (table, "Name of the table."),
  (size_bytes, "Its size with indexes, TOAST and partitions."),
  (rows, "Its rows; -1 where not even an estimate is known."),
  (counted, "They were counted, not estimated."))
// clang-format on

/// Something about one object that has no more to tell than a kind and a detail.
struct ObjectFault {
  std::string object;
  std::string table;
  std::string kind;
  std::string detail;
  bool operator==(const ObjectFault&) const = default;
};
// clang-format off
PF_DESCRIBE(ObjectFault,
  (object, "Name of the object."),
  (table, "Table it belongs to; empty where it belongs to none."),
  (kind, "What it is: table, check, foreign key, not null, domain, trigger, rule or event trigger."),
  (detail, "Its definition, or the server's words."))
// clang-format on

struct NotExamined {
  std::string object;
  std::string why;
  bool operator==(const NotExamined&) const = default;
};
// clang-format off
PF_DESCRIBE(NotExamined,
  (object, "Name of the object."),
  (why, "Reason, in English."))
// clang-format on

struct TableOwner {
  std::string owner;
  std::uint64_t tables = 0;
  bool operator==(const TableOwner&) const = default;
};
// clang-format off
PF_DESCRIBE(TableOwner,
  (owner, "Role."),
  (tables, "Tables that belong to it, those of extensions left out."))
// clang-format on

struct Extension {
  std::string name;
  std::string version;
  std::string default_version;
  bool operator==(const Extension&) const = default;
};
// clang-format off
PF_DESCRIBE(Extension,
  (name, "Name of the extension."),
  (version, "Version that is installed in this database."),
  (default_version, "Version that the server's files would install; empty where they do not know the extension."))
// clang-format on

struct MissingLibrary {
  std::string library;
  std::string extension;
  std::uint64_t functions = 0;
  std::vector<std::string> indexes;
  bool operator==(const MissingLibrary&) const = default;
};
// clang-format off
PF_DESCRIBE(MissingLibrary,
  (library, "File as pg_proc.probin names it."),
  (extension, "Extension that its functions belong to; empty where they belong to none."),
  (functions, "Functions of this database that need it."),
  (indexes, "Indexes that cannot be used without it."))
// clang-format on

struct SequenceBehind {
  std::string sequence;
  std::string table;
  std::string column;
  std::int64_t last_value = 0;
  std::int64_t next_value = 0;
  std::int64_t largest_value = 0;
  std::int64_t first_taken = 0;
  std::int64_t increment = 1;
  bool all_ahead = false;
  bool unique_column = false;
  bool operator==(const SequenceBehind&) const = default;
};
// clang-format off
PF_DESCRIBE(SequenceBehind,
  (sequence, "Name of the sequence."),
  (table, "Table it fills."),
  (column, "Column it fills."),
  (last_value, "last_value of the sequence."),
  (next_value, "What nextval would give: last_value and, where is_called, one increment."),
  (largest_value, "Largest value in the column; the smallest where the sequence counts downwards."),
  (first_taken, "The first value from the next one on that a row has already."),
  (increment, "Its increment; negative where it counts downwards."),
  (all_ahead, "No row has a value that the sequence could have given: it was never advanced."),
  (unique_column, "A unique index has this column alone, so that a value that is taken is refused."))
// clang-format on

struct BadIndex {
  std::string index;
  std::string table;
  std::string definition;
  std::string keys;
  bool unique = false;
  bool written = true;
  bool partitioned = false;
  bool operator==(const BadIndex&) const = default;
};
// clang-format off
PF_DESCRIBE(BadIndex,
  (index, "Name of the index."),
  (table, "Table it belongs to."),
  (definition, "pg_get_indexdef; empty where its table is locked."),
  (keys, "Its key columns and expressions as SQL; empty where its table is locked."),
  (unique, "It should keep values unique."),
  (written, "Writes keep it up to date, pg_index.indisready, though no query uses it."),
  (partitioned, "It is the index of a partitioned table and lacks those of some partitions."))
// clang-format on

struct UnanalyzedTable {
  std::string table;
  std::uint64_t size_bytes = 0;
  std::int64_t rows = -1;
  bool awaits_autovacuum = false;
  bool operator==(const UnanalyzedTable&) const = default;
};
// clang-format off
PF_DESCRIBE(UnanalyzedTable,
  (table, "Name of the table."),
  (size_bytes, "Its size without indexes."),
  (rows, "Rows as the statistics collector counts them; -1 where it does not know."),
  (awaits_autovacuum, "So many rows changed that autovacuum will analyse it by itself."))
// clang-format on

struct DeadRows {
  std::string table;
  std::uint64_t dead_rows = 0;
  std::uint64_t live_rows = 0;
  std::uint64_t size_bytes = 0;
  bool ever_vacuumed = false;
  bool operator==(const DeadRows&) const = default;
};
// clang-format off
PF_DESCRIBE(DeadRows,
  (table, "Name of the table."),
  (dead_rows, "n_dead_tup."),
  (live_rows, "n_live_tup."),
  (size_bytes, "Its size without indexes."),
  (ever_vacuumed, "It was vacuumed since the statistics began."))
// clang-format on

struct MissingLargeObjects {
  std::string table;
  std::string column;
  std::uint64_t missing = 0;
  bool certain = false;
  bool operator==(const MissingLargeObjects&) const = default;
};
// clang-format off
PF_DESCRIBE(MissingLargeObjects,
  (table, "Name of the table."),
  (column, "Its column."),
  (missing, "Values for which there is no large object."),
  (certain, "The column is of type lo; one of type oid may mean something else."))
// clang-format on

struct Subscription {
  std::string name;
  bool enabled = false;
  bool running = false;
  bool operator==(const Subscription&) const = default;
};
// clang-format off
PF_DESCRIBE(Subscription,
  (name, "Name of the subscription."),
  (enabled, "It is switched on."),
  (running, "A worker receives changes for it now."))
// clang-format on

/// Whether a name leads to an address where the server runs.
enum class Resolves { yes, no, untold };
PF_DESCRIBE_ENUM(Resolves, yes, no, untold)

struct RemoteHost {
  std::string host;
  std::string kind;
  std::string object;
  Resolves resolves = Resolves::untold;
  bool operator==(const RemoteHost&) const = default;
};
// clang-format off
PF_DESCRIBE(RemoteHost,
  (host, "Name or address of the host."),
  (kind, "foreign server, subscription or function."),
  (object, "Name of what connects to it."),
  (resolves, "yes or no; untold where it could not be asked for as the server does."))
// clang-format on

struct ApplicationRole {
  std::string role;
  bool owns_database = false;
  std::uint64_t tables_owned = 0;
  std::uint64_t tables_usable = 0;
  std::uint64_t tables_writable = 0;
  std::uint64_t connections = 0;
  bool monitors = false;
  std::string search_path;
  std::string search_path_from;
  std::uint64_t tables_on_path = 0;
  bool may_create = false;
  bool operator==(const ApplicationRole&) const = default;
};
// clang-format off
PF_DESCRIBE(ApplicationRole,
  (role, "Name of the role."),
  (owns_database, "It owns the database."),
  (tables_owned, "Tables that belong to it."),
  (tables_usable, "Tables on which it has any privilege to read or write."),
  (tables_writable, "Tables into which it may insert, or which it may update or delete from."),
  (connections, "Its connections to this database now."),
  (monitors, "It is a member of one of the roles for monitoring and need not read tables."),
  (search_path, "search_path of its sessions in this database."),
  (search_path_from, "What sets it: role in database, role, database, all roles or the server."),
  (tables_on_path, "Tables in the schemas that this path names."),
  (may_create, "It may create tables in the first schema of its path that exists."))
// clang-format on

struct LockedOut {
  std::string role;
  std::string object;
  std::string kind;
  std::string owner;
  bool operator==(const LockedOut&) const = default;
};
// clang-format off
PF_DESCRIBE(LockedOut,
  (role, "The role."),
  (object, "What it may not use."),
  (kind, "table, sequence or schema."),
  (owner, "To whom it belongs."))
// clang-format on

/// What a collation's versions say about the order in which indexes were built.
enum class CollationState {
  changed,         ///< Recorded and actual version differ.
  never_recorded,  ///< The library has versions now and had none when the database was made.
  untracked,       ///< This version of PostgreSQL records none for the database's collation.
};
PF_DESCRIBE_ENUM(CollationState, changed, never_recorded, untracked)

struct ChangedCollation {
  std::string name;
  CollationState state = CollationState::changed;
  std::string recorded;
  std::string actual;
  bool operator==(const ChangedCollation&) const = default;
};
// clang-format off
PF_DESCRIBE(ChangedCollation,
  (name, "Name of the collation; \"default\" is that of the database."),
  (state, "changed, never_recorded or untracked."),
  (recorded, "Version recorded when it was made; may be empty."),
  (actual, "Version the library has now; empty where it has none."))
// clang-format on

/// What came of reading an index in its own order.
enum class IndexOrder { holds, broken, not_examined };
PF_DESCRIBE_ENUM(IndexOrder, holds, broken, not_examined)

struct CollatedIndex {
  std::string index;
  std::string table;
  bool unique = false;
  IndexOrder order = IndexOrder::not_examined;
  std::uint64_t misordered = 0;
  std::uint64_t duplicates = 0;
  std::string detail;
  bool operator==(const CollatedIndex&) const = default;
};
// clang-format off
PF_DESCRIBE(CollatedIndex,
  (index, "Name of the index."),
  (table, "Table it belongs to."),
  (unique, "It should keep values unique."),
  (order, "holds, broken or not_examined."),
  (misordered, "Neighbours in the index that stand in the wrong order now."),
  (duplicates, "Values that stand more than once in spite of a unique index."),
  (detail, "Why it was not examined; else empty."))
// clang-format on

}  // namespace postflight
