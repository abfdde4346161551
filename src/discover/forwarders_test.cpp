// SPDX-License-Identifier: Apache-2.0
#include "discover/forwarders.h"

#include <gtest/gtest.h>

namespace postflight {
namespace {

const std::string kProxy =
    "/usr/bin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 8080 -container-ip 172.18.0.5 "
    "-container-port 80";

Service service(std::string id, std::string netns, std::uint16_t port, std::string address,
                std::string program, std::string command_line = "") {
  Service out;
  out.id = std::move(id);
  out.netns = std::move(netns);
  out.port = port;
  out.listeners = {{.address = std::move(address)}};
  out.programs =
      Seen{std::vector{Program{
               .pid = 1, .name = std::move(program), .command_line = std::move(command_line)}},
           Evidence{}};
  return out;
}

/// A published web server in a container, and its neighbour with the same port.
Topology two_containers() {
  Topology topology;
  topology.services = {service("0.0.0.0:8080", "", 8080, "0.0.0.0", "docker-proxy", kProxy),
                       service("0.0.0.0:80@other", "other", 80, "0.0.0.0", "nginx"),
                       service("0.0.0.0:80@web", "web", 80, "0.0.0.0", "nginx")};
  topology.namespaces = {{"other", 1, {}, {"172.18.0.4"}}, {"web", 2, {}, {"172.18.0.5"}}};
  return topology;
}

TEST(ParseForwarder, TellsAddressPortAndTransport) {
  EXPECT_EQ(parse_forwarder(kProxy), (ForwardTarget{Transport::tcp, "172.18.0.5", 80}));
  EXPECT_EQ(parse_forwarder("docker-proxy -proto udp -container-ip fd00::5 -container-port 53"),
            (ForwardTarget{Transport::udp, "fd00::5", 53}));
}

TEST(ParseForwarder, HalfACommandLineTellsNothing) {
  EXPECT_EQ(parse_forwarder(""), std::nullopt);
  EXPECT_EQ(parse_forwarder("docker-proxy -proto tcp -container-ip 172.18.0.5"), std::nullopt);
  EXPECT_EQ(parse_forwarder("docker-proxy -container-ip 172.18.0.5 -container-port"), std::nullopt);
  EXPECT_EQ(parse_forwarder("docker-proxy -container-port 80 -container-ip"), std::nullopt);
  EXPECT_EQ(parse_forwarder("docker-proxy -container-ip 1.2.3.4 -container-port 99999"),
            std::nullopt);
}

TEST(Forwarders, LeadToTheServiceOfTheirContainer) {
  Topology topology = two_containers();
  link_forwarders(topology);
  EXPECT_EQ(topology.services[0].forwards_to, "0.0.0.0:80@web");
  EXPECT_EQ(topology.services[2].published_at, std::vector<std::string>{"0.0.0.0:8080"});
  EXPECT_TRUE(topology.services[1].published_at.empty());
}

/// Bound to loopback of the container, what is published leads nowhere.
TEST(Forwarders, LeadNowhereWhereTheServiceListensOnAnotherAddress) {
  Topology topology = two_containers();
  topology.services[2].listeners[0].address = "127.0.0.1";
  link_forwarders(topology);
  EXPECT_EQ(topology.services[0].forwards_to, "");
}

/// A machine inside this one may have containers with the same addresses.
TEST(Forwarders, LeadNowhereWhereTwoContainersHaveTheAddress) {
  Topology topology = two_containers();
  topology.namespaces[0].addresses = topology.namespaces[1].addresses;
  link_forwarders(topology);
  EXPECT_EQ(topology.services[0].forwards_to, "");
}

TEST(Forwarders, OfAContainerThatCouldNotBeEnteredStandForThemselves) {
  Topology topology = two_containers();
  topology.namespaces.pop_back();
  link_forwarders(topology);
  EXPECT_EQ(topology.services[0].forwards_to, "");
}

}  // namespace
}  // namespace postflight
