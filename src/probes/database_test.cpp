// SPDX-License-Identifier: Apache-2.0
// The probe inside real databases: healthy ones, each fault it is there for, and servers that
// refuse, hold locks or stop answering.
#include "probes/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "host/testing/postgres_server.h"
#include "model/codec.h"
#include "probes/database_look.h"

namespace postflight {
namespace {

using host::PostgresAddress;
using host::PostgresClient;
using host::testing::ChildProcess;
using host::testing::PostgresServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

class NoSink : public FactSink {
 public:
  void put(std::string_view key, std::string_view json) override {
    facts[std::string(key)] = parse_json(json).value();
  }
  Json facts = Json::object();
};

auto value(const auto& fact) {
  using Value = typename std::remove_cvref_t<decltype(fact)>::value_type;
  if (const auto* seen = fact.seen()) return seen->value;
  ADD_FAILURE() << "not seen: " << (fact.unknown() ? fact.unknown()->detail : "absent");
  return Value{};
}

std::optional<Why> why(const auto& fact) {
  return fact.unknown() ? std::optional{fact.unknown()->why} : std::nullopt;
}

class DatabaseProbe : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (PostgresServer::installed()) {
      server_ = std::make_unique<PostgresServer>("wal_level = logical\nautovacuum = off");
    }
  }
  static void TearDownTestSuite() { server_.reset(); }
  void SetUp() override {
    if (!server_) GTEST_SKIP() << "no PostgreSQL server is installed";
    database_ = "db" + std::to_string(++count_);
    server().sql("create database " + database_);
  }

  PostgresServer& server() { return *server_; }
  std::string sql(const std::string& statements) { return server().sql(statements, database_); }

  DatabaseFacts look(const std::string& user = "postgres", Duration budget = 10s) {
    const Deadline deadline{budget};
    auto client = PostgresClient::connect(
        {.host = server().folder(), .port = server().port(), .database = database_, .user = user},
        deadline);
    if (!client) throw std::runtime_error(client.error().what);
    return look_with(*client, deadline);
  }

  static DatabaseFacts look_with(PostgresClient& client, Deadline deadline) {
    const Target target;
    const Observed<Topology> topology;
    const Settings settings;
    const ProbeContext context{target, topology, settings, deadline};
    NoSink sink;
    Recorder<DatabaseFacts> recorder{sink};
    look_at_database(client, context, recorder);
    recorder.flush();
    for (const FactDeclaration& fact : declare_facts<DatabaseFacts>()) {
      EXPECT_TRUE(sink.facts.contains(std::string(fact.key))) << fact.key << " was left open";
    }
    return decode<DatabaseFacts>(sink.facts).value();
  }

  std::string database_;
  static inline std::unique_ptr<PostgresServer> server_;
  static inline int count_ = 0;
};

// ---- what is there ----

TEST_F(DatabaseProbe, SeesNothingWrongInAPlainDatabase) {
  sql("create table users (id serial primary key, email text unique);"
      "insert into users (email) select 'u' || g from generate_series(1, 3) g;"
      "create table t (id int generated always as identity primary key, v text);"
      "create view v as select 1; create function f() returns int language sql as 'select 1';"
      "analyze");
  const DatabaseFacts facts = look();
  EXPECT_EQ(value(facts.tables), 2u);
  EXPECT_EQ(value(facts.views), 1u);
  EXPECT_EQ(value(facts.sequences), 2u);
  EXPECT_EQ(value(facts.functions), 1u);
  EXPECT_EQ(value(facts.users_rows), 3u);
  EXPECT_EQ(value(facts.rows), 3u);
  EXPECT_EQ(value(facts.tables_estimated), 0u);
  EXPECT_EQ(value(facts.owner), "postgres");
  EXPECT_EQ(value(facts.encoding), "UTF8");
  EXPECT_THAT(value(facts.main_tables), ElementsAre("public.users", "public.t"));
  EXPECT_EQ(std::to_string(value(facts.size_bytes)),
            sql("select pg_database_size(current_database())"));
  EXPECT_THAT(value(facts.sequences_behind), IsEmpty());
  EXPECT_THAT(value(facts.sequences_not_examined), IsEmpty());
  EXPECT_THAT(value(facts.invalid_indexes), IsEmpty());
  EXPECT_THAT(value(facts.not_validated_constraints), IsEmpty());
  EXPECT_THAT(value(facts.disabled_triggers), IsEmpty());
  EXPECT_THAT(value(facts.unanalyzed_tables), IsEmpty());
  EXPECT_THAT(value(facts.missing_libraries), IsEmpty());
  EXPECT_THAT(value(facts.locked_out), IsEmpty());
  EXPECT_THAT(value(facts.changed_collations), IsEmpty());
  EXPECT_THAT(value(facts.missing_large_objects), IsEmpty());
  EXPECT_TRUE(facts.collated_indexes.absent());
}

