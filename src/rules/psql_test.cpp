// SPDX-License-Identifier: Apache-2.0
// Commands lead to the database that a finding is about, wherever its cluster runs.
#include "rules/psql.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postflight::rules {
namespace {

using ::testing::ElementsAre;

struct Place {
  FactsDocument document;
  Component component;
  Thresholds thresholds;

  explicit Place(const std::string& id) { component.id = id; }
  Place(const std::string& id, PostgresCluster cluster) : Place(id) {
    Topology topology;
    topology.clusters.push_back(std::move(cluster));
    document.topology = Seen{std::move(topology), Evidence{}};
  }
  JudgeContext context() const { return {document, component, thresholds}; }
};

PostgresCluster cluster(const std::string& id) {
  PostgresCluster one;
  one.id = id;
  one.port = 5432;
  one.socket_directory = "/var/run/postgresql";
  return one;
}

TEST(PsqlWords, ComeAsTheServersUserOnTheMachine) {
  const Place place("database:127.0.0.1:5432/shop", cluster("127.0.0.1:5432"));
  EXPECT_EQ(database_of(place.context()), "shop");
  EXPECT_THAT(psql_words(place.context(), "postgres"),
              ElementsAre("runuser", "-u", "postgres", "--", "psql", "-d", "shop"));
}

TEST(PsqlWords, NameAnotherPortAndAnotherFolderOfTheSocket) {
  PostgresCluster other = cluster("/srv/pg/data");
  other.port = 5433;
  other.socket_directory = "/tmp";
  const Place place("database:/srv/pg/data/a/b", other);
  EXPECT_EQ(database_of(place.context()), "a/b");
  EXPECT_THAT(psql_words(place.context(), "", {"SELECT 1", "SELECT 2"}),
              ElementsAre("runuser", "-u", "postgres", "--", "psql", "-p", "5433", "-h", "/tmp",
                          "-d", "a/b", "-c", "SELECT 1", "-c", "SELECT 2"));
}

TEST(PsqlWords, ReachIntoAContainer) {
  PostgresCluster contained = cluster("127.0.0.1:5432@web");
  contained.cgroup = "/system.slice/docker-" + std::string(64, 'a') + ".scope";
  const Place place("database:127.0.0.1:5432@web/shop", contained);
  EXPECT_THAT(psql_words(place.context(), "admin"),
              ElementsAre("docker", "exec", "aaaaaaaaaaaa", "psql", "-U", "admin", "-d", "shop"));
}

TEST(PsqlWords, DoWithoutATopology) {
  const Place place("database:127.0.0.1:5432/shop");
  EXPECT_EQ(database_of(place.context()), "shop");
  EXPECT_THAT(psql_words(place.context(), ""),
              ElementsAre("runuser", "-u", "postgres", "--", "psql", "-d", "shop"));
}

TEST(PsqlWords, QuoteLiterals) {
  EXPECT_EQ(sql_literal("a"), "'a'");
  EXPECT_EQ(sql_literal("o'clock"), "'o''clock'");
  EXPECT_EQ(sql_literal("a\\'b"), "E'a\\\\''b'");
}

}  // namespace
}  // namespace postflight::rules
