// SPDX-License-Identifier: Apache-2.0
// What holds the answers of Qdrant's stand-in against the document refuses what is wrong with them,
// whatever it is; and the document is what its script makes.
#include <fstream>
#include <sstream>

#include "testing/qdrant_fixture.h"

namespace postflight::lab::testing {
namespace {

using Json = nlohmann::json;
using Pointer = Json::json_pointer;

std::string wrong_with(const OpenApi::Operation& operation, const Json& document,
                       int status = 200) {
  return qdrant_openapi().complaints(operation, status, document);
}

/// Every place of a document; of a list the first only, and nothing within a payload, whose fields
/// may be anything.
void places(const Json& value, const Pointer& at, std::vector<Pointer>& found) {
  found.push_back(at);
  if (!at.empty() && at.back() == "payload") return;
  if (value.is_array() && !value.empty()) places(value[0], at / std::size_t{0}, found);
  if (!value.is_object()) return;
  for (const auto& [key, member] : value.items()) places(member, at / key, found);
}

/// A document with a member taken out.
Json without(Json document, const std::string& pointer) {
  const Pointer at{pointer};
  if (!document.contains(at)) throw std::runtime_error("nothing to take out: " + pointer);
  document[at.parent_pointer()].erase(at.back());
  return document;
}

Json with(Json document, const std::string& pointer, const Json& value) {
  document[Pointer{pointer}] = value;
  return document;
}

class QdrantDocument : public QdrantTest {
 protected:
  /// A good answer to each operation that answers in JSON.
  std::vector<std::pair<OpenApi::Operation, Json>> good_answers() {
    std::vector<std::pair<OpenApi::Operation, Json>> all;
    for (const auto& one : qdrant_openapi().operations()) {
      const auto answer =
          ask({.method = one.method, .path = filled(one), .body = fitting_body(one)});
      if (answer.header("content-type") == "application/json")
        all.emplace_back(one, Json::parse(answer.body));
    }
    return all;
  }
};

TEST_F(QdrantDocument, RefusesAWrongTypeInEveryPlace) {
  std::size_t tried = 0;
  for (const auto& [operation, good] : good_answers()) {
    ASSERT_EQ(wrong_with(operation, good), "") << operation.pattern;
    std::vector<Pointer> all;
    places(good, Pointer{}, all);
    for (const Pointer& at : all) {
      Json bad = good;
      bad[at] = {{{"none of", "Qdrant's"}}};
      EXPECT_NE(wrong_with(operation, bad), "") << operation.pattern << " " << at;
      ++tried;
    }
  }
  EXPECT_GT(tried, 100u);
}

TEST_F(QdrantDocument, RefusesUnknownFieldsInEveryObject) {
  for (const auto& [operation, good] : good_answers()) {
    std::vector<Pointer> all;
    places(good, Pointer{}, all);
    for (const Pointer& at : all) {
      const bool open = !at.empty() && (at.back() == "payload" || at.back() == "responses" ||
                                        at.back() == "payload_schema");
      if (!good[at].is_object() || open) continue;
      Json bad = good;
      bad[at]["invented"] = 1;
      EXPECT_NE(wrong_with(operation, bad), "") << operation.pattern << " " << at;
    }
  }
}

TEST_F(QdrantDocument, RefusesWhatIsMissing) {
  const OpenApi::Operation info{"GET", "/collections/{collection_name}"};
  const Json good = Json::parse(get("/collections/docs").body);
  for (const std::string field :
       {"/result", "/status", "/time", "/result/config", "/result/status", "/result/segments_count",
        "/result/optimizer_status", "/result/payload_schema", "/result/config/params/vectors/size",
        "/result/config/hnsw_config/m", "/result/config/optimizer_config/flush_interval_sec",
        "/result/config/wal_config/wal_capacity_mb"})
    EXPECT_NE(wrong_with(info, without(good, field)), "") << field;
  for (const auto& [operation, answer] : good_answers()) {
    if (operation.pattern == "/") continue;
    for (const std::string field : {"/result", "/status", "/time"})
      EXPECT_NE(wrong_with(operation, without(answer, field)), "") << operation.pattern << field;
  }
}

TEST_F(QdrantDocument, RefusesWhatIsMissingFromPoints) {
  const OpenApi::Operation scroll{"POST", "/collections/{collection_name}/points/scroll"};
  const Json good = Json::parse(post("/collections/docs/points/scroll", "{}").body);
  EXPECT_NE(wrong_with(scroll, without(good, "/result/points")), "");
  EXPECT_NE(wrong_with(scroll, without(good, "/result/points/0/id")), "");
  EXPECT_NE(wrong_with(scroll, with(good, "/result/points/0/id", -1)), "");
  EXPECT_NE(wrong_with(scroll, with(good, "/result/points/0/id", "1.5"_json)), "");
  EXPECT_NE(wrong_with(scroll, with(good, "/result/points/0/vector", {"1"})), "");
  EXPECT_EQ(wrong_with(scroll, with(good, "/result/points/0/vector", {0.5, 1})), "");
}

TEST_F(QdrantDocument, RefusesWrongValues) {
  const OpenApi::Operation info{"GET", "/collections/{collection_name}"};
  const Json good = Json::parse(get("/collections/docs").body);
  EXPECT_NE(wrong_with(info, with(good, "/result/status", "blue")), "");
  EXPECT_NE(wrong_with(info, with(good, "/result/optimizer_status", "fine")), "");
  EXPECT_NE(wrong_with(info, with(good, "/result/points_count", -1)), "");
  EXPECT_NE(wrong_with(info, with(good, "/result/points_count", "25")), "");
  EXPECT_NE(wrong_with(info, with(good, "/result/points_count", 2.5)), "");
  EXPECT_NE(wrong_with(info, with(good, "/status", "error")), "");
}

TEST_F(QdrantDocument, TakesNullWhereTheDocumentSaysNullableOnly) {
  const OpenApi::Operation info{"GET", "/collections/{collection_name}"};
  const Json good = Json::parse(get("/collections/docs").body);
  EXPECT_EQ(wrong_with(info, with(good, "/result/points_count", nullptr)), "");
  EXPECT_EQ(wrong_with(info, with(good, "/result/config/quantization_config", nullptr)), "");
  EXPECT_NE(wrong_with(info, with(good, "/result/config/quantization_config", 1)), "");
  EXPECT_NE(wrong_with(info, with(good, "/result/segments_count", nullptr)), "");
  EXPECT_NE(wrong_with(info, with(good, "/result/config", nullptr)), "");
}

TEST_F(QdrantDocument, RefusesErrorsOfAnotherShape) {
  const OpenApi::Operation info{"GET", "/collections/{collection_name}"};
  const Json good = Json::parse(get("/collections/gone").body);
  for (const int status : {400, 404, 500}) {
    EXPECT_EQ(wrong_with(info, good, status), "") << status;
    EXPECT_NE(wrong_with(info, without(good, "/time"), status), "") << status;
    EXPECT_NE(wrong_with(info, without(good, "/status"), status), "") << status;
    EXPECT_NE(wrong_with(info, without(good, "/status/error"), status), "") << status;
    EXPECT_NE(wrong_with(info, with(good, "/status", "error"), status), "") << status;
    EXPECT_NE(wrong_with(info, with(good, "/status/error", 1), status), "") << status;
    EXPECT_NE(wrong_with(info, Json::object(), status), "") << status;
  }
}

TEST_F(QdrantDocument, RefusesAnswersThatAreNoJson) {
  const auto complaint = [](int status, const std::string& type, const std::string& body) {
    return qdrant_openapi().complaints(
        "GET", "/collections",
        {.status = status, .headers = {{"content-type", type}}, .body = body});
  };
  const std::string good = get("/collections").body;
  EXPECT_EQ(complaint(200, "application/json", good), "");
  EXPECT_NE(complaint(200, "text/plain", good), "");
  EXPECT_NE(complaint(200, "application/json", good + "}"), "");
  EXPECT_NE(complaint(200, "application/json", ""), "");
  EXPECT_NE(complaint(500, "application/json", good), "");
  EXPECT_NE(complaint(401, "application/json", good), "");
  EXPECT_NE(complaint(0, "", ""), "");
}

TEST(JsonSchemaOfOpenApi, TurnsNullableIntoTypes) {
  const auto turned = [](const char* text) { return json_schema(Json::parse(text)); };
  EXPECT_EQ(turned(R"({"nullable": true})"), R"({"type": "null"})"_json);
  EXPECT_EQ(turned(R"({"type": "string", "nullable": true, "enum": ["a"]})"),
            R"({"type": ["string", "null"], "enum": ["a", null]})"_json);
  EXPECT_EQ(turned(R"({"$ref": "#/components/schemas/A", "nullable": true})"),
            R"({"anyOf": [{"$ref": "#/definitions/A"}, {"type": "null"}]})"_json);
  EXPECT_EQ(turned(R"({"properties": {"nullable": {"type": "string"}}})"),
            R"({"properties": {"nullable": {"type": "string"}},
                "additionalProperties": false})"_json);
  EXPECT_THROW(turned(R"({"$ref": "other.json#/A"})"), std::runtime_error);
}

TEST(QdrantOpenApiFile, IsWhatItsScriptMakes) {
  const std::string folder = PF_SOURCE_DIR "/lab/qdrant/";
  std::stringstream committed;
  committed << std::ifstream(folder + "openapi.json").rdbuf();
  ASSERT_GT(committed.str().size(), 100'000u);
  const auto made = host::testing::run_command(
      {"/usr/bin/python3", "-B", folder + "trim_openapi.py", folder + "openapi.json"});
  EXPECT_EQ(made.exit_code, 0) << made.err;
  EXPECT_TRUE(made.out == committed.str()) << "trimmed again, it is another document";
  const Json license = Json::parse(committed.str())["info"]["license"];
  EXPECT_EQ(license["name"], "Apache 2.0");
}

}  // namespace
}  // namespace postflight::lab::testing
