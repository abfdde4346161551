// SPDX-License-Identifier: Apache-2.0
// What is printed about the lab's database is what psql says of it: 64 tables, 3 users.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/text.h"
#include "testing/lab.h"

namespace postflight::lab {
namespace {

using testing::bring_up;
using testing::CommandOutput;
using ::testing::Contains;
using testing::in_lab;
using testing::lab_name;
using testing::take_down;
using testing::why_no_lab;

class DatabaseFactsInTheLab : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    missing_ = why_no_lab();
    if (missing_.empty()) trouble_ = bring_up({{name(), "healthy"}});
    if (!missing_.empty() || !trouble_.empty()) return;
    const CommandOutput check =
        in_lab(name(), PF_BINARY " check --format json --lang en --only 'database:*/advakod_db'");
    report_ = Json::parse(check.out, nullptr, false);
    if (report_.is_discarded()) trouble_ = check.out + check.err;
  }
  static void TearDownTestSuite() {
    if (missing_.empty()) take_down({name()});
  }
  void SetUp() override {
    if (!missing_.empty()) GTEST_SKIP() << missing_;
    ASSERT_EQ(trouble_, "");
    ASSERT_EQ(report_.at("components").size(), 1u) << report_.dump();
  }
  static std::string name() { return lab_name("dbfacts"); }

  static Json facts() { return report_.at("components").at(0).at("facts"); }
  static Json fact(const std::string& key) {
    const Json fact = facts().at(key);
    return fact.contains("value") ? fact.at("value") : fact;
  }
  static std::string psql(const std::string& statement) {
    const CommandOutput said =
        in_lab(name(), "runuser -u postgres -- psql -XAtq -d advakod_db -c \"" + statement + "\"");
    EXPECT_EQ(said.exit_code, 0) << said.err;
    return std::string(trim(said.out));
  }

  static inline std::string missing_, trouble_;
  static inline Json report_;
};

TEST_F(DatabaseFactsInTheLab, AreThoseOfPsql) {
  EXPECT_EQ(fact("tables"), 64);
  EXPECT_EQ(fact("users_rows"), 3);
  EXPECT_EQ(fact("tables_estimated"), 0);
  for (const auto& [key, statement] : std::initializer_list<std::pair<const char*, const char*>>{
           {"tables",
            "select count(*) from information_schema.tables where table_schema = "
            "'public' and table_type = 'BASE TABLE'"},
           {"sequences", "select count(*) from pg_sequences"},
           {"users_rows", "select count(*) from users"},
           {"triggers", "select count(*) from information_schema.triggers"}}) {
    EXPECT_EQ(fact(key).dump(), psql(statement)) << key;
  }
  EXPECT_EQ(fact("owner"), "advakod");
  EXPECT_EQ(fact("encoding"), psql("show server_encoding"));
  EXPECT_EQ(fact("collation"), psql("select datcollate from pg_database where datname = "
                                    "current_database()"));
  const double size = std::stod(psql("select pg_database_size(current_database())"));
  EXPECT_NEAR(fact("size_bytes").get<double>(), size, size * 0.05);
}

TEST_F(DatabaseFactsInTheLab, NameTheMainAndTheLargestTables) {
  EXPECT_THAT(fact("main_tables"), Contains(Json("public.users")));
  const Json largest = fact("largest_tables").at(0);
  EXPECT_EQ(largest.at("table"), "public.chat_messages");
  EXPECT_EQ(largest.at("rows").dump(), psql("select count(*) from chat_messages"));
  EXPECT_EQ(largest.at("counted"), true);
}

/// The reference state gives nothing to complain about, and nothing of it is unknown.
TEST_F(DatabaseFactsInTheLab, GiveNoWarning) {
  for (const Json& finding : report_.at("findings")) {
    EXPECT_EQ(finding.at("severity"), "info") << finding.dump();
  }
  const Json all = facts();
  for (const auto& [key, fact] : all.items()) {
    EXPECT_FALSE(fact.contains("unknown")) << key << " " << fact.dump();
  }
}

}  // namespace
}  // namespace postflight::lab
