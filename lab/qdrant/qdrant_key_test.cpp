// SPDX-License-Identifier: Apache-2.0
// Qdrant's stand-in with an API key: who gets in, and who learns what without it.
#include "testing/qdrant_fixture.h"

namespace postflight::lab::testing {
namespace {

const std::string kKey = "k3y-\xc3\xa9";

class QdrantWithKey : public QdrantTest {
 protected:
  QdrantWithKey() : QdrantTest(kKey) {}
  int status_with(const std::string& header, const std::string& path = "/collections") {
    return ask({.path = path, .headers = {header}}).status;
  }
};

TEST_F(QdrantWithKey, WantsTheKeyForAllButHealth) {
  for (const auto& one : qdrant_openapi().operations()) {
    HttpQuery query{.method = one.method, .path = filled(one), .body = fitting_body(one)};
    const auto without = ask(query);
    const bool exempt = one.pattern == "/" || one.pattern == "/healthz" ||
                        one.pattern == "/livez" || one.pattern == "/readyz";
    EXPECT_EQ(without.status, exempt ? 200 : 401) << one.pattern;
    if (!exempt) {
      EXPECT_EQ(without.body, "Must provide an API key or an Authorization bearer token");
    }
    query.headers = {"api-key: " + kKey};
    EXPECT_EQ(ask(query).status, 200) << one.pattern;
  }
  EXPECT_EQ(get("/nothing").status, 401) << "strangers do not learn which routes there are";
}

TEST_F(QdrantWithKey, TellsAWrongKeyFromNone) {
  EXPECT_EQ(ask({.path = "/collections", .headers = {"api-key: x"}}).body,
            "Invalid API key or JWT");
  EXPECT_EQ(ask({.path = "/collections", .headers = {"authorization: Bearer x"}}).body,
            "Invalid API key or JWT");
}

TEST_F(QdrantWithKey, WantsItOnTheGrpcPortToo) {
  // Each call over a connection of its own: Debian's curl 7.88 loses the second answer on one.
  const auto answer_to = [&](const HttpQuery& query) {
    return HttpConnection{server_.grpc_port(), HttpConnection::Version::k2}.ask(query);
  };
  HttpQuery call{.method = "POST",
                 .path = "/grpc.health.v1.Health/Check",
                 .body = std::string(5, '\0'),
                 .headers = {"content-type: application/grpc", "te: trailers"}};
  const auto without = answer_to(call);
  EXPECT_EQ(without.header("grpc-status"), "16");
  EXPECT_EQ(without.header("grpc-message"),
            "Must provide an API key or an Authorization bearer token");
  call.headers.push_back("api-key: " + kKey);
  EXPECT_EQ(answer_to(call).header("grpc-status"), "0");
}

TEST_F(QdrantWithKey, TakesItAsBearerToo) {
  EXPECT_EQ(status_with("Authorization: Bearer " + kKey), 200);
  EXPECT_EQ(status_with("Authorization: Basic " + kKey), 401);
  EXPECT_EQ(status_with("Authorization: " + kKey), 401);
  EXPECT_EQ(status_with("Authorization: Bearer x"), 401);
}

TEST_F(QdrantWithKey, RefusesWhatIsNotTheKey) {
  for (const std::string key : {"x", "k3y-", "K3Y-\xc3\xa9", "k3y-\xc3\xa9x"})
    EXPECT_EQ(status_with("api-key: " + key), 401) << key;
  EXPECT_EQ(status_with("api-key;"), 401) << "empty";
}

TEST_F(QdrantWithKey, ExemptsPathsAndNotPrefixes) {
  EXPECT_EQ(get("/healthz?x=1").status, 200);
  for (const std::string path : {"/healthz/../collections", "/healthz/", "/healthzx", "/HEALTHZ",
                                 "/collections?/healthz", "/healthz%2f..%2fcollections"})
    EXPECT_EQ(get(path).status, 401) << path;
}

}  // namespace
}  // namespace postflight::lab::testing
