// SPDX-License-Identifier: Apache-2.0
// Real servers, and what answers on their port without being one.
#include "host/postgres_client.h"

#include <gtest/gtest.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include "host/testing/bad_server.h"
#include "host/testing/in_child.h"
#include "host/testing/postgres_server.h"

namespace postflight::host {
namespace {

using testing::BadServer;
using testing::Behaviour;
using testing::PostgresServer;
using namespace std::chrono_literals;

PostgresAddress on_port(std::uint16_t port) {
  return {.host = "127.0.0.1", .port = port};
}

class PostgresClientTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (PostgresServer::installed()) server_ = std::make_unique<PostgresServer>();
  }
  static void TearDownTestSuite() { server_.reset(); }
  void SetUp() override {
    if (!server_) GTEST_SKIP() << "no PostgreSQL server is installed";
  }
  PostgresServer& server() { return *server_; }
  PostgresAddress by_socket() { return {.host = server().folder(), .port = server().port()}; }

  static inline std::unique_ptr<PostgresServer> server_;
};

TEST_F(PostgresClientTest, AsksAndReads) {
  auto client = PostgresClient::connect(by_socket(), Deadline{5s});
  ASSERT_TRUE(client) << client.error().what;
  EXPECT_GE(client->server_version_num(), 130000);
  EXPECT_EQ(client->endpoint(), server().folder() + "/.s.PGSQL." + std::to_string(server().port()));
  const std::vector<std::string> params = {"7", "o'clock"};
  const auto rows = client->query("select $1::int + 1 as n, $2::text as t, null as nothing", params,
                                  Deadline{5s});
  ASSERT_TRUE(rows) << rows.error().what;
  ASSERT_EQ(rows->rows.size(), 1u);
  EXPECT_EQ(*rows->value(0, "n"), "8");
  EXPECT_EQ(*rows->value(0, "t"), "o'clock");
  EXPECT_EQ(rows->value(0, "nothing"), nullptr);
  EXPECT_EQ(rows->value(0, "no such column"), nullptr);
  EXPECT_EQ(rows->value(1, "n"), nullptr);
}

TEST_F(PostgresClientTest, ReadsNoMoreThanItWasAskedFor) {
  auto client = PostgresClient::connect(by_socket(), Deadline{5s});
  ASSERT_TRUE(client) << client.error().what;
  const auto rows = client->query("select generate_series(1, 5000) as n", {}, Deadline{5s}, 10);
  ASSERT_TRUE(rows) << rows.error().what;
  EXPECT_EQ(rows->rows.size(), 10u);
  EXPECT_TRUE(rows->truncated);
  const auto large =
      client->query("select repeat('x', 1 << 20) from generate_series(1, 64)", Deadline{10s});
  ASSERT_TRUE(large) << large.error().what;
  EXPECT_TRUE(large->truncated);
  EXPECT_EQ(large->rows.size(), 8u);
  EXPECT_TRUE(client->query("select 1", Deadline{5s}));
}

TEST_F(PostgresClientTest, CannotWrite) {
  auto client = PostgresClient::connect(by_socket(), Deadline{5s});
  ASSERT_TRUE(client) << client.error().what;
  const auto refused = client->query("create table t()", Deadline{5s});
  ASSERT_FALSE(refused);
  EXPECT_EQ(client->last_sqlstate(), "25006");
  const auto settings = client->query(
      "select name, setting from pg_settings where name in ('lock_timeout', 'search_path', "
      "'application_name', 'default_transaction_read_only') order by 1",
      Deadline{5s});
  ASSERT_TRUE(settings) << settings.error().what;
  EXPECT_EQ(*settings->value(0, "setting"), "postflight");
  EXPECT_EQ(*settings->value(1, "setting"), "on");
  EXPECT_EQ(*settings->value(2, "setting"), "500");
  EXPECT_EQ(*settings->value(3, "setting"), "pg_catalog");
}

TEST_F(PostgresClientTest, TellsWhyItWasRefused) {
  server().sql("create role outsider login password 'right'");
  PostgresAddress outsider = by_socket();
  outsider.user = "outsider";
  auto client = PostgresClient::connect(outsider, Deadline{5s});
  ASSERT_TRUE(client) << client.error().what;
  const auto denied = client->query("select * from pg_authid", Deadline{5s});
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, Errc::kDenied);
  EXPECT_NE(denied.error().what.find("SQLSTATE 42501"), std::string::npos) << denied.error().what;
  EXPECT_NE(denied.error().what.find("pg_monitor"), std::string::npos) << denied.error().what;

  const auto unsupported = client->query("select no_such_function()", Deadline{5s});
  ASSERT_FALSE(unsupported);
  EXPECT_EQ(unsupported.error().code, Errc::kUnsupported);
  EXPECT_TRUE(client->query("select 1", Deadline{5s})) << "a refusal does not end the session";

  outsider.host = "127.0.0.1";
  const auto without = PostgresClient::connect(outsider, Deadline{5s});
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().code, Errc::kDenied) << without.error().what;
  outsider.password = Secret{"wrong"};
  const auto wrong = PostgresClient::connect(outsider, Deadline{5s});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Errc::kDenied) << wrong.error().what;
  EXPECT_NE(wrong.error().what.find("28P01"), std::string::npos) << wrong.error().what;
  outsider.password = Secret{"right"};
  EXPECT_TRUE(PostgresClient::connect(outsider, Deadline{5s}));

  PostgresAddress elsewhere = by_socket();
  elsewhere.database = "elsewhere";
  EXPECT_EQ(PostgresClient::connect(elsewhere, Deadline{5s}).error().code, Errc::kNotFound);
  server().sql("drop role outsider");
}

