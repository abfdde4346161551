// SPDX-License-Identifier: Apache-2.0
// The backend on bad days: its servers are gone, locked, frozen or refuse it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <future>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/testing/bad_server.h"
#include "testing/advakod_stack.h"

namespace postflight::lab::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

/// Holds a process still for as long as the object lives.
class Frozen {
 public:
  explicit Frozen(pid_t pid) : pid_(pid) { ::kill(pid_, SIGSTOP); }
  ~Frozen() { ::kill(pid_, SIGCONT); }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

 private:
  pid_t pid_;
};

class BackendFaults : public AdvakodStack {
 protected:
  /// Asks for health in threads of their own.
  std::vector<std::future<HttpAnswer>> ask_for_health(int times) {
    std::vector<std::future<HttpAnswer>> answers;
    for (int i = 0; i < times; ++i) {
      answers.push_back(
          std::async(std::launch::async, [this] { return backend().get("/api/v1/health"); }));
    }
    return answers;
  }

  /// Expects 503 in the contract's form and returns the error text.
  static std::string error_of(const HttpAnswer& answer) {
    EXPECT_EQ(answer.status, 503) << answer.body;
    const Json body = Json::parse(answer.body, nullptr, false);
    EXPECT_EQ(body.value("status", ""), "unhealthy");
    EXPECT_THAT(answer.body, Not(HasSubstr("s3cret")));
    const std::string error = body.value("error", "");
    EXPECT_FALSE(error.empty() || error.ends_with('\n') || error.starts_with(' ')) << error;
    return error;
  }

  std::string health_error() { return error_of(backend().get("/api/v1/health")); }
};

/// An exclusive lock on users, taken by another client until release() or the end.
class UsersLock {
 public:
  explicit UsersLock(PostgresServer& server)
      : server_(server),
        holder_(server.psql("begin; lock table users; select pg_sleep(60)", "advakod")) {
    EXPECT_TRUE(eventually([&] { return held() == "1"; }));
  }
  ~UsersLock() { release(); }
  void release() {
    server_.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity where query like 'begin; %'");
    EXPECT_TRUE(eventually([&] { return held() == "0"; }));
  }

 private:
  std::string held() const {
    return server_.sql(
        "select count(*) from pg_locks where granted and mode = 'AccessExclusiveLock' "
        "and relation = 'users'::regclass",
        "advakod");
  }
  PostgresServer& server_;
  host::testing::ChildProcess holder_;
};

TEST_F(BackendFaults, HealthQuotesTheServer) {
  ASSERT_EQ(backend().get("/api/v1/health").status, 200);
  value("alter table users rename to people");
  EXPECT_EQ(health_error(), "ERROR:  relation \"users\" does not exist at character 22");
  value("alter table people rename to users");
  value("revoke select on users from advakod");
  EXPECT_EQ(health_error(), "ERROR:  permission denied for table users");
  postgres().sql("drop database advakod with (force)");
  EXPECT_THAT(health_error(), HasSubstr("FATAL:  database \"advakod\" does not exist"));
}

TEST_F(BackendFaults, HealthFailsWhereNobodyCanLogInAnyMoreAndListsGoOn) {
  ASSERT_EQ(backend().get("/api/v1/users").status, 200);
  postgres().sql("alter role advakod password 'another'");
  EXPECT_THAT(health_error(),
              HasSubstr("FATAL:  password authentication failed for user \"advakod\""));
  EXPECT_EQ(backend().get("/api/v1/users").status, 200);
}

TEST_F(BackendFaults, HealthNamesAMissingRole) {
  environment["DATABASE_URL"] = "postgresql://gone:pg-s3cret@/advakod?host=" + postgres().folder() +
                                "&port=" + std::to_string(postgres().port());
  EXPECT_THAT(health_error(), HasSubstr("FATAL:  role \"gone\" does not exist"));
  EXPECT_THAT(error_of(backend().get("/api/v1/users")), HasSubstr("role \"gone\""));
}