TEST_F(DatabaseProbe, SaysAbsentWhereThereIsNoTableOfUsers) {
  const DatabaseFacts facts = look();
  EXPECT_EQ(value(facts.tables), 0u);
  EXPECT_EQ(value(facts.rows), 0u);
  EXPECT_TRUE(facts.users_rows.absent());
  EXPECT_THAT(value(facts.application_roles), IsEmpty());
}

TEST_F(DatabaseProbe, CountsPartitionsUnderTheirTable) {
  sql("create table p (id bigserial, k int) partition by range (k);"
      "create table p1 partition of p for values from (0) to (10);"
      "create table p2 partition of p for values from (10) to (100);"
      "insert into p (k) select g % 100 from generate_series(0, 199) g");
  const DatabaseFacts facts = look();
  EXPECT_EQ(value(facts.tables), 1u);
  EXPECT_EQ(value(facts.partitions), 2u);
  EXPECT_EQ(value(facts.rows), 200u);
  ASSERT_THAT(value(facts.largest_tables), SizeIs(1));
  EXPECT_EQ(value(facts.largest_tables)[0].rows, 200);
  EXPECT_TRUE(value(facts.largest_tables)[0].counted);
}

// ---- each hazard ----

TEST_F(DatabaseProbe, FindsSequencesBehindTheirColumn) {
  sql("create table a (id serial primary key); insert into a values (1), (2), (300);"
      "create sequence s; create table b (id bigint primary key default nextval('s'));"
      "create table c (id bigint default nextval('s')); insert into c values (7);"
      "create sequence t; create table d (id int primary key default "
      "nextval(('t'::text)::regclass));"
      "insert into d values (1);"
      "create sequence down increment -1; create table e (id int default nextval('down'));"
      "insert into e values (-5), (-1);"
      "create table ok (id serial primary key); insert into ok default values;"
      "create table empty (id serial primary key);"
      "create table far (id serial primary key); insert into far default values;"
      "insert into far values (1000000)");
  const auto behind = value(look().sequences_behind);
  std::vector<std::string> names;
  for (const SequenceBehind& one : behind) names.push_back(one.sequence + " " + one.table);
  EXPECT_THAT(names,
              ElementsAre("public.a_id_seq public.a", "public.s public.c", "public.t public.d",
                          "public.down public.e", "public.far_id_seq public.far"));
  ASSERT_THAT(behind, SizeIs(5));
  EXPECT_EQ(behind[0].next_value, 1);
  EXPECT_EQ(behind[0].first_taken, 1);
  EXPECT_EQ(behind[0].largest_value, 300);
  EXPECT_TRUE(behind[0].all_ahead);
  EXPECT_TRUE(behind[0].unique_column);
  EXPECT_FALSE(behind[1].unique_column);
  EXPECT_EQ(behind[3].largest_value, -5);
  EXPECT_EQ(behind[4].first_taken, 1'000'000);
  EXPECT_FALSE(behind[4].all_ahead);
}

TEST_F(DatabaseProbe, TellsWhetherTheNextValueIsGiven) {
  sql("create table a (id serial primary key); insert into a values (10), (11);"
      "select setval('a_id_seq', 10)");
  auto behind = value(look().sequences_behind);
  ASSERT_THAT(behind, SizeIs(1));
  EXPECT_EQ(behind[0].next_value, 11);
  EXPECT_FALSE(behind[0].all_ahead);
  sql("select setval('a_id_seq', 12, false)");
  EXPECT_THAT(value(look().sequences_behind), IsEmpty());
  sql("select setval('a_id_seq', 11, true)");
  EXPECT_THAT(value(look().sequences_behind), IsEmpty());
}

