// SPDX-License-Identifier: Apache-2.0
// JSON there and back, the schema over it, and what is refused with which path.
#include "model/codec.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "model/component.h"
#include "model/report.h"
#include "model/self_facts.h"
#include "model/settings.h"

namespace postflight {
namespace {

bool validates(const Json& schema, const Json& value);

bool has_type(const std::string& type, const Json& value) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  return type == "number" && value.is_number();
}

bool object_validates(const Json& schema, const Json& value) {
  for (const Json& key : schema.value("required", Json::array())) {
    if (!value.contains(key.get<std::string>())) return false;
  }
  for (const auto& [key, member] : value.items()) {
    const Json properties = schema.value("properties", Json::object());
    if (properties.contains(key) && !validates(properties[key], member)) return false;
    if (schema.contains("additionalProperties") &&
        !validates(schema["additionalProperties"], member))
      return false;
  }
  return true;
}

/// The part of JSON Schema that schema_of() uses.
bool validates(const Json& schema, const Json& value) {
  if (schema.contains("oneOf")) {
    int fitting = 0;
    for (const Json& variant : schema["oneOf"]) fitting += validates(variant, value);
    return fitting == 1;
  }
  if (schema.contains("const")) return value == schema["const"];
  if (schema.contains("enum") &&
      std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end())
    return false;
  if (schema.contains("type") && !has_type(schema["type"], value)) return false;
  if (schema.contains("minimum") && value.get<double>() < 0) return false;
  if (value.is_object()) return object_validates(schema, value);
  if (value.is_array() && schema.contains("items")) {
    for (const Json& element : value) {
      if (!validates(schema["items"], element)) return false;
    }
  }
  return true;
}

rc::Gen<std::string> gen_text() {
  return rc::gen::string<std::string>();
}

Evidence any_evidence() {
  return {*gen_text(), *gen_text(), *gen_text()};
}

template <class T>
Observed<T> any_observed(T value) {
  switch (*rc::gen::inRange(0, 3)) {
    case 0: return Seen<T>{std::move(value), any_evidence()};
    case 1: return Absent{any_evidence()};
    default:
      return Unknown{*rc::gen::element(Why::denied, Why::unreachable, Why::timeout, Why::malformed,
                                       Why::unsupported, Why::crashed, Why::not_planned),
                     *gen_text()};
  }
}

Service any_service() {
  Service out;
  out.id = *gen_text();
  out.netns_pid = *rc::gen::arbitrary<std::int32_t>();
  out.transport = *rc::gen::element(Transport::tcp, Transport::udp);
  out.port = *rc::gen::arbitrary<std::uint16_t>();
  out.listeners = {{*gen_text(), Exposure::global, *rc::gen::arbitrary<std::uint64_t>(),
                    *rc::gen::arbitrary<std::uint32_t>()}};
  out.programs =
      any_observed(std::vector{Program{*rc::gen::arbitrary<std::int32_t>(), *gen_text()}});
  out.guess = {*gen_text(), *gen_text(), *rc::gen::arbitrary<bool>()};
  return out;
}

FactsDocument any_document() {
  Topology topology;
  topology.services = {any_service(), any_service()};
  topology.namespaces = {{*gen_text(), 1, any_observed(std::uint32_t{7})}};
  FactsDocument document;
  document.host = *gen_text();
  document.duration_seconds = *rc::gen::arbitrary<std::int16_t>() / 8.0;
  document.topology = any_observed(topology);
  document.tasks = {{*gen_text(), *gen_text(), Outcome::timeout, *gen_text(), 0.5, 0.25,
                     *rc::gen::arbitrary<std::uint64_t>()}};
  document.components = {{*gen_text(), *gen_text(), *gen_text(), *gen_text(),
                          Json{{"x", to_json(any_observed(true))}}}};
  document.not_checked = {{*gen_text(), *gen_text(), {Why::denied, *gen_text()}}};
  return document;
}

RC_GTEST_PROP(Codec, ADocumentReadsBackAsItWas, ()) {
  const FactsDocument document = any_document();
  const Json json = to_json(document);
  const auto read = decode<FactsDocument>(json);
  RC_ASSERT(bool(read));
  RC_ASSERT(*read == document);
}

RC_GTEST_PROP(Codec, AlsoThroughText, ()) {
  const FactsDocument document = any_document();
  const std::string text = dump_json(to_json(document));
  const auto json = parse_json(text);
  RC_ASSERT(bool(json));
  const auto read = decode<FactsDocument>(*json);
  RC_ASSERT(bool(read));
  RC_ASSERT(dump_json(to_json(*read)) == text);
}

RC_GTEST_PROP(Codec, TheSchemaHoldsForItsOwnJson, ()) {
  RC_ASSERT(validates(schema_of<FactsDocument>(), to_json(any_document())));
}

template <class T>
class CodecDefaults : public ::testing::Test {};
using Described =
    ::testing::Types<FactsDocument, Topology, Service, TaskRecord, Component, NotChecked, SelfFacts,
                     Report, ReportedFinding, ReportedTest, Statistic, Recommendation, Coverage,
                     Settings, Thresholds, CredentialReference, Observed<bool>,
                     Observed<std::vector<Program>>, Required<int>>;
TYPED_TEST_SUITE(CodecDefaults, Described);

TYPED_TEST(CodecDefaults, FitTheirSchema) {
  EXPECT_TRUE(validates(schema_of<TypeParam>(), to_json(TypeParam{})))
      << to_json(TypeParam{}).dump();
}

template <class T>
std::string refusal(const Json& json) {
  const auto read = decode<T>(json);
  if (read) return "accepted";
  EXPECT_EQ(read.error().code, Errc::kMalformed);
  return read.error().what;
}

TEST(Codec, WrongTypesAreRefusedWithTheirPath) {
  EXPECT_EQ(refusal<FactsDocument>(nullptr), "$: expected an object");
  EXPECT_EQ(refusal<FactsDocument>({{"host", 5}}), "$.host: expected a text");
  EXPECT_EQ(refusal<FactsDocument>({{"facts_version", "1"}}),
            "$.facts_version: expected a whole number");
  EXPECT_EQ(refusal<FactsDocument>({{"facts_version", 1.5}}),
            "$.facts_version: expected a whole number");
  EXPECT_EQ(refusal<FactsDocument>({{"tasks", Json::object()}}), "$.tasks: expected a list");
  EXPECT_EQ(refusal<FactsDocument>({{"tasks", {Json::object(), nullptr}}}),
            "$.tasks[1]: expected an object");
  EXPECT_EQ(refusal<FactsDocument>({{"tasks", {{{"outcome", "fine"}}}}}),
            "$.tasks[0].outcome: expected one of its names");
  EXPECT_EQ(
      refusal<FactsDocument>({{"topology", {{"value", {{"services", {{{"port", 65536}}}}}}}}}),
      "$.topology.value.services[0].port: expected a whole number in range");
  EXPECT_EQ(refusal<FactsDocument>({{"topology", {{"value", {{"services", {{{"port", -1}}}}}}}}}),
            "$.topology.value.services[0].port: expected a whole number in range");
  EXPECT_EQ(refusal<Observed<bool>>(true), "$: expected an object with value, absent or unknown");
  EXPECT_EQ(refusal<Observed<bool>>(Json::object()),
            "$: expected exactly one of value, absent and unknown");
  EXPECT_EQ(refusal<Observed<bool>>({{"value", nullptr}}), "$.value: expected true or false");
  EXPECT_EQ(refusal<Observed<double>>({{"value", "1"}}), "$.value: expected a number");
  EXPECT_EQ(refusal<Observed<bool>>({{"unknown", {{"why", "whim"}}}}),
            "$.unknown.why: expected one of its names");
}

TEST(Codec, AnObservationIsOneThingAndNotTwo) {
  // A hand that adds "value" beside "unknown" must not turn ignorance into knowledge, nor the other
  // way.
  EXPECT_NE(refusal<Observed<bool>>({{"value", true}, {"unknown", {{"why", "denied"}}}}),
            "accepted");
  EXPECT_NE(refusal<Observed<bool>>({{"value", true}, {"absent", true}}), "accepted");
  EXPECT_NE(refusal<Observed<bool>>({{"absent", false}}), "accepted");
  EXPECT_NE(refusal<Observed<bool>>({{"absent", nullptr}}), "accepted");
}

TEST(Codec, MissingKeysKeepTheDefaultAndUnknownOnesArePassedOver) {
  const auto read = decode<FactsDocument>(Json{{"of a newer minor version", 1}});
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->topology.unknown());
}

TEST(Codec, NumbersAtTheirEdges) {
  EXPECT_EQ(*decode<std::uint64_t>(Json(UINT64_MAX)), UINT64_MAX);
  EXPECT_EQ(*decode<std::int64_t>(Json(INT64_MIN)), INT64_MIN);
  EXPECT_FALSE(decode<std::int64_t>(Json(UINT64_MAX)));
  EXPECT_FALSE(decode<std::uint32_t>(Json(-1)));
  EXPECT_EQ(*decode<double>(Json(3)), 3.0);
}

}  // namespace
}  // namespace postflight
