// SPDX-License-Identifier: Apache-2.0
// Faults inside databases, each in a database of its own, in one cluster that Debian's tools make.
#include "testing/fix_cases.h"

namespace postflight::lab {
namespace {

/// db NAME [SQL]: a database, its cluster made where it is not there yet. in_db NAME SQL: as
/// superuser.
const std::string kTools =
    "in_db() { runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -p 7350 -d $1 -c \"$2\"; }; "
    "db() { if ! [ -d /etc/postgresql/15/inside ]; then "
    "pg_createcluster --locale C.UTF-8 -p 7350 15 inside -- --no-sync >/dev/null; "
    "echo 'autovacuum = off' >>/etc/postgresql/15/inside/postgresql.conf; "
    "echo 'wal_level = logical' >>/etc/postgresql/15/inside/postgresql.conf; "
    "systemctl daemon-reload; systemctl start postgresql@15-inside; listens 7350; "
    "in_db postgres 'create role shop login'; fi; in_db postgres \"create database $*\"; }; ";

FixCase in_database(std::string name, std::string finding, std::string database, std::string cause,
                    std::string shows, std::string after = "", std::string advises = "") {
  FixCase one{std::move(name),
              std::move(finding),
              "--only 'database:*/" + database + "'",
              "/" + database,
              kTools + cause,
              std::move(shows),
              "",
              "",
              std::move(advises)};
  if (!after.empty()) one.after = kTools + after;
  return one;
}

}  // namespace

std::vector<FixCase> fix_cases_of_databases() {
  return {
      in_database("SequenceBehind", "database/sequence-behind", "behind",
                  "db behind; in_db behind 'create table a (id serial primary key); "
                  "insert into a values (1), (2), (300); create sequence s; "
                  "create table b (id int default nextval($$s$$)); insert into b values (7)'",
                  "300"),
      in_database("IndexInvalid", "database/index-invalid", "invalid",
                  "db invalid; in_db invalid 'create table a (b int); create index i on a (b); "
                  "update pg_index set indisvalid = false where indexrelid = $$i$$::regclass'",
                  ""),
      in_database(
          "IndexInvalidForDuplicates", "database/index-invalid", "doubles",
          "db doubles; in_db doubles 'create table a (b int); insert into a values (1), (1)'; "
          "in_db doubles 'create unique index concurrently u on a (b)' || true",
          "1 |     2", "in_db doubles 'drop index concurrently u'",
          "DROP INDEX CONCURRENTLY public.u"),
      in_database("ConstraintNotValid", "database/constraint-not-valid", "notvalid",
                  "db notvalid; in_db notvalid 'create table a (b int); "
                  "alter table a add constraint c check (b > 0) not valid'",
                  "CHECK ((b > 0)) NOT VALID"),
      in_database("ViewNotPopulated", "database/view-not-populated", "nodata",
                  "db nodata; in_db nodata 'create materialized view v as select 1 with no data'",
                  "REFRESH MATERIALIZED VIEW"),
      in_database("TriggerDisabled", "database/trigger-disabled", "untriggered",
                  "db untriggered; in_db untriggered 'create table a (id int primary key); "
                  "create table b (a int references a); alter table b disable trigger all'",
                  "RI_ConstraintTrigger"),
      in_database("StatisticsMissing", "database/statistics-missing", "unanalyzed",
                  "db unanalyzed; in_db unanalyzed 'create table a as select repeat($$x$$, "
                  "500) from generate_series(1, 20000)'",
                  "ANALYZE"),
      in_database("RoleLockedOut", "database/role-locked-out", "lockedout",
                  "db lockedout owner shop; in_db lockedout 'create table a (id int primary key); "
                  "create table \"B c\" (id serial primary key)'",
                  "ALTER TABLE"),
      in_database("RoleCannotWrite", "database/role-cannot-write", "readonly",
                  "db readonly owner shop; in_db readonly 'create table a (id int primary key); "
                  "grant select on a to shop'",
                  "postgres",
                  "in_db readonly 'grant insert, update, delete on all tables in schema "
                  "public to shop'",
                  "GRANT INSERT, UPDATE, DELETE"),
      in_database(
          "SearchPathLeadsNowhere", "database/search-path-misses-tables", "lostpath",
          "db lostpath owner shop; in_db lostpath 'create schema app; create table app.a (b "
          "int); grant usage on schema app to shop; grant all on app.a to shop; "
          "alter database lostpath set search_path = old'",
          "search_path=old", "in_db lostpath 'alter database lostpath set search_path = app'"),
      in_database(
          "RoleMayNotCreate", "database/cannot-create-tables", "nocreate",
          "db nocreate; in_db nocreate 'create table a (b int); alter table a owner to shop'",
          "GRANT"),
      in_database(
          "LargeObjectsMissing", "database/large-objects-missing", "largeobjects",
          "db largeobjects; in_db largeobjects 'create table a (b oid); insert into a values "
          "(99999)'",
          "99999", "in_db largeobjects 'select lo_create(99999)'"),
      in_database("ExtensionOutdated", "database/extension-outdated", "oldext",
                  "db oldext; in_db oldext 'create extension pg_trgm version $$1.3$$'",
                  "ALTER EXTENSION"),
      in_database("ExtensionLibraryMissing", "database/extension-library-missing", "nolibrary",
                  "db nolibrary; in_db nolibrary 'create extension unaccent'; "
                  "mv /usr/lib/postgresql/15/lib/unaccent.so /root",
                  "unaccent.so", "mv /root/unaccent.so /usr/lib/postgresql/15/lib/"),
      in_database("UnloggedTable", "database/unlogged-tables", "unlogged",
                  "db unlogged; in_db unlogged 'create unlogged table a (b int)'", "count",
                  "in_db unlogged 'alter table a set logged'", "ALTER TABLE public.a SET LOGGED"),
      in_database("RowsHidden", "database/rows-hidden-by-policy", "hidden",
                  "db hidden; in_db hidden 'create table a (b int); alter table a enable row level "
                  "security'",
                  "Access privileges", "in_db hidden 'alter table a disable row level security'",
                  "DISABLE ROW LEVEL SECURITY"),
      in_database("SubscriptionIsOff", "database/subscription-not-running", "subscribed",
                  "db subscribed; in_db subscribed 'create subscription s connection "
                  "$$host=127.0.0.1 dbname=x$$ publication p with (connect = false)'",
                  "s       | f",
                  "in_db subscribed 'alter subscription s set (slot_name = none)'; "
                  "in_db subscribed 'drop subscription s'"),
      in_database("DeadRows", "database/dead-rows", "dead",
                  "db dead; in_db dead 'create table a as select generate_series(1, 30000) b'; "
                  "in_db dead 'delete from a where b > 10'; sleep 1",
                  "VACUUM"),
      in_database(
          "CollationChanged", "database/collation-changed", "collated",
          "db collated template template0 locale_provider icu icu_locale en locale '$$C$$'; "
          "in_db collated 'create table a (b text primary key); update pg_database set "
          "datcollversion = $$1.0$$ where datname = $$collated$$'",
          "ALTER DATABASE"),
      in_database(
          "TableUnreadable", "database/table-unreadable", "unreadable",
          "db unreadable; in_db unreadable 'create table a (b int); insert into a values (1); "
          "checkpoint'; f=/var/lib/postgresql/15/inside/$(in_db unreadable 'select "
          "pg_relation_filepath($$a$$)'); systemctl stop postgresql@15-inside; rm $f; "
          "systemctl start postgresql@15-inside; listens 7350",
          "base/", "in_db unreadable 'drop table a'"),
  };
}

}  // namespace postflight::lab