TEST_F(DatabaseProbe, FindsWhatCataloguesCallBroken) {
  sql("create table t (a int primary key, b int); insert into t values (1, 1), (2, 1);"
      "alter table t add constraint positive check (b > 1) not valid;"
      "create domain price as int; alter domain price add constraint up check (value > 0) not "
      "valid;"
      "create materialized view mv as select count(*) from t with no data;"
      "create table r (a int references t); alter table r disable trigger all;"
      "create rule nothing as on insert to r do nothing; alter table r disable rule nothing;"
      "create unlogged table u (a int);"
      "create table secret (a int); alter table secret enable row level security;"
      "create function cr() returns int language sql as E'select 1\\r\\n'");
  const auto refused = host::testing::run_command(
      server().psql("create unique index concurrently bad on t (b)", database_));
  EXPECT_NE(refused.exit_code, 0);
  const DatabaseFacts facts = look();
  ASSERT_THAT(value(facts.invalid_indexes), SizeIs(1));
  EXPECT_EQ(value(facts.invalid_indexes)[0].index, "public.bad");
  EXPECT_EQ(value(facts.invalid_indexes)[0].keys, "b");
  EXPECT_TRUE(value(facts.invalid_indexes)[0].unique);
  ASSERT_THAT(value(facts.not_validated_constraints), SizeIs(2));
  EXPECT_EQ(value(facts.not_validated_constraints)[0].kind, "domain");
  EXPECT_EQ(value(facts.not_validated_constraints)[1].table, "public.t");
  EXPECT_THAT(value(facts.unpopulated_views), ElementsAre("public.mv"));
  ASSERT_THAT(value(facts.disabled_triggers), SizeIs(2));
  EXPECT_EQ(value(facts.disabled_triggers)[0].object, "r_a_fkey");
  EXPECT_EQ(value(facts.disabled_triggers)[1].kind, "rule");
  EXPECT_THAT(value(facts.unlogged_tables), ElementsAre("public.u"));
  EXPECT_THAT(value(facts.tables_without_policy), ElementsAre("public.secret"));
  EXPECT_THAT(value(facts.functions_with_carriage_return), ElementsAre("public.cr()"));
}

TEST_F(DatabaseProbe, FindsTablesThePlannerKnowsNothingOf) {
  sql("create table t (v text); insert into t select repeat('x', 500) from generate_series(1, "
      "20000)");
  DatabaseFacts facts = look();
  EXPECT_FALSE(value(facts.autovacuum));
  EXPECT_EQ(value(facts.tables_without_statistics), 1u);
  ASSERT_THAT(value(facts.unanalyzed_tables), SizeIs(1));
  EXPECT_GT(value(facts.unanalyzed_tables)[0].size_bytes, 1u << 20);
  sql("analyze");
  EXPECT_THAT(value(look().unanalyzed_tables), IsEmpty());
}

TEST_F(DatabaseProbe, FindsLargeObjectsThatAreMissing) {
  sql("create table docs (id int, body oid); insert into docs values (1, 99999), (2, lo_create(0));"
      "create table types (t oid); insert into types values ('docs'::regclass), (99998)");
  const DatabaseFacts facts = look();
  EXPECT_EQ(value(facts.large_objects), 1u);
  ASSERT_THAT(value(facts.missing_large_objects), SizeIs(1));
  EXPECT_EQ(value(facts.missing_large_objects)[0].table, "public.docs");
  EXPECT_EQ(value(facts.missing_large_objects)[0].missing, 1u);
}

TEST_F(DatabaseProbe, FindsSubscriptionsThatAreOffWithoutTheirPassword) {
  sql("create subscription sub connection 'host=no-such-host.invalid password=geheim dbname=x' "
      "publication p with (connect = false)");
  const DatabaseFacts facts = look();
  ASSERT_THAT(value(facts.subscriptions), SizeIs(1));
  EXPECT_FALSE(value(facts.subscriptions)[0].enabled);
  ASSERT_THAT(value(facts.remote_hosts), SizeIs(1));
  EXPECT_EQ(value(facts.remote_hosts)[0].host, "no-such-host.invalid");
  EXPECT_EQ(to_json(facts).dump().find("geheim"), std::string::npos);
  sql("alter subscription sub set (slot_name = none); drop subscription sub");
}

TEST_F(DatabaseProbe, FindsALibraryThatIsGoneWithoutLoadingIt) {
  sql("create function gone() returns int language sql as 'select 1';"
      "update pg_proc set prolang = (select oid from pg_language where lanname = 'c'), "
      "probin = '$libdir/no_such_library', prosqlbody = null where proname = 'gone'");
  const auto missing = value(look().missing_libraries);
  ASSERT_THAT(missing, SizeIs(1));
  EXPECT_EQ(missing[0].library, "$libdir/no_such_library");
  EXPECT_EQ(missing[0].functions, 1u);
}

