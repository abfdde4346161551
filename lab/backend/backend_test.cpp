// SPDX-License-Identifier: Apache-2.0
// The backend on a good day: what it answers, what it logs, how it starts and ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/testing/bad_server.h"
#include "testing/advakod_stack.h"

namespace postflight::lab::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

using Backend = AdvakodStack;

std::vector<int> ids_in(const HttpAnswer& answer) {
  std::vector<int> ids;
  const Json list = Json::parse(answer.body);
  for (const Json& item : list.at("items")) ids.push_back(item.at("id"));
  return ids;
}

TEST_F(Backend, HealthCountsTheUsers) {
  const HttpAnswer three = backend().get("/api/v1/health");
  EXPECT_EQ(three.status, 200);
  EXPECT_EQ(three.body, R"({"status":"healthy","users":3})");
  EXPECT_EQ(three.header("content-type"), "application/json");
  value("insert into users(email) values ('new@example.org')");
  EXPECT_EQ(backend().get("/api/v1/health").body, R"({"status":"healthy","users":4})");
}

TEST_F(Backend, HeadIsGetWithoutTheBody) {
  const HttpAnswer head = backend().call("HEAD", "/api/v1/health");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.header("content-length"), "30");
  EXPECT_EQ(backend().call("HEAD", "/health").status, 404);
}

TEST_F(Backend, HealthOpensAConnectionEachTimeAndListsDoNot) {
  ASSERT_EQ(backend().get("/api/v1/users").status, 200);
  ASSERT_TRUE(eventually([] { return sessions() >= 1; }));
  const int before = logins();
  for (int i = 0; i < 5; ++i) ASSERT_EQ(backend().get("/api/v1/users").status, 200);
  EXPECT_LE(logins(), before + 1);  // the second place of the pool may have opened
  const int between = logins();
  for (int i = 0; i < 5; ++i) ASSERT_EQ(backend().get("/api/v1/health").status, 200);
  EXPECT_EQ(logins(), between + 5);
  EXPECT_TRUE(eventually([] { return sessions() >= 1 && sessions() <= 2; }));
}

TEST_F(Backend, HoldsAConnectionBeforeAnybodyAsks) {
  backend();
  EXPECT_TRUE(eventually([] { return sessions() == 1; }));
}

TEST_F(Backend, UnknownPathsAreNotFound) {
  for (const char* path : {"/health", "/", "/api/v1/health/", "/api/v1/passwords", "/api/v1"}) {
    const HttpAnswer answer = backend().get(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.body, R"({"detail":"Not Found"})") << path;
  }
  EXPECT_EQ(backend().call("POST", "/health", "{}").status, 404);
  EXPECT_EQ(backend().get("/" + std::string(8000, 'x')).status, 404);
}

TEST_F(Backend, WrongMethodsAreNotAllowed) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"}) {
    const HttpAnswer answer = backend().call(method, "/api/v1/health");
    EXPECT_EQ(answer.status, 405) << method;
    EXPECT_EQ(answer.body, R"({"detail":"Method Not Allowed"})") << method;
    EXPECT_EQ(answer.header("allow"), "GET, HEAD") << method;
    EXPECT_LT(answer.seconds, 1) << method;  // a request without a length has no body to wait for
  }
  EXPECT_EQ(backend().call("POST", "/api/v1/health", "{}").status, 405);
  const HttpAnswer load = backend().call("DELETE", "/api/v1/load");
  EXPECT_EQ(load.status, 405);
  EXPECT_EQ(load.header("allow"), "GET, HEAD, POST");
}

TEST_F(Backend, ListsShowWholeRowsAndTheTotal) {
  const std::vector<std::pair<std::string, int>> expected = {{"users", 3},
                                                             {"chat_sessions", 2},
                                                             {"chat_messages", 30},
                                                             {"ab_tests", 3},
                                                             {"audit_logs", 0}};
  for (const auto& [table, total] : expected) {
    const HttpAnswer answer = backend().get("/api/v1/" + table);
    ASSERT_EQ(answer.status, 200) << table << answer.body;
    const Json list = Json::parse(answer.body);
    EXPECT_EQ(list.at("total"), total) << table;
    EXPECT_EQ(list.at("items").size(), std::min(total, 20)) << table;
  }
  const Json messages = Json::parse(backend().get("/api/v1/chat_messages").body);
  EXPECT_EQ(messages["items"][0], (Json{{"id", 1}, {"session_id", 2}, {"body", "сообщение 1"}}));
}

TEST_F(Backend, ListsObeyLimitAndAfter) {
  EXPECT_EQ(ids_in(backend().get("/api/v1/chat_messages?limit=2")), (std::vector{1, 2}));
  const HttpAnswer page = backend().get("/api/v1/chat_messages?limit=3&after=10");
  EXPECT_EQ(ids_in(page), (std::vector{11, 12, 13}));
  EXPECT_EQ(Json::parse(page.body)["total"], 30);
  EXPECT_EQ(ids_in(backend().get("/api/v1/chat_messages?after=28")), (std::vector{29, 30}));
  EXPECT_EQ(ids_in(backend().get("/api/v1/chat_messages?after=30")), std::vector<int>{});
  EXPECT_EQ(ids_in(backend().get("/api/v1/chat_messages?limit=100")).size(), 30);
  EXPECT_EQ(backend().get("/api/v1/users?after=9223372036854775807").status, 200);
}

