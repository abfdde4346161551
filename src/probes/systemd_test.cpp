// SPDX-License-Identifier: Apache-2.0
// The probe against recorded answers of a real systemd 252, and against everything that is none.
#include "probes/systemd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "probes/systemd_changes.h"
#include "probes/systemd_parts.h"
#include "probes/testing/systemd_machine.h"

namespace postflight {
namespace {

using host::testing::BadSocket;
using host::testing::BusQuestion;
using host::testing::BusReply;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::service_in;
using testing::SystemdMachine;
using Kind = systemd_look::Place::Kind;

Observed<Topology> topology_of(std::vector<Service> services) {
  return Seen{Topology{.services = std::move(services)}, Evidence{}};
}

std::string why_of(const Json& fact) {
  return fact.contains("unknown") ? fact.at("unknown").at("why").get<std::string>() : "known";
}

std::vector<std::string> components(const std::map<std::string, Json>& facts) {
  std::vector<std::string> names;
  for (const auto& [name, all] : facts) names.push_back(name);
  return names;
}

TEST(SystemdProbe, SaysWhatARealOneSaid) {
  SystemdMachine machine;
  machine.install();
  machine.answer();
  const auto facts = machine.look();
  const Json& systemd = facts.at("systemd");
  EXPECT_EQ(systemd.at("in_charge").at("value"), true);
  EXPECT_EQ(systemd.at("system_state").at("value"), "running");
  EXPECT_EQ(systemd.at("version").at("value"), "252.39-1~deb12u2");
  EXPECT_EQ(systemd.at("default_target").at("value"), "graphical.target");
  EXPECT_EQ(systemd.at("failed_units").at("value"), Json::array());
  EXPECT_EQ(systemd.at("jobs").at("value"), Json::array());
  EXPECT_NEAR(systemd.at("boot_seconds").at("value").get<double>(), 1.35, 0.01);
  EXPECT_EQ(systemd.at("unread_units").at("value"), Json::array());
  EXPECT_EQ(systemd.at("units_left_out").at("value"), Json::array());
}

TEST(SystemdProbe, AnnouncesWhatOwnsSomething) {
  SystemdMachine machine;
  machine.install();
  machine.answer();
  EXPECT_THAT(
      components(machine.look(topology_of({service_in("/system.slice/nginx.service", 80)}))),
      ElementsAre("systemd", "unit:containerd.service", "unit:cron.service", "unit:docker.service",
                  "unit:nginx.service", "unit:postgresql@15-main.service",
                  "unit:redis-server.service", "unit:ufw.service"));
}

TEST(SystemdProbe, ListsJobsAndFailedUnitsWithTheirEnd) {
  SystemdMachine machine;
  machine.install();
  machine.list("cleanup.service", "failed");
  machine.recording["units"]["cleanup.service"] = machine.recording["units"]["cron.service"];
  machine.set("cleanup.service", "ActiveState", "s", "failed");
  machine.set("cleanup.service", "Result", "s", "exit-code");
  machine.set("cleanup.service", "ExecMainCode", "i", 1);
  machine.set("cleanup.service", "ExecMainStatus", "i", 203);
  machine.recording["ListJobs"]["data"][0] = {{7, "web.service", "start", "running", "/", "/"}};
  machine.answer();
  const auto facts = machine.look();
  const Json failed = facts.at("systemd").at("failed_units").at("value");
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].at("unit"), "cleanup.service");
  EXPECT_EQ(failed[0].at("result"), "exit-code");
  EXPECT_EQ(failed[0].at("exit_status"), "exited 203");
  EXPECT_EQ(facts.at("systemd").at("jobs").at("value")[0].at("unit"), "web.service");
  EXPECT_EQ(facts.at("unit:cleanup.service").at("exit_status").at("value"), 203);
}