TEST_F(DatabaseProbe, FindsATableWhoseFileIsGone) {
  sql("create table lost (a int); insert into lost values (1); create table kept (a int); "
      "checkpoint");
  const std::string file = server().data() + "/" + sql("select pg_relation_filepath('lost')");
  server().stop();
  ASSERT_EQ(::unlink(file.c_str()), 0);
  server().start();
  const DatabaseFacts facts = look();
  EXPECT_EQ(value(facts.tables), 2u);
  ASSERT_THAT(value(facts.unreadable_tables), SizeIs(1));
  EXPECT_EQ(value(facts.unreadable_tables)[0].object, "public.lost");
  EXPECT_THAT(value(facts.unreadable_tables)[0].detail, HasSubstr("58P01"));
}

// ---- who may what ----

TEST_F(DatabaseProbe, FindsWhatLocksAnApplicationOut) {
  const std::string app = database_ + "_app";
  sql("create role " + app + " login; alter database " + database_ + " owner to " + app +
      "; set role " + app +
      "; create table a (id serial primary key); create table b (id serial primary key); reset "
      "role; alter table b owner to postgres; create table b_backup_20250101 (id int primary key);"
      "create table copy_of_a as select * from a; alter database " +
      database_ + " set search_path = old");
  const DatabaseFacts facts = look();
  ASSERT_THAT(value(facts.locked_out), SizeIs(1));
  EXPECT_EQ(value(facts.locked_out)[0].object, "public.b");
  EXPECT_EQ(value(facts.locked_out)[0].owner, "postgres");
  ASSERT_THAT(value(facts.application_roles), SizeIs(1));
  const ApplicationRole role = value(facts.application_roles)[0];
  EXPECT_TRUE(role.owns_database);
  EXPECT_EQ(role.tables_owned, 1u);
  EXPECT_EQ(role.tables_usable, 1u);
  EXPECT_EQ(role.search_path, "old");
  EXPECT_EQ(role.search_path_from, "database");
  EXPECT_EQ(role.tables_on_path, 0u);
}

/// Everything that is not readable for a stranger is unknown for its own reason, and nothing else.
TEST_F(DatabaseProbe, SaysWhatAStrangerIsDenied) {
  sql("create role outsider_" + database_ +
      " login; create table t (id serial primary key);"
      "insert into t default values");
  const DatabaseFacts facts = look("outsider_" + database_);
  EXPECT_EQ(value(facts.tables), 1u);
  EXPECT_EQ(value(facts.tables_estimated), 1u);
  EXPECT_EQ(why(facts.missing_libraries), Why::denied);
  EXPECT_EQ(why(facts.unanalyzed_tables), Why::denied);
  ASSERT_THAT(value(facts.sequences_not_examined), SizeIs(1));
  EXPECT_EQ(value(facts.sequences_not_examined)[0].why, "permission denied");
  EXPECT_THAT(value(facts.invalid_indexes), IsEmpty());
}

TEST_F(DatabaseProbe, LosesOneFactForEachCatalogueThatIsDenied) {
  const std::string user = "narrow_" + database_;
  sql("create role " + user + " login; create table t (id serial primary key)");
  for (const std::string view :
       {"pg_constraint", "pg_trigger", "pg_policy", "pg_extension", "pg_foreign_server",
        "pg_subscription", "pg_stat_all_tables", "pg_sequence", "pg_largeobject_metadata",
        "pg_publication", "pg_locks", "pg_stat_activity", "pg_index", "pg_settings"}) {
    sql("revoke select on pg_catalog." + view + " from public");
    const DatabaseFacts facts = look(user);
    EXPECT_EQ(value(facts.tables), 1u) << view;
    EXPECT_EQ(value(facts.owner), "postgres") << view;
    sql("grant select on pg_catalog." + view + " to public");
  }
  sql("revoke select on pg_catalog.pg_constraint from public");
  const DatabaseFacts facts = look(user);
  EXPECT_EQ(why(facts.not_validated_constraints), Why::denied);
  EXPECT_THAT(facts.not_validated_constraints.unknown()->detail, HasSubstr("pg_constraint"));
  EXPECT_THAT(value(facts.unpopulated_views), IsEmpty());
  sql("grant select on pg_catalog.pg_constraint to public");
}

// ---- what stands in the way ----

