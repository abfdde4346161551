// SPDX-License-Identifier: Apache-2.0
#include "probes/docker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "host/testing/engine_stub.h"
#include "probes/docker_answers.h"
#include "probes/part.h"
#include "probes/testing/probe_run.h"

namespace postflight {
namespace {

using namespace std::chrono_literals;
using host::testing::DeadSocket;
using host::testing::EngineStub;
using host::testing::http_answer;
using ::testing::HasSubstr;

std::string recorded(const std::string& name) {
  std::stringstream text;
  text << std::ifstream(std::string(PF_SOURCE_DIR) + "/src/probes/testdata/" + name).rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

std::string ping(std::string_view more = {}) {
  return http_answer(
      200, "OK", "Api-Version: 1.41\r\nServer: Docker/20.10.24 (linux)\r\n" + std::string(more));
}

constexpr std::string_view kId = "34b0f40592425210998253ad07dc61057fa7457bbc22443095a23c5bbdd30a1b";

/// The healthy engine that was recorded; containers other than the backend are gone.
std::optional<std::string> healthy(std::string_view path) {
  if (path == "/_ping") return ping();
  if (path == "/v1.41/containers/json?all=1") {
    return http_answer(200, recorded("docker/list-20.10.json"));
  }
  if (path == "/v1.41/version") return http_answer(200, recorded("docker/version-20.10.json"));
  if (path == "/v1.41/info") return http_answer(200, recorded("docker/info-20.10.json"));
  if (path == "/v1.41/networks") return http_answer(200, recorded("docker/networks-20.10.json"));
  if (path == "/v1.41/containers/" + std::string(kId) + "/json") {
    return http_answer(200, recorded("container/healthy-20.10.json"));
  }
  if (path.starts_with("/v1.41/images/")) {
    return http_answer(200, recorded("container/image-20.10.json"));
  }
  return http_answer(404, R"({"message": "No such container: x"})");
}

Json look_at(const std::string& socket, Duration budget = 5s) {
  Target target;
  target.component_id = "docker:" + socket;
  target.name = "Docker";
  return testing::run_on("docker", target, Seen{Topology{}, Evidence{}}, budget);
}

Json of_part(const Json& facts, const std::string& container, const std::string& key) {
  return facts.value("container:" + container + kPartSeparator + key, Json("not told"));
}

std::string why(const Json& fact) {
  return fact.contains("unknown") ? fact.at("unknown").at("why").get<std::string>() : fact.dump();
}

TEST(Docker, ReadsAHealthyEngine) {
  EngineStub stub{&healthy};
  const Json facts = look_at(stub.socket());
  EXPECT_EQ(facts.at("answers").at("value"), true);
  EXPECT_EQ(facts.at("engine").at("value"), "Docker Engine");
  EXPECT_EQ(facts.at("version").at("value"), "20.10.24+dfsg1");
  EXPECT_EQ(facts.at("api_version").at("value"), "1.41");
  EXPECT_EQ(facts.at("containers").at("value"), 6);
  EXPECT_EQ(facts.at("containers_by_state").at("value"),
            Json::parse(R"([{"state": "running", "containers": 6}])"));
  EXPECT_EQ(facts.at("live_restore").at("value"), false);
  EXPECT_EQ(facts.at("data_root").at("value"), "/var/lib/docker");
  EXPECT_EQ(facts.at("storage_driver").at("value"), "overlay2");
  EXPECT_EQ(facts.at("ip_forwarding").at("value"), true);
  EXPECT_TRUE(facts.at("warnings").at("value").empty());
  const Json networks = facts.at("networks").at("value");
  ASSERT_EQ(networks.size(), 4u);
  EXPECT_EQ(networks[0].at("name"), "advakod_default");
  EXPECT_EQ(networks[0].at("subnet"), "172.18.0.0/16");
  EXPECT_EQ(networks[0].at("interface"), "br-7e6b908ddb10");
  EXPECT_EQ(networks[1].at("interface"), "docker0");
  EXPECT_EQ(networks[2].at("subnet"), "");
  EXPECT_EQ(of_part(facts, "advakod_backend", "health").at("value"), "healthy");
}

TEST(Docker, AsksForEachImageOnce) {
  std::atomic<int> images = 0;
  EngineStub stub{[&](std::string_view path) {
    images += path.starts_with("/v1.41/images/") ? 1 : 0;
    const bool one = path.starts_with("/v1.41/containers/") && path.ends_with("/json");
    return one ? http_answer(200, recorded("container/healthy-20.10.json")) : healthy(path);
  }};
  const Json facts = look_at(stub.socket());
  EXPECT_EQ(of_part(facts, "advakod_redis", "image").at("value"), "advakod/backend:latest");
  EXPECT_EQ(images, 1);
}

TEST(Docker, SaysOfARemovedContainerThatItIsGone) {
  EngineStub stub{&healthy};
  const Json facts = look_at(stub.socket());
  EXPECT_EQ(of_part(facts, "advakod_redis", "state").at("value"), "gone");
  EXPECT_THAT(of_part(facts, "advakod_redis", "state").dump(), HasSubstr("No such container"));
  EXPECT_TRUE(of_part(facts, "advakod_redis", "health").contains("absent"));
}

TEST(Docker, GoesOnBehindAContainerThatHangs) {
  EngineStub stub{[](std::string_view path) -> std::optional<std::string> {
    if (path.ends_with("/json") && path.find("fac7c3b1a97b") != std::string_view::npos) {
      return std::nullopt;  // advakod_celery_beat, the second one by name
    }
    return healthy(path);
  }};
  const Json facts = look_at(stub.socket());
  EXPECT_EQ(why(of_part(facts, "advakod_celery_beat", "state")), "timeout");
  EXPECT_EQ(of_part(facts, "advakod_redis", "state").at("value"), "gone");
}

TEST(Docker, RefusedIsAnEngineThatDoesNotAnswer) {
  const DeadSocket dead;
  const Json facts = look_at(dead.path());
  EXPECT_EQ(facts.at("answers").at("value"), false);
  EXPECT_THAT(facts.at("answers").dump(), HasSubstr("refused"));
  EXPECT_EQ(why(facts.at("containers")), "unreachable");
  EXPECT_EQ(why(facts.at("networks")), "unreachable");
}

TEST(Docker, MissingSocketIsAnEngineThatDoesNotAnswer) {
  const Json facts = look_at("/no/such/docker.sock");
  EXPECT_EQ(facts.at("answers").at("value"), false);
  EXPECT_EQ(why(facts.at("version")), "unreachable");
}

TEST(Docker, SilenceEndsInTime) {
  EngineStub stub{[](std::string_view) { return std::nullopt; }};
  const auto start = MonotonicClock::now();
  const Json facts = look_at(stub.socket(), 600ms);
  EXPECT_LT(MonotonicClock::now() - start, 3s);
  EXPECT_EQ(facts.at("answers").at("value"), false);
  EXPECT_EQ(why(facts.at("containers")), "timeout");
}

TEST(Docker, KeepsWhatCameBeforeItStoppedInTheMiddle) {
  EngineStub stub{[](std::string_view path) -> std::optional<std::string> {
    if (path == "/v1.41/info") return std::nullopt;
    if (path == "/v1.41/networks") {
      return "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n[{\"Name\": \"bri";
    }
    return healthy(path);
  }};
  const Json facts = look_at(stub.socket(), 4s);
  EXPECT_EQ(facts.at("answers").at("value"), true);
  EXPECT_EQ(facts.at("containers").at("value"), 6);
  EXPECT_EQ(why(facts.at("live_restore")), "timeout");
  EXPECT_THAT(why(facts.at("networks")), ::testing::AnyOf("unreachable", "malformed", "timeout"));
  EXPECT_EQ(of_part(facts, "advakod_backend", "state").at("value"), "running");
}

TEST(Docker, AnnouncesAllContainersBeforeItLooksCloser) {
  EngineStub stub{[](std::string_view path) -> std::optional<std::string> {
    const bool one = path.starts_with("/v1.41/containers/") && path.ends_with("/json");
    return one ? std::nullopt : healthy(path);
  }};
  const Json facts = look_at(stub.socket(), 1500ms);
  EXPECT_EQ(facts.at("containers").at("value"), 6);
  EXPECT_EQ(why(of_part(facts, "advakod_backend", "state")), "timeout");
  EXPECT_EQ(why(of_part(facts, "advakod_redis", "state")), "timeout");
}

TEST(Docker, GarbageIsNoEngine) {
  EngineStub stub{[](std::string_view) { return std::string("\x01\x02 no HTTP at all"); }};
  const Json facts = look_at(stub.socket());
  EXPECT_EQ(facts.at("answers").at("value"), false);
  EXPECT_EQ(why(facts.at("containers")), "malformed");
}

TEST(Docker, MalformedListLeavesTheRest) {
  EngineStub stub{[](std::string_view path) {
    return path.ends_with("all=1") ? http_answer(200, R"([{"Id": "../../info"}])") : healthy(path);
  }};
  const Json facts = look_at(stub.socket());
  EXPECT_EQ(why(facts.at("containers")), "malformed");
  EXPECT_EQ(facts.at("version").at("value"), "20.10.24+dfsg1");
}

TEST(Docker, BearsTenMegabytesOfLabels) {
  EngineStub stub{[](std::string_view path) -> std::optional<std::string> {
    const std::string label(10 * 1024 * 1024, 'x');
    if (path.ends_with("all=1")) {
      return http_answer(200, R"([{"Id": "3f2a", "Names": ["/web"], "Labels": {"a": ")" + label +
                                  R"("}, "State": "running", "Status": "Up"}])");
    }
    if (path.ends_with("/3f2a/json")) {
      return http_answer(200, R"({"Id": "3f2a", "State": {"Status": "running", "Pid": 0},
                                  "Config": {"Labels": {"a": ")" +
                                  label + R"("}}})");
    }
    return healthy(path);
  }};
  const Json facts = look_at(stub.socket());
  EXPECT_EQ(facts.at("containers").at("value"), 1);
  EXPECT_EQ(of_part(facts, "web", "state").at("value"), "running");
}

