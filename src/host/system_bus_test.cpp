// SPDX-License-Identifier: Apache-2.0
// Against a stand-in for systemd that speaks D-Bus, and against sockets that do not.
#include "host/system_bus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "host/bus_message.h"
#include "host/testing/bus_server.h"

namespace postflight::host {
namespace {

using testing::BadSocket;
using testing::BusQuestion;
using testing::BusReply;
using testing::BusServer;
using ::testing::HasSubstr;

constexpr Duration kShort{300};
constexpr Duration kLong{5000};

class SystemBusTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = "/tmp/pfbusXXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    std::filesystem::create_directories(root_ + "/run/systemd/system");
    std::filesystem::create_directories(root_ + "/run/dbus");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  std::string socket() const { return root_ + "/run/systemd/private"; }

  std::string root_;
};

BusReply echo(const BusQuestion& question) {
  return {"s", Json::array({question.member + " " + question.path + " " + question.argument}), {}};
}

TEST_F(SystemBusTest, AnswersAsTheServerSaid) {
  const BusServer server(socket(), echo);
  auto bus = SystemBus::connect(root_, Deadline{kLong});
  ASSERT_TRUE(bus) << bus.error().what;
  EXPECT_EQ(bus->source(), "/run/systemd/private");
  const auto said = bus->call(manager_method("GetDefaultTarget"), Deadline{kLong});
  ASSERT_TRUE(said) << said.error().what;
  EXPECT_EQ(*said, "GetDefaultTarget /org/freedesktop/systemd1 ");
}

TEST_F(SystemBusTest, ReadsEveryTypeThatSystemdSends) {
  const Json properties = {
      {"Text", {{"type", "s"}, {"data", "a"}}},
      {"Flag", {{"type", "b"}, {"data", true}}},
      {"Big", {{"type", "t"}, {"data", 18446744073709551615ULL}}},
      {"Small", {{"type", "i"}, {"data", -3}}},
      {"List", {{"type", "as"}, {"data", {"x", "y"}}}},
      {"Pairs", {{"type", "a(sb)"}, {"data", Json::array({Json::array({"x", false})})}}},
      {"Left", {{"type", "s"}, {"data", "out"}}}};
  const BusServer server(socket(), [&](const BusQuestion&) {
    return BusReply{"a{sv}", Json::array({properties}), {}};
  });
  auto bus = SystemBus::connect(root_, Deadline{kLong});
  ASSERT_TRUE(bus) << bus.error().what;
  static constexpr std::array<std::string_view, 6> kOnly = {"Text",  "Flag", "Big",
                                                            "Small", "List", "Pairs"};
  const auto all = bus->call(all_properties("/x", kOnly), Deadline{kLong});
  ASSERT_TRUE(all) << all.error().what;
  EXPECT_EQ(*all, Json({{"Text", "a"},
                        {"Flag", true},
                        {"Big", 18446744073709551615ULL},
                        {"Small", -3},
                        {"List", {"x", "y"}},
                        {"Pairs", Json::array({Json::array({"x", false})})}}));
}

TEST_F(SystemBusTest, AsksManyAtOnceAndKeepsTheirOrder) {
  const BusServer server(socket(), echo);
  auto bus = SystemBus::connect(root_, Deadline{kLong});
  ASSERT_TRUE(bus) << bus.error().what;
  std::vector<BusCall> calls;
  for (int i = 0; i < 500; ++i) calls.push_back(manager_method("M" + std::to_string(i)));
  const auto answers = bus->call_all(calls, Deadline{kLong});
  ASSERT_EQ(answers.size(), 500u);
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(answers[i]) << answers[i].error().what;
    EXPECT_THAT(answers[i]->get<std::string>(), HasSubstr("M" + std::to_string(i) + " "));
  }
}

TEST_F(SystemBusTest, OneErrorLeavesTheOthersAlone) {
  const BusServer server(socket(), [](const BusQuestion& question) {
    BusReply reply = echo(question);
    if (question.member == "Denied") reply.error = "org.freedesktop.DBus.Error.AccessDenied";
    if (question.member == "Gone") reply.error = "org.freedesktop.systemd1.NoSuchUnit";
    if (question.member == "Old") reply.error = "org.freedesktop.DBus.Error.UnknownMethod";
    return reply;
  });
  auto bus = SystemBus::connect(root_, Deadline{kLong});
  ASSERT_TRUE(bus) << bus.error().what;
  const std::array calls = {manager_method("Denied"), manager_method("Gone"), manager_method("Old"),
                            manager_method("Fine")};
  const auto answers = bus->call_all(calls, Deadline{kLong});
  EXPECT_EQ(answers[0].error().code, Errc::kDenied);
  EXPECT_EQ(answers[1].error().code, Errc::kNotFound);
  EXPECT_EQ(answers[2].error().code, Errc::kUnsupported);
  EXPECT_TRUE(answers[3]);
}

