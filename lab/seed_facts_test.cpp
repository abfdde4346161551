// SPDX-License-Identifier: Apache-2.0
// Line by line what the report that started the project says of PostgreSQL, the backend, the
// frontend, Redis and Celery beat (its sections 1, 3, 4, 5 and 7): each of these facts is in our
// report of both standing states, and equals what the native tools say there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/json.h"
#include "base/text.h"
#include "testing/lab.h"

namespace postflight::lab {
namespace {

using testing::bring_up;
using ::testing::Contains;
using ::testing::HasSubstr;
using testing::in_lab;
using ::testing::IsEmpty;
using testing::lab_name;
using testing::take_down;
using testing::why_no_lab;

class SeedFacts : public ::testing::TestWithParam<const char*> {
 protected:
  static void SetUpTestSuite() {
    missing_ = why_no_lab();
    if (!missing_.empty()) return;
    trouble_ = bring_up({{name("healthy"), "healthy"}, {name("seed"), "seed"}});
    for (const std::string state : {"healthy", "seed"}) {
      const auto check = in_lab(name(state), PF_BINARY " check --format json --lang en");
      reports_[state] = Json::parse(check.out, nullptr, false);
      if (reports_[state].is_discarded()) trouble_ += check.err;
    }
  }
  static void TearDownTestSuite() {
    if (missing_.empty()) take_down({name("healthy"), name("seed")});
  }
  void SetUp() override {
    if (!missing_.empty()) GTEST_SKIP() << missing_;
    ASSERT_EQ(trouble_, "");
  }
  static std::string name(const std::string& state) { return lab_name("seedfacts-" + state); }

  bool is_seed() const { return std::string(GetParam()) == "seed"; }
  const Json& report() const { return reports_.at(GetParam()); }
  /// What the native tools say, on one line.
  std::string said(const std::string& line) const {
    return std::string(trim(in_lab(name(GetParam()), line).out));
  }
  std::string psql(const std::string& sql) const {
    return said("runuser -u postgres -- psql -XAtqd advakod_db -c \"" + sql + "\"");
  }

  /// A fact of the component whose id begins so and, where it is given, ends so.
  Json fact(const std::string& id, const std::string& key, const std::string& end = "") const {
    for (const Json& one : report().at("components")) {
      const std::string its = one.at("id");
      if (!its.starts_with(id) || !its.ends_with(end)) continue;
      const Json& facts = one.at("facts");
      if (!facts.contains(key)) return "no such fact";
      return facts.at(key).contains("value") ? facts.at(key).at("value") : facts.at(key);
    }
    return "no component " + id;
  }
  std::vector<std::string> problems(const std::string& subject) const {
    std::vector<std::string> ids;
    for (const Json& one : report().at("findings")) {
      const bool about = one.at("subject").get<std::string>().starts_with(subject);
      if (about && one.at("severity") != "info") ids.push_back(one.at("id"));
    }
    return ids;
  }
  std::string test_status(const std::string& id) const {
    for (const Json& one : report().at("tests")) {
      if (one.at("id").get<std::string>().starts_with(id)) return one.at("status");
    }
    return "no test " + id;
  }