TEST(Docker, ReadsPodmansCompatibleApi) {
  EngineStub stub{[](std::string_view path) -> std::optional<std::string> {
                    if (path == "/_ping") return ping("Libpod-Api-Version: 4.3.1\r\n");
                    if (path.ends_with("all=1")) {
                      return http_answer(200, recorded("docker/list-podman-4.3.json"));
                    }
                    if (path.find("7ddf6fe5ae8b") != std::string_view::npos) {
                      return http_answer(200, recorded("container/created-podman-4.3.json"));
                    }
                    return healthy(path);
                  },
                  "podman.sock"};
  const Json facts = look_at(stub.socket());
  EXPECT_EQ(facts.at("containers").at("value"), 2);
  EXPECT_TRUE(facts.at("started_at").contains("absent"));
  EXPECT_EQ(of_part(facts, "pf_t2", "state").at("value"), "created");
  EXPECT_EQ(of_part(facts, "pf_t2", "compose_project").at("value"), "demo");
  EXPECT_TRUE(of_part(facts, "pf_t2", "health").contains("absent"));
  EXPECT_TRUE(of_part(facts, "pf_t2", "created_before_upgrade").contains("absent"));
}

TEST(DockerList, NamesContainersAsTheirUsersDo) {
  const auto list = parse_container_list(Json::parse(
      R"([{"Id": "0123456789abcdef", "Names": ["/app/db", "/pg"], "State": "exited"},
          {"Id": "fedcba9876543210", "Names": [], "State": "created"}])"));
  ASSERT_TRUE(list);
  EXPECT_EQ((*list)[0].name, "fedcba987654");
  EXPECT_EQ((*list)[1].name, "pg");
  EXPECT_FALSE(parse_container_list(Json::parse("{}")));
  EXPECT_FALSE(parse_container_list(Json::parse("[1]")));
}

TEST(DockerLog, KeepsItsEnd) {
  EXPECT_EQ(last_lines("one\ntwo\nthree\n\n", 9), "three");
  EXPECT_EQ(last_lines("a line that is longer", 6), "longer");
  EXPECT_EQ(last_lines("\n", 9), "");
}

}  // namespace
}  // namespace postflight