TEST_F(DatabaseProbe, WaitsForNoLockAndLosesOnlyThatTable) {
  sql("create table held (id serial primary key, v text unique); insert into held values (1, 'x');"
      "create table other (id serial primary key); insert into other default values; analyze");
  ChildProcess holder{server().psql(
      "begin; lock table held in access exclusive mode; select pg_sleep(60)", database_)};
  for (int i = 0; i < 200; ++i) {
    if (sql("select count(*) from pg_locks where mode = 'AccessExclusiveLock' and granted and "
            "relation = 'held'::regclass") == "1") {
      break;
    }
    std::this_thread::sleep_for(20ms);
  }
  const auto before = MonotonicClock::now();
  const DatabaseFacts facts = look();
  EXPECT_LT(MonotonicClock::now() - before, 2s);
  EXPECT_EQ(value(facts.tables), 2u);
  EXPECT_EQ(value(facts.tables_estimated), 1u);
  EXPECT_EQ(value(facts.rows), 2u);
  ASSERT_THAT(value(facts.sequences_not_examined), SizeIs(1));
  EXPECT_EQ(value(facts.sequences_not_examined)[0].object, "public.held_id_seq");
}

TEST_F(DatabaseProbe, EndsInTimeWhereTheServerStopsAnswering) {
  const Deadline deadline{3s};
  auto client = PostgresClient::connect({.host = server().folder(),
                                         .port = server().port(),
                                         .database = database_,
                                         .user = "postgres"},
                                        deadline);
  ASSERT_TRUE(client);
  const auto pid = static_cast<pid_t>(std::stoi(
      sql("select pid from pg_stat_activity where application_name = 'postflight' and datname = '" +
          database_ + "'")));
  ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  const auto before = MonotonicClock::now();
  const DatabaseFacts facts = look_with(*client, Deadline{1s});
  EXPECT_LT(MonotonicClock::now() - before, 1500ms);
  EXPECT_EQ(why(facts.tables), Why::timeout);
  EXPECT_EQ(why(facts.sequences_behind), Why::timeout);
  EXPECT_EQ(why(facts.rows), Why::timeout);
  EXPECT_EQ(why(facts.collated_indexes), Why::timeout);
  ::kill(pid, SIGCONT);
}

TEST_F(DatabaseProbe, QuotesHostileNames) {
  sql("create schema \"; DROP SCHEMA public;\"; create table \"; DROP SCHEMA public;\".\"a\nb\" "
      "(\"select\" serial primary key, \"x\"\"y\" text unique);"
      "create table \"" +
      std::string(63, 'n') +
      "\" (\"Id\" int generated always as identity);"
      "insert into \"; DROP SCHEMA public;\".\"a\nb\" values (5), (6)");
  const DatabaseFacts facts = look();
  EXPECT_EQ(value(facts.tables), 2u);
  EXPECT_EQ(value(facts.rows), 2u);
  EXPECT_EQ(value(facts.tables_estimated), 0u);
  ASSERT_THAT(value(facts.sequences_behind), SizeIs(1));
  EXPECT_EQ(value(facts.sequences_behind)[0].column, "\"select\"");
}

TEST_F(DatabaseProbe, ReadsNamesThatAreInvalidInAnyEncoding) {
  sql("create database ascii_" + database_ + " encoding 'SQL_ASCII' locale 'C' template template0");
  database_ = "ascii_" + database_;
  server().sql(
      "set client_encoding = sql_ascii; create table \"a\xff\xfe\" (id serial primary key); "
      "insert into \"a\xff\xfe\" values (3)",
      database_);
  const DatabaseFacts facts = look();
  EXPECT_EQ(value(facts.encoding), "SQL_ASCII");
  EXPECT_EQ(value(facts.rows), 1u);
  ASSERT_THAT(value(facts.sequences_behind), SizeIs(1));
  EXPECT_THAT(value(facts.sequences_behind)[0].table, HasSubstr("\xEF\xBF\xBD"));
}

/// Functions and operators of the database itself would run with all rights of the one who looks.
TEST_F(DatabaseProbe, RunsNothingThatBelongsToTheDatabase) {
  sql("create table log (t text); create function public.trap(text) returns text immutable "
      "language "
      "plpgsql as $$ begin raise exception 'the trap was sprung'; end $$;"
      "create function public.max(int) returns int immutable language sql as 'select 1/0';"
      "create function public.count() returns int immutable language sql as 'select 1/0';"
      "create table t (id serial primary key, v text); insert into t values (1, null);"
      "alter database " +
      database_ + " set search_path = public, pg_catalog");
  const DatabaseFacts facts = look();
  EXPECT_EQ(value(facts.rows), 1u);
  EXPECT_THAT(value(facts.sequences_behind), SizeIs(1));
}

}  // namespace
}  // namespace postflight
