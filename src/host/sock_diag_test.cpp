// SPDX-License-Identifier: Apache-2.0
// Against real sockets of this machine and hostile buffers.
#include "host/sock_diag.h"

#include <gtest/gtest.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "host/files.h"
#include "host/proc_net.h"
#include "host/testing/bad_server.h"
#include "host/testing/in_child.h"

namespace postflight::host {
namespace {

using testing::listen_on;

Deadline soon() {
  return Deadline{Duration{5000}};
}

const ListeningSocket* find(const std::vector<ListeningSocket>& all, std::uint16_t port,
                            std::string_view address) {
  const auto it = std::ranges::find_if(
      all, [&](const ListeningSocket& one) { return one.port == port && one.address == address; });
  return it == all.end() ? nullptr : &*it;
}

std::uint64_t inode_of_fd(int fd) {
  return *inode_of("/proc/self/fd/" + std::to_string(fd));
}

TEST(SockDiag, FindsTcpListenersOfBothFamilies) {
  const auto v4 = listen_on("127.0.0.1", 0, 7);
  const auto v6 = listen_on("::1");
  const auto wildcard = listen_on("::");
  const auto found = listening_sockets_from_netlink(soon());
  ASSERT_TRUE(found) << found.error().what;
  const auto* one = find(*found, v4.port, "127.0.0.1");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->inode, inode_of_fd(v4.socket.get()));
  EXPECT_EQ(one->backlog_limit, 7u);
  EXPECT_EQ(one->backlog, 0u);
  EXPECT_EQ(one->uid, ::getuid());
  EXPECT_EQ(one->transport, Transport::tcp);
  EXPECT_FALSE(one->ipv6);
  const auto* two = find(*found, v6.port, "::1");
  ASSERT_TRUE(two);
  EXPECT_TRUE(two->ipv6);
  const auto* three = find(*found, wildcard.port, "::");
  ASSERT_TRUE(three);
  EXPECT_TRUE(three->v6only);  // listen_on() sets it
}

TEST(SockDiag, ReportsThatAWildcardTakesIpv4Too) {
  FileDescriptor fd{::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const int off = 0;
  ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  ASSERT_EQ(::listen(fd.get(), 1), 0);  // binds to [::] and an ephemeral port
  const auto found = listening_sockets_from_netlink(soon());
  ASSERT_TRUE(found);
  const auto it = std::ranges::find(*found, inode_of_fd(fd.get()), &ListeningSocket::inode);
  ASSERT_NE(it, found->end());
  EXPECT_FALSE(it->v6only);
}

TEST(SockDiag, CountsWaitingConnections) {
  const auto server = listen_on("127.0.0.1", 0, 5);
  std::vector<FileDescriptor> clients;
  for (int i = 0; i < 3; ++i) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    clients.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(
        ::connect(clients.back().get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  const auto found = listening_sockets_from_netlink(soon());
  ASSERT_TRUE(found);
  EXPECT_EQ(find(*found, server.port, "127.0.0.1")->backlog, 3u);
}

TEST(SockDiag, FindsUdpWithoutAPeerAndLeavesOutUdpWithOne) {
  testing::UdpServer server{[](std::string_view) { return std::nullopt; }};
  FileDescriptor client{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const auto found = listening_sockets_from_netlink(soon());
  ASSERT_TRUE(found);
  const auto* one = find(*found, server.port(), "127.0.0.1");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->transport, Transport::udp);
  EXPECT_EQ(one->backlog_limit, 0u);
  EXPECT_EQ(std::ranges::count(*found, inode_of_fd(client.get()), &ListeningSocket::inode), 0);
}

TEST(SockDiag, ProcAndNetlinkAgree) {
  // In a namespace of its own, because other tests may come and go between the two looks.
  const std::string verdict = testing::in_child([]() -> std::string {
    if (!testing::enter_fresh_network_namespace()) return "skip";
    const auto a = listen_on("0.0.0.0"), b = listen_on("::1"), c = listen_on("127.0.0.1");
    testing::UdpServer udp{[](std::string_view) { return std::nullopt; }};
    auto by_netlink = listening_sockets_from_netlink(soon());
    auto by_proc = listening_sockets_from_proc("/", soon());
    if (!by_netlink || !by_proc) return "failed";
    for (auto& one : *by_netlink) one.v6only = false, one.backlog_limit = 0;
    std::ranges::sort(*by_netlink, {}, &ListeningSocket::inode);
    std::ranges::sort(*by_proc, {}, &ListeningSocket::inode);
    return std::to_string(by_netlink->size()) + (*by_netlink == *by_proc ? " same" : " different");
  });
  if (verdict == "skip") GTEST_SKIP() << "needs root";
  EXPECT_EQ(verdict, "4 same");
}

TEST(SockDiag, SeesThousandsOfListeners) {
  std::vector<testing::ListeningPort> many;
  for (int i = 0; i < 900; ++i) many.push_back(listen_on("127.0.0.1"));
  const auto found = listening_sockets(soon());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->source, "NETLINK_SOCK_DIAG");
  for (const auto& one : many) EXPECT_TRUE(find(found->sockets, one.port, "127.0.0.1"));
}

TEST(SockDiag, APassedDeadlineIsATimeoutOrAnAnswer) {
  const auto found = listening_sockets_from_netlink(Deadline{Duration{0}});
  if (!found) {
    EXPECT_EQ(found.error().code, Errc::kTimeout);
  }
}

/// One dump message with room for mistakes.
std::string message(std::uint16_t type, std::uint16_t flags, std::string payload) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + payload.size());
  header.nlmsg_type = type;
  header.nlmsg_flags = flags;
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  bytes += payload;
  bytes.resize((bytes.size() + 3) / 4 * 4);
  return bytes;
}

std::string socket_payload(std::uint16_t port) {
  inet_diag_msg body{};
  body.idiag_family = AF_INET;
  body.id.idiag_sport = htons(port);
  return {reinterpret_cast<const char*>(&body), sizeof body};
}

TEST(ParseDiag, ReadsDoneErrorAndInterruption) {
  std::vector<ListeningSocket> sockets;
  const std::string one = message(SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, socket_payload(80));
  const auto more = parse_diag_messages(one, Transport::tcp, sockets);
  ASSERT_TRUE(more);
  EXPECT_EQ(*more, DumpState::kMore);
  ASSERT_EQ(sockets.size(), 1u);
  EXPECT_EQ(sockets[0].port, 80);
  EXPECT_EQ(*parse_diag_messages(one + message(NLMSG_DONE, 0, "1234"), Transport::tcp, sockets),
            DumpState::kDone);
  EXPECT_EQ(*parse_diag_messages(message(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP_INTR, socket_payload(1)),
                                 Transport::tcp, sockets),
            DumpState::kInterrupted);
  const int denied = -EPERM, missing = -ENOENT;
  const auto error = [&](const int& code) {
    const std::string payload(reinterpret_cast<const char*>(&code), sizeof code);
    return parse_diag_messages(message(NLMSG_ERROR, 0, payload), Transport::tcp, sockets);
  };
  EXPECT_EQ(error(denied).error().code, Errc::kDenied);
  EXPECT_EQ(error(missing).error().code, Errc::kUnsupported);
}

TEST(ParseDiag, RefusesWhatIsCutShort) {
  std::vector<ListeningSocket> sockets;
  const std::string whole = message(SOCK_DIAG_BY_FAMILY, 0, socket_payload(80));
  for (std::size_t length = 1; length < whole.size(); ++length) {
    const auto state = parse_diag_messages(std::span{whole}.first(length), Transport::tcp, sockets);
    ASSERT_FALSE(state) << length;
    EXPECT_EQ(state.error().code, Errc::kMalformed);
  }
  EXPECT_FALSE(
      parse_diag_messages(message(SOCK_DIAG_BY_FAMILY, 0, "short"), Transport::tcp, sockets));
  EXPECT_FALSE(parse_diag_messages(message(NLMSG_ERROR, 0, ""), Transport::tcp, sockets));
  EXPECT_TRUE(sockets.empty());
}

TEST(ParseDiag, RefusesALengthBeyondTheBuffer) {
  for (const std::uint32_t length : {0u, 15u, 200u, 0x7FFFFFFFu, 0x80000000u, 0xFFFFFFFFu}) {
    std::string bytes = message(SOCK_DIAG_BY_FAMILY, 0, socket_payload(80));
    std::memcpy(bytes.data(), &length, sizeof length);
    std::vector<ListeningSocket> sockets;
    EXPECT_FALSE(parse_diag_messages(bytes, Transport::tcp, sockets)) << length;
    EXPECT_TRUE(sockets.empty());
  }
}

TEST(ParseProcNet, ReadsAddressesAndSkipsTheRest) {
  constexpr std::string_view kTable =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
      "inode\n"
      "   0: 0100007F:6358 00000000:0000 0A 00000000:00000002 00:00000000 00000000   112        0 "
      "4711 1 x\n"
      "   1: 0100007F:6358 0100007F:1234 01 00000000:00000000 00:00000000 00000000   112        0 "
      "4712 1 x\n"
      "   2: 00000000000000000000000001000000:0050 0:0 0A 0:0 00:0 0 0 0 9 1\n"
      "   3: 0100007F 0:0 0A 0:0 00:0 0 0 0 9 1\n"
      "   4: 0100007F:XYZ 0:0 0A 0:0 00:0 0 0 0 9 1\n"
      "   5: 0100007F:10000 0:0 0A 0:0 00:0 0 0 0 9 1\n"
      "   6: 0100007F:0050 0:0 0A\n\n\x1B[2J";
  const auto sockets = parse_proc_net(kTable, Transport::tcp);
  ASSERT_EQ(sockets.size(), 2u);
  EXPECT_EQ(sockets[0].address, "127.0.0.1");
  EXPECT_EQ(sockets[0].port, 25432);
  EXPECT_EQ(sockets[0].inode, 4711u);
  EXPECT_EQ(sockets[0].uid, 112u);
  EXPECT_EQ(sockets[0].backlog, 2u);
  EXPECT_EQ(sockets[1].address, "::1");
  EXPECT_TRUE(sockets[1].ipv6);
  EXPECT_TRUE(parse_proc_net(kTable, Transport::udp).empty());
}

TEST(ParseProcNet, AMissingTableIsAnErrorButForIpv6) {
  const auto none = listening_sockets_from_proc("/nowhere", soon());
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace postflight::host
