// SPDX-License-Identifier: Apache-2.0
#include "engine/fold.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace postflight {
namespace {

Finding finding(std::string id, std::string subject, Severity severity = Severity::warning) {
  return {.id = std::move(id), .severity = severity, .subject = std::move(subject)};
}

std::size_t count(const std::vector<Finding>& findings) {
  std::size_t all = findings.size();
  for (const Finding& each : findings) all += count(each.symptoms);
  return all;
}

TEST(Fold, ASymptomGoesUnderItsCauseAndIsNotLost) {
  const auto folded =
      fold({finding("s/a", "redis:1.2.3.4:6379"), finding("c/a", "sockets 1.2.3.4:6379")},
           {{"c/a", "s/a"}});
  ASSERT_EQ(folded.size(), 1u);
  EXPECT_EQ(folded[0].id, "c/a");
  ASSERT_EQ(folded[0].symptoms.size(), 1u);
  EXPECT_EQ(folded[0].symptoms[0].id, "s/a");
}

TEST(Fold, AChainEndsAtItsRoot) {
  const auto folded = fold({finding("c", "x:1"), finding("b", "x:1"), finding("a", "x:1")},
                           {{"a", "b"}, {"b", "c"}});
  ASSERT_EQ(folded.size(), 1u);
  EXPECT_EQ(folded[0].id, "a");
  EXPECT_EQ(folded[0].symptoms.size(), 2u);
}

TEST(Fold, OneFaultOnSeveralComponentsIsToldOnce) {
  const auto of = [](const char* subject, const char* fault) {
    Finding one = finding("container/stale-mount", subject);
    one.fault = fault;
    return one;
  };
  const auto folded = fold({of("container:a", "/srv/app"), of("container:b", "/srv/app"),
                            of("container:c", "/srv/other"), of("container:d", ""),
                            of("container:e", ""), finding("container/unhealthy", "container:b")},
                           {{"container/stale-mount", "container/unhealthy"}});
  ASSERT_EQ(folded.size(), 4u);
  EXPECT_EQ(folded[0].subject, "container:a");
  ASSERT_EQ(folded[0].symptoms.size(), 2u);
  EXPECT_EQ(folded[0].symptoms[0].subject, "container:b");
  EXPECT_EQ(folded[0].symptoms[1].id, "container/unhealthy");
}

TEST(Fold, ACycleHangsNobodyAndLosesNothing) {
  const std::vector<Explains> cycle = {{"a", "b"}, {"b", "c"}, {"c", "a"}, {"a", "tail"}};
  EXPECT_EQ(count(fold({finding("a", "x:1"), finding("b", "x:1"), finding("c", "x:1"),
                        finding("tail", "x:1")},
                       cycle)),
            4u);
  EXPECT_EQ(count(fold({finding("a", "x:1"), finding("a", "x:1")}, {{"a", "a"}})), 2u);
}

TEST(Fold, AWorseSymptomRaisesItsCause) {
  const auto folded = fold(
      {finding("c", "x:1", Severity::info), finding("s", "x:1", Severity::critical)}, {{"c", "s"}});
  ASSERT_EQ(folded.size(), 1u);
  EXPECT_EQ(folded[0].severity, Severity::critical);
  EXPECT_EQ(folded[0].symptoms[0].severity, Severity::critical);
}

TEST(Fold, TwoFaultsStayTwo) {
  const std::vector<Explains> explains = {{"c", "s"}};
  EXPECT_EQ(fold({finding("c", "redis:1.2.3.4:6379"), finding("s", "redis:1.2.3.4:6380")}, explains)
                .size(),
            2u);
  EXPECT_EQ(
      fold({finding("c", "redis:[::1]:6379"), finding("s", "redis:[::2]:6379")}, explains).size(),
      2u);
  EXPECT_EQ(fold({finding("c", "x:1"), finding("other", "x:1")}, explains).size(), 2u);
  EXPECT_EQ(
      fold({finding("c", "resources /var"), finding("s", "resources /home")}, explains).size(), 2u);
  EXPECT_EQ(fold({finding("c", "resources /var"), finding("s", "resources /var")}, explains).size(),
            1u);
  EXPECT_EQ(fold({finding("c", "resources"), finding("s", "resources /home")}, explains).size(),
            1u);
}

TEST(Fold, AClusterExplainsItsDatabasesAndNoneExplainsAnother) {
  const std::vector<Explains> pairs = {{"postgres/c", "database/s"}, {"database/c", "database/s"}};
  const auto folded = fold({finding("database/s", "database:127.0.0.1:5432/a"),
                            finding("database/s", "database:127.0.0.1:5432/b"),
                            finding("postgres/c", "postgres:127.0.0.1:5432")},
                           pairs);
  ASSERT_EQ(folded.size(), 1u);
  EXPECT_EQ(folded[0].symptoms.size(), 2u);
  EXPECT_EQ(fold({finding("database/s", "database:/var/lib/pg/main/a"),
                  finding("database/c", "database:/var/lib/pg/main/b"),
                  finding("postgres/c", "postgres:127.0.0.1:5433")},
                 pairs)
                .size(),
            3u);
}

TEST(Fold, WorstFirstOtherwiseAsTheyCame) {
  const auto folded = fold({finding("1", "a", Severity::info), finding("2", "b"),
                            finding("3", "c", Severity::critical), finding("4", "d")},
                           {});
  std::string order;
  for (const Finding& each : folded) order += each.id;
  EXPECT_EQ(order, "3241");
}

RC_GTEST_PROP(Fold, NothingIsLostAndNothingLooksBetter,
              (std::vector<std::pair<std::uint8_t, std::uint8_t>> pairs,
               std::vector<std::uint8_t> ids)) {
  static const std::vector<std::string> kIds = {"a", "b", "c", "d", "e"};
  std::vector<Explains> explains;
  for (const auto& [cause, symptom] : pairs)
    explains.push_back({kIds[cause % 5], kIds[symptom % 5]});
  std::vector<Finding> findings;
  Severity worst = Severity::info;
  for (const std::uint8_t id : ids) {
    findings.push_back(
        finding(kIds[id % 5], "x:" + std::to_string(id % 2), static_cast<Severity>(id % 3)));
    worst = std::max(worst, findings.back().severity);
  }
  const auto folded = fold(findings, explains);
  RC_ASSERT(count(folded) == findings.size());
  if (!folded.empty()) RC_ASSERT(folded[0].severity == worst);
}

}  // namespace
}  // namespace postflight
