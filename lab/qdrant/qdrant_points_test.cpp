// SPDX-License-Identifier: Apache-2.0
// The points of Qdrant's stand-in: the same in every run, each of them once, and one of them
// damaged.
#include <cmath>

#include "testing/qdrant_fixture.h"

namespace postflight::lab::testing {
namespace {

using Json = nlohmann::json;

class QdrantPoints : public QdrantTest {
 protected:
  Json scroll(const Json& body) {
    return result_of(post("/collections/docs/points/scroll", body.dump()));
  }
  Json point(const std::string& id, const std::string& collection = "docs") {
    return result_of(get("/collections/" + collection + "/points/" + id));
  }
};

double length(const Json& vector) {
  double sum = 0;
  for (const double one : vector) sum += one * one;
  return std::sqrt(sum);
}

TEST_F(QdrantPoints, ScrollsThroughAllOfThemOnce) {
  server_.write("docs", "state.json", R"({"points": 137})");
  for (const int limit : {1, 10, 136, 137, 138}) {
    std::vector<int> ids;
    Json offset;
    do {
      const Json page = scroll({{"limit", limit}, {"offset", offset}});
      EXPECT_LE(page["points"].size(), static_cast<std::size_t>(limit));
      for (const Json& one : page["points"]) ids.push_back(one["id"]);
      offset = page["next_page_offset"];
    } while (!offset.is_null() && ids.size() < 1000);
    ASSERT_EQ(ids.size(), 137u) << limit;
    for (int id = 1; id <= 137; ++id) EXPECT_EQ(ids[static_cast<std::size_t>(id) - 1], id);
  }
}

TEST_F(QdrantPoints, ScrollTakesQdrantsDefaults) {
  const Json page = scroll(Json::object());
  EXPECT_EQ(page["points"].size(), 10u);
  EXPECT_EQ(page["next_page_offset"], 11);
  EXPECT_TRUE(page["points"][0]["payload"].is_object());
  EXPECT_FALSE(page["points"][0].contains("vector"));
}

TEST_F(QdrantPoints, ScrollEndsBehindTheLast) {
  for (const Json& offset :
       {Json(26), Json(18446744073709551615u), Json("550e8400-e29b-41d4-a716-446655440000")}) {
    const Json page = scroll({{"offset", offset}});
    EXPECT_EQ(page["points"], Json::array()) << offset;
    EXPECT_TRUE(page["next_page_offset"].is_null()) << offset;
  }
  EXPECT_EQ(scroll({{"offset", 0}})["points"][0]["id"], 1);
}

TEST_F(QdrantPoints, ScrollGivesWhatIsAskedFor) {
  const Json bare = scroll({{"with_payload", false}, {"limit", 1}})["points"][0];
  EXPECT_EQ(bare, Json({{"id", 1}}));
  const Json full = scroll({{"with_vector", true}, {"limit", 1}})["points"][0];
  EXPECT_EQ(full["vector"].size(), 384u);
  const Json some = scroll({{"with_payload", {"text"}}, {"limit", 1}})["points"][0];
  EXPECT_EQ(some["payload"], Json({{"text", "Fragment 1"}}));
  const Json rest = scroll({{"with_payload", {{"exclude", {"text"}}}}, {"limit", 1}})["points"][0];
  EXPECT_FALSE(rest["payload"].contains("text"));
  EXPECT_EQ(rest["payload"].size(), full["payload"].size() - 1);
}

TEST_F(QdrantPoints, AreTheSameInEveryRun) {
  server_.write("faq", "state.json", R"({"points": 2})");
  const Json first = point("1");
  QdrantServer other;
  other.write("docs", "state.json", R"({"points": 1})");
  const auto answer = HttpConnection{other.rest_port()}.ask({.path = "/collections/docs/points/1"});
  EXPECT_EQ(Json::parse(answer.body)["result"], first);
  EXPECT_NE(point("2")["vector"], first["vector"]);
  EXPECT_NE(point("1", "faq")["vector"], first["vector"]);
}

TEST_F(QdrantPoints, HaveUnitVectors) {
  const Json vectors = scroll({{"with_vector", true}, {"limit", 25}})["points"];
  ASSERT_EQ(vectors.size(), 25u);
  for (const Json& one : vectors) {
    ASSERT_EQ(one["vector"].size(), 384u);
    EXPECT_NEAR(length(one["vector"]), 1, 1e-6);
  }
}

TEST_F(QdrantPoints, AreFoundByTheirId) {
  EXPECT_EQ(point("25")["id"], 25);
  for (const std::string id :
       {"0", "26", "18446744073709551615", "550e8400-e29b-41d4-a716-446655440000"}) {
    const auto answer = get("/collections/docs/points/" + id);
    EXPECT_EQ(answer.status, 404) << id;
    EXPECT_EQ(error_of(answer), "Not found: Point with id " + id + " does not exists!");
  }
  for (const std::string id : {"x", "-1", "1.5", "18446744073709551616", "%31x", "%D9%A3"}) {
    const auto answer = get("/collections/docs/points/" + id);
    EXPECT_EQ(answer.status, 400) << id;
    EXPECT_TRUE(error_of(answer).starts_with("Wrong input: Can not recognize ")) << answer.body;
  }
}

TEST_F(QdrantPoints, AreRetrievedByTheirIds) {
  const Json found =
      result_of(post("/collections/docs/points", R"({"ids": [3, 99, 1], "with_vector": true})"));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0], point("3"));
  EXPECT_EQ(found[1], point("1"));
}

