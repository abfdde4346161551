// SPDX-License-Identifier: Apache-2.0
#include "probes/container.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "host/container_view.h"
#include "host/testing/child_process.h"
#include "model/codec.h"
#include "probes/container_inspect.h"
#include "probes/container_process.h"

namespace postflight {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string recorded(const std::string& name) {
  std::stringstream text;
  text << std::ifstream(std::string(PF_SOURCE_DIR) + "/src/probes/testdata/container/" + name)
              .rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

ContainerFacts facts_of(const std::string& text, WallTime now = wall_now()) {
  ContainerFacts facts;
  const auto json = select_json(text, inspection_members());
  EXPECT_TRUE(json) << json.error().what;
  if (json) read_inspection({*json, "GET /containers/web/json", now}, facts);
  return facts;
}

const WallTime kNow = *parse_rfc3339("2026-11-25T03:00:00Z");

TEST(Container, ReadsAHealthyOne) {
  const ContainerFacts facts = facts_of(recorded("healthy-20.10.json"), kNow);
  EXPECT_EQ(facts.state.seen()->value, "running");
  EXPECT_EQ(facts.restart_policy.seen()->value, "unless-stopped");
  EXPECT_EQ(facts.health.seen()->value, "healthy");
  EXPECT_EQ(facts.health_failing_streak.seen()->value, 0u);
  EXPECT_THAT(facts.health_command.seen()->value,
              ElementsAre("CMD", "curl", "-fsS", "http://localhost:8000/api/v1/health"));
  EXPECT_EQ(facts.health_settings.seen()->value.front().interval_seconds, 2);
  EXPECT_EQ(facts.health_settings.seen()->value.front().retries, 2u);
  EXPECT_EQ(facts.health_log.seen()->value.size(), 5u);
  EXPECT_GT(facts.health_log.seen()->value.front().checked_at,
            facts.health_log.seen()->value.back().checked_at);
  ASSERT_EQ(facts.ports.seen()->value.size(), 1u);
  EXPECT_EQ(facts.ports.seen()->value[0].host_address, "127.0.0.1");
  EXPECT_EQ(facts.networks.seen()->value[0].subnet, "172.18.0.0/16");
  EXPECT_THAT(facts.extra_hosts.seen()->value, ElementsAre("host.docker.internal:host-gateway"));
  EXPECT_THAT(facts.compose_files.seen()->value,
              ElementsAre("/opt/advakod/docker-compose.prod.yml"));
  EXPECT_EQ(facts.log_limit.seen()->value, "10m");
  EXPECT_TRUE(facts.exit_code.absent());
  EXPECT_TRUE(facts.memory_limit_bytes.absent());
  EXPECT_NEAR(facts.running_seconds.seen()->value, 1149.084, 0.01);
}

TEST(Container, ReadsOneOfPodman) {
  const ContainerFacts facts = facts_of(recorded("created-podman-4.3.json"));
  EXPECT_EQ(facts.state.seen()->value, "created");
  EXPECT_TRUE(facts.health.absent());
  EXPECT_TRUE(facts.pid.absent());
  EXPECT_TRUE(facts.started_at.absent());
  EXPECT_THAT(facts.health_command.seen()->value,
              ElementsAre("CMD-SHELL", "wget -q -O- http://localhost:8000/health"));
  EXPECT_EQ(facts.ports.seen()->value[0].host_port, 18099u);
  EXPECT_EQ(facts.mounts.seen()->value[0].source, "/tmp/binddir");
  EXPECT_TRUE(facts.log_limit.absent());
}

/// Names are what somebody needs to find a mistake; values are not ours to keep.
TEST(Container, KeepsNoValueOfTheEnvironment) {
  const std::string text = dump_json(to_json(facts_of(recorded("healthy-20.10.json"))));
  EXPECT_THAT(text, HasSubstr("DATABASE_URL"));
  EXPECT_EQ(text.find("s3cret"), std::string::npos);
  EXPECT_EQ(text.find("advakod_db"), std::string::npos);
  EXPECT_THAT(text, HasSubstr("C.UTF-8"));
}

std::vector<std::string> hosts(const std::string& variable) {
  std::vector<std::string> out;
  for (const EnvironmentHost& one : hosts_in_environment({variable})) {
    out.push_back(one.scheme + " " + one.host + " " + std::to_string(one.port));
  }
  return out;
}

TEST(Container, FindsHostsInTheEnvironment) {
  EXPECT_THAT(hosts("A=postgresql+asyncpg://u:p%40w@db.example:5433/x?y=1"),
              ElementsAre("postgresql+asyncpg db.example 5433"));
  EXPECT_THAT(hosts("A=redis://redis"), ElementsAre("redis redis 0"));
  EXPECT_THAT(hosts("A=http://[::1]:8080/"), ElementsAre("http [::1] 8080"));
  EXPECT_THAT(hosts("A=mongodb://u:p@a:1,b:2/x"), ElementsAre("mongodb a 1", "mongodb b 2"));
  EXPECT_THAT(hosts("DB_HOST=host.docker.internal"), ElementsAre(" host.docker.internal 0"));
  EXPECT_THAT(hosts("DB_NAME=db"), IsEmpty());
  EXPECT_THAT(hosts("A=not a url"), IsEmpty());
}

/// A password with a slash in it ends what looks like the host too early.
TEST(Container, TakesNoPasswordForAHost) {
  EXPECT_THAT(hosts("A=postgres://u:1234/secret@db:5432/x"), IsEmpty());
  EXPECT_THAT(hosts("A=postgres://secret?x@db/x"), IsEmpty());
  EXPECT_THAT(hosts("A=postgres://u:p@w@db/x"), ElementsAre("postgres db 0"));
}

RC_GTEST_PROP(Container, AnyBytesOfAnInspectionAreSurvived, (const std::string& bytes)) {
  ContainerFacts facts;
  if (const auto json = select_json(bytes, inspection_members())) {
    read_inspection({*json, "test", kNow}, facts);
  }
  (void)hosts_in_environment({bytes});
}

TEST(Container, AnswerOfAnotherFormIsUnknownNotFine) {
  const ContainerFacts facts = facts_of(R"({"State": [], "HostConfig": {"RestartPolicy": 5}})");
  EXPECT_EQ(facts.state.unknown()->why, Why::unsupported);
  EXPECT_EQ(facts.restart_policy.unknown()->why, Why::unsupported);
  const ContainerFacts odd =
      facts_of(R"({"State": {"Status": 5, "OOMKilled": "no", "Pid": -3}, "RestartCount": -1})");
  EXPECT_EQ(odd.state.unknown()->why, Why::malformed);
  EXPECT_EQ(odd.oom_killed.unknown()->why, Why::malformed);
  EXPECT_EQ(odd.restarts_total.unknown()->why, Why::malformed);
}

TEST(Container, TimesOfGoAreRead) {
  EXPECT_EQ(parse_engine_time("2026-11-25T03:00:00.5Z"), kNow + 500ms);
  EXPECT_EQ(parse_engine_time("2026-11-25T03:00:00.123456789Z"), kNow + 123ms);
  EXPECT_EQ(parse_engine_time("2026-11-25T06:00:00.000000001+03:00"), kNow);
  EXPECT_EQ(parse_engine_time("2026-11-24T22:30:00-04:30"), kNow);
  EXPECT_EQ(parse_engine_time("2026-11-25T03:00:00Z"), kNow);
  EXPECT_FALSE(parse_engine_time("2026-11-25T03:00:00"));
  EXPECT_FALSE(parse_engine_time("2026-11-25T03:00:00+3:00"));
  EXPECT_FALSE(parse_engine_time("2026-11-25"));
  EXPECT_FALSE(parse_engine_time("0001-01-01T00:00:00Z"));
  EXPECT_FALSE(parse_engine_time("yesterday"));
}

TEST(ContainerMounts, DeletedSourceIsSeenInMountinfo) {
  const auto stale = host::parse_mountinfo(recorded("mountinfo-stale"));
  const auto healthy = host::parse_mountinfo(recorded("mountinfo-healthy"));
  ASSERT_TRUE(stale && healthy);
  ASSERT_TRUE(mount_at(*stale, "/app"));
  EXPECT_TRUE(source_is_deleted(*mount_at(*stale, "/app")));
  EXPECT_FALSE(source_is_deleted(*mount_at(*stale, "/usr")));
  EXPECT_FALSE(source_is_deleted(*mount_at(*healthy, "/app")));
  EXPECT_FALSE(mount_at(*healthy, "/nothing/here"));
}

/// A machine made of files, on which this very process plays the container's.
struct Machine {
  host::testing::TempFolder folder;
  Target target;
  Observed<Topology> topology;
  Settings settings;
  ProbeContext context{target, topology, settings, Deadline{2s}};
};

TEST(ContainerProcess, OfAnotherContainerIsNotLookedAt) {
  const Machine machine;
  ContainerFacts facts;
  facts.pid = Seen{std::int64_t{::getpid()}, Evidence{}};
  facts.id = Seen{std::string(64, 'f'), Evidence{}};
  facts.log_driver = Seen{std::string("journald"), Evidence{}};
  look_at_process(machine.context, {}, facts);
  ASSERT_TRUE(facts.stale_mounts.unknown());
  EXPECT_TRUE(facts.log_size_bytes.absent());
}

TEST(ContainerProcess, ThatHasEndedIsSaidToHave) {
  const Machine machine;
  ContainerFacts facts;
  facts.pid = Seen{std::int64_t{4'000'000}, Evidence{}};
  facts.id = Seen{std::string(64, 'f'), Evidence{}};
  look_at_process(machine.context, {}, facts);
  ASSERT_TRUE(facts.stale_mounts.unknown());
  EXPECT_THAT(facts.stale_mounts.unknown()->detail, HasSubstr("ended while it was looked at"));
  EXPECT_TRUE(facts.working_directory_deleted.unknown());
}

TEST(ContainerProcess, ThatDoesNotRunHasNothing) {
  const Machine machine;
  ContainerFacts facts;
  facts.pid = Absent{};
  look_at_process(machine.context, {}, facts);
  EXPECT_TRUE(facts.stale_mounts.absent());
  EXPECT_TRUE(facts.memory_used_bytes.absent());
}

TEST(ContainerFiles, DeniedLogIsUnknown) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const Machine machine;
  ContainerFacts facts;
  facts.pid = Absent{};
  facts.log_driver = Seen{std::string("json-file"), Evidence{}};
  look_at_process(machine.context, {.log = "/root/x/y.log", .hosts = ""}, facts);
  EXPECT_EQ(facts.log_size_bytes.unknown()->why, Why::denied);
}

TEST(ContainerFiles, AreFoundWhereTheEngineSaysTheyAre) {
  const Machine machine;
  const std::string log = machine.folder.write("web-json.log", "12345");
  const std::string hosts_file =
      machine.folder.write("hosts", "127.0.0.1 localhost\n172.17.0.1\thost.docker.internal # x\n");
  const std::string compose =
      machine.folder.write("compose.yml", "services:\n  web:\n    image: x\n");
  ContainerFacts facts;
  facts.pid = Absent{};
  facts.log_driver = Seen{std::string("json-file"), Evidence{}};
  facts.compose_files = Seen{std::vector<std::string>{compose, "/no/such/file.yml"}, Evidence{}};
  facts.compose_service = Seen{std::string("web"), Evidence{}};
  look_at_process(machine.context, {.log = log, .hosts = hosts_file}, facts);
  EXPECT_EQ(facts.log_size_bytes.seen()->value, 5u);
  EXPECT_THAT(facts.hosts_file_names.seen()->value,
              ElementsAre("host.docker.internal", "localhost"));
  EXPECT_THAT(facts.compose_files_missing.seen()->value, ElementsAre("/no/such/file.yml"));
  EXPECT_TRUE(facts.compose_service_defined.absent());
  facts.compose_files = Seen{std::vector<std::string>{compose}, Evidence{}};
  look_at_process(machine.context, {}, facts);
  EXPECT_TRUE(facts.compose_service_defined.seen()->value);
}

TEST(ContainerFiles, ServicesAreFoundInAnyForm) {
  EXPECT_TRUE(names_service("services:\n  web:\n    image: x\n", "web"));
  EXPECT_TRUE(names_service("services:\n  \"web\": {image: x}\n", "web"));
  EXPECT_TRUE(names_service("services: {web: {image: x}}\n", "web"));
  EXPECT_FALSE(names_service("services:\n  web2:\n    image: web\n", "web"));
  EXPECT_FALSE(names_service("web:\n", "web"));  // not below anything
  EXPECT_TRUE(includes_others("include:\n  - other.yml\n"));
  EXPECT_FALSE(includes_others("services:\n  include:\n"));
}

TEST(ContainerView, ReadsWhatTheKernelTells) {
  EXPECT_EQ(host::parse_start_ticks("1 (a) b) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21"),
            std::nullopt);
  EXPECT_EQ(host::parse_start_ticks(
                "1 (a) b) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 2200 23 24"),
            2200u);
  EXPECT_FALSE(host::parse_start_ticks(""));
  const auto version1 = host::parse_memory_cgroup("4:memory:/docker/ab\n0::/docker/ab\n");
  ASSERT_TRUE(version1);
  EXPECT_FALSE(version1->unified);
  const auto unified = host::parse_memory_cgroup("0::/system.slice/docker-ab.scope\n");
  ASSERT_TRUE(unified);
  EXPECT_TRUE(unified->unified);
  EXPECT_EQ(unified->path, "/system.slice/docker-ab.scope");
  EXPECT_FALSE(host::parse_memory_cgroup("nonsense\n"));
  EXPECT_EQ(host::table_value("oom 1\noom_kill 3\n", "oom_kill"), 3u);
  EXPECT_FALSE(host::table_value("oom_kill many\n", "oom_kill"));
}

TEST(ContainerView, TellsFilesApart) {
  const host::testing::TempFolder folder;
  const std::string path = folder.write("a", "x");
  const auto before = host::identity_of(path);
  const auto inside = host::identity_inside(::getpid(), path);
  ASSERT_TRUE(before && inside) << (inside ? "" : inside.error().what);
  EXPECT_TRUE(before->same_file(*inside));
  EXPECT_FALSE(before->folder);
  std::filesystem::rename(folder.write("b", "y"), path);
  EXPECT_FALSE(before->same_file(*host::identity_of(path)));
  EXPECT_EQ(host::identity_of("/no/such/file").error().code, Errc::kNotFound);
  EXPECT_TRUE(host::started_at(::getpid()));
}

}  // namespace
}  // namespace postflight