TEST(SystemdProbe, WithoutSystemdAllIsAbsentAndNothingUnknown) {
  const SystemdMachine machine;
  std::filesystem::remove_all(machine.root() + "/run/systemd");
  machine.write("/proc/1/comm", "openrc-init\n");
  const auto facts = machine.look();
  EXPECT_THAT(components(facts), ElementsAre("systemd"));
  EXPECT_EQ(facts.at("systemd").at("in_charge").at("value"), false);
  for (const auto& [key, fact] : facts.at("systemd").items()) {
    EXPECT_FALSE(fact.contains("unknown")) << key;
  }
  EXPECT_THAT(facts.at("systemd").at("system_state").dump(), HasSubstr("openrc-init"));
}

TEST(SystemdProbe, ASilentOneEndsInTimeAsTimeout) {
  const SystemdMachine machine;
  const BadSocket server(machine.private_socket(), BadSocket::Kind::kSilent);
  const auto before = MonotonicClock::now();
  const auto facts = machine.look(topology_of({}), Duration{300});
  EXPECT_LT(MonotonicClock::now() - before, std::chrono::seconds{2});
  EXPECT_EQ(facts.at("systemd").at("in_charge").at("value"), true);
  EXPECT_EQ(why_of(facts.at("systemd").at("system_state")), "timeout");
}

TEST(SystemdProbe, GarbageIsNotTakenForAnAnswer) {
  const SystemdMachine machine;
  const BadSocket server(machine.private_socket(), BadSocket::Kind::kGarbage);
  const auto facts = machine.look(topology_of({}), Duration{300});
  EXPECT_EQ(why_of(facts.at("systemd").at("system_state")), "malformed");
}

TEST(SystemdProbe, DeniedListLeavesTheRestKnown) {
  SystemdMachine machine;
  machine.install();
  machine.answer([](const BusQuestion& question) -> std::optional<BusReply> {
    if (question.member != "ListUnits") return std::nullopt;
    return BusReply{{}, {}, "org.freedesktop.DBus.Error.AccessDenied"};
  });
  const auto facts = machine.look();
  EXPECT_EQ(facts.at("systemd").at("system_state").at("value"), "running");
  EXPECT_EQ(why_of(facts.at("systemd").at("failed_units")), "denied");
}

TEST(SystemdProbe, SilenceAboutUnitsLeavesThemUnknownByName) {
  SystemdMachine machine;
  machine.install();
  machine.answer([](const BusQuestion& question) -> std::optional<BusReply> {
    if (question.path.find("/unit/") == std::string::npos) return std::nullopt;
    return BusReply{{}, {}, {}, true};
  });
  const auto facts = machine.look(topology_of({}), Duration{400});
  EXPECT_EQ(facts.at("systemd").at("system_state").at("value"), "running");
  EXPECT_EQ(why_of(facts.at("unit:nginx.service").at("active_state")), "timeout");
  EXPECT_EQ(why_of(facts.at("systemd").at("unread_units")), "timeout");
}

TEST(SystemdProbe, HostileAnswersAreMalformed) {
  SystemdMachine machine;
  machine.install();
  machine.answer([](const BusQuestion& question) -> std::optional<BusReply> {
    if (question.member == "ListJobs") return BusReply{"s", Json::array({"no list"}), {}};
    if (question.member != "ListUnits") return std::nullopt;
    return BusReply{"a(ss)", Json::array({Json::array({Json::array({"x", "y"})})}), {}};
  });
  const auto facts = machine.look();
  EXPECT_EQ(why_of(facts.at("systemd").at("jobs")), "malformed");
  EXPECT_EQ(why_of(facts.at("systemd").at("failed_units")), "malformed");
}

TEST(SystemdProbe, NamesFilesThatWereNotRead) {
  SystemdMachine machine;
  machine.install();
  machine.set("nginx.service", "NeedDaemonReload", "b", true);
  machine.write("/etc/systemd/system/nginx.service.d/limit.conf", "[Service]\n");
  machine.answer();
  const Json unread = machine.look().at("systemd").at("unread_units").at("value");
  ASSERT_EQ(unread.size(), 1u) << unread;
  EXPECT_EQ(unread[0].at("unit"), "nginx.service");
  EXPECT_THAT(unread[0].at("files").dump(),
              HasSubstr("/etc/systemd/system/nginx.service.d/limit.conf"));
}