TEST_F(BackendFaults, SurvivesARestartOfTheDatabase) {
  ASSERT_EQ(backend().get("/api/v1/users").status, 200);
  postgres().stop();
  EXPECT_THAT(health_error(), HasSubstr("Connection refused"));
  EXPECT_THAT(error_of(backend().get("/api/v1/users")), HasSubstr("Connection refused"));
  EXPECT_EQ(backend().get("/api/v1/cache").status, 200);
  postgres().start();
  EXPECT_EQ(backend().get("/api/v1/health").status, 200);
  EXPECT_EQ(backend().get("/api/v1/users").status, 200);
}

TEST_F(BackendFaults, ARestartBetweenTwoRequestsIsNotNoticed) {
  ASSERT_EQ(backend().get("/api/v1/users").status, 200);
  postgres().stop();
  postgres().start();
  EXPECT_EQ(backend().get("/api/v1/users").status, 200);
}

TEST_F(BackendFaults, OpensItsConnectionAnewWithoutBeingAsked) {
  backend();
  ASSERT_TRUE(eventually([] { return sessions() == 1; }));
  postgres().stop();
  postgres().start();
  EXPECT_TRUE(eventually([] { return sessions() == 1; }, Duration{15'000}));
}

TEST_F(BackendFaults, ALockedTableHangsHealthAndNothingElse) {
  ASSERT_EQ(backend().get("/api/v1/health").status, 200);
  UsersLock lock{postgres()};
  auto hanging = ask_for_health(30);
  ASSERT_TRUE(eventually([] { return sessions() >= 30; }));
  for (const char* path : {"/api/v1/chat_messages", "/api/v1/cache", "/api/v1/load", "/health"}) {
    const HttpAnswer answer = backend().get(path);
    EXPECT_NE(answer.status, 0) << path;
    EXPECT_LT(answer.seconds, 1) << path;
  }
  for (auto& answer : hanging) {
    EXPECT_EQ(answer.wait_for(std::chrono::seconds{0}), std::future_status::timeout);
  }
  lock.release();
  for (auto& answer : hanging) EXPECT_EQ(answer.get().status, 200);
}

TEST_F(BackendFaults, ALockThatStaysEndsHealthByTheStatementTimeout) {
  backend();
  const UsersLock lock{postgres()};
  const HttpAnswer answer = backend().get("/api/v1/health");
  EXPECT_EQ(error_of(answer), "ERROR:  canceling statement due to statement timeout");
  EXPECT_GT(answer.seconds, 9);
  EXPECT_LT(answer.seconds, 12);
}

TEST_F(BackendFaults, EndsWithinASecondThoughARequestHangs) {
  backend();
  const UsersLock lock{postgres()};
  auto hanging = ask_for_health(2);
  ASSERT_TRUE(eventually([] { return sessions() >= 2; }));
  ::kill(backend().pid(), SIGTERM);
  EXPECT_TRUE(eventually([&] { return !backend().running(); }, Duration{1000}));
  for (auto& answer : hanging) EXPECT_EQ(answer.get().status, 0);
}

TEST_F(BackendFaults, AFrozenServerProcessCostsOneAnswerAndOneConnection) {
  backend();
  ASSERT_TRUE(eventually([] { return sessions() == 1; }));
  const Frozen server{
      std::stoi(postgres().sql("select pid from pg_stat_activity where usename = 'advakod'"))};
  const HttpAnswer late = backend().get("/api/v1/users");
  EXPECT_EQ(error_of(late), "no answer from the server within 12 s");
  EXPECT_LT(late.seconds, 14);
  EXPECT_EQ(backend().get("/api/v1/users").status, 200);
}

TEST_F(BackendFaults, RedisAwayStopsTheCacheAlone) {
  ASSERT_EQ(backend().get("/api/v1/cache").status, 200);
  redis_.reset();
  EXPECT_THAT(error_of(backend().get("/api/v1/cache")), HasSubstr("Connection refused"));
  for (int i = 0; i < 3; ++i) {
    const HttpAnswer list = backend().get("/api/v1/users");
    EXPECT_EQ(list.status, 200);
    EXPECT_LT(list.seconds, 1);
  }
  EXPECT_EQ(backend().get("/api/v1/health").status, 200);
}

TEST_F(BackendFaults, AFrozenRedisDelaysNobodyElse) {
  ASSERT_EQ(backend().get("/api/v1/cache").status, 200);
  {
    const Frozen server{redis().pid()};
    // Five requests over one connection: at most one of them pays for the counting.
    HttpConnection one{backend().port()};
    double seconds = 0;
    for (int i = 0; i < 5; ++i) {
      const HttpAnswer answer = one.ask({.path = "/api/v1/users"});
      EXPECT_EQ(answer.status, 200);
      seconds += answer.seconds;
    }
    EXPECT_EQ(one.connects(), 1);
    EXPECT_LT(seconds, 5);
    for (int i = 0; i < 5; ++i) EXPECT_LT(backend().get("/api/v1/users").seconds, 1);
    const HttpAnswer cache = backend().get("/api/v1/cache");
    EXPECT_EQ(error_of(cache), "no answer from Redis within 2 s");
    EXPECT_LT(cache.seconds, 7);
  }
  EXPECT_EQ(backend().get("/api/v1/cache").status, 200);
}

TEST_F(BackendFaults, TheCacheComesBackAfterItsConnectionWasCut) {
  ASSERT_EQ(backend().get("/api/v1/cache").status, 200);
  redis().cli({"-a", kRedisPassword, "CLIENT", "KILL", "TYPE", "normal"});
  EXPECT_EQ(backend().get("/api/v1/cache").status, 200);
}

TEST_F(BackendFaults, TheCacheQuotesRedis) {
  ASSERT_EQ(backend().get("/api/v1/cache").status, 200);
  redis().cli({"-a", kRedisPassword, "REPLICAOF", "127.0.0.1", "1"});
  EXPECT_EQ(error_of(backend().get("/api/v1/cache")),
            "READONLY You can't write against a read only replica.");
  redis().cli({"-a", kRedisPassword, "REPLICAOF", "NO", "ONE"});
  EXPECT_EQ(backend().get("/api/v1/cache").status, 200);
}

TEST_F(BackendFaults, TheCacheSaysWhatIsWrongWithItsLogin) {
  environment["REDIS_URL"] = "redis://:s3cret@127.0.0.1:" + std::to_string(redis().port()) + "/0";
  EXPECT_THAT(error_of(backend().get("/api/v1/cache")), HasSubstr("WRONGPASS"));
  EXPECT_THAT(error_of(backend().get("/api/v1/cache")), HasSubstr("WRONGPASS"));
}

TEST_F(BackendFaults, WithoutRedisUrlTheRestWorks) {
  environment.erase("REDIS_URL");
  EXPECT_EQ(error_of(backend().get("/api/v1/cache")), "REDIS_URL is not set");
  EXPECT_EQ(backend().get("/api/v1/health").status, 200);
}

/// An unescaped '@' ends the password for libpq, and the rest of it becomes the host's name.
TEST_F(BackendFaults, NoPieceOfABadlyWrittenPasswordIsShown) {
  environment["DATABASE_URL"] = "postgresql://advakod:pg@s3cret@postgres.invalid/advakod";
  EXPECT_THAT(health_error(), HasSubstr("***@postgres.invalid"));
  EXPECT_THAT(backend().output(), Not(HasSubstr("s3cret")));
  EXPECT_THAT(backend().output(), HasSubstr("INFO:     database ***@postgres.invalid:5432"));
}

TEST_F(BackendFaults, NoPasswordIsShownWhateverHappens) {
  std::string seen;
  const auto ask_everything = [&] {
    for (const char* path : {"/api/v1/health", "/api/v1/users", "/api/v1/cache", "/api/v1/load",
                             "/", "/api/v1/users?limit=x"}) {
      const HttpAnswer answer = backend().get(path);
      seen += answer.body;
      for (const auto& [name, value] : answer.headers) seen += name + value;
    }
  };
  ask_everything();
  postgres().sql("alter role advakod password 'another'");
  redis().cli({"-a", kRedisPassword, "CONFIG", "SET", "requirepass", "another"});
  redis().cli({"-a", "another", "CLIENT", "KILL", "TYPE", "normal"});
  ask_everything();
  postgres().stop();
  redis_.reset();
  ask_everything();
  EXPECT_THAT(seen, HasSubstr("WRONGPASS"));
  EXPECT_THAT(seen, HasSubstr("Connection refused"));
  EXPECT_THAT(seen + backend().output(), Not(HasSubstr("s3cret")));
}

}  // namespace
}  // namespace postflight::lab::testing
