// SPDX-License-Identifier: Apache-2.0
// A small world in network namespaces of its own, seen as root and as nobody.
#include "discover/discover.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>

#include "host/files.h"
#include "host/testing/bad_server.h"
#include "host/testing/in_child.h"

namespace postflight {
namespace {

using host::testing::in_child;
using host::testing::listen_on;
using host::testing::WaitingChild;

void isolate() {
  if (!host::testing::enter_fresh_network_namespace()) throw std::runtime_error("needs root");
}

#define NEEDS_ROOT() \
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to make a network namespace"

Topology look(Duration limit = Duration{5000}) {
  DiscoverOptions options;
  options.deadline = Deadline{limit};
  return discover(options);
}

const Service* find(const Topology& topology, const std::string& id) {
  const auto it = std::ranges::find(topology.services, id, &Service::id);
  return it == topology.services.end() ? nullptr : &*it;
}

std::string describe(const Service& service) {
  std::string text = service.id;
  for (const Listener& one : service.listeners) {
    text += " " + one.address +
            (one.exposure == Exposure::wildcard   ? "*"
             : one.exposure == Exposure::loopback ? "."
                                                  : "?");
  }
  service.programs.visit(
      [&](const auto& seen) {
        for (const Program& one : seen.value) text += " " + one.name;
        return 0;
      },
      [&](const Absent&) { return text += " absent", 0; },
      [&](const Unknown& unknown) {
        return text += unknown.why == Why::denied ? " denied" : " unknown", 0;
      });
  return text + " " + service.guess.protocol;
}

std::string describe_own(const Topology& topology) {
  std::string text;
  for (const Service& one : topology.services) {
    if (one.netns.empty()) text += describe(one) + "\n";
  }
  return text;
}

TEST(Discover, SeesItsOwnNamespace) {
  NEEDS_ROOT();
  const std::string seen = in_child([] {
    isolate();
    ::prctl(PR_SET_NAME, "redis-server");
    const auto v4 = listen_on("127.0.0.1", 6379), v6 = listen_on("::1", 6379);
    const auto web = listen_on("0.0.0.0", 8080);
    return describe_own(look());
  });
  EXPECT_EQ(seen,
            "127.0.0.1:6379 127.0.0.1. ::1. redis-server redis\n"
            "0.0.0.0:8080 0.0.0.0* redis-server redis\n");
}

TEST(Discover, LeavesOutUdpClients) {
  NEEDS_ROOT();
  const std::string seen = in_child([] {
    isolate();
    const auto bind_udp = [](std::uint16_t port) {
      host::FileDescriptor fd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(port);
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        throw std::runtime_error("bind");
      }
      return fd;
    };
    const auto server = bind_udp(53), client = bind_udp(0);
    ::prctl(PR_SET_NAME, "hostile\x1B[2J\xFF");
    return describe_own(look());
  });
  EXPECT_EQ(seen, "127.0.0.1:53/udp 127.0.0.1. hostile\uFFFD[2J\uFFFD dns\n");
}

TEST(Discover, LooksIntoOtherNamespacesAndComesBack) {
  NEEDS_ROOT();
  const WaitingChild container{[] {
    isolate();
    ::prctl(PR_SET_NAME, "memcached");
    static const auto port = listen_on("0.0.0.0", 11211);
    static const auto local = listen_on("127.0.0.1", 9999);
  }};
  const std::string label = "memcached-" + std::to_string(container.pid());
  const auto here = host::inode_of("/proc/self/ns/net");
  const Topology topology = look();
  EXPECT_EQ(*host::inode_of("/proc/self/ns/net"), *here);

  const Service* service = find(topology, "0.0.0.0:11211@" + label);
  ASSERT_TRUE(service);
  EXPECT_EQ(service->netns, label);
  EXPECT_EQ(service->netns_pid, container.pid());
  EXPECT_EQ(service->listeners[0].exposure, Exposure::container);
  EXPECT_EQ(service->guess, (Guess{"memcached", "program memcached", true}));
  ASSERT_TRUE(service->programs.seen());
  EXPECT_EQ(service->programs.seen()->value[0].pid, container.pid());
  const Service* local = find(topology, "127.0.0.1:9999@" + label);
  ASSERT_TRUE(local);
  EXPECT_EQ(local->listeners[0].exposure, Exposure::loopback);

  const auto space = std::ranges::find(topology.namespaces, label, &NetworkNamespace::label);
  ASSERT_NE(space, topology.namespaces.end());
  ASSERT_TRUE(space->services.seen());
  EXPECT_EQ(space->services.seen()->value, 2u);
  EXPECT_FALSE(space->services.seen()->evidence.at.empty());
}

TEST(Discover, WithoutPermissionItSaysSo) {
  NEEDS_ROOT();
  const auto held_by_root = listen_on("127.0.0.1");
  const std::string id = "127.0.0.1:" + std::to_string(held_by_root.port);
  const std::string seen = in_child([&]() -> std::string {
    // The child's copy would make it a holder itself.
    ::close(held_by_root.socket.get());
    if (!host::testing::become_nobody()) return "skip";
    const Topology topology = look();
    const Service* service = find(topology, id);
    if (!service) return "not found";
    const auto* unknown = service->programs.unknown();
    if (!unknown || unknown->why != Why::denied) return describe(*service);
    const auto unseen = std::ranges::find(topology.namespaces, "unseen", &NetworkNamespace::label);
    if (unseen == topology.namespaces.end() || !unseen->services.unknown()) return "nothing unseen";
    return unknown->detail + "\n" + unseen->services.unknown()->detail;
  });
  EXPECT_NE(seen.find("run as root or with CAP_SYS_PTRACE"), std::string::npos) << seen;
  EXPECT_NE(seen.find("network namespaces of"), std::string::npos) << seen;
}

TEST(Discover, APassedDeadlineLeavesNothingOut) {
  const auto port = listen_on("127.0.0.1");
  const Deadline latest{Duration{1500}};
  const Topology topology = look(Duration{0});
  EXPECT_FALSE(latest.passed());
  // The kernel may have answered at once; then the owners are what was not looked for.
  if (const Service* service = find(topology, "127.0.0.1:" + std::to_string(port.port))) {
    ASSERT_TRUE(service->programs.unknown());
  } else {
    const auto own = std::ranges::find(topology.namespaces, "", &NetworkNamespace::label);
    ASSERT_NE(own, topology.namespaces.end());
    EXPECT_TRUE(own->services.unknown());
  }
  const auto unseen = std::ranges::find(topology.namespaces, "unseen", &NetworkNamespace::label);
  EXPECT_NE(unseen, topology.namespaces.end());
}

TEST(Discover, IdsAreUnique) {
  const auto a = listen_on("127.0.0.1"), b = listen_on("::1");
  const Topology first = look();
  std::vector<std::string> ids;
  for (const Service& one : first.services) ids.push_back(one.id);
  auto sorted = ids;
  std::ranges::sort(sorted);
  EXPECT_EQ(std::ranges::adjacent_find(sorted), sorted.end());
  EXPECT_GE(ids.size(), 2u);
}

}  // namespace
}  // namespace postflight