TEST_F(QdrantPoints, OneOfThemCanBeDamaged) {
  const Json second = point("2"), third = point("3"), fourth = point("4");
  server_.write("docs", "points.jsonl",
                "{\"id\": 2, \"vector\": [0.5, 1], \"payload\": {\"text\": \"other\"}}\n\n"
                "{\"id\": 3, \"payload\": null}\n{\"id\": 4, \"vector\": []}\n{\"id\": 99}\n");
  EXPECT_EQ(point("2"), Json::parse(R"({"id": 2, "vector": [0.5, 1],
                                        "payload": {"text": "other"}})"));
  EXPECT_FALSE(point("3").contains("payload"));
  EXPECT_EQ(point("3")["vector"], third["vector"]) << "what the line leaves out stays as made";
  EXPECT_EQ(point("4")["vector"], Json::array());
  EXPECT_EQ(point("4")["payload"], fourth["payload"]);
  const Json page = scroll({{"limit", 100}, {"with_vector", true}});
  EXPECT_EQ(page["points"].size(), 25u) << "a line adds no point";
  EXPECT_EQ(page["points"][1]["payload"]["text"], "other");
  EXPECT_EQ(get("/collections/docs/points/99").status, 404);
  server_.write("docs", "points.jsonl", "");
  EXPECT_EQ(point("2"), second);
}

TEST_F(QdrantPoints, DamagedLinesAreAnInternalError) {
  for (const std::string line :
       {"{", "[]", R"({"vector": [1]})", R"({"id": "2"})", R"({"id": 2, "vector": ["x"]})",
        R"({"id": 2, "vector": [NaN]})", R"({"id": 2, "vector": 1})", R"({"id": 2, "payload": 1})",
        R"({"id": 2, "vector": [true]})", R"({"id": 2, "vector": [1e999]})", "\xff"}) {
    server_.write("docs", "points.jsonl", "{\"id\": 1}\n" + line + "\n");
    const auto answer = get("/collections/docs/points/1");
    EXPECT_EQ(answer.status, 500) << line;
    EXPECT_NE(error_of(answer).find("line 2"), std::string::npos) << answer.body;
    EXPECT_EQ(post("/collections/docs/points/scroll", "{}").status, 500) << line;
    EXPECT_EQ(post("/collections/docs/points/count", "{}").status, 200) << line;
  }
}

TEST_F(QdrantPoints, WordsThatAreNoUnicodeStayJson) {
  server_.write("docs", "points.jsonl", R"({"id": 1, "payload": {"text": "\ud800"}})");
  EXPECT_EQ(point("1")["payload"]["text"], "?");
}

}  // namespace
}  // namespace postflight::lab::testing
