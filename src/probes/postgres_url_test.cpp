// SPDX-License-Identifier: Apache-2.0
// Texts in which credentials come, as people write them and as nobody should.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "probes/postgres_access.h"

namespace postflight {
namespace {

TEST(PostgresUrl, IsReadInEachOfItsForms) {
  const auto url = parse_postgres_url(
      "postgresql+asyncpg://app:p%40ss@db.example.org:6000/shop?sslmode=verify-full&sslrootcert=/"
      "r");
  ASSERT_TRUE(url) << url.error().what;
  EXPECT_EQ(url->user, "app");
  EXPECT_EQ(url->password.reveal(), "p@ss");
  EXPECT_EQ(url->host, "db.example.org");
  EXPECT_EQ(url->port, 6000);
  EXPECT_EQ(url->database, "shop");
  EXPECT_EQ(url->tls_mode, "verify-full");
  EXPECT_EQ(url->tls_root, "/r");
  EXPECT_EQ(url->endpoint(), "db.example.org:6000");

  const auto plain = parse_postgres_url("postgres://");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->endpoint(), "localhost:5432");
  const auto six = parse_postgres_url("postgres://u@[::1]:5433/d");
  ASSERT_TRUE(six);
  EXPECT_EQ(six->host, "::1");
  EXPECT_EQ(six->port, 5433);
  const auto socket = parse_postgres_url("postgres://u@%2Frun%2Fpostgresql/d");
  ASSERT_TRUE(socket);
  EXPECT_EQ(socket->endpoint(), "/run/postgresql/.s.PGSQL.5432");
  EXPECT_EQ(parse_postgres_url("postgres:///d?host=/tmp&user=x")->host, "/tmp");
}

TEST(PostgresUrl, MayHoldAPasswordThatNobodyEscaped) {
  const auto url = parse_postgres_url("postgres://app:a@b/c@127.0.0.1/shop");
  ASSERT_TRUE(url) << url.error().what;
  EXPECT_EQ(url->password.reveal(), "a@b/c");
  EXPECT_EQ(url->host, "127.0.0.1");
}

TEST(PostgresUrl, ThatIsNoneIsMalformedAndNotRepeated) {
  for (const char* text :
       {"", "mysql://u:s3cret@h/d", "postgres:/u:s3cret@h", "postgres://u:s3cret@h:port/d",
        "postgres://u:s3cret%zz@h/d", "postgres://u:s3cret@[::1/d", "postgres://u:s3cret@h:0/d",
        "postgres://u:s3cret@h:99999/d", "postgres://u:s3cret@a,b/d", "postgres://u:s3cret%00@h"}) {
    const auto url = parse_postgres_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, Errc::kMalformed);
    EXPECT_EQ(url.error().what.find("s3cret"), std::string::npos) << url.error().what;
  }
}

RC_GTEST_PROP(PostgresUrlProperty, AnyBytesAreReadOrRefused, (std::string text)) {
  (void)parse_postgres_url("postgres://" + text);
  (void)parse_pgpass(text);
  (void)user_name(text, 0);
}

TEST(PgPass, IsReadAsLibpqReadsIt) {
  const auto entries = parse_pgpass(
      "# host:port:database:user:password\n\nlocalhost:5432:*:app:se\\:cr\\\\et\r\n"
      "*:*:*:*:any\nnonsense\n");
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].host, "localhost");
  EXPECT_EQ(entries[0].user, "app");
  EXPECT_EQ(entries[0].password.reveal(), "se:cr\\et");
  EXPECT_EQ(entries[1].database, "*");
}

TEST(UserName, IsFoundByItsNumber) {
  const char* passwd = "root:x:0:0:root:/root:/bin/bash\npostgres:x:999:999::/:/bin/sh\nbroken\n";
  EXPECT_EQ(user_name(passwd, 999), "postgres");
  EXPECT_EQ(user_name(passwd, 0), "root");
  EXPECT_EQ(user_name(passwd, 5), "");
}

Topology with_cluster(const std::string& service, std::uint16_t port) {
  Topology topology;
  PostgresCluster cluster;
  cluster.id = cluster.service = service;
  cluster.port = port;
  cluster.pid = 42;
  cluster.socket_directory = "/run/postgresql";
  topology.clusters = {cluster};
  topology.addresses = {"192.0.2.7"};
  return topology;
}

TEST(PostgresUrl, NamesTheClusterOfThisMachineItMeans) {
  const auto named = [](const char* url, const Topology& topology) {
    return cluster_named_by(*parse_postgres_url(url), topology) != nullptr;
  };
  const Topology here = with_cluster("127.0.0.1:5432", 5432);
  EXPECT_TRUE(named("postgres://u@localhost/d", here));
  EXPECT_TRUE(named("postgres://u@192.0.2.7/d", here));
  EXPECT_TRUE(named("postgres://u@%2Frun%2Fpostgresql/d", here));
  EXPECT_FALSE(named("postgres://u@db.example.org/d", here));
  EXPECT_FALSE(named("postgres://u@localhost:5433/d", here));
  EXPECT_FALSE(named("postgres://u@localhost/d", with_cluster("0.0.0.0:5432@web", 5432)))
      << "that one is in a container";
}

}  // namespace
}  // namespace postflight
