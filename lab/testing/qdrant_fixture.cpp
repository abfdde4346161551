// SPDX-License-Identifier: Apache-2.0
#include "testing/qdrant_fixture.h"

namespace postflight::lab::testing {
namespace {

void replace(std::string& text, const std::string& what, const std::string& with) {
  if (const auto at = text.find(what); at != std::string::npos) text.replace(at, what.size(), with);
}

}  // namespace

const OpenApi& qdrant_openapi() {
  static const OpenApi document{PF_SOURCE_DIR "/lab/qdrant/openapi.json"};
  return document;
}

std::string filled(const OpenApi::Operation& operation, const std::string& collection,
                   const std::string& point) {
  std::string path = operation.pattern;
  replace(path, "{collection_name}", collection);
  replace(path, "{id}", point);
  return path;
}

std::string fitting_body(const OpenApi::Operation& operation) {
  if (operation.method == "GET") return "";
  return operation.pattern.ends_with("/points") ? R"({"ids": [1, 2]})" : "{}";
}

HttpAnswer QdrantTest::ask(const HttpQuery& query) {
  const HttpAnswer answer = rest_.ask(query);
  EXPECT_EQ(qdrant_openapi().complaints(query.method, query.path, answer), "")
      << query.method << " " << query.path << " " << query.body.substr(0, 200) << "\n"
      << answer.status << " " << answer.body.substr(0, 2000);
  return answer;
}

nlohmann::json QdrantTest::result_of(const HttpAnswer& answer) {
  EXPECT_EQ(answer.status, 200) << answer.body;
  const auto document = nlohmann::json::parse(answer.body, nullptr, false);
  return document.is_object() ? document.value("result", nlohmann::json()) : nlohmann::json();
}

std::string QdrantTest::error_of(const HttpAnswer& answer) {
  const auto document = nlohmann::json::parse(answer.body, nullptr, false);
  return document.is_object() ? document.value("/status/error"_json_pointer, "") : "";
}

}  // namespace postflight::lab::testing