/// All files of the test are newer than the boot that was recorded… if that was before them.
TEST(SystemdProbe, NamesWhatWasChangedSinceTheBoot) {
  SystemdMachine machine;
  machine.install();
  machine.set("cron.service", "FragmentPath", "s", "/lib/systemd/system/cron.service");
  machine.answer();
  const Json unproven = machine.look().at("systemd").at("unproven_units").at("value");
  EXPECT_THAT(unproven.dump(), HasSubstr("postgresql@15-main.service"));
}

TEST(SystemdProbe, AThousandUnitsAreAskedAtOnce) {
  SystemdMachine machine;
  machine.install();
  for (int i = 0; i < 1000; ++i) {
    machine.list("job-" + std::to_string(i) + ".service", "failed");
  }
  machine.answer();
  const auto facts = machine.look();
  EXPECT_EQ(facts.size(), 201u);
  EXPECT_EQ(facts.at("systemd").at("units_left_out").at("value").size(), 807u);
  EXPECT_EQ(facts.at("systemd").at("failed_units").at("value").size(), 1000u);
}

TEST(PlaceOf, ReadsTheHierarchyOfSystemd) {
  const auto unit = [](const char* cgroup) { return systemd_look::place_of(cgroup); };
  EXPECT_EQ(unit("/system.slice/nginx.service").unit, "nginx.service");
  EXPECT_EQ(unit("/system.slice/system-postgresql.slice/postgresql@15-main.service").unit,
            "postgresql@15-main.service");
  EXPECT_EQ(unit("/web.slice/web-api.slice/api.service").unit, "api.service");
  EXPECT_EQ(unit("/system.slice/app.service/worker").unit, "app.service");
  EXPECT_EQ(unit("/user.slice/user-0.slice/session-3.scope").kind, Kind::kLoginSession);
  EXPECT_EQ(unit("/user.slice/user-1000.slice/user@1000.service/app.slice/web.service").kind,
            Kind::kUserUnit);
  EXPECT_EQ(unit("/user.slice/user-1000.slice/user@1000.service/app.slice/web.service").unit,
            "web.service");
}

TEST(PlaceOf, KnowsWhatIsNotThisMachines) {
  const std::string id(64, 'a');
  const std::vector<std::string> foreign = {
      "/docker/" + id,
      "/system.slice/docker-" + id + ".scope",
      "/kubepods.slice/x/y",
      "/lxc.payload.web/system.slice/nginx.service",
      "/machine.slice/vm.scope/system.slice/nginx.service",
      "/system.slice/nspawn.service/payload/system.slice/nginx.service",
      "/init.scope",
      "/",
      "",
      "/../system.slice/nginx.service",
      "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + id + ".scope"};
  for (const std::string& cgroup : foreign) {
    EXPECT_EQ(systemd_look::place_of(cgroup).kind, Kind::kElsewhere) << cgroup;
  }
}

TEST(OutsidePrograms, AreThoseOfSessionsAndUsers) {
  Topology topology;
  topology.services = {
      service_in("/user.slice/user-0.slice/session-3.scope", 8000, 1, "uvicorn"),
      service_in("/user.slice/user-0.slice/session-4.scope", 6010, 2, "sshd"),
      service_in("/user.slice/user-5.slice/user@5.service/app.slice/web.service", 3000, 3, "node"),
      service_in("/system.slice/nginx.service", 80, 4, "nginx")};
  const auto found = systemd_look::outside_programs(topology);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].place, Outside::login_session);
  EXPECT_EQ(found[0].program, "uvicorn");
  EXPECT_EQ(found[1].place, Outside::user_unit);
}

TEST(UnitList, RefusesAnythingButItsForm) {
  EXPECT_FALSE(systemd_look::parse_unit_list(Json("x")));
  EXPECT_FALSE(systemd_look::parse_unit_list(Json::array({Json::array({"a", "b"})})));
  EXPECT_TRUE(systemd_look::parse_unit_list(Json::array()));
  EXPECT_FALSE(systemd_look::parse_job_list(Json::array({Json::object()})));
}

}  // namespace
}  // namespace postflight
