// SPDX-License-Identifier: Apache-2.0
#include "engine/sides.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/fold.h"

namespace postflight {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kContainer = "9d45fb2be550" + std::string(52, '0');

Service service(std::string id, std::string netns, std::string program, std::string cgroup) {
  Service out;
  out.id = std::move(id);
  out.netns = std::move(netns);
  out.programs =
      Seen{std::vector{Program{.pid = 1, .name = std::move(program), .cgroup = std::move(cgroup)}},
           Evidence{}};
  return out;
}

Component component(std::string kind, std::string name) {
  return {kind + ":" + name, kind, name, kind};
}

/// nginx in a unit, a published Redis in a container, and a cluster that does not run.
FactsDocument document() {
  Topology topology;
  topology.services = {service("0.0.0.0:80", "", "nginx", "/system.slice/nginx.service"),
                       service("0.0.0.0:6379", "", "docker-proxy", "/system.slice/docker.service"),
                       service("0.0.0.0:6379@9d45fb2be550", "9d45fb2be550", "redis-server",
                               "/docker/" + kContainer)};
  topology.services[1].forwards_to = topology.services[2].id;
  topology.services[2].published_at = {topology.services[1].id};
  topology.clusters = {{.id = "/var/lib/postgresql/15/main", .debian_name = "15/main"}};
  FactsDocument made;
  made.topology = Seen{topology, Evidence{}};
  made.components = {component("unit", "nginx.service"), component("container", "cache"),
                     component("unit", "postgresql@15-main.service"),
                     component("database", "/var/lib/postgresql/15/main/app"),
                     component("container", "nameless")};
  made.components[1].facts["id"] = {{"value", kContainer}};
  return made;
}

TEST(Sides, AUnitAndWhatItsProgramListensOn) {
  EXPECT_THAT(Sides{document()}.of("unit:nginx.service"), ElementsAre("0.0.0.0:80"));
}

TEST(Sides, AContainerAndTheServerInsideAndItsPublishedPort) {
  EXPECT_THAT(Sides{document()}.of("container:cache"),
              ElementsAre("0.0.0.0:6379@9d45fb2be550", "0.0.0.0:6379"));
}

TEST(Sides, AClusterItsUnitAndItsDatabases) {
  const Sides sides{document()};
  EXPECT_THAT(sides.of("unit:postgresql@15-main.service"),
              ElementsAre("/var/lib/postgresql/15/main"));
  EXPECT_THAT(sides.of("database:/var/lib/postgresql/15/main/app"),
              ElementsAre("/var/lib/postgresql/15/main"));
}

TEST(Sides, WhatIsNotKnownHasNone) {
  EXPECT_THAT(Sides{document()}.of("container:nameless"), IsEmpty());
  EXPECT_THAT(Sides{document()}.of("unit:ssh.service"), IsEmpty());
  EXPECT_THAT(Sides{FactsDocument{}}.of("unit:nginx.service"), IsEmpty());
}

TEST(Sides, AFindingOfAUnitFoldsWhatItsPortSays) {
  const std::vector<Finding> findings{
      {.id = "s", .severity = Severity::warning, .subject = "http:0.0.0.0:80"},
      {.id = "c", .severity = Severity::critical, .subject = "unit:nginx.service"},
      {.id = "s", .severity = Severity::warning, .subject = "http:0.0.0.0:81"}};
  const auto folded = fold(findings, {{"c", "s"}}, Sides{document()});
  ASSERT_EQ(folded.size(), 2U);
  EXPECT_EQ(folded[0].id, "c");
  EXPECT_EQ(folded[0].symptoms.size(), 1U);
  EXPECT_EQ(folded[1].subject, "http:0.0.0.0:81") << "another port is another fault";
}

}  // namespace
}  // namespace postflight
