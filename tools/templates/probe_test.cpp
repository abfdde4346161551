// SPDX-License-Identifier: Apache-2.0
#include "probes/@NAME@.h"

#include <gtest/gtest.h>

#include "host/testing/bad_server.h"
#include "probes/testing/probe_run.h"

namespace postflight {
namespace {

using host::testing::BadServer;
using host::testing::Behaviour;
using testing::run_on_port;

TEST(@TYPE@Parse, TakesTheFirstLine) {
  EXPECT_EQ(parse_@NAME@_greeting("220 ready\r\nmore"), "220 ready");
  EXPECT_FALSE(parse_@NAME@_greeting("\r\n"));
}

TEST(@TYPE@Probe, GoodServiceIsSeen) {
  BadServer server{Behaviour::garbage()};
  const Json facts = run_on_port("@NAME@", server.port());
  EXPECT_EQ(facts.at("accepts").at("value"), true);
}

TEST(@TYPE@Probe, GarbageIsNoGreeting) {
  BadServer server{Behaviour::endless("x")};
  const Json facts = run_on_port("@NAME@", server.port());
  EXPECT_EQ(facts.at("greeting").at("unknown").at("why"), "malformed");
}

TEST(@TYPE@Probe, NothingThereIsUnreachable) {
  const Json facts = run_on_port("@NAME@", testing::unused_port());
  EXPECT_EQ(facts.at("accepts").at("unknown").at("why"), "unreachable");
}

TEST(@TYPE@Probe, PermissionDeniedToEnterANamespaceIsToldAsSuch) {
  Target target = testing::loopback_target("@NAME@", 1);
  target.service.netns_pid = -1;  // no such process: nothing can be entered, nothing may be guessed
  const Json facts = testing::run_on("@NAME@", target, Unknown{});
  EXPECT_TRUE(facts.at("accepts").contains("unknown")) << facts;
}

TEST(@TYPE@Probe, SilenceIsNoGreeting) {
  BadServer server{Behaviour::silent_accept()};
  EXPECT_TRUE(run_on_port("@NAME@", server.port()).at("greeting").contains("absent"));
}

}  // namespace
}  // namespace postflight
