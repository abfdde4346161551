// SPDX-License-Identifier: Apache-2.0
// Against peers that refuse, are silent, chatter, drip and vanish.
#include "host/tcp.h"

#include <gtest/gtest.h>

#include <fstream>

#include "host/testing/bad_server.h"
#include "host/testing/in_child.h"

namespace postflight::host {
namespace {

using testing::BadServer;
using testing::Behaviour;

constexpr Duration kMargin{700};  // of a loaded machine with few cores

/// Ends within its deadline and a margin: the contract, not a measure of speed.
class Watch {
 public:
  explicit Watch(Duration limit) : deadline_(limit + kMargin) {}
  ~Watch() { EXPECT_FALSE(deadline_.passed()) << "went on after its deadline"; }

 private:
  Deadline deadline_;
};

Deadline soon() {
  return Deadline{Duration{5000}};
}

TEST(Tcp, ARefusedConnectionIsUnreachable) {
  const testing::RefusedPort port;
  const auto stream = TcpStream::connect("127.0.0.1", port.port(), soon());
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().code, Errc::kUnreachable);
  EXPECT_EQ(stream.error().what,
            "connect 127.0.0.1:" + std::to_string(port.port()) + ": connection refused");
}

TEST(Tcp, AConnectionToItselfIsARefusal) {
  // With two ports to come from, the kernel soon picks the one it is to connect to.
  const std::string verdict = testing::in_child([]() -> std::string {
    if (!testing::enter_fresh_network_namespace()) return "skip";
    std::ofstream range{"/proc/sys/net/ipv4/ip_local_port_range"};
    range << "40000 40001" << std::flush;
    if (!range) return "skip";
    for (int i = 0; i < 50; ++i) {
      if (TcpStream::connect("127.0.0.1", 40000, soon())) return "connected to itself";
    }
    return "refused";
  });
  if (verdict == "skip") GTEST_SKIP() << "needs root and a writable /proc/sys/net";
  EXPECT_EQ(verdict, "refused");
}

TEST(Tcp, NeverResolves) {
  const auto stream = TcpStream::connect("localhost", 1, soon());
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().code, Errc::kMalformed);
}

TEST(Tcp, SpeaksIpv6AndFromAChosenAddress) {
  const auto v6 = testing::listen_on("::1");
  EXPECT_TRUE(TcpStream::connect("::1", v6.port, soon()));
  const auto v4 = testing::listen_on("127.0.0.1");
  EXPECT_TRUE(TcpStream::connect("127.0.0.1", v4.port, soon(), "127.0.0.7"));
  EXPECT_FALSE(TcpStream::connect("127.0.0.1", v4.port, soon(), "192.0.2.1"));
}

TEST(Tcp, AFullBacklogIsATimeout) {
  const auto server = testing::listen_on("127.0.0.1", 0, 0);
  std::vector<TcpStream> taken;
  const Watch watch{Duration{3000}};
  for (int i = 0; i < 8; ++i) {
    auto stream = TcpStream::connect("127.0.0.1", server.port, Deadline{Duration{200}});
    if (!stream) {
      EXPECT_EQ(stream.error().code, Errc::kTimeout);
      return;
    }
    taken.push_back(*std::move(stream));
  }
  FAIL() << "a backlog of 0 took eight connections";
}

TEST(Tcp, SilenceEndsAtTheDeadline) {
  BadServer server{Behaviour::silent_accept()};
  auto stream = TcpStream::connect("127.0.0.1", server.port(), soon());
  ASSERT_TRUE(stream);
  const Watch watch{Duration{300}};
  const auto bytes = stream->read_some(100, Deadline{Duration{300}});
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code, Errc::kTimeout);
}

TEST(Tcp, OneByteASecondEndsAtTheDeadline) {
  BadServer server{Behaviour::drip("x")};
  auto stream = TcpStream::connect("127.0.0.1", server.port(), soon());
  ASSERT_TRUE(stream);
  const Watch watch{Duration{1200}};
  const auto bytes = stream->read_until("\n", 1000, Deadline{Duration{1200}});
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code, Errc::kTimeout);
}

