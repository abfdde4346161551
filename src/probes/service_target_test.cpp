// SPDX-License-Identifier: Apache-2.0
// From services to targets, and which address strangers would use.
#include "probes/service_target.h"

#include <gtest/gtest.h>

namespace postflight {
namespace {

Service service(const std::string& protocol, std::vector<Listener> listeners) {
  Service out;
  out.port = 6379;
  out.listeners = std::move(listeners);
  out.id = out.listeners.empty() ? "?" : format_endpoint(out.listeners[0].address, 6379);
  out.guess.protocol = protocol;
  return out;
}

const Listener kLoopback{"127.0.0.1", Exposure::loopback};
const Listener kWildcard4{"0.0.0.0", Exposure::wildcard};
const Listener kWildcard6{"::", Exposure::wildcard};

TEST(Targets, AreTheServicesThatSpeakTheProtocol) {
  Topology topology;
  topology.services = {service("redis", {kLoopback}), service("http", {kLoopback}),
                       service("", {kLoopback}), service("redis", {})};
  topology.services.push_back(service("redis", {kLoopback}));
  topology.services.back().transport = Transport::udp;
  const auto targets = targets_for(topology, "redis", "Redis", {"redis"});
  ASSERT_EQ(targets.size(), 1u) << "neither other protocols nor UDP nor what has no address";
  EXPECT_EQ(targets[0].component_id, "redis:127.0.0.1:6379");
  EXPECT_EQ(targets[0].name, "Redis 127.0.0.1:6379");
}

TEST(Targets, AreNamedByTheirProgram) {
  Topology topology;
  topology.services = {service("redis", {kLoopback})};
  topology.services[0].programs =
      Seen{std::vector<Program>{{.pid = 1, .name = "valkey-server"}}, Evidence{}};
  EXPECT_EQ(targets_for(topology, "redis", "Redis", {"redis"})[0].name,
            "Redis 127.0.0.1:6379 (valkey-server)");
}

std::optional<std::string> outside(Service one, std::vector<std::string> addresses) {
  Target target;
  target.service = std::move(one);
  Topology known;
  known.addresses = std::move(addresses);
  const Observed<Topology> topology = Seen{known, Evidence{}};
  const Settings settings;
  const auto endpoint = outside_endpoint({target, topology, settings, Deadline{Duration{100}}});
  if (!endpoint) return std::nullopt;
  EXPECT_EQ(endpoint->port, 6379);
  return endpoint->address;
}

TEST(OutsideAddress, IsNoneForLoopback) {
  EXPECT_EQ(outside(service("redis", {kLoopback}), {"192.0.2.1"}), std::nullopt);
}

TEST(OutsideAddress, OfAWildcardIsTheMachinesOwnOfThatFamily) {
  EXPECT_EQ(outside(service("redis", {kWildcard4}), {"192.0.2.1", "2001:db8::1"}), "192.0.2.1");
  EXPECT_EQ(outside(service("redis", {kWildcard6}), {"192.0.2.1", "fe80::1", "2001:db8::1"}),
            "2001:db8::1");
  EXPECT_EQ(outside(service("redis", {kWildcard4}), {}), std::nullopt);
}

TEST(OutsideAddress, OfABoundAddressIsThatAddress) {
  EXPECT_EQ(outside(service("redis", {kLoopback, {"10.0.0.5", Exposure::local}}), {"10.0.0.5"}),
            "10.0.0.5");
}

/// A Redis in a container, behind a docker-proxy on `listener`.
Topology published_redis(const Listener& listener) {
  Topology topology;
  Service inside = service("redis", {kWildcard4});
  inside.id = "0.0.0.0:6379@web", inside.netns_pid = 1234, inside.published_at = {"proxy"};
  Service proxy = service("redis", {listener});
  proxy.id = "proxy", proxy.port = 16379, proxy.forwards_to = inside.id;
  topology.services = {proxy, inside};
  topology.addresses = {"192.0.2.1"};
  return topology;
}

std::optional<OutsideEndpoint> outside_of_published(const Listener& listener) {
  const Topology known = published_redis(listener);
  const Target target{"redis:x", "x", known.services[1], ""};
  const Observed<Topology> topology = Seen{known, Evidence{}};
  const Settings settings;
  return outside_endpoint({target, topology, settings, Deadline{Duration{100}}});
}

TEST(OutsideAddress, OfAContainerIsThatOfItsPublishedPort) {
  EXPECT_EQ(outside_of_published(kWildcard4), (OutsideEndpoint{"192.0.2.1", 16379}));
  EXPECT_EQ(outside_of_published(kLoopback), std::nullopt) << "published on loopback alone";
}

TEST(Targets, AServerBehindAPublishedPortIsOne) {
  const auto targets = server_targets_for(published_redis(kWildcard4), "redis", "Redis", {"redis"});
  ASSERT_EQ(targets.size(), 1u);
  EXPECT_EQ(targets[0].component_id, "redis:0.0.0.0:6379@web");
}

TEST(OutsideAddress, IsNoneInAnotherNamespace) {
  Service contained = service("redis", {kWildcard4});
  contained.netns_pid = 1234;
  EXPECT_EQ(outside(contained, {"192.0.2.1"}), std::nullopt);
}

}  // namespace
}  // namespace postflight
