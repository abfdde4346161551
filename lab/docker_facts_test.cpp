// SPDX-License-Identifier: Apache-2.0
// What Postflight prints about containers and their engine is what the native tools say: every fact
// that `docker inspect`, `docker info` and `docker network inspect` tell too, in both standing
// states. A healthy stack gets no warning from these rules, the other one its two faults.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "base/json.h"
#include "testing/lab.h"

namespace postflight::lab {
namespace {

using testing::bring_up;
using ::testing::HasSubstr;
using testing::in_lab;
using testing::lab_name;
using testing::take_down;
using testing::why_no_lab;

class ContainerFactsInLab : public ::testing::TestWithParam<const char*> {
 protected:
  static void SetUpTestSuite() {
    missing_ = why_no_lab();
    if (missing_.empty()) {
      trouble_ = bring_up({{lab_name("dk-healthy"), "healthy"}, {lab_name("dk-seed"), "seed"}});
    }
  }
  static void TearDownTestSuite() {
    if (missing_.empty()) take_down({lab_name("dk-healthy"), lab_name("dk-seed")});
  }
  void SetUp() override {
    if (!missing_.empty()) GTEST_SKIP() << missing_;
    ASSERT_EQ(trouble_, "");
  }
  static std::string lab() { return lab_name(std::string("dk-") + GetParam()); }