TEST_F(SystemBusTest, SilenceAfterTheHandshakeIsATimeout) {
  const BusServer server(socket(),
                         [](const BusQuestion&) { return BusReply{"s", Json::array(), {}, true}; });
  auto bus = SystemBus::connect(root_, Deadline{kLong});
  ASSERT_TRUE(bus) << bus.error().what;
  const auto before = MonotonicClock::now();
  const auto said = bus->call(manager_method("ListUnits"), Deadline{kShort});
  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().code, Errc::kTimeout);
  EXPECT_LT(MonotonicClock::now() - before, std::chrono::seconds{2});
  const auto again = bus->call(manager_method("ListUnits"), Deadline{kShort});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::kTimeout);
}

TEST_F(SystemBusTest, HangingUpInTheMiddleIsUnreachable) {
  const BusServer server(socket(), [](const BusQuestion& question) {
    BusReply reply = echo(question);
    reply.hang_up = question.member == "Last";
    return reply;
  });
  auto bus = SystemBus::connect(root_, Deadline{kLong});
  ASSERT_TRUE(bus) << bus.error().what;
  const std::array calls = {manager_method("First"), manager_method("Last"),
                            manager_method("Never")};
  const auto answers = bus->call_all(calls, Deadline{kLong});
  ASSERT_FALSE(answers[2]);
  EXPECT_EQ(answers[2].error().code, Errc::kUnreachable) << answers[2].error().what;
}

struct BadCase {
  BadSocket::Kind kind;
  Errc code;
};
class SystemBusBad : public SystemBusTest, public ::testing::WithParamInterface<BadCase> {};

TEST_P(SystemBusBad, EndsInTime) {
  const BadSocket server(socket(), GetParam().kind);
  const auto before = MonotonicClock::now();
  const auto bus = SystemBus::connect(root_, Deadline{kShort});
  ASSERT_FALSE(bus);
  EXPECT_EQ(bus.error().code, GetParam().code) << bus.error().what;
  EXPECT_LT(MonotonicClock::now() - before, std::chrono::seconds{2});
  EXPECT_THAT(bus.error().what, HasSubstr("/run/systemd/private"));
}

INSTANTIATE_TEST_SUITE_P(, SystemBusBad,
                         ::testing::Values(BadCase{BadSocket::Kind::kSilent, Errc::kTimeout},
                                           BadCase{BadSocket::Kind::kDrip, Errc::kTimeout},
                                           BadCase{BadSocket::Kind::kGarbage, Errc::kMalformed},
                                           BadCase{BadSocket::Kind::kEndless, Errc::kMalformed},
                                           BadCase{BadSocket::Kind::kCloseAtOnce,
                                                   Errc::kUnreachable}));

TEST_F(SystemBusTest, NobodyThereIsUnreachable) {
  const auto bus = SystemBus::connect(root_, Deadline{kShort});
  ASSERT_FALSE(bus);
  EXPECT_EQ(bus.error().code, Errc::kUnreachable) << bus.error().what;
}

TEST_F(SystemBusTest, ThePathOfASocketMayBeAnything) {
  std::filesystem::create_directories(root_ + "/a b,c;d=%/run/systemd");
  const BusServer server(root_ + "/a b,c;d=%/run/systemd/private", echo);
  const auto bus = SystemBus::connect(root_ + "/a b,c;d=%", Deadline{kLong});
  EXPECT_TRUE(bus) << bus.error().what;
}

TEST(UnitObject, EncodesAsSystemdDoes) {
  EXPECT_EQ(unit_object("nginx.service"), "/org/freedesktop/systemd1/unit/nginx_2eservice");
  EXPECT_EQ(unit_object("postgresql@15-main.service"),
            "/org/freedesktop/systemd1/unit/postgresql_4015_2dmain_2eservice");
  EXPECT_EQ(unit_object("2fa.service"), "/org/freedesktop/systemd1/unit/_32fa_2eservice");
}

TEST(SystemdInCharge, IsToldByItsFolder) {
  EXPECT_FALSE(*is_systemd_in_charge("/nonexistent"));
}

}  // namespace
}  // namespace postflight::host
