// SPDX-License-Identifier: Apache-2.0
// Commands reach the service where it runs: on the machine, in a container, in a network of its
// own.
#include "rules/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postflight::rules {
namespace {

using ::testing::ElementsAre;

const std::string kId(64, 'a');
const std::string kShort(12, 'a');

Service service(const std::string& program, const std::string& cgroup) {
  Service out;
  out.id = "127.0.0.1:6379";
  out.port = 6379;
  out.listeners = {{"127.0.0.1", Exposure::loopback}};
  out.programs = Seen{std::vector<Program>{{.pid = 7, .name = program, .cgroup = cgroup}}, {}};
  return out;
}

TEST(Commands, NameTheContainerHoweverItsCgroupIsCalled) {
  for (const std::string& cgroup :
       {"/docker/" + kId, "/system.slice/docker-" + kId + ".scope", "/docker/" + kId + "/init"}) {
    const Service one = service("redis-server", cgroup);
    EXPECT_EQ(container_of(&one), kShort) << cgroup;
    EXPECT_EQ(unit_of(&one), "") << cgroup;
    EXPECT_THAT(in_container_of(&one, {"ls"}), ElementsAre("docker", "exec", kShort, "ls"));
  }
}

TEST(Commands, TakeNothingElseForAContainer) {
  for (const char* cgroup : {"/system.slice/docker.service", "/docker/short", "/user.slice", ""}) {
    const Service one = service("redis-server", cgroup);
    EXPECT_EQ(container_of(&one), "") << cgroup;
    EXPECT_THAT(in_container_of(&one, {"ls"}), ElementsAre("ls"));
  }
  EXPECT_EQ(container_of(nullptr), "");
  EXPECT_THAT(in_network_of(nullptr, {"ss"}), ElementsAre("ss"));
}

TEST(Commands, NameAUnitOfThisMachineOnly) {
  for (const auto& [cgroup, unit] : std::vector<std::pair<std::string, std::string>>{
           {"/system.slice/nginx.service", "nginx.service"},
           {"/system.slice/system-postgresql.slice/postgresql@15-main.service",
            "postgresql@15-main.service"},
           {"/lxc.payload.web/system.slice/nginx.service", ""},
           {"/lxc/web/system.slice/nginx.service", ""},
           {"/machine.slice/machine-web.scope/payload/system.slice/nginx.service", ""},
           {"/user.slice/user-1000.slice/user@1000.service/app.slice/docker.service", ""},
           {"/../system.slice/nginx.service", ""},
           {"/system.slice/nginx.service/worker", ""},
           {"/system.slice/app.slice/nginx.service", ""},
           {"/system.slice/web.scope/system.slice/nginx.service", ""},
           {"/system.slice", ""},
           {"/", ""},
           {"", ""}}) {
    const Service one = service("nginx", cgroup);
    EXPECT_EQ(unit_of(&one), unit) << cgroup;
    EXPECT_EQ(restartable_unit_of(&one), unit) << cgroup;
  }
  EXPECT_EQ(unit_of(nullptr), "");
}

TEST(Commands, RestartNothingThatCarriesOthers) {
  for (const auto& [program, unit] : std::vector<std::pair<std::string, std::string>>{
           {"docker-proxy", "docker.service"},
           {"docker-proxy", "snap.docker.dockerd.service"},
           {"dockerd", "docker.service"},
           {"containerd", "containerd.service"},
           {"dbus-daemon", "dbus.service"}}) {
    const Service one = service(program, "/system.slice/" + unit);
    EXPECT_EQ(unit_of(&one), unit);
    EXPECT_EQ(restartable_unit_of(&one), "") << program;
  }
}

TEST(Commands, ShowNoLogThatIsNotThisMachines) {
  for (const char* cgroup :
       {"/lxc.payload.web/system.slice/nginx.service", "/lxc/web/system.slice/nginx.service",
        "/machine.slice/machine-web.scope/payload/system.slice/nginx.service"}) {
    for (const char* program : {"nginx", "gunicorn"}) {
      const Service one = service(program, cgroup);
      EXPECT_THAT(log_command(&one, "5"), ElementsAre()) << cgroup;
    }
  }
  const Service proxy = service("docker-proxy", "/system.slice/docker.service");
  EXPECT_THAT(log_command(&proxy, "5"), ElementsAre());
  const Service users =
      service("app", "/user.slice/user-1000.slice/user@1000.service/app.slice/docker.service");
  EXPECT_THAT(log_command(&users, "5"),
              ElementsAre("journalctl", "-p", "warning", "-n", "5", "--no-pager"));
}

TEST(Commands, EnterTheNetworkOfTheService) {
  Service one = service("redis-server", "");
  EXPECT_THAT(in_network_of(&one, {"ss"}), ElementsAre("ss"));
  one.netns_pid = 42;
  EXPECT_THAT(in_network_of(&one, {"ss"}), ElementsAre("nsenter", "-t", "42", "-n", "ss"));
}

TEST(Commands, ShowTheLogWhereItIsWritten) {
  const Service contained = service("nginx", "/docker/" + kId);
  EXPECT_THAT(log_command(&contained, "5"), ElementsAre("docker", "logs", "--tail", "5", kShort));
  const Service nginx = service("nginx", "/system.slice/nginx.service");
  EXPECT_THAT(log_command(&nginx, "5"), ElementsAre("tail", "-n", "5", "/var/log/nginx/error.log"));
  const Service app = service("gunicorn", "/system.slice/app.service");
  EXPECT_THAT(log_command(&app, "5"),
              ElementsAre("journalctl", "-u", "app.service", "-n", "5", "--no-pager"));
  EXPECT_THAT(log_command(nullptr, "5"),
              ElementsAre("journalctl", "-p", "warning", "-n", "5", "--no-pager"));
}

TEST(Commands, CallAContainerByItsNameWhereItIsKnown) {
  FactsDocument document;
  const Service one = service("redis-server", "/docker/" + kId);
  const Thresholds thresholds;
  document.components = {
      {"container:odd", "container", "odd", "container", Json("broken")},
      {"container:web", "container", "web", "container", {{"id", {{"value", kId}}}}}};
  const JudgeContext context{document, document.components.front(), thresholds};
  EXPECT_EQ(container_called(context, &one), "web");
  EXPECT_THAT(in_container_of(context, &one, {"ls"}), ElementsAre("docker", "exec", "web", "ls"));
  EXPECT_THAT(log_command(context, &one, "5"), ElementsAre("docker", "logs", "--tail", "5", "web"));
  document.components[1].id = "container:web@/run/user/1000/docker.sock";
  EXPECT_EQ(container_called(context, &one), kShort);
  document.components.pop_back();
  EXPECT_EQ(container_called(context, &one), kShort);
  EXPECT_EQ(container_called(context, nullptr), "");
}

TEST(Commands, FindTheServiceOfAComponent) {
  FactsDocument document;
  Topology topology;
  topology.services = {service("redis-server", "")};
  document.topology = Seen{topology, Evidence{}};
  const Thresholds thresholds;
  Component component{"redis:127.0.0.1:6379", "redis", "Redis", "redis", {}};
  EXPECT_EQ(pid_of(service_of({document, component, thresholds})), 7);
  component.id = "redis:127.0.0.1:6379@web";
  EXPECT_EQ(service_of({document, component, thresholds}), nullptr);
}

}  // namespace
}  // namespace postflight::rules
