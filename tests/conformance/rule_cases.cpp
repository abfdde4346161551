// SPDX-License-Identifier: Apache-2.0
#include "conformance/rule_cases.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "model/codec.h"
#include "model/self_facts.h"
#include "probes/recorder.h"

namespace postflight::conformance {
namespace {

namespace fs = std::filesystem;

const fs::path& cases_folder() {
  static const fs::path folder = fs::path(PF_SOURCE_DIR) / "src/rules/cases";
  return folder;
}

std::vector<fs::path> sorted_entries(const fs::path& folder) {
  std::vector<fs::path> entries;
  if (!fs::exists(folder)) return entries;
  for (const auto& entry : fs::directory_iterator(folder)) entries.push_back(entry.path());
  std::ranges::sort(entries);
  return entries;
}

std::string kind_of(const std::string& file_name) {
  for (const char* kind : {"fires", "silent", "unknown"}) {
    if (file_name.starts_with(kind)) return kind;
  }
  return "";
}

/// Component ids are KIND:ENDPOINT where there may be several of a kind, else the kind alone.
Component component_of(const RuleFamily& family, const Json& facts) {
  static const std::map<std::string_view, std::string> endpoints = {
      {"redis", ":127.0.0.1:6379"},    {"database", ":127.0.0.1:5432/example"},
      {"http", ":127.0.0.1:8000"},     {"postgres", ":127.0.0.1:5432"},
      {"docker", ":/run/docker.sock"}, {"container", ":web"}};
  const std::string kind(family.kind);
  const auto endpoint = endpoints.find(kind);
  const std::string id = endpoint == endpoints.end() ? kind : kind + endpoint->second;
  return {id, kind, "Example " + kind, kind, facts};
}

template <class T>
T read_into(T defaults, const Json& json, const std::string& what) {
  const auto read = from_json(json, defaults, what);
  EXPECT_TRUE(read) << read.error().what;
  return defaults;
}

Judgement judge(const RuleFamily& family, const Json& facts, const Json& document_part,
                const Json& thresholds_part) {
  auto document = read_into(FactsDocument{}, document_part, "document");
  const auto thresholds = read_into(Thresholds{}, thresholds_part, "thresholds");
  document.components.push_back(component_of(family, facts));
  const Component component = document.components.back();
  Judgement judgement;
  family.judge({document, component, thresholds}, judgement);
  return judgement;
}

std::vector<RuleCase> read_cases() {
  std::vector<RuleCase> cases;
  for (const RuleFamily* family : all_rule_families()) {
    for (const fs::path& slug : sorted_entries(cases_folder() / family->id)) {
      for (const fs::path& path : sorted_entries(slug)) {
        std::stringstream text;
        text << std::ifstream(path).rdbuf();
        auto content = parse_json(text.str());
        EXPECT_TRUE(content) << path << ": " << content.error().what;
        if (!content) continue;
        cases.push_back({family, std::string(family->id) + "/" + slug.filename().string(),
                         kind_of(path.filename().string()),
                         fs::relative(path, cases_folder()).string(), *std::move(content)});
      }
    }
  }
  return cases;
}

}  // namespace

const std::vector<RuleCase>& rule_cases() {
  static const std::vector<RuleCase> cases = read_cases();
  return cases;
}

Judgement judge_case(const RuleCase& rule_case) {
  const auto part = [&](const char* name) {
    return rule_case.content.contains(name) ? rule_case.content.at(name) : Json::object();
  };
  return judge(*rule_case.family, part("facts"), part("document"), part("thresholds"));
}

Judgement judge_facts(const RuleFamily& family, const Json& facts) {
  return judge(family, facts, Json::object(), Json::object());
}

std::vector<Finding> findings_of(const Judgement& judgement, std::string_view rule) {
  std::vector<Finding> found;
  std::ranges::copy_if(judgement.findings, std::back_inserter(found),
                       [&](const Finding& finding) { return finding.id == rule; });
  return found;
}

bool is_unjudged(const Judgement& judgement, std::string_view rule) {
  return std::ranges::find(judgement.unjudged, rule, &Unjudged::rule) != judgement.unjudged.end();
}

Json fact_schemas(const RuleFamily& family) {
  Json schemas = Json::object();
  const auto add = [&](const std::vector<FactDeclaration>& facts) {
    for (const FactDeclaration& fact : facts) schemas[std::string(fact.key)] = fact.schema();
  };
  for (const ProbeSpec* probe : all_probes()) {
    if (probe->kind == family.kind) add(probe->facts());
  }
  if (family.kind == "self") add(declare_facts<SelfFacts>());
  return schemas;
}

}  // namespace postflight::conformance
