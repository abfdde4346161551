// SPDX-License-Identifier: Apache-2.0
// The JSON report: approved documents, and each of them against the schema that the program
// publishes.
#include <gtest/gtest.h>

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "base/json.h"
#include "host/testing/child_process.h"
#include "render/renderer.h"
#include "render/testing/golden_reports.h"

namespace postflight {
namespace {

using Adapter = valijson::adapters::NlohmannJsonAdapter;

std::string render(const Report& report) {
  return find_renderer("json")->render(report, {});
}

TEST(JsonRenderer, WritesWhatWasApproved) {
  testing::expect_goldens("json", ".json", {});
}

TEST(JsonRenderer, WritesOneDocumentWithANewlineAtItsEnd) {
  for (const auto& one : testing::golden_cases()) {
    const std::string text = render(one.report);
    EXPECT_TRUE(text.ends_with("}\n")) << one.name;
    EXPECT_TRUE(parse_json(text)) << one.name;
  }
}

/// valijson's adapter wants the library's default type.
nlohmann::json plain(const std::string& text) {
  return nlohmann::json::parse(text);
}

class PublishedSchema {
 public:
  PublishedSchema() {
    const auto printed = host::testing::run_command({PF_BINARY, "schema", "report"});
    EXPECT_EQ(printed.exit_code, 0) << printed.err;
    const nlohmann::json json = plain(printed.out);
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    parser.populateSchema(Adapter(json), schema_);
  }

  /// What is wrong with the document; empty where nothing is.
  std::string complaints(const nlohmann::json& document) const {
    valijson::Validator validator;
    valijson::ValidationResults results;
    if (validator.validate(schema_, Adapter(document), &results)) return "";
    std::string text;
    for (valijson::ValidationResults::Error error; results.popError(error);) {
      for (const std::string& step : error.context) text += step;
      text += ": " + error.description + "\n";
    }
    return text.empty() ? "invalid" : text;
  }

 private:
  valijson::Schema schema_;
};

TEST(JsonRenderer, KeepsToThePublishedSchema) {
  const PublishedSchema schema;
  for (const auto& one : testing::golden_cases())
    EXPECT_EQ(schema.complaints(plain(render(one.report))), "") << one.name;
}

TEST(JsonRenderer, SchemaRefusesWhatIsWrong) {
  const PublishedSchema schema;
  const nlohmann::json good = plain(render(testing::golden_cases()[0].report));
  nlohmann::json bad = good;
  bad["verdict"] = "fine";
  EXPECT_NE(schema.complaints(bad), "");
  bad = good;
  bad.erase("coverage");
  EXPECT_NE(schema.complaints(bad), "");
  bad = good;
  bad["components"][1]["facts"]["keys"] = {{"value", -1}};
  EXPECT_NE(schema.complaints(bad), "") << "facts are typed by their probe";
}

}  // namespace
}  // namespace postflight
