// SPDX-License-Identifier: Apache-2.0
#include "host/engine_api.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>

#include "host/testing/engine_stub.h"
#include "host/testing/in_child.h"

namespace postflight::host {
namespace {

using namespace std::chrono_literals;
using testing::DeadSocket;
using testing::EngineStub;
using testing::http_answer;

std::string ping(std::string_view version) {
  return http_answer(200, "OK", "Api-Version: " + std::string(version) + "\r\nServer: Test/1\r\n");
}

TEST(EngineApi, SpeaksTheOlderOfTwoVersions) {
  EXPECT_EQ(negotiated_version("1.41"), "1.41");
  EXPECT_EQ(negotiated_version("1.9"), "1.9");
  EXPECT_EQ(negotiated_version("1.52"), kNewestEngineApi);
  EXPECT_EQ(negotiated_version("2.0"), kNewestEngineApi);
  EXPECT_EQ(negotiated_version(""), "");
  EXPECT_EQ(negotiated_version("new"), "");
}

TEST(EngineApi, AsksUnderTheVersionAgreedUpon) {
  EngineStub stub{[](std::string_view path) -> std::optional<std::string> {
    if (path == "/_ping") return ping("1.41");
    if (path == "/v1.41/info") return http_answer(200, R"({"Driver": "overlay2", "x": 1})");
    return http_answer(404, R"({"message": "page not found"})");
  }};
  auto engine = EngineApi::open(stub.socket(), Deadline{2s});
  ASSERT_TRUE(engine) << engine.error().what;
  EXPECT_EQ(engine->version(), "1.41");
  EXPECT_EQ(engine->ping().server, "Test/1");
  EXPECT_FALSE(engine->ping().podman);
  EXPECT_EQ(engine->get("/info", {"Driver"}, Deadline{2s}).value(),
            Json::parse(R"({"Driver": "overlay2"})"));
  const auto missing = engine->get("/containers/x/json", {"Id"}, Deadline{2s});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::kNotFound);
  EXPECT_NE(missing.error().what.find("page not found"), std::string::npos);
}

/// An engine of the future, whose oldest version is newer than our newest.
TEST(EngineApi, LeavesTheVersionToAnEngineThatRefusesIt) {
  EngineStub stub{[](std::string_view path) -> std::optional<std::string> {
    if (path == "/_ping") return ping("1.90");
    if (path.starts_with("/v")) {
      return http_answer(
          400,
          R"({"message": "client version 1.47 is too old. Minimum supported API version is 1.60"})");
    }
    return http_answer(200, R"({"Driver": "x"})");
  }};
  auto engine = EngineApi::open(stub.socket(), Deadline{2s});
  ASSERT_TRUE(engine);
  EXPECT_TRUE(engine->get("/info", {"Driver"}, Deadline{2s}));
  EXPECT_EQ(engine->version(), "");
}

TEST(EngineApi, TellsRefusedFromMissingAndSilent) {
  const DeadSocket dead;
  EXPECT_EQ(EngineApi::open(dead.path(), Deadline{1s}).error().code, Errc::kUnreachable);
  EXPECT_EQ(EngineApi::open("/no/such/docker.sock", Deadline{1s}).error().code, Errc::kNotFound);
  EngineStub silent{[](std::string_view) { return std::nullopt; }};
  const auto start = MonotonicClock::now();
  EXPECT_EQ(EngineApi::open(silent.socket(), Deadline{300ms}).error().code, Errc::kTimeout);
  EXPECT_LT(MonotonicClock::now() - start, 2s);
}

TEST(EngineApi, SaysHowToAllowWhatIsDenied) {
  EngineStub stub{[](std::string_view) { return ping("1.41"); }};
  ::chmod(stub.socket().c_str(), 0600);
  ::chmod(stub.socket().substr(0, stub.socket().rfind('/')).c_str(), 0755);
  const auto denied = [&] {
    if (!testing::become_nobody()) std::_Exit(0);
    const auto engine = EngineApi::open(stub.socket(), Deadline{1s});
    const bool right = !engine && engine.error().code == Errc::kDenied &&
                       engine.error().what.find("run as root") != std::string::npos;
    std::_Exit(right ? 0 : 1);
  };
  EXPECT_EXIT(denied(), ::testing::ExitedWithCode(0), "");
}

TEST(EngineApi, RefusesGarbageAndWhatIsTooLarge) {
  EngineStub garbage{[](std::string_view) { return std::string("\x16\x03\x01 no HTTP"); }};
  EXPECT_EQ(EngineApi::open(garbage.socket(), Deadline{2s}).error().code, Errc::kMalformed);
  EngineStub stub{[](std::string_view path) -> std::optional<std::string> {
    if (path == "/_ping") return ping("1.41");
    if (path == "/v1.41/info") return http_answer(200, "{\"Driver\": ");
    return http_answer(200, std::string(kEngineAnswerLimit + 1, ' '));
  }};
  auto engine = EngineApi::open(stub.socket(), Deadline{2s});
  ASSERT_TRUE(engine);
  EXPECT_EQ(engine->get("/info", {"Driver"}, Deadline{2s}).error().code, Errc::kMalformed);
  const auto large = engine->get("/networks", {"Id"}, Deadline{5s});
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, Errc::kMalformed);
  EXPECT_NE(large.error().what.find("larger"), std::string::npos);
}

TEST(EngineApi, CallsTheEnginesOwnErrorsUnsupported) {
  EngineStub stub{[](std::string_view path) {
    return path == "/_ping" ? ping("1.41") : http_answer(500, R"({"message": "layer not known"})");
  }};
  auto engine = EngineApi::open(stub.socket(), Deadline{2s});
  ASSERT_TRUE(engine);
  const auto error = engine->get("/info", {"Driver"}, Deadline{2s});
  EXPECT_EQ(error.error().code, Errc::kUnsupported);
  EXPECT_NE(error.error().what.find("layer not known"), std::string::npos);
}

TEST(EngineApi, EscapesNamesInPaths) {
  EXPECT_EQ(escaped_path("repo.example:5000/a/b@sha256:1f"), "repo.example:5000/a/b@sha256:1f");
  EXPECT_EQ(escaped_path("a b?c#d\n%"), "a%20b%3Fc%23d%0A%25");
}

TEST(LogFrames, AreTakenApart) {
  const std::string head1("\x01\0\0\0\0\0\0\x06", 8), head2("\x02\0\0\0\0\0\0\x03", 8);
  EXPECT_EQ(parse_log_frames(head1 + "hello\n" + head2 + "bad"), "hello\nbad");
  EXPECT_EQ(parse_log_frames("plain text of a terminal\n"), "plain text of a terminal\n");
  EXPECT_EQ(parse_log_frames(head1 + "hel"), "hel");
  EXPECT_EQ(parse_log_frames(head1 + "hello\n" + head2.substr(0, 5)), "hello\n");
  EXPECT_EQ(parse_log_frames(""), "");
  EXPECT_EQ(parse_log_frames(std::string("\x01\0\0\0\xff\xff\xff\xff", 8)), "");
}

}  // namespace
}  // namespace postflight::host
