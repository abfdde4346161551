// SPDX-License-Identifier: Apache-2.0
// The facts of single units, from recorded answers with one thing changed at a time.
#include "probes/unit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "probes/testing/systemd_machine.h"
#include "probes/unit_memory.h"
#include "probes/unit_properties.h"

namespace postflight {
namespace {

using host::testing::BusQuestion;
using host::testing::BusReply;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::service_in;
using testing::SystemdMachine;

Observed<Topology> topology_of(std::vector<Service> services) {
  return Seen{Topology{.services = std::move(services)}, Evidence{}};
}

/// Makes a machine, lets the test change it, and looks at one unit.
class UnitProbe : public ::testing::Test {
 protected:
  UnitProbe() { machine_.install(); }
  Json facts_of(const std::string& unit, const Observed<Topology>& topology = topology_of({})) {
    machine_.answer();
    return machine_.look(topology).at("unit:" + unit);
  }
  void remove(const std::string& path) { std::filesystem::remove(machine_.root() + path); }

  SystemdMachine machine_;
};

TEST_F(UnitProbe, SaysWhatARealOneSaid) {
  const Json nginx = facts_of(
      "nginx.service", topology_of({service_in("/system.slice/nginx.service", 80, 213, "nginx")}));
  EXPECT_EQ(nginx.at("unit").at("value"), "nginx.service");
  EXPECT_EQ(nginx.at("active_state").at("value"), "active");
  EXPECT_EQ(nginx.at("sub_state").at("value"), "running");
  EXPECT_EQ(nginx.at("type").at("value"), "forking");
  EXPECT_EQ(nginx.at("starts_at_boot").at("value"), "at_boot");
  EXPECT_EQ(nginx.at("unit_file_state").at("value"), "enabled");
  EXPECT_EQ(nginx.at("listens").at("value"), Json::array({"0.0.0.0:80"}));
  EXPECT_EQ(nginx.at("main_pid_listens").at("value"), true);
  EXPECT_EQ(nginx.at("program").at("value"), "/usr/sbin/nginx");
  EXPECT_EQ(nginx.at("program_exists").at("value"), true);
  EXPECT_EQ(nginx.at("restarts_total").at("value"), 0);
  EXPECT_EQ(nginx.at("memory_source").at("value"), "MemoryCurrent of nginx.service");
  EXPECT_TRUE(nginx.at("memory_max_bytes").contains("absent"));
  EXPECT_TRUE(nginx.at("exit_status").contains("absent"));
  EXPECT_EQ(nginx.at("can_be_enabled").at("value"), true);
}

TEST_F(UnitProbe, ArgumentsOfProgramsAreNotShown) {
  EXPECT_THAT(facts_of("nginx.service").dump(), ::testing::Not(HasSubstr("daemon on")));
}

TEST_F(UnitProbe, EnabledByAGenerator) {
  const Json facts = facts_of("postgresql@15-main.service");
  EXPECT_EQ(facts.at("starts_at_boot").at("value"), "at_boot");
  EXPECT_EQ(facts.at("unit_file_state").at("value"), "enabled-runtime");
  EXPECT_EQ(facts.at("started_by").at("value")[0],
            "postgresql.service: /run/systemd/generator/postgresql.service.wants/"
            "postgresql@15-main.service");
}

/// start.conf says manual: systemd was told, and the generator made no link.
TEST_F(UnitProbe, WithoutTheGeneratorsLinkNothingStartsACluster) {
  remove("/run/systemd/generator/postgresql.service.wants/postgresql@15-main.service");
  machine_.set("postgresql@15-main.service", "WantedBy", "as", Json::array());
  EXPECT_EQ(facts_of("postgresql@15-main.service").at("starts_at_boot").at("value"), "never");
}

/// systemctl disable --no-reload, or a link that was simply removed: the running systemd still
/// believes in it, the next boot will not.
TEST_F(UnitProbe, ALinkThatIsMissingOnDiskDoesNotCount) {
  remove("/etc/systemd/system/multi-user.target.wants/nginx.service");
  EXPECT_EQ(facts_of("nginx.service").at("starts_at_boot").at("value"), "never");
}

TEST_F(UnitProbe, ALinkOnDiskCountsThoughSystemdHasNotReadIt) {
  machine_.set("nginx.service", "WantedBy", "as", Json::array());
  EXPECT_EQ(facts_of("nginx.service").at("starts_at_boot").at("value"), "at_boot");
}

TEST_F(UnitProbe, ALinkInRunDoesNotOutliveTheBoot) {
  remove("/etc/systemd/system/multi-user.target.wants/nginx.service");
  machine_.link("/run/systemd/system/multi-user.target.wants/nginx.service",
                "/lib/systemd/system/nginx.service");
  EXPECT_EQ(facts_of("nginx.service").at("starts_at_boot").at("value"), "never");
}

TEST_F(UnitProbe, DockerMayBeStartedByItsSocketOnly) {
  remove("/etc/systemd/system/multi-user.target.wants/docker.service");
  machine_.set("docker.service", "WantedBy", "as", Json::array());
  const Json facts = facts_of("docker.service");
  EXPECT_EQ(facts.at("starts_at_boot").at("value"), "on_demand");
  EXPECT_EQ(facts.at("started_by").at("value")[0], "docker.socket: it triggers docker.service");
}

TEST_F(UnitProbe, AnotherUnitsWantsStartIt) {
  remove("/etc/systemd/system/multi-user.target.wants/containerd.service");
  machine_.set("containerd.service", "WantedBy", "as", {"docker.service"});
  machine_.write("/lib/systemd/system/docker.service", "[Unit]\nWants=containerd.service\n");
  const Json facts = facts_of("containerd.service");
  EXPECT_EQ(facts.at("starts_at_boot").at("value"), "at_boot");
  EXPECT_EQ(facts.at("started_by").at("value")[0],
            "docker.service: /lib/systemd/system/docker.service");
}

TEST_F(UnitProbe, EnabledForATargetNobodyReaches) {
  remove("/etc/systemd/system/multi-user.target.wants/nginx.service");
  machine_.link("/etc/systemd/system/web.target.wants/nginx.service",
                "/lib/systemd/system/nginx.service");
  EXPECT_EQ(facts_of("nginx.service").at("starts_at_boot").at("value"), "never");
}

/// ifup@.service of an interface: udev asks for it, no file on disk does.
TEST_F(UnitProbe, ADeviceStartsIt) {
  remove("/etc/systemd/system/multi-user.target.wants/nginx.service");
  machine_.set("nginx.service", "WantedBy", "as", {"sys-subsystem-net-devices-ens3.device"});
  EXPECT_EQ(facts_of("nginx.service").at("starts_at_boot").at("value"), "at_boot");
}

TEST_F(UnitProbe, ATimerStartsIt) {
  machine_.recording["units"]["backup.service"] = machine_.recording["units"]["cron.service"];
  machine_.recording["units"]["backup.timer"] = machine_.recording["units"]["docker.socket"];
  machine_.list("backup.service", "inactive");
  machine_.write("/etc/systemd/system/backup.service", "[Service]\n");
  machine_.link("/etc/systemd/system/multi-user.target.wants/backup.timer", "x");
  machine_.set("backup.service", "Names", "as", {"backup.service"});
  machine_.set("backup.service", "WantedBy", "as", Json::array());
  machine_.set("backup.service", "TriggeredBy", "as", {"backup.timer"});
  machine_.set("backup.timer", "Names", "as", {"backup.timer"});
  const Json facts = facts_of("backup.service");
  EXPECT_EQ(facts.at("starts_at_boot").at("value"), "by_timer");
  EXPECT_EQ(facts.at("reasons").at("value"), Json::array({"local"}));
}

TEST_F(UnitProbe, AMissingProgramIsNamed) {
  remove("/usr/sbin/cron");
  const Json facts = facts_of("cron.service");
  EXPECT_EQ(facts.at("program_exists").at("value"), false);
  EXPECT_EQ(facts.at("program").at("value"), "/usr/sbin/cron");
}

TEST_F(UnitProbe, SomebodyElseOnThePortIsARival) {
  Service other = service_in("/user.slice/user-0.slice/session-3.scope", 80, 999, "nginx");
  const Json facts = facts_of("nginx.service", topology_of({other}));
  const Json rivals = facts.at("port_rivals").at("value");
  ASSERT_EQ(rivals.size(), 1u);
  EXPECT_EQ(rivals[0].at("pid"), 999);
  EXPECT_EQ(rivals[0].at("unit"), "session-3.scope");
  EXPECT_TRUE(facts.at("main_pid_listens").contains("absent"));
}

TEST_F(UnitProbe, WhereItListensItselfNobodyIsARival) {
  const Json facts = facts_of("nginx.service",
                              topology_of({service_in("/system.slice/nginx.service", 8080, 213),
                                           service_in("/system.slice/apache2.service", 80, 999)}));
  EXPECT_EQ(facts.at("port_rivals").at("value"), Json::array());
}

TEST_F(UnitProbe, DeniedOwnersAreUnknownAndNotNobody) {
  Service hidden = service_in("", 80);
  hidden.programs = Unknown{Why::denied, "run as root"};
  const Json facts = facts_of("nginx.service", topology_of({hidden}));
  EXPECT_EQ(facts.at("listens").at("unknown").at("why"), "denied");
  EXPECT_EQ(facts.at("port_rivals").at("unknown").at("why"), "denied");
}

TEST_F(UnitProbe, AddressesOfBridgesComeLateUnlessOrdered) {
  Service web = service_in("/system.slice/nginx.service", 80);
  web.listeners = {{.address = "172.17.0.1", .exposure = Exposure::container}};
  EXPECT_EQ(facts_of("nginx.service", topology_of({web})).at("late_addresses").at("value"),
            Json::array({"172.17.0.1"}));
  machine_.set("nginx.service", "After", "as", {"docker.service"});
  std::filesystem::remove(machine_.private_socket());
  EXPECT_EQ(facts_of("nginx.service", topology_of({web})).at("late_addresses").at("value"),
            Json::array());
}

TEST_F(UnitProbe, WithoutAccountingTheCgroupIsRead) {
  machine_.set("nginx.service", "MemoryCurrent", "t", 18446744073709551615ULL);
  machine_.write("/sys/fs/cgroup/system.slice/nginx.service/memory.current", "1048576\n");
  machine_.write("/sys/fs/cgroup/system.slice/nginx.service/memory.peak", "2097152\n");
  machine_.write("/sys/fs/cgroup/system.slice/nginx.service/memory.stat",
                 "anon 1\ninactive_file 4096\nactive_file 8192\nslab_reclaimable 1\n");
  const Json facts = facts_of("nginx.service");
  EXPECT_EQ(facts.at("memory_bytes").at("value"), 1048576);
  EXPECT_EQ(facts.at("memory_peak_bytes").at("value"), 2097152);
  EXPECT_EQ(facts.at("memory_reclaimable_bytes").at("value"), 12289);
  EXPECT_EQ(facts.at("memory_source").at("value"),
            "/sys/fs/cgroup/system.slice/nginx.service/memory.current");
}

TEST_F(UnitProbe, TheOldHierarchyIsReadAsWell) {
  machine_.set("nginx.service", "MemoryCurrent", "t", 18446744073709551615ULL);
  const std::string folder = "/sys/fs/cgroup/memory/system.slice/nginx.service/";
  machine_.write(folder + "memory.usage_in_bytes", "4096\n");
  machine_.write(folder + "memory.stat",
                 "inactive_file 1\ntotal_inactive_file 5\ntotal_active_file 6\n");
  const Json facts = facts_of("nginx.service");
  EXPECT_EQ(facts.at("memory_source").at("value"), folder + "memory.usage_in_bytes");
  EXPECT_EQ(facts.at("memory_reclaimable_bytes").at("value"), 11);
}

TEST_F(UnitProbe, NothingCountsItsMemoryIsUnknown) {
  machine_.set("nginx.service", "MemoryCurrent", "t", 18446744073709551615ULL);
  EXPECT_EQ(facts_of("nginx.service").at("memory_bytes").at("unknown").at("why"), "unsupported");
}

TEST_F(UnitProbe, HostilePropertiesAreMalformed) {
  machine_.set("nginx.service", "NRestarts", "s", "many");
  machine_.set("nginx.service", "ActiveState", "u", 7);
  machine_.set("nginx.service", "StateChangeTimestamp", "t", 18446744073709551614ULL);
  const Json facts = facts_of("nginx.service");
  EXPECT_EQ(facts.at("restarts_total").at("unknown").at("why"), "malformed");
  EXPECT_EQ(facts.at("active_state").at("unknown").at("why"), "malformed");
  EXPECT_EQ(facts.at("since").at("unknown").at("why"), "malformed");
}

TEST_F(UnitProbe, OneThatIsSilentTakesNoOtherWithIt) {
  machine_.answer([](const BusQuestion& question) -> std::optional<BusReply> {
    if (question.path.find("ufw") == std::string::npos) return std::nullopt;
    return BusReply{{}, {}, "org.freedesktop.DBus.Error.AccessDenied"};
  });
  const auto facts = machine_.look();
  EXPECT_EQ(facts.at("unit:ufw.service").at("active_state").at("unknown").at("why"), "denied");
  EXPECT_EQ(facts.at("unit:nginx.service").at("active_state").at("value"), "active");
  EXPECT_EQ(facts.at("systemd").at("unproven_units").at("unknown").at("why"), "denied");
}

TEST(UnitProperties, OfAnythingNeverThrow) {
  for (const char* text : {"{}", "[]", "7", "null", "{\"Id\": 7, \"ExecStart\": [[]]}",
                           "{\"LoadError\": [1, 2], \"Names\": {}}"}) {
    const Json json = parse_json(text).value();
    UnitFacts facts;
    const systemd_look::Properties properties(json, "x.service", "");
    systemd_look::read_properties(properties, wall_now(), facts);
    EXPECT_TRUE(facts.active_state.unknown()) << text;
  }
}

TEST(Reclaimable, NeedsItsCounters) {
  EXPECT_EQ(*systemd_look::parse_reclaimable("inactive_file 1\nactive_file 2\n"), 3u);
  EXPECT_FALSE(systemd_look::parse_reclaimable(""));
  EXPECT_FALSE(systemd_look::parse_reclaimable("inactive_file x\n"));
  EXPECT_FALSE(systemd_look::parse_reclaimable(
      "inactive_file 18446744073709551615\nactive_file 18446744073709551615\n"));
}

}  // namespace
}  // namespace postflight
