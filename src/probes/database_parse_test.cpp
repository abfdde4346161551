// SPDX-License-Identifier: Apache-2.0
// What settings of a database hold, read as PostgreSQL reads it.
#include "probes/database_parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace postflight::database {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(DatabaseParse, ReadsSearchPathsAsTheServerDoes) {
  EXPECT_THAT(parse_search_path(R"("$user", public)", "app"), ElementsAre("app", "public"));
  EXPECT_THAT(parse_search_path("$user,Public", "app"), ElementsAre("app", "public"));
  EXPECT_THAT(parse_search_path(R"( "My ""Schema" , b )", "app"), ElementsAre("My \"Schema", "b"));
  EXPECT_THAT(parse_search_path("", "app"), IsEmpty());
  EXPECT_THAT(parse_search_path(R"("")", "app"), IsEmpty());
}

TEST(DatabaseParse, StopsAtWhatIsMalformed) {
  EXPECT_THAT(parse_search_path(R"(a, "unclosed)", "app"), ElementsAre("a"));
  EXPECT_THAT(parse_search_path(",a", "app"), IsEmpty());
  EXPECT_THAT(parse_search_path("a b, c", "app"), ElementsAre("a"));
}

TEST(DatabaseParse, WritesArraysThatNothingEscapesFrom) {
  EXPECT_EQ(array_literal({}), "{}");
  EXPECT_EQ(array_literal({"a", "b\"c", "d\\e", "", "NULL"}), R"({"a","b\"c","d\\e","","NULL"})");
}

TEST(DatabaseParse, KnowsNamesFromAddressesAndPaths) {
  for (const char* name : {"postgres", "db-1", "db.example.org", "1a"}) {
    EXPECT_TRUE(is_host_name(name)) << name;
  }
  for (const char* other :
       {"", "10.0.0.7", "::1", "fe80::1", "/run/postgresql", "@abstract", "localhost"}) {
    EXPECT_FALSE(is_host_name(other)) << other;
  }
}

TEST(DatabaseParse, EstimatesRowsAsThePlannerDoes) {
  EXPECT_EQ(estimate_rows(1000, 10, 20), 2000);
  EXPECT_EQ(estimate_rows(1000, 10, 0), 0);
  EXPECT_EQ(estimate_rows(-1, 0, 20), -1) << "never analysed";
  EXPECT_EQ(estimate_rows(0, 0, 20), -1) << "never analysed, before version 14";
  EXPECT_EQ(estimate_rows(std::numeric_limits<double>::infinity(), 1, 1), -1);
  EXPECT_EQ(estimate_rows(1e30, 1, 1), 9'000'000'000'000'000'000);
}

RC_GTEST_PROP(DatabaseParse, QuotedNamesComeBack, (const std::vector<std::string>& names)) {
  std::string path;
  std::vector<std::string> wanted;
  for (const std::string& name : names) {
    path += path.empty() ? "\"" : ", \"";
    for (const char c : name) path += c == '"' ? std::string("\"\"") : std::string(1, c);
    path += '"';
    if (!name.empty()) wanted.push_back(name == "$user" ? "app" : name);
  }
  RC_ASSERT(parse_search_path(path, "app") == wanted);
}

}  // namespace
}  // namespace postflight::database