  static inline std::string missing_, trouble_;
  static inline std::map<std::string, Json> reports_;
};

constexpr const char* kCluster = "postgres:0.0.0.0:5432";
constexpr const char* kDatabase = "database:0.0.0.0:5432/advakod_db";
constexpr const char* kUnit = "unit:postgresql@15-main.service";

// ---- 1. PostgreSQL on the host ----

TEST_P(SeedFacts, PostgresRunsAndStartsAtBoot) {
  EXPECT_EQ(fact(kUnit, "active_state"), said("systemctl show -P ActiveState postgresql@15-main"));
  EXPECT_EQ(fact(kUnit, "sub_state"), said("systemctl show -P SubState postgresql@15-main"));
  EXPECT_EQ(fact(kUnit, "starts_at_boot"), "at_boot");
  EXPECT_EQ(fact(kCluster, "start_mode"),
            said("cat /etc/postgresql/15/main/start.conf | grep -v ^#"));
  EXPECT_EQ(fact(kCluster, "answers"), true);
  EXPECT_EQ(test_status("postgres/answers"), "pass");
}

TEST_P(SeedFacts, PostgresVersionPortAndAddresses) {
  EXPECT_EQ(fact(kCluster, "version"), psql("show server_version"));
  EXPECT_EQ(fact(kCluster, "port").dump(), psql("show port"));
  EXPECT_EQ(fact(kCluster, "listen_addresses"), psql("show listen_addresses"));
  EXPECT_THAT(fact(kCluster, "bound_addresses"), Contains(Json("0.0.0.0")));
  EXPECT_THAT(said("ss -Hltn sport = :5432"), HasSubstr("0.0.0.0:5432"));
}

TEST_P(SeedFacts, TheDatabaseHasItsUsersAndTables) {
  EXPECT_EQ(fact(kDatabase, "users_rows").dump(), psql("select count(*) from users"));
  EXPECT_EQ(fact(kDatabase, "users_rows"), 3);
  EXPECT_EQ(fact(kDatabase, "tables").dump(),
            psql("select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace "
                 "where c.relkind in ('r', 'p') and not c.relispartition and n.nspname not in "
                 "('pg_catalog', 'information_schema')"));
  EXPECT_EQ(fact(kDatabase, "tables"), 64);
  for (const char* table : {"users", "chat_messages", "chat_sessions"}) {
    EXPECT_THAT(fact(kDatabase, "main_tables").dump(), HasSubstr(table));
  }
}

TEST_P(SeedFacts, TheDatabaseHasItsSize) {
  // It may grow by a page between the two questions: the application writes.
  const double ours = fact(kDatabase, "size_bytes");
  const double theirs = std::stod(psql("select pg_database_size('advakod_db')"));
  EXPECT_NEAR(ours, theirs, theirs / 50);
}

TEST_P(SeedFacts, ContainersMayComeInByTheRulesOfAccess) {
  const Json rules = fact(kCluster, "hba_rules");
  EXPECT_EQ(rules.size(), std::stoul(psql("select count(*) from pg_hba_file_rules")));
  EXPECT_THAT(rules.dump(), HasSubstr("172.18.0.0"));
  EXPECT_THAT(fact(kCluster, "clients").dump(), HasSubstr("172.18.0."));
}

TEST_P(SeedFacts, PostgresMemoryIsNamedByItsKind) {
  const double resident = fact(kCluster, "memory_resident_sum_bytes");
  const double proportional = fact(kCluster, "memory_proportional_bytes");
  EXPECT_GT(resident, proportional) << "shared pages count once for each process";
  EXPECT_GT(proportional, 1024.0 * 1024);
}

// ---- 3. Backend, 4. frontend, 5. Redis ----

TEST_P(SeedFacts, ContainersHaveTheStateThatDockerTells) {
  for (const std::string name : {"backend", "frontend", "redis", "qdrant", "celery_beat"}) {
    const std::string id = "container:advakod_" + name;
    const std::string inspect = "docker inspect advakod_" + name + " --format ";
    EXPECT_EQ(fact(id, "state"), said(inspect + "'{{.State.Status}}'")) << name;
    EXPECT_EQ(fact(id, "restart_policy"), said(inspect + "'{{.HostConfig.RestartPolicy.Name}}'"));
    EXPECT_EQ(fact(id, "restarts_total").dump(), said(inspect + "'{{.RestartCount}}'")) << name;
    EXPECT_EQ(fact(id, "image"), said(inspect + "'{{.Config.Image}}'")) << name;
  }
}

TEST_P(SeedFacts, TheBackendIsUnhealthyInTheSeedAlone) {
  EXPECT_EQ(fact("container:advakod_backend", "health"), is_seed() ? "unhealthy" : "healthy");
  EXPECT_EQ(fact("container:advakod_redis", "health"), "healthy");
  const auto found = problems("container:advakod_backend");
  if (is_seed()) {
    EXPECT_THAT(found, Contains("container/health-check-wrong-path"));
  } else {
    EXPECT_THAT(found, IsEmpty());
  }
}

TEST_P(SeedFacts, PublishedPortsAreTheContainers) {
  const std::map<std::string, int> ports = {{"backend", 8000}, {"frontend", 3001}, {"redis", 6379}};
  for (const auto& [name, port] : ports) {
    const Json published = fact("container:advakod_" + name, "ports");
    ASSERT_EQ(published.size(), is_seed() ? 2U : 1U) << "in the seed on IPv6 as well";
    for (const Json& one : published) EXPECT_EQ(one.at("host_port"), port) << name;
    EXPECT_EQ(published[0].at("host_address"), is_seed() ? "0.0.0.0" : "127.0.0.1");
  }
}

TEST_P(SeedFacts, TheEnvironmentIsNamedWithoutItsSecrets) {
  const std::string environment = fact("container:advakod_backend", "environment").dump();
  EXPECT_THAT(environment, HasSubstr("DATABASE_URL"));
  EXPECT_THAT(fact("container:advakod_backend", "environment_hosts").dump(),
              HasSubstr("host.docker.internal"));
  EXPECT_EQ(report().dump().find("s3cret"), std::string::npos);
}

TEST_P(SeedFacts, TheApiReportsHealthyAndRedisAnswers) {
  const std::string at = is_seed() ? "0.0.0.0" : "127.0.0.1";
  EXPECT_EQ(test_status("http/health http:" + at + ":8000"), "pass");
  EXPECT_EQ(test_status("redis/ping"), "pass");
}

// ---- 7. Celery beat ----

TEST_P(SeedFacts, BeatWorksInADeletedFolderInTheSeedAlone) {
  const std::string exec = said("docker exec advakod_celery_beat true 2>&1; echo $?");
  const auto found = problems("container:advakod_celery_beat");
  if (is_seed()) {
    EXPECT_THAT(exec, HasSubstr("outside of container mount namespace root"));
    EXPECT_THAT(found, Contains("container/stale-mount"));
    EXPECT_EQ(fact("container:advakod_celery_beat", "working_directory_deleted"), true);
  } else {
    EXPECT_EQ(exec, "0");
    EXPECT_THAT(found, IsEmpty());
  }
}

// ---- the whole ----

TEST_P(SeedFacts, AHealthyLabGetsNoWarning) {
  if (is_seed()) return;
  for (const Json& one : report().at("findings")) {
    // How busy the machine is that carries the lab is no matter of the lab.
    if (one.at("subject") == "host") continue;
    EXPECT_EQ(one.at("severity"), "info") << one;
  }
  EXPECT_THAT(report().at("undecided"), IsEmpty()) << report().at("undecided").dump();
}

INSTANTIATE_TEST_SUITE_P(Lab, SeedFacts, ::testing::Values("healthy", "seed"));

}  // namespace
}  // namespace postflight::lab
