// SPDX-License-Identifier: Apache-2.0
// What is printed about the lab's PostgreSQL is what psql and the kernel say of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/text.h"
#include "testing/lab.h"

namespace postflight::lab {
namespace {

using testing::bring_up;
using testing::CommandOutput;
using testing::in_lab;
using testing::lab_name;
using testing::take_down;
using testing::why_no_lab;

class PostgresFactsInTheLab : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    missing_ = why_no_lab();
    if (missing_.empty()) trouble_ = bring_up({{name(), "healthy"}});
    if (!missing_.empty() || !trouble_.empty()) return;
    const CommandOutput check =
        in_lab(name(), PF_BINARY " check --format json --lang en --only 'postgres*'");
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
  static std::string name() { return lab_name("pgfacts"); }

  static Json fact(const std::string& key) {
    const Json& facts = report_.at("components").at(0).at("facts");
    return facts.at(key).contains("value") ? facts.at(key).at("value") : facts.at(key);
  }
  static std::string text(const std::string& key) {
    const Json value = fact(key);
    return value.is_string() ? value.get<std::string>() : value.dump();
  }
  static std::string psql(const std::string& statement) {
    const CommandOutput said =
        in_lab(name(), "runuser -u postgres -- psql -XAtq -d postgres -c \"" + statement + "\"");
    EXPECT_EQ(said.exit_code, 0) << said.err;
    return std::string(trim(said.out));
  }

  static inline std::string missing_, trouble_;
  static inline Json report_;
};

TEST_F(PostgresFactsInTheLab, AreThoseOfPsql) {
  EXPECT_EQ(text("answers"), "true");
  for (const auto& [key, statement] : std::initializer_list<std::pair<const char*, const char*>>{
           {"version", "show server_version"},
           {"port", "show port"},
           {"data_directory", "show data_directory"},
           {"listen_addresses", "show listen_addresses"},
           {"hba_file", "show hba_file"},
           {"config_file", "show config_file"},
           {"connections_limit", "show max_connections"},
           {"system_identifier", "select system_identifier from pg_control_system()"},
           {"in_recovery", "select case when pg_is_in_recovery() then 'true' else 'false' end"},
           {"oldest_multixact_age", "select max(mxid_age(datminmxid)) from pg_database"}}) {
    EXPECT_EQ(text(key), psql(statement)) << key;
  }
}

TEST_F(PostgresFactsInTheLab, NameTheSameDatabasesRolesAndRules) {
  std::string databases, rules, roles;
  for (const Json& one : fact("databases")) databases += one.at("name").get<std::string>() + " ";
  EXPECT_EQ(trim(databases), psql("select string_agg(datname, ' ' order by pg_database_size(oid) "
                                  "desc) from pg_database where not datistemplate"));
  for (const Json& one : fact("hba_rules")) rules += one.at("line").dump() + " ";
  EXPECT_EQ(trim(rules), psql("select string_agg(line_number::text, ' ' order by line_number) "
                              "from pg_hba_file_rules"));
  for (const Json& one : fact("roles")) roles += one.at("name").get<std::string>() + " ";
  EXPECT_EQ(trim(roles), psql("select string_agg(rolname, ' ' order by rolname) from pg_roles "
                              "where rolname !~ '^pg_'"));
}

TEST_F(PostgresFactsInTheLab, ListenWhereTheKernelSays) {
  const CommandOutput sockets = in_lab(name(), "ss -Hltn sport = :5432 | awk '{print $4}'");
  for (const Json& address : fact("bound_addresses")) {
    EXPECT_NE(sockets.out.find(address.get<std::string>()), std::string::npos) << sockets.out;
  }
  const CommandOutput memory =
      in_lab(name(), "systemctl show -P ControlGroup postgresql@15-main | tr -d '\\n'");
  EXPECT_FALSE(memory.out.empty());
  EXPECT_GT(fact("memory_resident_sum_bytes").get<double>(),
            fact("memory_proportional_bytes").get<double>());
}

/// The reference state gives nothing to complain about, and nothing of it is unknown.
TEST_F(PostgresFactsInTheLab, GiveNoWarning) {
  for (const Json& finding : report_.at("findings")) {
    EXPECT_EQ(finding.at("severity"), "info") << finding.dump();
  }
  for (const auto& [key, fact] : report_.at("components").at(0).at("facts").items()) {
    EXPECT_FALSE(fact.contains("unknown")) << key << " " << fact.dump();
  }
}

}  // namespace
}  // namespace postflight::lab
