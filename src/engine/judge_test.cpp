// SPDX-License-Identifier: Apache-2.0
// Judging documents that nobody's probe wrote like this, and what the settings leave out.
#include "engine/judge.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/assemble.h"
#include "model/codec.h"

namespace postflight {
namespace {

FactsDocument document_with(Json facts) {
  FactsDocument document;
  document.topology = Seen{Topology{}, Evidence{}};
  document.components = {{"redis:127.0.0.1:6379", "redis", "Redis", "redis", std::move(facts)}};
  return document;
}

bool is_unjudged(const Judgement& judgement, const std::string& rule) {
  return std::ranges::any_of(judgement.unjudged,
                             [&](const Unjudged& each) { return each.rule == rule; });
}

bool has_finding(const Judgement& judgement, const std::string& id) {
  return std::ranges::any_of(judgement.findings,
                             [&](const Finding& each) { return each.id == id; });
}

TEST(Judge, DamagedFactsLeaveRulesUndecidedAndNeverCrash) {
  for (const Json& facts :
       {Json(), Json(5), Json("x"), Json::array({1, 2}), Json::object(), Json{{"ping_ok", 5}},
        Json{{"ping_ok", nullptr}}, Json{{"ping_ok", {{"value", "yes"}}}},
        Json{{"ping_ok", {{"unknown", 3}}}}, Json{{"ping_ok", {{"unknown", {{"why", "because"}}}}}},
        Json{{"maxclients", {{"value", -1}}}},
        Json{{"ping_ok", {{"value", true}, {"evidence", 7}}}},
        Json{{"nobody knows", Json::object()}}}) {
    const FactsDocument document = document_with(facts);
    const Judgement judgement = judge(document, {});
    EXPECT_TRUE(is_unjudged(judgement, "redis/last-save-failed")) << facts.dump();
    const Report report = assemble(document, judgement, Lang::en);
    EXPECT_EQ(report.verdict, Verdict::unknown) << facts.dump();
    EXPECT_GT(report.coverage.unknown.size(), 10u) << facts.dump();
  }
}

TEST(Judge, OneDamagedFactSpoilsOnlyItsOwnRules) {
  Json facts = {{"last_snapshot_status", {{"value", "err"}}},
                {"ping_reply", {{"value", "PONG"}}},
                {"maxclients", {{"value", "many"}}},
                {"snapshot_schedule", {{"value", "900 1"}}}};
  const Judgement judgement = judge(document_with(facts), {});
  EXPECT_TRUE(has_finding(judgement, "redis/last-save-failed"));
  EXPECT_TRUE(is_unjudged(judgement, "redis/clients-nearly-full"));
}

TEST(Judge, SkippedFindingsAreLeftOut) {
  const FactsDocument document = document_with({{"last_snapshot_status", {{"value", "err"}}},
                                                {"ping_reply", {{"value", "PONG"}}},
                                                {"snapshot_schedule", {{"value", "900 1"}}}});
  for (const char* pattern : {"redis/last-save-failed", "redis/*", "*/last-*"}) {
    Settings settings;
    settings.skip = {pattern};
    EXPECT_FALSE(has_finding(judge(document, settings), "redis/last-save-failed")) << pattern;
  }
  for (const char* pattern : {"redis", "*", "redis:127.0.0.1:6379", "redis/last-save"}) {
    Settings settings;
    settings.skip = {pattern};
    EXPECT_TRUE(has_finding(judge(document, settings), "redis/last-save-failed")) << pattern;
  }
}

TEST(Judge, TheRunItselfIsJudged) {
  FactsDocument document = document_with(Json::object());
  document.tasks = {
      {"redis redis:127.0.0.1:6379", "redis:127.0.0.1:6379", Outcome::crashed, "signal 11"}};
  EXPECT_TRUE(has_finding(judge(document, {}), "self/task-crashed"));
}

}  // namespace
}  // namespace postflight