TEST_F(Backend, ListsRefuseWrongParameters) {
  for (const char* query : {"limit=0", "limit=101", "limit=-1", "limit=", "limit=ten", "limit=5.0",
                            "limit=+5", "limit=99999999999999999999", "after=-1", "after=x",
                            "after=1;drop%20table%20users", "after=9223372036854775808"}) {
    const HttpAnswer answer = backend().get(std::string("/api/v1/users?") + query);
    EXPECT_EQ(answer.status, 422) << query;
    EXPECT_THAT(answer.body, ContainsRegex("^\\{\"detail\":\"(limit|after) must be")) << query;
  }
}

TEST_F(Backend, CountsRequestsInRedis) {
  const auto counted = [&](const char* number) {
    return redis().wait_for({"-a", kRedisPassword, "-n", "1", "GET", "advakod:requests"}, number);
  };
  ASSERT_EQ(backend().get("/api/v1/health").status, 200);
  EXPECT_TRUE(counted("1"));
  ASSERT_EQ(backend().get("/nothing").status, 404);
  EXPECT_TRUE(counted("2"));
  EXPECT_EQ(backend().get("/api/v1/cache").body, R"({"status":"ok","requests":3})");
  EXPECT_TRUE(counted("3"));
}

TEST_F(Backend, LogsEachRequestOnALine) {
  backend().get("/api/v1/users?limit=2");
  backend().call("POST", "/x\"y\\z");
  const auto says = [&](const char* pattern) {
    return eventually(
        [&] { return ::testing::Matches(ContainsRegex(pattern))(backend().output()); });
  };
  EXPECT_TRUE(
      says("\nINFO:     127\\.0\\.0\\.1:[0-9]+ - \"GET /api/v1/users\\?limit=2 HTTP/1\\.1\" "
           "200 OK\n"));
  EXPECT_TRUE(says("\"POST /x%22y%5Cz HTTP/1\\.1\" 404 Not Found\n")) << backend().output();
}

TEST_F(Backend, SaysWhereItListensAndWhatItUses) {
  environment["QDRANT_URL"] = "http://user:qdrant-s3cret@qdrant.example:6333/x";
  EXPECT_THAT(backend().output(), HasSubstr("INFO:     advakod backend listening on 0.0.0.0:" +
                                            std::to_string(backend().port()) + "\n"));
  EXPECT_THAT(backend().output(), HasSubstr("vectors qdrant.example:6333\n"));
  EXPECT_THAT(backend().output(), HasSubstr(":" + std::to_string(redis().port()) + "/1"));
  EXPECT_THAT(backend().output(), Not(HasSubstr("s3cret")));
}

TEST_F(Backend, EndsWithinASecondAndInPeace) {
  for (const char* signal : {"TERM", "INT"}) {
    const auto ended = host::testing::run_command(
        {"timeout", "--preserve-status", "-k", "1", "-s", signal, "1", "env",
         "DATABASE_URL=" + database_url(), "PORT=0", PF_LAB_BACKEND});
    EXPECT_EQ(ended.exit_code, 0) << signal;
    EXPECT_THAT(ended.out, HasSubstr("listening")) << signal;
  }
  ASSERT_EQ(backend().get("/api/v1/health").status, 200);
  ::kill(backend().pid(), SIGTERM);
  EXPECT_TRUE(eventually([&] { return !backend().running(); }, Duration{1000}));
}

TEST(BackendSettings, WithoutDatabaseItExitsWithConfig) {
  const auto missing = run_backend({});
  EXPECT_EQ(missing.exit_code, 78);
  EXPECT_EQ(missing.err, "advakod_backend: DATABASE_URL is not set\n");
  EXPECT_EQ(missing.out, "");
  EXPECT_EQ(run_backend({{"DATABASE_URL", ""}}).exit_code, 78);
}

TEST(BackendSettings, RefusesWhatItCannotReadWithoutQuotingIt) {
  const std::string good = "postgresql://u:s3cret@h/d";
  const std::vector<Environment> wrong = {
      {{"DATABASE_URL", "mysql://u:s3cret@h/d"}},
      {{"DATABASE_URL", "postgresql://u:s3cret%zz@h/d"}},
      {{"DATABASE_URL", good + "?s3cret"}},
      {{"DATABASE_URL", good}, {"REDIS_URL", "s3cret"}},
      {{"DATABASE_URL", good}, {"REDIS_URL", "redis://:s3cret@h:port/0"}},
      {{"DATABASE_URL", good}, {"REDIS_URL", "redis://:s3cret@h/zero"}},
      {{"DATABASE_URL", good}, {"PORT", "s3cret"}},
      {{"DATABASE_URL", good}, {"PORT", "65536"}},
      {{"DATABASE_URL", good}, {"LOAD_RATE", "1001"}},
  };
  for (const Environment& environment : wrong) {
    const auto output = run_backend(environment);
    EXPECT_EQ(output.exit_code, 78) << environment.rbegin()->second;
    EXPECT_THAT(output.err, ContainsRegex("^advakod_backend: [A-Z_]+ [^\n]+\n$"));
    EXPECT_THAT(output.out + output.err, Not(HasSubstr("s3cret")));
  }
}

TEST(BackendSettings, ExitsWhereThePortIsTaken) {
  const auto taken = host::testing::listen_on("127.0.0.1");
  const auto output = run_backend(
      {{"DATABASE_URL", "postgresql://u@127.0.0.1/d"}, {"PORT", std::to_string(taken.port)}});
  EXPECT_EQ(output.exit_code, 1);
  EXPECT_THAT(output.err, HasSubstr("cannot listen on 0.0.0.0:" + std::to_string(taken.port)));
}

}  // namespace
}  // namespace postflight::lab::testing
