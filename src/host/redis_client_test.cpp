// SPDX-License-Identifier: Apache-2.0
// RESP as the manual writes it, as nobody should, and over real connections.
#include "host/redis_client.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "host/testing/bad_server.h"
#include "host/testing/redis_server.h"

namespace postflight::host {
namespace {

using testing::BadServer;
using testing::Behaviour;
using Type = RedisReply::Type;
using namespace std::chrono_literals;

TEST(RedisReply, IsReadInAllItsTypes) {
  EXPECT_EQ(parse_redis_reply("+OK\r\n")->type, Type::kStatus);
  EXPECT_EQ(parse_redis_reply("-ERR x\r\n")->text, "ERR x");
  EXPECT_TRUE(parse_redis_reply("-ERR x\r\n")->is_error());
  EXPECT_EQ(parse_redis_reply(":-7\r\n")->text, "-7");
  EXPECT_EQ(parse_redis_reply("$3\r\na\r\n\r\n")->text, "a\r\n");
  EXPECT_EQ(parse_redis_reply("$0\r\n\r\n")->type, Type::kString);
  EXPECT_EQ(parse_redis_reply("$-1\r\n")->type, Type::kNil);
  const auto list = parse_redis_reply("*2\r\n$1\r\na\r\n:1\r\n");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->elements.size(), 2u);
  EXPECT_EQ(list->elements[1].text, "1");
}

TEST(RedisReply, ThatIsNoneIsMalformed) {
  for (const char* bytes : {"", "+OK", "x\r\n", "$5\r\nab\r\n", "$x\r\n", "*2\r\n+a\r\n",
                            "*5000\r\n", "*1\r\n*1\r\n+a\r\n", "*99999999999\r\n",
                            "$99999999999999999999\r\n", "*-7\r\n", "$-7\r\n", ":a\r\n"}) {
    EXPECT_FALSE(parse_redis_reply(bytes)) << bytes;
  }
}

RC_GTEST_PROP(RedisReplyProperty, TextOfAnyBytesComesBack, (std::string text)) {
  const auto reply = parse_redis_reply("$" + std::to_string(text.size()) + "\r\n" + text + "\r\n");
  RC_ASSERT(reply.has_value());
  RC_ASSERT(reply->text == text);
}

RC_GTEST_PROP(RedisReplyProperty, AnyBytesAreRefusedOrRead, (std::string bytes)) {
  (void)parse_redis_reply(bytes);
}

TEST(RedisClient, TalksToARealServer) {
  if (!testing::RedisServer::installed()) GTEST_SKIP() << "redis-server is not installed";
  const testing::RedisServer server;
  auto client = RedisClient::connect("127.0.0.1", server.port(), Deadline{5s});
  ASSERT_TRUE(client) << client.error().what;
  EXPECT_EQ(client->command({"PING"}, Deadline{5s})->text, "PONG");
  EXPECT_EQ(client->command({"ECHO", std::string_view("a\0\r\nb", 5)}, Deadline{5s})->text,
            std::string("a\0\r\nb", 5));
  EXPECT_TRUE(client->command({"NOSUCH"}, Deadline{5s})->is_error());
  EXPECT_EQ(client->command({"CONFIG", "GET", "port"}, Deadline{5s})->elements.at(1).text,
            std::to_string(server.port()));
}

Errc error_of(const Behaviour& behaviour) {
  BadServer server{behaviour};
  auto client = RedisClient::connect("127.0.0.1", server.port(), Deadline{2s});
  if (!client) return client.error().code;
  const auto before = MonotonicClock::now();
  const auto reply = client->command({"PING"}, Deadline{400ms});
  EXPECT_LT(MonotonicClock::now() - before, 900ms);
  EXPECT_FALSE(reply);
  return reply ? Errc::kNotFound : reply.error().code;
}

TEST(RedisClient, EndsInTimeWhateverComes) {
  EXPECT_EQ(error_of(Behaviour::silent_accept()), Errc::kTimeout);
  EXPECT_EQ(error_of(Behaviour::drip("+PONG\r\n")), Errc::kTimeout);
  EXPECT_EQ(error_of(Behaviour::fixed("$999999999\r\n")), Errc::kTimeout);
  EXPECT_EQ(error_of(Behaviour::endless("x", "$999999999\r\n")), Errc::kMalformed);
  EXPECT_EQ(error_of(Behaviour::garbage()), Errc::kMalformed);
  EXPECT_EQ(error_of(Behaviour::fixed_and_close("+PO")), Errc::kUnreachable);
}

/// A reply in two pieces is one reply; two replies at once are two.
TEST(RedisClient, KeepsToTheBordersOfReplies) {
  BadServer server{Behaviour::fixed("+one\r\n")};
  auto client = RedisClient::connect("127.0.0.1", server.port(), Deadline{2s});
  ASSERT_TRUE(client);
  EXPECT_EQ(client->command({"PING"}, Deadline{2s})->text, "one");
  EXPECT_FALSE(client->command({"PING"}, Deadline{200ms}));
}

}  // namespace
}  // namespace postflight::host
