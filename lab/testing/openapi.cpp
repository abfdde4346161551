// SPDX-License-Identifier: Apache-2.0
#include "testing/openapi.h"

#include <fstream>
#include <optional>
#include <stdexcept>

// Without it valijson ends the program where "format" stands at something that is no text.
#define VALIJSON_USE_EXCEPTIONS 1
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "base/text.h"

namespace postflight::lab::testing {
namespace {

using Json = nlohmann::json;
using Adapter = valijson::adapters::NlohmannJsonAdapter;

constexpr std::string_view kSchemas = "#/components/schemas/";
constexpr std::string_view kDefinitions = "#/definitions/";

/// Does the same with the schemas within a schema. What is called "items" or "nullable" in an
/// example or as the name of a property is none of these.
template <class Function>
void for_each_part(Json& schema, const Function& change) {
  for (const char* one : {"items", "additionalProperties", "not"}) {
    if (schema.contains(one) && schema[one].is_object()) change(schema[one]);
  }
  for (const char* many : {"properties", "anyOf", "oneOf", "allOf"}) {
    if (!schema.contains(many)) continue;
    for (Json& part : schema[many]) change(part);
  }
}

void make_reference_local(Json& schema) {
  const auto reference = schema.find("$ref");
  if (reference == schema.end()) return;
  const std::string target = *reference;
  if (!target.starts_with(kSchemas)) throw std::runtime_error("a reference elsewhere: " + target);
  *reference = std::string(kDefinitions) + target.substr(kSchemas.size());
}

/// `nullable` beside a type widens it. Alone it stands for null itself: that is how Qdrant's
/// document writes an Option, though to OpenAPI a schema without a type takes anything.
Json with_null(Json schema) {
  if (schema.empty()) return {{"type", "null"}};
  if (!schema.contains("type")) return {{"anyOf", Json::array({schema, {{"type", "null"}}})}};
  schema["type"] = Json::array({schema["type"], "null"});
  if (schema.contains("enum")) schema["enum"].push_back(nullptr);
  return schema;
}

/// What the document forgets to demand: every answer of Qdrant has its envelope.
void demand_error(Json& definitions) {
  Json& error = definitions.at("ErrorResponse");
  error["required"] = Json::array({"time", "status"});
  error["properties"]["status"]["required"] = Json::array({"error"});
}

void demand_envelope(Json& schema) {
  if (!schema.contains("properties") || !schema["properties"].contains("result")) return;
  schema["required"] = Json::array({"result", "status", "time"});
  schema["properties"]["status"]["enum"] = Json::array({"ok"});
}

bool fits(std::string_view pattern, std::string_view path) {
  const auto wanted = split(pattern, '/'), given = split(path, '/');
  if (wanted.size() != given.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const bool variable = wanted[i].starts_with('{') && !given[i].empty();
    if (!variable && wanted[i] != given[i]) return false;
  }
  return true;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// What no document describes: the key is asked for, and routes are looked up, before all that.
std::optional<std::string> complaints_outside(const HttpAnswer& answer) {
  if (answer.status == 401) {
    const bool text = answer.header("content-type").starts_with("text/plain");
    return text && !answer.body.empty() ? "" : "401 says nothing, or not in plain text";
  }
  const bool no_route = answer.status == 404 || answer.status == 405;
  if (no_route && answer.body.empty()) return "";
  return std::nullopt;
}

std::string text_of(valijson::ValidationResults& results) {
  std::string text;
  for (valijson::ValidationResults::Error error; results.popError(error);) {
    for (const std::string& step : error.context) text += step;
    text += ": " + error.description + "\n";
  }
  return text.empty() ? "invalid" : text;
}

}  // namespace

Json json_schema(const Json& openapi_schema) {
  Json schema = openapi_schema;
  const bool nullable = schema.value("nullable", false);
  for (const char* prose : {"nullable", "example", "description", "default", "deprecated"})
    schema.erase(prose);
  make_reference_local(schema);
  for_each_part(schema, [](Json& part) { part = json_schema(part); });
  if (schema.contains("properties") && !schema.contains("additionalProperties"))
    schema["additionalProperties"] = false;
  return nullable ? with_null(std::move(schema)) : schema;
}

struct OpenApi::Compiled {
  valijson::Schema schema;
};

OpenApi::OpenApi(const std::string& path) {
  std::ifstream file(path);
  document_ = Json::parse(file);
  for (const auto& [name, schema] : document_.at("components").at("schemas").items())
    definitions_[name] = json_schema(schema);
  demand_error(definitions_);
  for (const auto& [pattern, methods] : document_.at("paths").items()) {
    for (const auto& [method, ignored] : methods.items())
      operations_.push_back({method == "get" ? "GET" : "POST", pattern});
  }
}

OpenApi::~OpenApi() = default;

const Json* OpenApi::response(const Operation& operation, int status) const {
  const Json& responses =
      document_.at("paths").at(operation.pattern).at(lower(operation.method)).at("responses");
  const std::string exact = std::to_string(status);
  for (const std::string& key : {exact, exact.substr(0, 1) + "XX", std::string("default")}) {
    if (responses.contains(key)) return &responses.at(key);
  }
  return nullptr;
}

const OpenApi::Compiled& OpenApi::compiled(const Json& schema) const {
  std::unique_ptr<Compiled>& place = compiled_[&schema];
  if (place) return *place;
  Json root = json_schema(schema);
  demand_envelope(root);
  // A reference takes the whole of its schema, and what stands beside it would not be seen.
  if (root.contains("$ref")) root = {{"allOf", Json::array({root})}};
  root["definitions"] = definitions_;
  place = std::make_unique<Compiled>();
  valijson::SchemaParser{valijson::SchemaParser::kDraft7}.populateSchema(Adapter(root),
                                                                         place->schema);
  return *place;
}

std::string OpenApi::complaints(const Operation& operation, int status,
                                const Json& document) const {
  const Json* described = response(operation, status);
  if (!described) return "the document knows no status " + std::to_string(status);
  const Json& schema = described->at("content").at("application/json").at("schema");
  valijson::Validator validator{valijson::Validator::kStrongTypes};
  valijson::ValidationResults results;
  try {
    if (validator.validate(compiled(schema).schema, Adapter(document), &results)) return "";
  } catch (const std::exception& error) {
    return error.what();
  }
  return text_of(results);
}

const OpenApi::Operation* OpenApi::operation(const std::string& method,
                                             std::string_view path) const {
  const Operation* found = nullptr;
  for (const Operation& one : operations_) {
    if (one.method != method || !fits(one.pattern, path.substr(0, path.find('?')))) continue;
    // "/points/count" is itself, before it is "/points/{id}".
    if (!found || one.pattern.find("{id}") == std::string::npos) found = &one;
  }
  return found;
}

std::string OpenApi::complaints(const std::string& method, const std::string& path,
                                const HttpAnswer& answer) const {
  if (answer.status == 0) return "no answer: " + answer.error;
  if (const auto said = complaints_outside(answer)) return *said;
  const Operation* asked = operation(method, path);
  if (!asked) return "the document knows no " + method + " " + path;
  const Json* described = response(*asked, answer.status);
  if (!described) return "the document knows no status " + std::to_string(answer.status);
  const std::string type = answer.header("content-type");
  if (!described->contains("content")) return "";
  if (!described->at("content").contains("application/json"))
    return type.starts_with("text/plain") && !answer.body.empty() ? "" : "no plain text: " + type;
  const Json document = Json::parse(answer.body, nullptr, false);
  if (type != "application/json" || document.is_discarded()) return "no JSON: " + answer.body;
  return complaints(*asked, answer.status, document);
}

}  // namespace postflight::lab::testing
