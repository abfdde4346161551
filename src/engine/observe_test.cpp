// SPDX-License-Identifier: Apache-2.0
// The whole way from the machine to a facts document, on this machine and on one that has nothing.
#include "engine/observe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "host/testing/child_process.h"
#include "host/testing/redis_server.h"
#include "model/codec.h"

namespace postflight {
namespace {

using namespace std::chrono_literals;
using host::testing::RedisServer;
using host::testing::TempFolder;
using ::testing::Contains;
using ::testing::IsEmpty;

const Component* component_of(const FactsDocument& document, const std::string& id) {
  const auto it = std::ranges::find(document.components, id, &Component::id);
  return it == document.components.end() ? nullptr : &*it;
}

std::set<std::string> ids_of(const FactsDocument& document) {
  std::set<std::string> ids;
  for (const Component& component : document.components) ids.insert(component.id);
  return ids;
}

std::string redis_id(const RedisServer& server) {
  return "redis:127.0.0.1:" + std::to_string(server.port());
}

TEST(Observe, SeesThisMachineAndARealRedis) {
  const RedisServer server;
  const Observation seen = observe({});
  EXPECT_FALSE(seen.interrupted);
  ASSERT_TRUE(seen.document.topology.seen());
  ASSERT_TRUE(component_of(seen.document, "host"));
  EXPECT_TRUE(
      component_of(seen.document, "host")->facts.at("memory_available_bytes").contains("value"));
  const Component* redis = component_of(seen.document, redis_id(server));
  ASSERT_TRUE(redis);
  EXPECT_EQ(redis->probe, "redis");
  EXPECT_EQ(redis->facts.at("ping_reply").at("value"), "PONG");
  EXPECT_GT(seen.document.supervisor_memory_bytes, 0U);
}

TEST(Observe, TellsOfEachTaskOnceAndHowManyThereAre) {
  std::vector<std::string> told;
  std::size_t planned = 0;
  const Observation seen =
      observe({.on_task = [&](const TaskRecord& task) { told.push_back(task.id); },
               .on_planned = [&](std::size_t count) { planned = count; }});
  EXPECT_EQ(told.size(), seen.document.tasks.size());
  EXPECT_EQ(std::set<std::string>(told.begin(), told.end()).size(), told.size());
  EXPECT_EQ(planned + 1, told.size()) << "discovery is a task too";
  EXPECT_THAT(told, Contains("discover"));
}

TEST(Observe, WithoutTimeEverythingIsUnknownAndNothingIsLost) {
  Settings settings;
  settings.timeout = 0ms;
  const Observation seen = observe({.settings = settings});
  EXPECT_FALSE(seen.document.topology.seen());
  ASSERT_TRUE(component_of(seen.document, "host"));
  for (const auto& [key, fact] : component_of(seen.document, "host")->facts.items()) {
    EXPECT_EQ(fact.at("unknown").at("why"), "timeout") << key;
  }
  for (const TaskRecord& task : seen.document.tasks) {
    EXPECT_NE(task.outcome, Outcome::done) << task.id;
  }
}

TEST(Observe, ABudgetOfNothingCostsOneProbeItsFactsAndNoOther) {
  const RedisServer server;
  Settings settings;
  settings.budgets["redis"] = 0ms;
  const Observation seen = observe({.settings = settings});
  const Component* redis = component_of(seen.document, redis_id(server));
  ASSERT_TRUE(redis);
  EXPECT_TRUE(redis->facts.at("ping_reply").contains("unknown"));
  EXPECT_TRUE(
      component_of(seen.document, "host")->facts.at("memory_available_bytes").contains("value"));
}

TEST(Observe, WhatIsSkippedIsNamedAndNotLookedAt) {
  const RedisServer server;
  Settings settings;
  settings.skip = {"redis:*"};
  const Observation seen = observe({.settings = settings});
  EXPECT_EQ(component_of(seen.document, redis_id(server)), nullptr);
  const auto item =
      std::ranges::find(seen.document.not_checked, redis_id(server), &NotChecked::subject);
  ASSERT_NE(item, seen.document.not_checked.end());
  EXPECT_EQ(item->passed, Passed::left_out);
}

TEST(Observe, InOneProcessSeesTheSameComponents) {
  const RedisServer server;
  const auto forked = ids_of(observe({}).document);
  const auto alone = ids_of(observe({.execution = Execution::in_process}).document);
  EXPECT_THAT(alone, Contains(redis_id(server)));
  EXPECT_THAT(forked, Contains(redis_id(server)));
  EXPECT_THAT(alone, Contains("host"));
}

TEST(Observe, AMachineWithoutProcIsUnknownNotEmpty) {
  const TempFolder nothing;
  const Observation seen = observe({.root = nothing.path()});
  const Component* machine = component_of(seen.document, "host");
  ASSERT_TRUE(machine);
  EXPECT_TRUE(machine->facts.at("memory_available_bytes").contains("unknown"));
  EXPECT_TRUE(machine->facts.at("mounts").contains("unknown"));
}

TEST(Observe, SecretsDoNotLeave) {
  RedisServer server{RedisServer::Options{.config = "requirepass sesame-0penUp\n"}};
  Settings settings;
  const TempFolder folder;
  settings.credentials = {{redis_id(server), "", "", folder.write("password", "sesame-0penUp\n")}};
  const FactsDocument document = observe({.settings = settings}).document;
  ASSERT_TRUE(component_of(document, redis_id(server)));
  EXPECT_EQ(component_of(document, redis_id(server))->facts.at("ping_reply").at("value"), "PONG");
  EXPECT_EQ(dump_json(to_json(document)).find("sesame-0penUp"), std::string::npos);
}

/// How many connections the server has taken, the one that asks included.
int connections_of(const RedisServer& server) {
  constexpr std::string_view kKey = "total_connections_received:";
  const std::string stats = server.cli({"info", "stats"});
  return std::atoi(stats.c_str() + stats.find(kKey) + kKey.size());
}

TEST(DiscoverOnly, ListsServicesAndAsksNobody) {
  const RedisServer server;
  const int before = connections_of(server);
  const FactsDocument document = discover_only({});
  EXPECT_EQ(connections_of(server), before + 1);
  ASSERT_TRUE(document.topology.seen());
  EXPECT_THAT(document.components, IsEmpty());
  EXPECT_TRUE(std::ranges::any_of(document.topology.seen()->value.services,
                                  [&](const Service& one) { return one.port == server.port(); }));
}

}  // namespace
}  // namespace postflight
