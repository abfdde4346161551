// SPDX-License-Identifier: Apache-2.0
// The stand-in for Qdrant by its REST port: every answer here is held against Qdrant's own document
// (testing/qdrant_fixture.h), and then asked what it says.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "testing/qdrant_fixture.h"

namespace postflight::lab::testing {
namespace {

using Json = nlohmann::json;

class Qdrant : public QdrantTest {};

TEST_F(Qdrant, AnswersEveryOperationOfTheDocument) {
  ASSERT_GT(qdrant_openapi().operations().size(), 15u);
  for (const auto& one : qdrant_openapi().operations()) {
    const auto answer = ask({.method = one.method, .path = filled(one), .body = fitting_body(one)});
    EXPECT_EQ(answer.status, 200) << one.pattern;
    EXPECT_FALSE(answer.body.empty()) << one.pattern;
  }
}

TEST_F(Qdrant, TellsHeadersAloneToHead) {
  for (const auto& one : qdrant_openapi().operations()) {
    const auto answer = rest_.ask({.method = "HEAD", .path = filled(one)});
    EXPECT_TRUE(one.method == "GET" ? answer.status == 200 : answer.status >= 400)
        << one.pattern << answer.status << answer.error;
    EXPECT_EQ(answer.body, "");
  }
  EXPECT_GT(std::stoi(rest_.ask({.method = "HEAD"}).header("content-length")), 40);
}

TEST_F(Qdrant, IntroducesItself) {
  const Json root = Json::parse(get("/").body);
  EXPECT_EQ(root["title"], "qdrant - vector search engine");
  EXPECT_EQ(root["version"], "1.11.0");
  EXPECT_EQ(get("/healthz").body, "healthz check passed");
  EXPECT_EQ(get("/livez").body, "healthz check passed");
  EXPECT_EQ(get("/readyz").body, "all shards are ready");
  EXPECT_EQ(result_of(get("/cluster"))["status"], "disabled");
}

TEST_F(Qdrant, CountsCollectionsInTelemetryAndMetrics) {
  server_.write("faq", "state.json", R"({"points": 0})");
  const Json telemetry = result_of(get("/telemetry?details_level=0"));
  EXPECT_EQ(telemetry["collections"]["number_of_collections"], 2);
  EXPECT_EQ(telemetry["app"]["version"], "1.11.0");
  const std::string metrics = get("/metrics").body;
  EXPECT_NE(metrics.find("\ncollections_total 2\n"), std::string::npos) << metrics;
  EXPECT_TRUE(metrics.ends_with("\n"));
}

TEST_F(Qdrant, ListsCollectionsByName) {
  server_.write("faq", "state.json", R"({"points": 0})");
  std::filesystem::create_directories(server_.storage() + "/collections/without-state");
  std::ofstream(server_.storage() + "/collections/raft_state.json") << "{}";
  const Json expected = Json::parse(R"([{"name": "docs"}, {"name": "faq"}])");
  EXPECT_EQ(result_of(get("/collections"))["collections"], expected);
}

TEST_F(Qdrant, IsEmptyWithoutAVolume) {
  std::filesystem::remove_all(server_.storage() + "/collections");
  EXPECT_EQ(result_of(get("/collections"))["collections"], Json::array());
}

TEST_F(Qdrant, DoesNotTakeAVolumeThatIsNoFolderForAnEmptyOne) {
  std::filesystem::remove_all(server_.storage() + "/collections");
  std::ofstream(server_.storage() + "/collections") << "";
  EXPECT_EQ(get("/collections").status, 500);
}

TEST_F(Qdrant, ShowsTheStateOfACollection) {
  const Json info = result_of(get("/collections/docs"));
  EXPECT_EQ(info["points_count"], 25);
  EXPECT_EQ(info["indexed_vectors_count"], 25);
  EXPECT_EQ(info["status"], "green");
  EXPECT_EQ(info["optimizer_status"], "ok");
  EXPECT_EQ(info["config"]["params"]["vectors"]["size"], 384);
  EXPECT_EQ(info["config"]["params"]["vectors"]["distance"], "Cosine");
}

TEST_F(Qdrant, ShowsAnEditedStateAtOnce) {
  EXPECT_EQ(result_of(get("/collections/docs"))["points_count"], 25);
  server_.write("docs", "state.json",
                R"({"points": 7, "status": "red", "optimizer": {"error": "no space left"},
                    "indexed": 3})");
  const Json info = result_of(get("/collections/docs"));
  EXPECT_EQ(info["points_count"], 7);
  EXPECT_EQ(info["status"], "red");
  EXPECT_EQ(info["optimizer_status"]["error"], "no space left");
  EXPECT_EQ(info["indexed_vectors_count"], 3);
  EXPECT_EQ(result_of(post("/collections/docs/points/count", R"({"exact": true})"))["count"], 7);
  std::filesystem::remove_all(server_.storage() + "/collections/docs");
  EXPECT_EQ(get("/collections/docs").status, 404);
}

TEST_F(Qdrant, AnswersADamagedStateAsAnInternalError) {
  const std::string deep = std::string(200'000, '[');
  for (const std::string& state :
       std::vector<std::string>{"",
                                "{",
                                "[]",
                                "null",
                                "{}",
                                R"({"points": "7"})",
                                R"({"points": -1})",
                                R"({"points": 1.5})",
                                R"({"points": true})",
                                R"({"points": NaN})",
                                R"({"points": 18446744073709551616})",
                                R"({"points": 1, "status": "blue"})",
                                R"({"points": 1, "status": ["green"]})",
                                R"({"points": 1, "optimizer": 5})",
                                R"({"points": 1, "optimizer": {"error": 5}})",
                                R"({"points": 1, "indexed": null})",
                                "\xff\xfe\x00",
                                std::string(16, '\0'),
                                deep,
                                std::string(2'000'000, ' ') + "{}"}) {
    server_.write("docs", "state.json", state);
    for (const std::string path : {"/collections/docs", "/collections/docs/points/1"}) {
      const auto answer = get(path);
      EXPECT_EQ(answer.status, 500) << state.substr(0, 50) << answer.body;
      EXPECT_TRUE(error_of(answer).starts_with("Service internal error: ")) << answer.body;
      EXPECT_NE(error_of(answer).find("state.json"), std::string::npos) << answer.body;
    }
    EXPECT_EQ(post("/collections/docs/points/count", "{}").status, 500) << state.substr(0, 50);
    EXPECT_EQ(result_of(get("/collections"))["collections"].size(), 1u);
  }
  server_.write("docs", "state.json", R"({"points": 1})");
  EXPECT_EQ(get("/collections/docs").status, 200);
}

TEST_F(Qdrant, AnswersAtOnceWhereTheStateIsNoFile) {
  const std::string path = server_.storage() + "/collections/docs/state.json";
  std::filesystem::remove(path);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(get("/collections/docs").status, 500) << "a pipe nobody writes to";
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  EXPECT_EQ(get("/collections/docs").status, 500);
  std::filesystem::remove(path);
  std::filesystem::create_symlink("nowhere", path);
  EXPECT_EQ(get("/collections/docs").status, 500);
}

TEST_F(Qdrant, SaysNotFoundOfAnUnknownCollection) {
  for (const auto& one : qdrant_openapi().operations()) {
    if (one.pattern.find("{collection_name}") == std::string::npos) continue;
    const auto answer =
        ask({.method = one.method, .path = filled(one, "gone"), .body = fitting_body(one)});
    if (one.pattern.ends_with("/exists")) {
      EXPECT_EQ(result_of(answer)["exists"], false);
      continue;
    }
    EXPECT_EQ(answer.status, 404) << one.pattern;
    EXPECT_EQ(error_of(answer), "Not found: Collection `gone` doesn't exist!") << one.pattern;
  }
  EXPECT_EQ(result_of(get("/collections/docs/exists"))["exists"], true);
}

TEST_F(Qdrant, LetsNoNameLeaveTheVolume) {
  server_.write("../outside", "state.json", R"({"points": 1})");
  server_.write("docs/inner", "state.json", R"({"points": 1})");
  std::filesystem::create_directory_symlink(server_.storage() + "/outside",
                                            server_.storage() + "/collections/link");
  for (const std::string name :
       {"%2e%2e", "%2E%2e%2Foutside", "..%2foutside", "..", ".", "%2e", "docs%2finner",
        "docs%2F..%2F..%2Foutside", "docs%00", "docs%2f.", "%2e%2fdocs", "link", "%ff%fe",
        "docs%20", "..%5coutside", "%252e%252e%252foutside", "DOCS"}) {
    EXPECT_EQ(get("/collections/" + name).status, 404) << name;
    EXPECT_EQ(result_of(get("/collections/" + name + "/exists"))["exists"], false) << name;
    EXPECT_EQ(post("/collections/" + name + "/points/count", "{}").status, 404) << name;
  }
  EXPECT_EQ(get("/collections/../outside").status, 404);
  EXPECT_EQ(get("/collections//state.json").status, 404);
  EXPECT_EQ(get("/../../../../etc/passwd").status, 404);
  EXPECT_EQ(get("/collections/d%6Fcs").status, 200) << "the same name, written otherwise";
}

TEST_F(Qdrant, KnowsNoOtherRoutes) {
  for (const std::string path : {"/nothing", "/collections/", "/collections/docs/", "/Collections",
                                 "/healthz/x", "/collections/docs/points/1/x"}) {
    const auto answer = get(path);
    EXPECT_EQ(answer.status, 404) << path;
  }
  for (const std::string method : {"PUT", "DELETE", "PATCH", "POST", "OPTIONS"}) {
    EXPECT_EQ(ask({.method = method, .path = "/collections/docs"}).status, 405) << method;
    EXPECT_EQ(ask({.method = method, .path = "/nothing"}).status, 404) << method;
  }
  EXPECT_EQ(ask({.method = "DELETE", .path = "/collections/docs"}).header("allow"), "GET");
}

TEST_F(Qdrant, RefusesBodiesThatAreNoJson) {
  const std::string deep = std::string(100'000, '[');
  for (const std::string& body :
       std::vector<std::string>{"", "{", "nonsense", "[]", "null", "7", "\"\"", "{\"limit\": NaN}",
                                "\xff", deep, std::string("{\0}", 3), "{} {}"}) {
    for (const std::string path : {"count", "scroll", ""}) {
      const auto answer =
          post("/collections/docs/points" + (path.empty() ? path : "/" + path), body);
      EXPECT_EQ(answer.status, 400) << path << body.substr(0, 40);
      EXPECT_TRUE(error_of(answer).starts_with("Format error in JSON body: ")) << answer.body;
    }
  }
}

TEST_F(Qdrant, RefusesWrongTypes) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"count", R"({"exact": "yes"})"},
      {"count", R"({"exact": 1})"},
      {"scroll", R"({"limit": "10"})"},
      {"scroll", R"({"limit": -1})"},
      {"scroll", R"({"limit": true})"},
      {"scroll", R"({"limit": 1.5})"},
      {"scroll", R"({"limit": 1000000})"},
      {"scroll", R"({"offset": -1})"},
      {"scroll", R"({"offset": "7"})"},
      {"scroll", R"({"offset": 18446744073709551616})"},
      {"scroll", R"({"offset": [1]})"},
      {"scroll", R"({"with_payload": 1})"},
      {"scroll", R"({"with_payload": [1]})"},
      {"scroll", R"({"with_payload": {"include": ["a"], "exclude": ["b"]}})"},
      {"scroll", R"({"with_vector": {}})"},
      {"scroll", R"({"filter": {"must": []}})"},
      {"count", R"({"filter": {"must": []}})"},
      {"scroll", R"({"order_by": "text"})"},
      {"", R"({})"},
      {"", R"({"ids": 1})"},
      {"", R"({"ids": [1, "x"]})"},
      {"", R"({"ids": [null]})"},
      {"", R"({"ids": [1], "with_vector": 1})"},
  };
  for (const auto& [path, body] : cases) {
    const auto answer = post("/collections/docs/points" + (path.empty() ? path : "/" + path), body);
    EXPECT_EQ(answer.status, 400) << path << " " << body << answer.body;
    EXPECT_NE(error_of(answer), "") << body;
  }
  EXPECT_EQ(post("/collections/docs/points/scroll", R"({"limit": 0})").status, 422);
}

}  // namespace
}  // namespace postflight::lab::testing
