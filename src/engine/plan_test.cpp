// SPDX-License-Identifier: Apache-2.0
#include "engine/plan.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace postflight {
namespace {

Service service(const std::string& id, const std::string& protocol,
                const std::string& program = "") {
  Service out;
  out.id = id;
  out.listeners = {{"127.0.0.1"}};
  out.guess = {protocol, "port", false};
  if (!program.empty()) out.programs = Seen{std::vector{Program{1, program}}, Evidence{}};
  return out;
}

std::vector<Target> plan_redis(const Topology& topology, const Settings&) {
  std::vector<Target> targets;
  for (const Service& each : topology.services) {
    if (each.guess.protocol == "redis")
      targets.push_back({"redis:" + each.id, "Redis " + each.id, each, ""});
  }
  return targets;
}

const ProbeSpec kRedis{"redis", "redis", "", Duration{1000}, true, nullptr, &plan_redis, nullptr};

Plan make_plan(const Topology& topology, const Settings& settings) {
  const ProbeSpec* probes[] = {&kRedis};
  Plan made = plan(probes, topology, settings);
  note_unchecked_services(made, topology);
  return made;
}

const NotChecked* why(const Plan& plan, const std::string& subject) {
  const auto it = std::ranges::find(plan.not_checked, subject, &NotChecked::subject);
  return it == plan.not_checked.end() ? nullptr : &*it;
}

TEST(Plan, EveryServiceIsLookedAtOrNamedOnceWithAReason) {
  Topology topology;
  topology.services = {service("127.0.0.1:6379", "redis"), service("0.0.0.0:22", "ssh", "sshd"),
                       service("0.0.0.0:9999", "", "mystery"), service("10.0.0.1:1", "")};
  const Plan made = make_plan(topology, {});
  ASSERT_EQ(made.tasks.size(), 1u);
  EXPECT_EQ(made.not_checked.size(), 3u);
  ASSERT_TRUE(why(made, "0.0.0.0:22"));
  EXPECT_EQ(why(made, "0.0.0.0:22")->name, "sshd, ssh");
  EXPECT_EQ(why(made, "0.0.0.0:22")->reason.detail, "there is no probe for ssh yet");
  EXPECT_EQ(why(made, "0.0.0.0:9999")->name, "mystery");
  EXPECT_NE(why(made, "0.0.0.0:9999")->reason.detail.find("nothing was sent"), std::string::npos);
  EXPECT_EQ(why(made, "10.0.0.1:1")->name, "?");
}

TEST(Plan, APublishedPortIsLookedAtWithItsServer) {
  Topology topology;
  topology.services = {service("0.0.0.0:5432", "postgresql", "docker-proxy"),
                       service("0.0.0.0:6379@web", "redis", "redis-server")};
  topology.services[0].forwards_to = topology.services[1].id;
  EXPECT_TRUE(make_plan(topology, {}).not_checked.empty());
}

TEST(Plan, WhatIsLeftOutIsNamedOnce) {
  Topology topology;
  topology.services = {service("127.0.0.1:6379", "redis"), service("127.0.0.1:6380", "redis")};
  Settings settings;
  settings.skip = {"redis:*:6380"};
  const Plan made = make_plan(topology, settings);
  EXPECT_EQ(made.tasks.size(), 1u);
  ASSERT_EQ(made.not_checked.size(), 1u);
  EXPECT_EQ(made.not_checked[0].subject, "redis:127.0.0.1:6380");
}

TEST(Plan, TheSameTargetTwiceIsOneTaskAndTheOtherIsTold) {
  Topology topology;
  topology.services = {service("127.0.0.1:6379", "redis"), service("127.0.0.1:6379", "redis")};
  const Plan made = make_plan(topology, {});
  EXPECT_EQ(made.tasks.size(), 1u);
  ASSERT_EQ(made.not_checked.size(), 1u);
  EXPECT_EQ(made.not_checked[0].subject, "redis:127.0.0.1:6379");
  EXPECT_EQ(made.not_checked[0].passed, Passed::same_id);
}

/// `count` services on ports of their own; process() tells whose the one with this number is.
template <class Process>
Topology many_guessed(std::size_t count, Process process) {
  Topology topology;
  for (std::size_t i = 0; i < count; ++i) {
    Service each = service("127.0.0.1:" + std::to_string(7000 + i), "redis");
    each.programs = Seen{std::vector{Program{process(i), "docker-proxy"}}, Evidence{}};
    topology.services.push_back(std::move(each));
  }
  return topology;
}

TEST(Plan, OneProcessWithManyGuessedPortsIsNotAskedOnAllOfThem) {
  const Plan made = make_plan(many_guessed(40, [](std::size_t) { return 1; }), {});
  EXPECT_EQ(made.tasks.size(), 16u);
  EXPECT_EQ(std::ranges::count(made.not_checked, Passed::too_many_alike, &NotChecked::passed), 24);
}

TEST(Plan, ManyProcessesOfOneNameAreAllAsked) {
  const auto own = [](std::size_t i) { return static_cast<std::int32_t>(i) + 1; };
  EXPECT_EQ(make_plan(many_guessed(40, own), {}).tasks.size(), 40u);
  Topology unseen = many_guessed(40, own);
  for (Service& each : unseen.services) each.programs = Unknown{Why::denied, ""};
  EXPECT_EQ(make_plan(unseen, {}).tasks.size(), 40u) << "not seen is not the same as one";
}

TEST(Plan, MoreTargetsThanARunCanHoldAreTold) {
  const auto own = [](std::size_t i) { return static_cast<std::int32_t>(i) + 1; };
  const Plan made = make_plan(many_guessed(1100, own), {});
  EXPECT_EQ(made.tasks.size(), 1000u);
  EXPECT_EQ(std::ranges::count(made.not_checked, Passed::over_limit, &NotChecked::passed), 100);
  Settings settings;
  settings.only = {"redis:127.0.0.1:80*"};
  EXPECT_EQ(std::ranges::count(make_plan(many_guessed(1100, own), settings).not_checked,
                               Passed::over_limit, &NotChecked::passed),
            0)
      << "those that --only names are looked at";
}

TEST(Plan, OnlyAndSkip) {
  const auto wanted = [](std::vector<std::string> only, std::vector<std::string> skip) {
    Settings settings;
    settings.only = std::move(only);
    settings.skip = std::move(skip);
    return is_wanted(settings, "redis:127.0.0.1:6379");
  };
  EXPECT_TRUE(wanted({}, {}));
  EXPECT_TRUE(wanted({"redis"}, {}));
  EXPECT_TRUE(wanted({"http", "redis:*"}, {}));
  EXPECT_TRUE(wanted({"*"}, {}));
  EXPECT_FALSE(wanted({"http"}, {}));
  EXPECT_FALSE(wanted({"redi"}, {}));
  EXPECT_FALSE(wanted({}, {"redis"}));
  EXPECT_FALSE(wanted({"redis"}, {"redis:127.0.0.1:6379"}));
  EXPECT_TRUE(wanted({}, {"redis/*", "redis:127.0.0.1:637"}));
}

}  // namespace
}  // namespace postflight
