// SPDX-License-Identifier: Apache-2.0
// The same database on every version of PostgreSQL that is there: each statement works on each, and
// says the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/codec.h"
#include "probes/database_look.h"
#include "probes/testing/postgres_probe.h"

namespace postflight {
namespace {

using host::PostgresClient;
using host::testing::PostgresServer;
using ::testing::ElementsAre;
using ::testing::SizeIs;
using namespace std::chrono_literals;

constexpr const char* kFaults =
    "create table users (id serial primary key, email text unique);"
    "insert into users (id, email) select g, 'u' || g from generate_series(1, 300) g;"
    "create table parts (id bigserial, k int) partition by range (k);"
    "create table part1 partition of parts for values from (0) to (100);"
    "insert into parts (k) select 1 from generate_series(1, 50);"
    "create table t (a int, b int not null); insert into t values (1, 1), (2, 1);"
    "alter table t add constraint positive check (b > 1) not valid;"
    "create materialized view mv as select count(*) from t with no data;"
    "create table r (a int references users); alter table r disable trigger all;"
    "create unlogged table u (a int);"
    "create table secret (a int); alter table secret enable row level security;"
    "create table docs (id int, body oid); insert into docs values (1, 99999), (2, lo_create(0));"
    "create subscription sub connection 'host=127.0.0.1 dbname=x' publication p with (connect = "
    "false);"
    "create publication pub for table users;"
    "create role app login; alter table t owner to app;"
    "create function cr() returns int language sql as E'select 1\\r\\n'; analyze t";

struct Collected : FactSink {
  void put(std::string_view key, std::string_view json) override {
    facts[std::string(key)] = parse_json(json).value();
  }
  Json facts = Json::object();
};

Json look(const PostgresServer& server) {
  const Deadline deadline{15s};
  auto client = PostgresClient::connect({.host = server.folder(), .port = server.port()}, deadline);
  if (!client) throw std::runtime_error(client.error().what);
  const Target target;
  const Observed<Topology> topology;
  const Settings settings;
  const ProbeContext context{target, topology, settings, deadline};
  Collected sink;
  Recorder<DatabaseFacts> recorder{sink};
  look_at_database(*client, context, recorder);
  return sink.facts;
}

class DatabaseVersions : public ::testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(DatabaseVersions);

TEST_P(DatabaseVersions, SayTheSame) {
  const PostgresServer server("wal_level = logical\nautovacuum = off", GetParam());
  server.sql(kFaults);
  EXPECT_NE(host::testing::run_command(server.psql("create unique index concurrently bad on t (b)"))
                .exit_code,
            0);
  const Json seen = look(server);
  const auto facts = decode<DatabaseFacts>(seen).value();
  for (const auto& [key, fact] : seen.items()) {
    const bool of_later_versions =
        facts.server_major.seen()->value < 15 && key.starts_with("collation_version");
    EXPECT_TRUE(of_later_versions || !fact.contains("unknown")) << key << ": " << fact;
  }
  EXPECT_EQ(facts.tables.seen()->value, 7u);
  EXPECT_EQ(facts.partitions.seen()->value, 1u);
  EXPECT_EQ(facts.rows.seen()->value, 300u + 50 + 2 + 2);
  EXPECT_EQ(facts.users_rows.seen()->value, 300u);
  EXPECT_EQ(facts.publications.seen()->value, 1u);
  ASSERT_THAT(facts.sequences_behind.seen()->value, SizeIs(1));
  EXPECT_EQ(facts.sequences_behind.seen()->value[0].sequence, "public.users_id_seq");
  EXPECT_THAT(facts.invalid_indexes.seen()->value, SizeIs(1));
  EXPECT_THAT(facts.not_validated_constraints.seen()->value, SizeIs(1));
  EXPECT_THAT(facts.unpopulated_views.seen()->value, ElementsAre("public.mv"));
  EXPECT_THAT(facts.disabled_triggers.seen()->value, SizeIs(1));
  EXPECT_THAT(facts.missing_large_objects.seen()->value, SizeIs(1));
  EXPECT_THAT(facts.missing_libraries.seen()->value, SizeIs(0));
  EXPECT_THAT(facts.subscriptions.seen()->value, SizeIs(1));
  EXPECT_THAT(facts.application_roles.seen()->value, SizeIs(1));
}

/// From 18 on NOT NULL is a constraint, and some constraints are meant not to be enforced.
TEST_P(DatabaseVersions, KnowConstraintsThatAreNotMeantToBeEnforced) {
  const PostgresServer server("", GetParam());
  if (std::stoi(server.sql("show server_version_num")) < 180000) GTEST_SKIP() << "needs 18";
  server.sql(
      "create table t (a int); alter table t add constraint c check (a > 0) not enforced;"
      "alter table t add constraint n not null a not valid");
  const auto facts = decode<DatabaseFacts>(look(server)).value();
  ASSERT_THAT(facts.not_validated_constraints.seen()->value, SizeIs(1));
  EXPECT_EQ(facts.not_validated_constraints.seen()->value[0].kind, "not null");
}

INSTANTIATE_TEST_SUITE_P(, DatabaseVersions, ::testing::ValuesIn(testing::program_folders()));

}  // namespace
}  // namespace postflight