TEST(Tcp, EndlessDataIsBounded) {
  BadServer server{Behaviour::endless("no end ")};
  auto stream = TcpStream::connect("127.0.0.1", server.port(), soon());
  ASSERT_TRUE(stream);
  const auto some = stream->read_some(10, soon());
  ASSERT_TRUE(some);
  EXPECT_LE(some->size(), 10u);
  const auto line = stream->read_until("\n", 100'000, soon());
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().code, Errc::kMalformed);
}

TEST(Tcp, ReadsInPiecesAndKeepsTheRest) {
  BadServer server{Behaviour::fixed_and_close("one\r\ntwo\r\nthree")};
  auto stream = TcpStream::connect("127.0.0.1", server.port(), soon());
  ASSERT_TRUE(stream);
  ASSERT_TRUE(stream->send_all("go", soon()));
  EXPECT_EQ(stream->read_until("\r\n", 100, soon()), "one\r\n");
  EXPECT_EQ(stream->read_exactly(3, soon()), "two");
  EXPECT_EQ(stream->read_until("\r\n", 100, soon()), "\r\n");
  const auto cut = stream->read_until("\r\n", 100, soon());
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, Errc::kUnreachable);
  EXPECT_EQ(stream->read_some(100, soon()), "three");
  EXPECT_EQ(stream->read_some(100, soon()), "");
}

TEST(Tcp, AnEndOutsideOfTheLimitDoesNotCount) {
  BadServer server{Behaviour::fixed("0123456789\n")};
  auto stream = TcpStream::connect("127.0.0.1", server.port(), soon());
  ASSERT_TRUE(stream);
  ASSERT_TRUE(stream->send_all("go", soon()));
  EXPECT_FALSE(stream->read_until("\n", 10, soon()));
  EXPECT_EQ(stream->read_until("\n", 11, soon()), "0123456789\n");
}

TEST(Tcp, AResetSaysSo) {
  BadServer server{Behaviour::reset()};
  auto stream = TcpStream::connect("127.0.0.1", server.port(), soon());
  ASSERT_TRUE(stream);
  ASSERT_TRUE(stream->send_all("go", soon()));
  const auto bytes = stream->read_some(10, soon());
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code, Errc::kUnreachable);
  EXPECT_NE(bytes.error().what.find("reset by the peer"), std::string::npos);
}

TEST(Tcp, APeerThatDoesNotReadEndsAtTheDeadline) {
  const auto server = testing::listen_on("127.0.0.1");  // nobody accepts, nobody reads
  auto stream = TcpStream::connect("127.0.0.1", server.port, soon());
  ASSERT_TRUE(stream);
  const Watch watch{Duration{300}};
  const auto sent = stream->send_all(std::string(64 * 1024 * 1024, 'x'), Deadline{Duration{300}});
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, Errc::kTimeout);
}

TEST(Tcp, AScriptedServerAnswersInTurn) {
  BadServer server{Behaviour::scripted(
      [](std::size_t connection, std::string_view received) -> std::optional<std::string> {
        if (!received.ends_with("\n")) return std::nullopt;
        if (received == "QUIT\n") return "";
        return std::to_string(connection) + ":" + std::string(received);
      })};
  for (const auto* number : {"0", "1"}) {
    auto stream = TcpStream::connect("127.0.0.1", server.port(), soon());
    ASSERT_TRUE(stream);
    ASSERT_TRUE(stream->send_all("PI", soon()));
    ASSERT_TRUE(stream->send_all("NG\n", soon()));
    EXPECT_EQ(stream->read_until("\n", 100, soon()), number + std::string(":PING\n"));
    ASSERT_TRUE(stream->send_all("QUIT\n", soon()));
    EXPECT_EQ(stream->read_some(100, soon()), "");
  }
  EXPECT_EQ(server.connections(), 2u);
}

}  // namespace
}  // namespace postflight::host
