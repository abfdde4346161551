// SPDX-License-Identifier: Apache-2.0
// The load that can be switched on: what it writes, what it leaves alone, how it ends.
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "testing/advakod_stack.h"

namespace postflight::lab::testing {
namespace {

using Json = nlohmann::json;

class BackendLoad : public AdvakodStack {
 protected:
  HttpAnswer set_rate(int rate) {
    return backend().call("POST", "/api/v1/load", Json{{"rate", rate}}.dump());
  }
  Json load() { return Json::parse(backend().get("/api/v1/load").body); }
  static int audit_logs() { return std::stoi(value("select count(*) from audit_logs")); }
  /// Of all that the load must leave alone.
  static std::string digest() {
    return value(
        "select md5(string_agg(t::text, '|' order by t::text)) from (select row_to_json(m)::text "
        "from "
        "(select * from chat_messages order by id) m union all select row_to_json(s)::text from "
        "(select * from chat_sessions order by id) s union all select row_to_json(u)::text from "
        "(select * from users order by id) u) t");
  }
};

TEST_F(BackendLoad, IsOffUnlessAskedFor) {
  EXPECT_EQ(backend().get("/api/v1/load").body, R"({"rate":0,"done":0,"failed":0})");
  EXPECT_EQ(audit_logs(), 0);
}

TEST_F(BackendLoad, WritesAuditLogsAndLeavesTheRestAlone) {
  const std::string before = digest();
  const HttpAnswer on = set_rate(100);
  EXPECT_EQ(on.status, 200);
  EXPECT_EQ(Json::parse(on.body)["rate"], 100);
  ASSERT_TRUE(eventually([] { return audit_logs() >= 20; }));
  EXPECT_EQ(set_rate(0).status, 200);
  // Off means off: the connection is closed, and nothing is written any more.
  ASSERT_TRUE(eventually([] { return sessions() <= 1; }));
  const int written = audit_logs();
  const Json counts = load();
  std::this_thread::sleep_for(std::chrono::milliseconds{300});
  EXPECT_EQ(audit_logs(), written);
  EXPECT_EQ(load(), counts);
  EXPECT_EQ(counts["rate"], 0);
  EXPECT_EQ(counts["failed"], 0);
  // Every second statement is one that writes.
  EXPECT_NEAR(counts["done"].get<int>(), 2 * written, 1);
  EXPECT_EQ(digest(), before);
}

TEST_F(BackendLoad, KeepsItsRate) {
  environment["LOAD_RATE"] = "40";
  ASSERT_TRUE(eventually([&] { return load()["done"].get<int>() > 0; }));
  const int before = load()["done"];
  const auto begin = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(std::chrono::seconds{2});
  const int done = load()["done"].get<int>() - before;
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
  EXPECT_GT(done, 20 * passed.count());
  EXPECT_LT(done, 50 * passed.count() + 5);
}

TEST_F(BackendLoad, ANewRateAppliesAtOnce) {
  set_rate(1);
  ASSERT_TRUE(eventually([&] { return load()["done"].get<int>() >= 1; }));
  set_rate(500);
  EXPECT_TRUE(eventually([&] { return load()["done"].get<int>() >= 100; }, Duration{3000}));
}

TEST_F(BackendLoad, RefusesWhatIsNoRate) {
  for (const char* body : {R"({"rate":-1})", R"({"rate":1001})", R"({"rate":"5"})",
                           R"({"rate":1.5})", R"({"rate":true})", R"({"rate":null})",
                           R"({"rate":18446744073709551615})", R"({})", "[]", "5", "{", "rate=5"}) {
    const HttpAnswer answer = backend().call("POST", "/api/v1/load", body);
    EXPECT_EQ(answer.status, 422) << body;
    EXPECT_EQ(answer.body, R"({"detail":"rate must be a whole number from 0 to 1000"})") << body;
  }
  EXPECT_EQ(backend().call("POST", "/api/v1/load").status, 422);
  EXPECT_EQ(load()["rate"], 0);
}

TEST_F(BackendLoad, RefusesAnEndlessBody) {
  const HttpAnswer answer =
      backend().call("POST", "/api/v1/load", "{\"rate\":" + std::string(100'000, ' ') + "1}");
  EXPECT_EQ(answer.status, 413) << answer.body;
  EXPECT_EQ(load()["rate"], 0);
}

TEST_F(BackendLoad, SurvivesARestartOfTheDatabase) {
  set_rate(50);
  ASSERT_TRUE(eventually([&] { return load()["done"].get<int>() > 5; }));
  postgres().stop();
  ASSERT_TRUE(eventually([&] { return load()["failed"].get<int>() > 0; }));
  // It tries once a second, and does not count up at the rate of the load.
  const int failed = load()["failed"];
  std::this_thread::sleep_for(std::chrono::milliseconds{1500});
  EXPECT_LE(load()["failed"].get<int>(), failed + 3);
  postgres().start();
  const int done = load()["done"];
  EXPECT_TRUE(eventually([&] { return load()["done"].get<int>() > done + 5; }));
}

TEST_F(BackendLoad, GoesOnWithoutRedisAndCountsThereOtherwise) {
  set_rate(100);
  ASSERT_TRUE(redis().wait_for({"-a", kRedisPassword, "-n", "1", "GET", "advakod:load"}, "1"));
  redis_.reset();
  const int done = load()["done"];
  EXPECT_TRUE(eventually([&] { return load()["done"].get<int>() > done + 50; }, Duration{5000}));
  EXPECT_EQ(load()["failed"], 0);
}

TEST_F(BackendLoad, CountsStatementsThatFail) {
  value("revoke insert on audit_logs from advakod");
  set_rate(100);
  EXPECT_TRUE(eventually([&] {
    const Json counts = load();
    return counts["failed"].get<int>() > 5 && counts["done"].get<int>() > 5;
  }));
  EXPECT_EQ(audit_logs(), 0);
}

}  // namespace
}  // namespace postflight::lab::testing
