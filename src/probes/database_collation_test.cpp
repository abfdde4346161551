// SPDX-License-Identifier: Apache-2.0
// Indexes whose order another library made. What a move from another system does is brought about
// in the catalogue: an index is built by C, then said to be built by a collation that sorts
// otherwise, and the version on record is another one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/testing/postgres_server.h"
#include "model/codec.h"
#include "probes/database_look.h"

namespace postflight {
namespace {

using host::PostgresClient;
using host::testing::PostgresServer;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

class NoSink : public FactSink {
 public:
  void put(std::string_view, std::string_view) override {}
};

class DatabaseCollation : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (PostgresServer::installed()) server_ = std::make_unique<PostgresServer>();
  }
  static void TearDownTestSuite() { server_.reset(); }
  void SetUp() override {
    if (!server_) GTEST_SKIP() << "no PostgreSQL server is installed";
    database_ = "c" + std::to_string(++count_);
    server_->sql("create database " + database_ +
                 " template template0 locale_provider icu icu_locale 'en-US' locale 'C'");
  }
  std::string sql(const std::string& statements) { return server_->sql(statements, database_); }

  /// Names that C sorts otherwise than English does.
  void make_table(const std::string& more = "") {
    sql("create table users (id int, email text collate \"C\");"
        "insert into users select g, case g % 2 when 0 then 'a' else 'B' end || g from "
        "generate_series(1, 400) g;" +
        more);
  }
  /// The index stays as it is; column and index are from now on of the database's own collation.
  void pretend(const std::string& index) {
    sql("update pg_attribute set attcollation = 100 where attname = 'email' and attrelid in "
        "('users'::regclass, '" +
        index +
        "'::regclass);"
        "update pg_index set indcollation = replace(indcollation::text, '950', "
        "'100')::oidvector where indexrelid = '" +
        index + "'::regclass");
  }
  void record_version(const std::string& version) {
    sql("update pg_database set datcollversion = " + version +
        " where datname = current_database()");
  }

  DatabaseFacts look() {
    const Deadline deadline{10s};
    auto client = PostgresClient::connect({.host = server_->folder(),
                                           .port = server_->port(),
                                           .database = database_,
                                           .user = "postgres"},
                                          deadline);
    if (!client) throw std::runtime_error(client.error().what);
    const Target target;
    const Observed<Topology> topology;
    const Settings settings;
    const ProbeContext context{target, topology, settings, deadline};
    NoSink sink;
    Recorder<DatabaseFacts> recorder{sink};
    look_at_database(*client, context, recorder);
    return recorder.facts;
  }
  std::vector<CollatedIndex> indexes() {
    const DatabaseFacts facts = look();
    const auto* seen = facts.collated_indexes.seen();
    EXPECT_TRUE(seen) << (facts.collated_indexes.unknown()
                              ? facts.collated_indexes.unknown()->detail
                              : "absent");
    return seen ? seen->value : std::vector<CollatedIndex>{};
  }

  std::string database_;
  static inline std::unique_ptr<PostgresServer> server_;
  static inline int count_ = 0;
};

TEST_F(DatabaseCollation, IsSilentWhileVersionsAgree) {
  make_table("create index by_email on users (email)");
  const DatabaseFacts facts = look();
  ASSERT_TRUE(facts.changed_collations.seen());
  EXPECT_THAT(facts.changed_collations.seen()->value, IsEmpty());
  EXPECT_TRUE(facts.collated_indexes.absent());
  EXPECT_EQ(facts.collation_provider.seen()->value, "icu");
}

TEST_F(DatabaseCollation, FindsAnIndexInTheWrongOrder) {
  make_table("create unique index by_email on users (email)");
  pretend("by_email");
  record_version("'1.0'");
  const auto seen = indexes();
  ASSERT_THAT(seen, SizeIs(1));
  EXPECT_EQ(seen[0].index, "public.by_email");
  EXPECT_EQ(enum_name(seen[0].order), "broken") << seen[0].detail;
  EXPECT_GT(seen[0].misordered, 0u);
  EXPECT_EQ(seen[0].duplicates, 0u);
}

TEST_F(DatabaseCollation, FindsDuplicatesThatABrokenUniqueIndexLetIn) {
  make_table("create unique index by_email on users (email)");
  pretend("by_email");
  record_version("null");
  sql("set enable_seqscan = off; insert into users (id, email) select id + 1000, email from users "
      "on conflict do nothing");
  const auto seen = indexes();
  ASSERT_THAT(seen, SizeIs(1));
  EXPECT_GT(seen[0].duplicates, 0u);
  EXPECT_EQ(std::to_string(seen[0].duplicates),
            sql("set enable_indexscan = off; set enable_indexonlyscan = off; select count(*) from "
                "(select from users group by email having count(*) > 1) q"));
}

TEST_F(DatabaseCollation, SaysThatTheOrderHoldsWhereItDoes) {
  make_table(
      "alter table users alter email type text collate \"default\";"
      "create index plain on users (email); create index falling on users (email desc nulls last);"
      "create index second on users (id, email); create index lowered on users (lower(email));"
      "create index partly on users (email) where id > 200; create index number on users (id);"
      "create index bytes on users (email text_pattern_ops)");
  record_version("'1.0'");
  const DatabaseFacts facts = look();
  EXPECT_EQ(enum_name(facts.changed_collations.seen()->value[0].state), "changed");
  for (const CollatedIndex& index : facts.collated_indexes.seen()->value) {
    EXPECT_EQ(enum_name(index.order), "holds") << index.index << ": " << index.detail;
  }
  EXPECT_THAT(facts.collated_indexes.seen()->value, SizeIs(5));
}

TEST_F(DatabaseCollation, RunsNoFunctionOfTheDatabaseToFindOut) {
  make_table(
      "create function trap(text) returns text immutable language plpgsql as $$ begin if $1 = "
      "'never' then return 'x'; end if; return $1; end $$;"
      "create index trapped on users (trap(email) collate \"default\")");
  record_version("'1.0'");
  const auto seen = indexes();
  ASSERT_THAT(seen, SizeIs(1));
  EXPECT_EQ(enum_name(seen[0].order), "not_examined");
  EXPECT_NE(seen[0].detail, "");
}

}  // namespace
}  // namespace postflight
