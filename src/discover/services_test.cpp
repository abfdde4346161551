// SPDX-License-Identifier: Apache-2.0
// Grouping and naming from made-up sockets.
#include "discover/services.h"

#include <gtest/gtest.h>

namespace postflight {
namespace {

PlacedSocket socket_on(const char* address, std::uint16_t port, std::uint64_t inode,
                       Transport transport = Transport::tcp, const char* netns = "") {
  PlacedSocket placed;
  placed.socket.address = address;
  placed.socket.port = port;
  placed.socket.inode = inode;
  placed.socket.transport = transport;
  placed.exposure = std::string_view(address) == "127.0.0.1" || std::string_view(address) == "::1"
                        ? Exposure::loopback
                        : Exposure::wildcard;
  placed.netns = netns;
  return placed;
}

class Owners {
 public:
  Owners& hold(std::int32_t pid, const char* name, std::initializer_list<std::uint64_t> inodes) {
    table.programs[pid].pid = pid;
    table.programs[pid].name = name;
    for (const auto inode : inodes) table.holders[inode].push_back(pid);
    return *this;
  }
  Ownership table;
};

std::vector<std::string> ids(const std::vector<Service>& services) {
  std::vector<std::string> result;
  for (const Service& one : services) result.push_back(one.id);
  return result;
}

TEST(Services, BothFamiliesOfOneProgramAreOneService) {
  Owners owners;
  owners.hold(10, "nginx", {1, 2}).hold(11, "nginx", {1, 2});
  const auto services =
      group_services({socket_on("::", 80, 2), socket_on("0.0.0.0", 80, 1)}, owners.table);
  ASSERT_EQ(services.size(), 1u);
  EXPECT_EQ(services[0].id, "0.0.0.0:80");
  ASSERT_EQ(services[0].listeners.size(), 2u);
  EXPECT_EQ(services[0].listeners[0].address, "0.0.0.0");
  EXPECT_EQ(services[0].listeners[1].address, "::");
  EXPECT_EQ(services[0].guess, (Guess{"http", "program nginx", true}));
  const auto* programs = services[0].programs.seen();
  ASSERT_TRUE(programs);
  ASSERT_EQ(programs->value.size(), 2u);
  EXPECT_EQ(programs->value[0].pid, 10);
  EXPECT_EQ(programs->evidence.excerpt, "/proc/10/fd: socket:[1]");
}

TEST(Services, TheEvidenceNamesAHolderOfThatVerySocket) {
  Owners owners;  // SO_REUSEPORT: a socket for each worker, and another one for another address
  owners.hold(10, "nginx", {3, 4}).hold(12, "nginx", {2, 3}).hold(11, "nginx", {2});
  auto fuller = socket_on("0.0.0.0", 80, 2);
  fuller.socket.backlog = 5;
  const auto services = group_services(
      {socket_on("0.0.0.0", 80, 3), fuller, socket_on("10.0.0.5", 80, 4)}, owners.table);
  ASSERT_EQ(services.size(), 1u);
  const auto* programs = services[0].programs.seen();
  ASSERT_TRUE(programs);
  EXPECT_EQ(programs->value.size(), 3u);
  EXPECT_EQ(programs->evidence.excerpt, "/proc/11/fd: socket:[2]");
}

TEST(Services, AreNamedAndSorted) {
  Owners owners;
  owners.hold(10, "a", {1, 2, 3}).hold(20, "b", {4, 5});
  const auto services = group_services(
      {socket_on("::1", 53, 1, Transport::udp), socket_on("127.0.0.1", 90, 2),
       socket_on("::1", 80, 3), socket_on("0.0.0.0", 80, 4, Transport::tcp, "0123456789ab"),
       socket_on("::", 53, 5, Transport::udp, "0123456789ab")},
      owners.table);
  EXPECT_EQ(ids(services),
            (std::vector<std::string>{"[::1]:80", "127.0.0.1:90", "[::1]:53/udp",
                                      "0.0.0.0:80@0123456789ab", "[::]:53/udp@0123456789ab"}));
}

TEST(Services, TwoProgramsOnOnePortAreToldApart) {
  Owners owners;
  owners.hold(10, "avahi-daemon", {1}).hold(20, "chrome", {2});
  const auto services = group_services(
      {socket_on("0.0.0.0", 5353, 1, Transport::udp), socket_on("0.0.0.0", 5353, 2, Transport::udp),
       socket_on("0.0.0.0", 5353, 3, Transport::udp)},
      owners.table);
  EXPECT_EQ(ids(services),
            (std::vector<std::string>{"0.0.0.0:5353/udp#avahi-daemon", "0.0.0.0:5353/udp#chrome",
                                      "0.0.0.0:5353/udp#unknown"}));
}

TEST(Services, AHostileNameCannotMakeIdsClash) {
  Owners owners;
  owners.hold(10, "x", {1}).hold(20, "x-2", {2}).hold(30, "unknown", {3});
  const auto services = group_services({socket_on("0.0.0.0", 80, 1), socket_on("0.0.0.0", 80, 2),
                                        socket_on("0.0.0.0", 80, 3), socket_on("0.0.0.0", 80, 4)},
                                       owners.table);
  auto names = ids(services);
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
  EXPECT_EQ(names.size(), 4u);
}

TEST(Services, SystemdStepsBackForTheServiceItStarted) {
  Owners owners;
  owners.hold(1, "systemd", {1, 2}).hold(700, "sshd", {1});
  const auto services =
      group_services({socket_on("0.0.0.0", 22, 1), socket_on("0.0.0.0", 9090, 2)}, owners.table);
  ASSERT_EQ(services.size(), 2u);
  ASSERT_EQ(services[0].programs.seen()->value.size(), 1u);
  EXPECT_EQ(services[0].programs.seen()->value[0].name, "sshd");
  EXPECT_EQ(services[1].programs.seen()->value[0].name, "systemd");
}

TEST(Services, ManyWorkersAreCountedNotListed) {
  Owners owners;
  for (int pid = 100; pid < 600; ++pid) owners.hold(pid, "nginx", {1});
  const auto services = group_services({socket_on("0.0.0.0", 80, 1)}, owners.table);
  const auto* programs = services.at(0).programs.seen();
  ASSERT_TRUE(programs);
  EXPECT_EQ(programs->value.size(), kProgramsListed);
  EXPECT_EQ(programs->value[0].pid, 100);
  EXPECT_NE(programs->evidence.excerpt.find("500 processes"), std::string::npos);
}

TEST(Services, OfSeveralSocketsOnOneAddressTheFullestSpeaks) {
  Owners owners;
  owners.hold(10, "nginx", {1, 2, 3});
  auto a = socket_on("0.0.0.0", 80, 3), b = socket_on("0.0.0.0", 80, 2),
       c = socket_on("0.0.0.0", 80, 1);
  b.socket.backlog = 511;
  b.socket.backlog_limit = 511;
  const auto services = group_services({a, b, c}, owners.table);
  ASSERT_EQ(services.at(0).listeners.size(), 1u);
  EXPECT_EQ(services[0].listeners[0].backlog, 511u);
  EXPECT_EQ(services[0].listeners[0].inode, 2u);
}

TEST(Services, WhatIsNotKnownStaysUnknown) {
  Owners owners;
  owners.table.missing = Unknown{Why::denied, "run as root"};
  owners.table.holders[2] = {55};  // seen, but gone before it was read
  const auto services =
      group_services({socket_on("0.0.0.0", 6379, 1), socket_on("0.0.0.0", 80, 2)}, owners.table);
  ASSERT_EQ(services.size(), 2u);
  ASSERT_TRUE(services[0].programs.unknown());
  EXPECT_EQ(services[0].programs.unknown()->why, Why::unreachable);
  ASSERT_TRUE(services[1].programs.unknown());
  EXPECT_EQ(services[1].programs.unknown()->why, Why::denied);
  EXPECT_EQ(services[1].guess, (Guess{"redis", "port 6379", false}));
}

}  // namespace
}  // namespace postflight
