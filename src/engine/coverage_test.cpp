// SPDX-License-Identifier: Apache-2.0
#include "engine/coverage.h"

#include <gtest/gtest.h>

namespace postflight {
namespace {

FactsDocument document_with(Json facts) {
  FactsDocument document;
  document.topology = Seen{Topology{}, Evidence{}};
  document.components = {{"redis:127.0.0.1:6379", "redis", "Redis", "redis", std::move(facts)}};
  return document;
}

TEST(Coverage, CountsEveryFactOnceAndOnlyKnowledgeAsSeen) {
  FactsDocument document =
      document_with({{"a", {{"value", 1}}},
                     {"b", {{"absent", true}}},
                     {"c", {{"unknown", {{"why", "denied"}, {"detail", "d"}}}}},
                     {"d", 5},
                     {"e", Json::object()},
                     {"f", {{"unknown", 5}}}});
  document.not_checked = {{"0.0.0.0:22", "ssh", {Why::not_planned, "no probe"}}};
  const Coverage coverage = measure_coverage(document);
  EXPECT_EQ(coverage.wanted, 8u);  // six facts, the topology, one service
  EXPECT_EQ(coverage.seen, 3u);
  ASSERT_EQ(coverage.unknown.size(), 5u);
  EXPECT_EQ(coverage.unknown[0].fact, "redis:127.0.0.1:6379 c");
  EXPECT_EQ(coverage.unknown[0].why, Why::denied);
  for (const std::size_t i : {1, 2, 3}) EXPECT_EQ(coverage.unknown[i].why, Why::malformed);
  EXPECT_EQ(coverage.unknown[4].fact, "0.0.0.0:22");
}

TEST(Coverage, AFailedDiscoveryIsAGap) {
  FactsDocument document;
  document.topology = Unknown{Why::timeout, "too late"};
  const Coverage coverage = measure_coverage(document);
  EXPECT_EQ(coverage.wanted, 1u);
  EXPECT_EQ(coverage.seen, 0u);
  EXPECT_EQ(coverage.unknown[0].why, Why::timeout);
}

}  // namespace
}  // namespace postflight
