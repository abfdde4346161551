// SPDX-License-Identifier: Apache-2.0
// Against DNS servers that answer, refuse, fail, talk nonsense and keep silent.
#include "host/resolver.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "host/testing/bad_server.h"

namespace postflight::host {
namespace {

using testing::UdpServer;

constexpr Duration kMargin{700};  // of a loaded machine with few cores

/// The answer to a query (RFC 1035 section 4): this response code, and for A questions these
/// records.
std::string answer_to(std::string_view query, int rcode, const std::vector<std::string>& v4 = {}) {
  std::string reply(query);
  const std::size_t question_end = query.find('\0', 12) + 5;
  reply.resize(question_end);  // leaves out what the client added, such as EDNS
  const bool asks_a = query.size() > question_end - 3 && query[question_end - 3] == 1;
  const std::size_t count = asks_a ? v4.size() : 0;
  reply[2] = static_cast<char>(0x81);
  reply[3] = static_cast<char>(0x80 | rcode);
  reply[7] = static_cast<char>(count);
  reply[9] = reply[10] = reply[11] = 0;
  for (std::size_t i = 0; i < count; ++i) {
    reply += std::string("\xC0\x0C\x00\x01\x00\x01\x00\x00\x00\x3C\x00\x04", 12) + v4[i];
  }
  return reply;
}

UdpServer server_with(int rcode, std::vector<std::string> v4 = {}) {
  return UdpServer{[=](std::string_view query) -> std::optional<std::string> {
    if (query.size() < 17) return std::nullopt;
    return answer_to(query, rcode, v4);
  }};
}

ResolveOptions ask(const UdpServer& server) {
  return {"127.0.0.1:" + std::to_string(server.port()), {}};
}

Error failure(const std::string& name, Duration limit, const ResolveOptions& options) {
  const Deadline latest{limit + kMargin};
  const auto found = resolve(name, Deadline{limit}, options);
  EXPECT_FALSE(latest.passed()) << "went on after its deadline";
  EXPECT_FALSE(found);
  return found ? Error{} : found.error();
}

TEST(Resolver, FindsAddressesSortedAndOnce) {
  const auto server = server_with(0, {"\x0A\x01\x02\x03", "\x0A\x01\x02\x01", "\x0A\x01\x02\x03"});
  const auto found = resolve("shop.example.", Deadline{Duration{5000}}, ask(server));
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_EQ(*found, (std::vector<std::string>{"10.1.2.1", "10.1.2.3"}));
}

TEST(Resolver, ANameThatDoesNotExistIsNotFound) {
  const auto server = server_with(3);
  const Error error = failure("gone.example.", Duration{5000}, ask(server));
  EXPECT_EQ(error.code, Errc::kNotFound) << error.what;
  EXPECT_NE(error.what.find("no such name"), std::string::npos) << error.what;
}

TEST(Resolver, ANameWithoutAnAddressIsNotFound) {
  const auto server = server_with(0);
  EXPECT_EQ(failure("mx-only.example.", Duration{5000}, ask(server)).code, Errc::kNotFound);
}

TEST(Resolver, AFailingServerIsUnreachable) {
  const auto failing = server_with(2);
  const Error failed = failure("x.example.", Duration{5000}, ask(failing));
  EXPECT_EQ(failed.code, Errc::kUnreachable) << failed.what;
  EXPECT_NE(failed.what.find("SERVFAIL"), std::string::npos) << failed.what;
  const auto refusing = server_with(5);
  const Error refused = failure("x.example.", Duration{5000}, ask(refusing));
  EXPECT_EQ(refused.code, Errc::kUnreachable) << refused.what;
  EXPECT_NE(refused.what.find("REFUSED"), std::string::npos) << refused.what;
}

TEST(Resolver, ASilentServerIsATimeout) {
  UdpServer server{[](std::string_view) { return std::nullopt; }};
  const Error error = failure("x.example.", Duration{500}, ask(server));
  EXPECT_EQ(error.code, Errc::kTimeout) << error.what;
  EXPECT_GT(server.datagrams(), 0u);
}

TEST(Resolver, ASilentServerDoesNotHideOneThatAnswers) {
  UdpServer silent{[](std::string_view) { return std::nullopt; }};
  const auto server = server_with(0, {"\x0A\x01\x02\x03"});
  ResolveOptions both = ask(silent);
  both.servers += "," + ask(server).servers;
  const auto found = resolve("shop.example.", Deadline{Duration{2000}}, both);
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_EQ(*found, (std::vector<std::string>{"10.1.2.3"}));
}

TEST(Resolver, NobodyAtTheServersPortIsNoAnswer) {
  ResolveOptions options;
  {
    UdpServer server{[](std::string_view) { return std::nullopt; }};
    options = ask(server);
  }
  const Error error = failure("x.example.", Duration{1000}, options);
  EXPECT_EQ(error.code, Errc::kUnreachable) << error.what;
  EXPECT_NE(error.what.find("connection refused"), std::string::npos) << error.what;
}

TEST(Resolver, NonsenseIsNoAnswer) {
  UdpServer server{
      [](std::string_view) { return std::optional<std::string>("\xFF\xFF nonsense"); }};
  const Error error = failure("x.example.", Duration{500}, ask(server));
  EXPECT_NE(error.code, Errc::kNotFound) << error.what;
}

TEST(Resolver, HostileNamesAreRefusedInTime) {
  const auto server = server_with(3);
  for (const std::string& name : {std::string(), std::string("a\0b", 3), std::string(5000, 'a'),
                                  std::string("a..b"), std::string("\x1B[2J\xFF")}) {
    const Error error = failure(name, Duration{2000}, ask(server));
    EXPECT_TRUE(error.code == Errc::kMalformed || error.code == Errc::kNotFound) << error.what;
    EXPECT_EQ(error.what.find('\x1B'), std::string::npos);
  }
}

TEST(Resolver, ANumericAddressIsItsOwnAnswer) {
  for (const std::string address : {"127.0.0.1", "::1"}) {
    const auto answer = resolve(address, Deadline{Duration{1000}});
    ASSERT_TRUE(answer) << answer.error().what;
    EXPECT_EQ(*answer, std::vector{address});
  }
}

TEST(Resolver, LocalhostNeedsNoServer) {
  const auto found = resolve("localhost", Deadline{Duration{1000}});
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_EQ(found->front(), "127.0.0.1");
}

TEST(Resolver, APassedDeadlineIsATimeout) {
  UdpServer server{[](std::string_view) { return std::nullopt; }};
  EXPECT_EQ(failure("x.example.", Duration{0}, ask(server)).code, Errc::kTimeout);
}

}  // namespace
}  // namespace postflight::host
