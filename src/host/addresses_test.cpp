// SPDX-License-Identifier: Apache-2.0
// Each block at both of its ends, and what is no address at all.
#include "host/addresses.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "host/testing/in_child.h"

namespace postflight::host {
namespace {

Exposure classify(std::string_view address) {
  return classify_exposure(address, {});
}

TEST(Exposure, FollowsTheBlocks) {
  for (const auto* address :
       {"127.0.0.1", "127.255.255.254", "127.0.0.53", "::1", "::ffff:127.0.0.1", "127.0.0.53%lo"}) {
    EXPECT_EQ(classify(address), Exposure::loopback) << address;
  }
  for (const auto* address : {"0.0.0.0", "::", "::ffff:0.0.0.0"}) {
    EXPECT_EQ(classify(address), Exposure::wildcard) << address;
  }
  for (const auto* address :
       {"10.0.0.1",        "10.255.255.255",  "172.16.0.1",  "172.31.255.255", "192.168.0.1",
        "100.64.0.1",      "100.127.255.255", "169.254.1.1", "fe80::1",        "fe80::1%eth0",
        "febf::1",         "fc00::1",         "fdff::1",     "192.0.2.1",      "198.51.100.7",
        "203.0.113.9",     "198.19.0.1",      "2001:db8::1", "224.0.0.251",    "ff02::fb",
        "255.255.255.255", "::ffff:10.1.2.3"}) {
    EXPECT_EQ(classify(address), Exposure::local) << address;
  }
  for (const auto* address :
       {"8.8.8.8", "126.255.255.255", "128.0.0.1", "11.0.0.1", "172.15.255.255", "172.32.0.1",
        "100.63.255.255", "100.128.0.1", "192.167.255.255", "169.253.0.1", "2001:4860::1",
        "fec0::1", "fb00::1", "::2", "::ffff:8.8.8.8", "0.0.0.1"}) {
    EXPECT_EQ(classify(address), Exposure::global) << address;
  }
}

TEST(Exposure, WhatIsNoAddressIsTheWorstCase) {
  for (const auto* address : {"", "localhost", "1.2.3", "127.0.0.1x", "[::1]", "%", "\x1B[2J"}) {
    EXPECT_EQ(classify(address), Exposure::global) << address;
  }
}

TEST(Exposure, ABridgeReachesContainersOnly) {
  const std::vector<InterfaceAddress> own = {
      {"172.17.0.1", "docker0"}, {"192.168.1.5", "eth0"}, {"fd00::1", "br-0123"}};
  EXPECT_EQ(classify_exposure("172.17.0.1", own), Exposure::container);
  EXPECT_EQ(classify_exposure("::ffff:172.17.0.1", own), Exposure::container);
  EXPECT_EQ(classify_exposure("fd00::1", own), Exposure::container);
  EXPECT_EQ(classify_exposure("192.168.1.5", own), Exposure::local);
  EXPECT_EQ(classify_exposure("127.0.0.1", own), Exposure::loopback);
  EXPECT_EQ(classify_exposure("0.0.0.0", own), Exposure::wildcard);
}

TEST(ContainerInterface, IsKnownByItsName) {
  for (const auto* name : {"docker0", "docker_gwbridge", "br-1a2b3c", "veth12", "podman0", "cni0",
                           "virbr0", "lxdbr0"}) {
    EXPECT_TRUE(is_container_interface(name)) << name;
  }
  for (const auto* name : {"br0", "eth0", "wg0", "tailscale0", "enp1s0", ""}) {
    EXPECT_FALSE(is_container_interface(name)) << name;
  }
}

TEST(InterfaceAddresses, LeaveOutLoopback) {
  const auto own = interface_addresses();
  ASSERT_TRUE(own) << own.error().what;
  for (const auto& one : *own) EXPECT_NE(classify(one.address), Exposure::loopback) << one.address;
  const std::string verdict = testing::in_child([]() -> std::string {
    if (!testing::enter_fresh_network_namespace()) return "skip";
    const auto fresh = interface_addresses();
    return fresh ? std::to_string(fresh->size()) : fresh.error().what;
  });
  if (verdict == "skip") GTEST_SKIP() << "needs root";
  EXPECT_EQ(verdict, "0");
}

}  // namespace
}  // namespace postflight::host