  static inline std::string missing_, trouble_;
};

Json json_of(const std::string& lab, const std::string& line) {
  const auto output = in_lab(lab, line);
  const Json json = Json::parse(output.out, nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << line << "\n" << output.out << output.err;
  return json;
}

Json check(const std::string& lab) {
  return json_of(lab,
                 PF_BINARY " check --format json --lang en --only 'docker:*' --only 'container:*'");
}

/// Facts of one component of the report, by key: {"value": …}, {"absent": true} or {"unknown": …}.
Json facts_of(const Json& report, const std::string& id) {
  for (const Json& component : report.at("components")) {
    if (component.at("id") == id) return component.at("facts");
  }
  ADD_FAILURE() << "no component " << id;
  return Json::object();
}

/// The value; null where it is absent. An unknown fact fails the test.
Json value_of(const Json& facts, const std::string& key) {
  const Json& fact = facts.at(key);
  EXPECT_FALSE(fact.contains("unknown")) << key << ": " << fact.dump();
  return fact.contains("value") ? fact.at("value") : Json();
}

const std::string kZeroTime = "0001-01-01T00:00:00Z";

Json or_null(const Json& value) {
  const bool nothing = value.is_null() || value == "" || value == kZeroTime || value == 0;
  return nothing ? Json() : value;
}

Json label(const Json& inspected, const char* name) {
  return or_null(
      inspected.at("Config").at("Labels").value(std::string("com.docker.compose.") + name, Json()));
}

using Native = std::function<Json(const Json& inspected)>;

/// Facts that docker inspect tells under another name.
const std::map<std::string, Native>& native_facts() {
  static const std::map<std::string, Native> facts = {
      {"state", [](const Json& i) { return i["State"]["Status"]; }},
      {"id", [](const Json& i) { return i["Id"]; }},
      {"pid", [](const Json& i) { return or_null(i["State"]["Pid"]); }},
      {"image", [](const Json& i) { return i["Config"]["Image"]; }},
      {"image_id", [](const Json& i) { return i["Image"]; }},
      {"created_at", [](const Json& i) { return i["Created"]; }},
      {"started_at", [](const Json& i) { return or_null(i["State"]["StartedAt"]); }},
      {"finished_at", [](const Json& i) { return or_null(i["State"]["FinishedAt"]); }},
      {"error", [](const Json& i) { return or_null(i["State"]["Error"]); }},
      {"oom_killed", [](const Json& i) { return i["State"]["OOMKilled"]; }},
      {"restart_policy", [](const Json& i) { return i["HostConfig"]["RestartPolicy"]["Name"]; }},
      {"restart_limit",
       [](const Json& i) { return i["HostConfig"]["RestartPolicy"]["MaximumRetryCount"]; }},
      {"restarts_total", [](const Json& i) { return i["RestartCount"]; }},
      {"memory_limit_bytes", [](const Json& i) { return or_null(i["HostConfig"]["Memory"]); }},
      {"network_mode", [](const Json& i) { return i["HostConfig"]["NetworkMode"]; }},
      {"extra_hosts", [](const Json& i) { return i["HostConfig"]["ExtraHosts"]; }},
      {"working_directory", [](const Json& i) { return or_null(i["Config"]["WorkingDir"]); }},
      {"log_driver", [](const Json& i) { return i["HostConfig"]["LogConfig"]["Type"]; }},
      {"log_limit",
       [](const Json& i) { return i["HostConfig"]["LogConfig"]["Config"]["max-size"]; }},
      {"compose_project", [](const Json& i) { return label(i, "project"); }},
      {"compose_service", [](const Json& i) { return label(i, "service"); }},
      {"compose_version", [](const Json& i) { return label(i, "version"); }},
      {"health_command",
       [](const Json& i) {
         return i["Config"].contains("Healthcheck") ? i["Config"]["Healthcheck"]["Test"] : Json();
       }},
  };
  return facts;
}

Json mounts_of(const Json& inspected) {
  std::map<std::string, Json> sorted;
  for (const Json& mount : inspected.at("Mounts")) {
    sorted[mount.at("Destination")] = {{"type", mount.at("Type")},
                                       {"source", mount.at("Source")},
                                       {"destination", mount.at("Destination")},
                                       {"writable", mount.at("RW")}};
  }
  Json list = Json::array();
  for (const auto& [destination, mount] : sorted) list.push_back(mount);
  return list;
}

std::set<std::string> ports_of(const Json& inspected) {
  std::set<std::string> out;
  for (const auto& [inner, bindings] : inspected.at("NetworkSettings").at("Ports").items()) {
    for (const Json& binding : bindings) {
      out.insert(binding.at("HostIp").get<std::string>() + ":" +
                 binding.at("HostPort").get<std::string>() + "->" + inner);
    }
  }
  return out;
}

std::set<std::string> ports_told(const Json& facts) {
  std::set<std::string> out;
  for (const Json& port : value_of(facts, "ports")) {
    out.insert(port.at("host_address").get<std::string>() + ":" + port.at("host_port").dump() +
               "->" + port.at("container_port").dump() + "/" +
               port.at("protocol").get<std::string>());
  }
  return out;
}

Json names_of_environment(const Json& inspected) {
  Json names = Json::array();
  for (const Json& variable : inspected.at("Config").at("Env")) {
    const auto text = variable.get<std::string>();
    names.push_back(text.substr(0, text.find('=')));
  }
  return names;
}

void expect_same_container(const Json& facts, const Json& inspected) {
  for (const auto& [key, native] : native_facts()) {
    EXPECT_EQ(value_of(facts, key), native(inspected)) << inspected.at("Name") << " " << key;
  }
  EXPECT_EQ(value_of(facts, "mounts"), mounts_of(inspected)) << inspected.at("Name");
  EXPECT_EQ(ports_told(facts), ports_of(inspected)) << inspected.at("Name");
  Json names = Json::array();
  for (const Json& variable : value_of(facts, "environment")) names.push_back(variable.at("name"));
  EXPECT_EQ(names, names_of_environment(inspected)) << inspected.at("Name");
  for (const Json& network : value_of(facts, "networks")) {
    const Json& native =
        inspected.at("NetworkSettings").at("Networks").at(network.at("name").get<std::string>());
    EXPECT_EQ(network.at("address"), native.at("IPAddress"));
    EXPECT_EQ(network.at("gateway"), native.at("Gateway"));
  }
  const Json health = inspected.at("State").value("Health", Json());
  EXPECT_EQ(value_of(facts, "health"), health.is_null() ? Json() : health.at("Status"));
}

TEST_P(ContainerFactsInLab, AreThoseOfDockerInspect) {
  const Json report = check(lab());
  const Json inspected = json_of(lab(), "docker inspect $(docker ps -aq)");
  EXPECT_EQ(inspected.size(), 6u);
  for (const Json& one : inspected) {
    const std::string name = one.at("Name").get<std::string>().substr(1);
    expect_same_container(facts_of(report, "container:" + name), one);
  }
}

TEST_P(ContainerFactsInLab, OfTheEngineAreThoseOfDockerInfo) {
  const Json facts = facts_of(check(lab()), "docker:/run/docker.sock");
  const Json info = json_of(lab(), "docker info -f '{{json .}}'");
  EXPECT_EQ(value_of(facts, "version"), info.at("ServerVersion"));
  EXPECT_EQ(value_of(facts, "containers"), info.at("Containers"));
  EXPECT_EQ(value_of(facts, "data_root"), info.at("DockerRootDir"));
  EXPECT_EQ(value_of(facts, "storage_driver"), info.at("Driver"));
  EXPECT_EQ(value_of(facts, "live_restore"), info.at("LiveRestoreEnabled"));
  EXPECT_EQ(value_of(facts, "logging_driver"), info.at("LoggingDriver"));
  EXPECT_EQ(value_of(facts, "ip_forwarding"), info.at("IPv4Forwarding"));
  const Json version = json_of(lab(), "docker version -f '{{json .Server}}'");
  EXPECT_EQ(value_of(facts, "api_version"), version.at("ApiVersion"));
  for (const Json& network : value_of(facts, "networks")) {
    const std::string name = network.at("name").get<std::string>();
    const Json native = json_of(lab(), "docker network inspect " + name)[0];
    EXPECT_EQ(network.at("driver"), native.at("Driver"));
    const Json& subnets = native.at("IPAM").at("Config");
    EXPECT_EQ(network.at("subnet"), subnets.empty() ? Json("") : subnets[0].at("Subnet"));
  }
}

TEST_P(ContainerFactsInLab, GiveTheFindingsOfTheState) {
  const Json report = check(lab());
  std::set<std::string> warned;
  for (const Json& finding : report.at("findings")) {
    if (finding.at("severity") != "info") {
      warned.insert(finding.at("id").get<std::string>() + " " +
                    finding.at("subject").get<std::string>());
    }
  }
  const std::set<std::string> of_the_seed = {
      "container/health-check-wrong-path container:advakod_backend",
      "container/stale-mount container:advakod_celery_beat"};
  EXPECT_EQ(warned, GetParam() == std::string("seed") ? of_the_seed : std::set<std::string>{});
  EXPECT_EQ(report.dump().find("s3cret"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(, ContainerFactsInLab, ::testing::Values("healthy", "seed"),
                         [](const auto& state) { return std::string(state.param); });

}  // namespace
}  // namespace postflight::lab