TEST_F(PostgresClientTest, WaitsNoLongerThanItsDeadline) {
  auto client = PostgresClient::connect(by_socket(), Deadline{5s});
  ASSERT_TRUE(client) << client.error().what;
  const auto before = MonotonicClock::now();
  const auto late = client->query("select pg_sleep(3)", Deadline{300ms});
  EXPECT_LT(MonotonicClock::now() - before, 800ms);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::kTimeout);
  EXPECT_FALSE(client->usable());
  EXPECT_EQ(client->query("select 1", Deadline{5s}).error().code, Errc::kTimeout);

  auto other = PostgresClient::connect(by_socket(), Deadline{400ms});
  ASSERT_TRUE(other) << other.error().what;
  const auto statement = other->query("select pg_sleep(3)", Deadline{5s});
  ASSERT_FALSE(statement) << "the server itself ends what outlives the first deadline";
  EXPECT_EQ(statement.error().code, Errc::kTimeout);
  EXPECT_EQ(other->last_sqlstate(), "57014");
}

TEST_F(PostgresClientTest, DoesNotHangOnAStoppedServer) {
  auto client = PostgresClient::connect(by_socket(), Deadline{5s});
  ASSERT_TRUE(client);
  ::kill(server().pid(), SIGSTOP);
  const auto before = MonotonicClock::now();
  const auto stopped = PostgresClient::connect(by_socket(), Deadline{300ms});
  ::kill(server().pid(), SIGCONT);
  EXPECT_LT(MonotonicClock::now() - before, 800ms);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Errc::kTimeout) << stopped.error().what;
}

/// Lets the owner of the data directory in by peer, as `peered`, and nobody else.
void allow_only_peer(const PostgresServer& server) {
  server.sql("create role peered superuser login");
  server.sql("copy (select 'local all all peer map=owner') to '" + server.data() + "/pg_hba.conf'");
  server.append("pg_ident.conf", "owner postgres peered\n");
}

TEST(PostgresClientAlone, ComesAsTheOwnerAndGoesBack) {
  if (::geteuid() != 0 || !PostgresServer::installed()) GTEST_SKIP() << "needs root and a server";
  PostgresServer server;
  allow_only_peer(server);
  server.stop();
  server.start_unasked();
  const auto owner = owner_of(server.data());
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->uid, ::getpwnam("postgres")->pw_uid);
  PostgresAddress address{.host = server.folder(), .port = server.port(), .user = "peered"};
  Result<PostgresClient> client = fail(Errc::kUnreachable, "");
  for (const Deadline patience{10s}; !patience.passed();) {
    client = PostgresClient::connect(address, Deadline{5s});
    if (client || client.error().code != Errc::kUnreachable) break;
  }
  ASSERT_FALSE(client) << "root is not the owner";
  EXPECT_EQ(client.error().code, Errc::kDenied) << client.error().what;
  const std::string outcome = testing::in_child([&]() -> std::string {
    address.become = *owner;
    auto peer = PostgresClient::connect(address, Deadline{5s});
    if (!peer) return peer.error().what;
    if (::geteuid() != 0 || ::getegid() != 0) return "did not go back";
    const auto rows = peer->query("select current_user", Deadline{5s});
    return rows ? *rows->value(0, "current_user") : rows.error().what;
  });
  EXPECT_EQ(outcome, "peered");
}

TEST(PostgresClientAlone, TellsThatNobodyListens) {
  const testing::RefusedPort port;
  const auto client = PostgresClient::connect(on_port(port.port()), Deadline{2s});
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, Errc::kUnreachable) << client.error().what;
  const auto no_socket =
      PostgresClient::connect({.host = "/nonexistent/folder", .port = 1}, Deadline{2s});
  ASSERT_FALSE(no_socket);
  EXPECT_EQ(no_socket.error().code, Errc::kNotFound) << no_socket.error().what;
  const testing::TempFolder empty;
  const auto no_file = PostgresClient::connect({.host = empty.path(), .port = 1}, Deadline{2s});
  ASSERT_FALSE(no_file);
  EXPECT_EQ(no_file.error().code, Errc::kUnreachable) << no_file.error().what;
  EXPECT_NE(no_file.error().what.find(empty.path() + "/.s.PGSQL.1"), std::string::npos)
      << no_file.error().what;
}

Errc error_of(const Behaviour& behaviour) {
  BadServer server{behaviour};
  const auto before = MonotonicClock::now();
  const auto client = PostgresClient::connect(on_port(server.port()), Deadline{400ms});
  EXPECT_LT(MonotonicClock::now() - before, 900ms);
  EXPECT_FALSE(client);
  return client ? Errc::kNotFound : client.error().code;
}

TEST(PostgresClientAlone, EndsInTimeWhateverComes) {
  EXPECT_EQ(error_of(Behaviour::silent_accept()), Errc::kTimeout);
  EXPECT_EQ(error_of(Behaviour::drip("N")), Errc::kTimeout);
  EXPECT_EQ(error_of(Behaviour::fixed("S")), Errc::kTimeout);
  EXPECT_EQ(error_of(Behaviour::garbage()), Errc::kMalformed);
  EXPECT_EQ(error_of(Behaviour::fixed_and_close("HTTP/1.1 400 Bad Request\r\n\r\n")),
            Errc::kMalformed);
  EXPECT_EQ(error_of(Behaviour::endless("R", "N")), Errc::kMalformed);
  EXPECT_EQ(error_of(Behaviour::endless("x", std::string("NR\0\0\x75\x30\0\0\0\x0a", 10))),
            Errc::kMalformed);
  EXPECT_EQ(error_of(Behaviour::close_at_once()), Errc::kUnreachable);
  EXPECT_EQ(error_of(Behaviour::reset()), Errc::kUnreachable);
}

}  // namespace
}  // namespace postflight::host
