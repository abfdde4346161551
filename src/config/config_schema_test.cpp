// SPDX-License-Identifier: Apache-2.0
// The schema, the loader and the example say the same. The only file that includes valijson.
#include "config/config_schema.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <yaml-cpp/yaml.h>

#include <fstream>
#include <set>
#include <sstream>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "base/text.h"
#include "config/config_file.h"
#include "config/settings_checks.h"
#include "model/codec.h"

namespace postflight {
namespace {

const ConfigContext kContext{{"http", "redis", "sockets"}, {}};

std::expected<Settings, std::vector<ConfigProblem>> load(std::string_view text) {
  return load_settings(text, "postflight.yaml", kContext);
}

const valijson::Schema& schema() {
  static const auto* const parsed = [] {
    auto* out = new valijson::Schema;
    const auto document = nlohmann::json::parse(config_schema().dump());
    valijson::SchemaParser{}.populateSchema(valijson::adapters::NlohmannJsonAdapter(document),
                                            *out);
    return out;
  }();
  return *parsed;
}

bool schema_accepts_json(const Json& value) {
  valijson::Validator validator{valijson::Validator::kStrongTypes};
  const auto document = nlohmann::json::parse(value.dump());
  return validator.validate(schema(), valijson::adapters::NlohmannJsonAdapter(document), nullptr);
}

/// The document as an editor sees it: plain numbers are numbers (YAML 1.2.2, section 10.3.2). The
/// library's own view of a YAML tree does not compile with its validator.
Json json_from(const YAML::Node& node) {
  Json out;
  if (node.IsSequence()) {
    out = Json::array();
    for (const auto& item : node) out.push_back(json_from(item));
  } else if (node.IsMap()) {
    out = Json::object();
    for (const auto& entry : node) out[entry.first.as<std::string>()] = json_from(entry.second);
  } else if (node.IsScalar()) {
    const auto number = parse_number<double>(node.Scalar());
    out = node.Tag() == "?" && number ? Json(*number) : Json(node.Scalar());
  }
  return out;
}

bool schema_accepts(const std::string& text) {
  return schema_accepts_json(json_from(YAML::Load(text)));
}

TEST(ConfigSchema, SaysWhatItIs) {
  const Json schema = config_schema();
  EXPECT_EQ(schema["$schema"], "http://json-schema.org/draft-07/schema#");
  EXPECT_NE(schema.value("title", ""), "");
  EXPECT_EQ(schema["properties"]["timeout"]["default"], "15s");
  EXPECT_EQ(schema["properties"]["thresholds"]["properties"]["http_slow_seconds"]["default"], 2.0);
  EXPECT_FALSE(schema["properties"]["lang"].contains("default"));
}

void expect_closed(const Json& part, const std::string& path) {
  if (part.contains("properties")) {
    EXPECT_EQ(part.value("additionalProperties", Json(true)), Json(false)) << path;
    for (const auto& [name, field] : part["properties"].items()) {
      EXPECT_NE(field.value("description", ""), "") << path << "." << name;
      expect_closed(field, path + "." + name);
    }
  }
  if (part.contains("items")) expect_closed(part["items"], path + "[]");
}

TEST(ConfigSchema, IsClosedAndDocumentedEverywhere) {
  expect_closed(config_schema(), "$");
}

TEST(ConfigSchema, DefaultsAreValid) {
  EXPECT_TRUE(schema_accepts_json(to_json(Settings{})));
  EXPECT_TRUE(schema_accepts_json(Json::object()));
}

class GoodConfigDocument : public testing::TestWithParam<const char*> {};

TEST_P(GoodConfigDocument, IsTakenByBoth) {
  EXPECT_TRUE(schema_accepts(GetParam()));
  const auto loaded = load(GetParam());
  EXPECT_TRUE(loaded) << format_problems(loaded.error());
}

const char* const kGood[] = {
    "{}",
    "timeout: 2m\nlang: ru\n",
    "only:\nskip: []\nthresholds:\nbudgets: {}\ncredentials:\npublic_names:\n",
    "budgets: {http: 500ms, redis: 1s}\n",
    "thresholds: {disk_used_critical_ratio: 1, http_slow_seconds: 0.25}\n",
    "only: [redis:*, no]\npublic_names: [example.org, пример.рф, a]\n",
    "credentials:\n- component: redis:*\n  password_env: P\n"
    "- component: pg\n  username: u\n  password_file: /run/p\n",
};
INSTANTIATE_TEST_SUITE_P(Schema, GoodConfigDocument, testing::ValuesIn(kGood));

class BadConfigDocument : public testing::TestWithParam<const char*> {};

TEST_P(BadConfigDocument, IsRefusedByBoth) {
  EXPECT_FALSE(schema_accepts(GetParam()));
  EXPECT_FALSE(load(GetParam()));
}

const char* const kBad[] = {
    "treshold: {}\n",
    "thresholds: {disk: 1}\n",
    "thresholds: {swap_used_warning_ratio: 0}\n",
    "thresholds: {swap_used_warning_ratio: 1.5}\n",
    "thresholds: {swap_used_warning_ratio: some}\n",
    "thresholds: {http_slow_seconds: 0}\n",
    "thresholds: 1\n",
    "timeout: 15\n",
    "timeout: 1.5s\n",
    "timeout: [1s]\n",
    "lang: de\n",
    "budgets: {http: 5}\n",
    "budgets: [http]\n",
    "only: redis\n",
    "only: [[a]]\n",
    "only: [\"\"]\n",
    "credentials: {component: a}\n",
    "credentials: [a]\n",
    "credentials: [{password_env: P}]\n",
    "credentials: [{component: a}]\n",
    "credentials: [{component: a, password_env: P, password_file: /p}]\n",
    "credentials: [{component: a, password_env: a-b}]\n",
    "credentials: [{component: a, password_file: p}]\n",
    "credentials: [{component: a, password_env: P, password: p}]\n",
    "public_names: [\"https://example.org/\"]\n",
    "public_names: [\"example.org:80\"]\n",
    "public_names: [\"*.example.org\"]\n",
    "public_names: [\"example.org.\"]\n",
    "[]",
};
INSTANTIATE_TEST_SUITE_P(Schema, BadConfigDocument, testing::ValuesIn(kBad));

// --- the example -------------------------------------------------------------------------------

std::string example() {
  std::ifstream file{PF_SOURCE_DIR "/docs/postflight.example.yaml"};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void collect_schema_keys(const Json& part, const std::string& path, std::set<std::string>& keys) {
  if (part.contains("items")) collect_schema_keys(part["items"], path + "[]", keys);
  if (!part.contains("properties")) return;
  for (const auto& [name, field] : part["properties"].items()) {
    keys.insert(path + "." + name);
    collect_schema_keys(field, path + "." + name, keys);
  }
}

void collect_document_keys(const YAML::Node& node, const std::string& path,
                           std::set<std::string>& keys) {
  if (node.IsSequence()) {
    for (const auto& item : node) collect_document_keys(item, path + "[]", keys);
  } else if (node.IsMap()) {
    for (const auto& entry : node) {
      const std::string key = path + "." + entry.first.as<std::string>();
      keys.insert(key);
      if (key != ".budgets") collect_document_keys(entry.second, key, keys);
    }
  }
}

TEST(ConfigExample, IsTakenByBoth) {
  ASSERT_NE(example(), "");
  EXPECT_TRUE(schema_accepts(example()));
  const auto loaded = load(example());
  ASSERT_TRUE(loaded) << format_problems(loaded.error());
}

TEST(ConfigExample, NamesEveryKey) {
  std::set<std::string> wanted;
  std::set<std::string> named;
  collect_schema_keys(config_schema(), "", wanted);
  collect_document_keys(YAML::Load(example()), "", named);
  EXPECT_GT(wanted.size(), 20u);
  EXPECT_EQ(named, wanted);
}

TEST(ConfigExample, ShowsTheDefaults) {
  const auto loaded = load(example());
  ASSERT_TRUE(loaded);
  EXPECT_EQ(to_json(loaded->thresholds), to_json(Thresholds{}));
  EXPECT_EQ(loaded->timeout, Settings{}.timeout);
}

// --- any settings, written as YAML, load back ---------------------------------------------------

rc::Gen<double> ratio_between(double low, double high) {
  return rc::gen::map(rc::gen::inRange(0, 1'000'001), [low, high](int millionths) {
    return low + (high - low) * millionths / 1e6;
  });
}

/// Texts of one line made of what YAML gives a meaning to.
rc::Gen<std::string> any_pattern() {
  const auto piece = rc::gen::element<std::string>(
      "a", "Z", "0", "9", "-", "_", ".", ":", ": ", " #", "#", "*", "&", "!", "%", "@", "`", "'",
      "\"", "\\", "/", "[", "]", "{", "}", ",", ", ", "?", "|", ">", "=", "~", "<<", "null", "true",
      "NO", "1e3", "é", "я", "日", "😀", "$HOME", "---", "...");
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece),
                      [](const std::vector<std::string>& pieces) {
                        std::string text = "x";
                        for (const auto& one : pieces) text += one;
                        return pieces.size() % 2 == 0 ? text : text.substr(1);
                      });
}

rc::Gen<std::string> any_name() {
  return rc::gen::element<std::string>("example.org", "пример.рф", "a", "xn--p1ai.example", "1.a");
}

/// Pairs of limits are drawn on their own side of the default, so that any two agree.
Thresholds any_thresholds() {
  Thresholds out;
  for_each_field<Thresholds>(out, [](std::string_view name, double& value, std::string_view) {
    const bool up = name.find("critical") != name.npos;
    const bool falling = name.find("available") != name.npos;
    if (name.find("seconds") != name.npos) {
      value = *ratio_between(0.001, 1e6);
    } else if (*rc::gen::arbitrary<bool>()) {
      value = *(up != falling ? ratio_between(0.5, 1) : ratio_between(1e-6, 0.5));
    } else {
      value = up != falling ? 1.0 : 1e-7;
    }
  });
  return out;
}

CredentialReference any_credential() {
  CredentialReference out;
  out.component = *rc::gen::suchThat(any_pattern(), [](const std::string& text) {
    return text.find_first_not_of(' ') != text.npos;
  });
  out.username = *any_pattern();
  if (*rc::gen::arbitrary<bool>()) {
    out.password_env = *rc::gen::element<std::string>("P", "_x9", "REDIS_PASSWORD");
  } else {
    out.password_file = "/" + *any_pattern() + "f";
  }
  return out;
}

std::vector<std::string> any_patterns() {
  return *rc::gen::container<std::vector<std::string>>(rc::gen::suchThat(
      any_pattern(),
      [](const std::string& text) { return text.find_first_not_of(' ') != text.npos; }));
}

Settings any_settings() {
  Settings out;
  out.timeout =
      Duration{*rc::gen::inRange<std::int64_t>(kMinTimeout.count(), kMaxTimeout.count() + 1)};
  out.lang = *rc::gen::element(Lang::en, Lang::ru);
  for (const std::string& name : kContext.probe_names) {
    if (*rc::gen::arbitrary<bool>()) {
      out.budgets[name] =
          Duration{*rc::gen::inRange<std::int64_t>(kMinBudget.count(), kMaxTimeout.count() + 1)};
    }
  }
  out.thresholds = any_thresholds();
  out.only = any_patterns();
  out.skip = any_patterns();
  for (int count = *rc::gen::inRange(0, 4); count > 0; --count) {
    out.credentials.push_back(any_credential());
  }
  out.public_names = *rc::gen::container<std::vector<std::string>>(any_name());
  return out;
}

/// The value as a person would write it; `flow` writes braces and brackets.
void emit(YAML::Emitter& out, const Json& value, bool flow) {
  if (value.is_object()) {
    out << (flow ? YAML::Flow : YAML::Block) << YAML::BeginMap;
    for (const auto& [key, item] : value.items()) {
      if (item == "" && key.starts_with("password_")) continue;
      out << YAML::Key << key << YAML::Value;
      emit(out, item, flow);
    }
    out << YAML::EndMap;
  } else if (value.is_array()) {
    out << (flow || value.empty() ? YAML::Flow : YAML::Block) << YAML::BeginSeq;
    for (const Json& item : value) emit(out, item, flow);
    out << YAML::EndSeq;
  } else if (value.is_string()) {
    out << value.get<std::string>();
  } else {
    out << value.dump();
  }
}

Json without_unused_references(Json settings) {
  for (Json& credential : settings["credentials"]) {
    for (const char* key : {"password_env", "password_file"}) {
      if (credential[key] == "") credential.erase(key);
    }
  }
  return settings;
}

RC_GTEST_PROP(ConfigRoundTrip, SettingsWrittenAsYamlLoadBack, ()) {
  const Settings settings = any_settings();
  const Json wanted = to_json(settings);
  YAML::Emitter out;
  emit(out, wanted, *rc::gen::arbitrary<bool>());
  const auto loaded = load(out.c_str());
  if (!loaded) RC_FAIL(format_problems(loaded.error()) + "\n" + out.c_str());
  RC_ASSERT(to_json(*loaded) == wanted);
  RC_ASSERT(schema_accepts_json(without_unused_references(wanted)));
}

RC_GTEST_PROP(ConfigRoundTrip, SettingsWrittenAsJsonLoadBack, ()) {
  const Json wanted = to_json(any_settings());
  const std::string text = without_unused_references(wanted).dump(*rc::gen::element(-1, 2));
  const auto loaded = load(text);
  if (!loaded) RC_FAIL(format_problems(loaded.error()) + "\n" + text);
  RC_ASSERT(to_json(*loaded) == wanted);
}

}  // namespace
}  // namespace postflight
