// SPDX-License-Identifier: Apache-2.0
// Ids are a contract with scripts: unique, of one form, never used again for something else.
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "probes/probe.h"
#include "render/renderer.h"
#include "rules/rule.h"

namespace postflight::conformance {
namespace {

std::set<std::string> retired_ids() {
  std::ifstream file(std::filesystem::path(PF_SOURCE_DIR) / "docs/reference/retired-ids.txt");
  EXPECT_TRUE(file.good()) << "docs/reference/retired-ids.txt is missing";
  std::set<std::string> ids;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && !line.starts_with('#')) ids.insert(line.substr(0, line.find(' ')));
  }
  return ids;
}

TEST(Ids, OfRulesAndTestsAreUniqueAndWellFormed) {
  const RE2 form("[a-z][a-z0-9]*/[a-z0-9]+(-[a-z0-9]+)*");
  const std::set<std::string> retired = retired_ids();
  std::set<std::string> seen;
  for (const RuleFamily* family : all_rule_families()) {
    for (const auto& ids : {family->rules(), family->tests()}) {
      for (const std::string_view id : ids) {
        EXPECT_TRUE(RE2::FullMatch(id, form)) << id;
        EXPECT_TRUE(id.starts_with(std::string(family->id) + "/"))
            << id << " in family " << family->id;
        EXPECT_TRUE(seen.insert(std::string(id)).second) << id << " stands twice";
        EXPECT_FALSE(retired.contains(std::string(id))) << id << " was retired";
      }
    }
  }
}

TEST(Ids, InExplanationsExist) {
  std::set<std::string_view> rules;
  for (const RuleFamily* family : all_rule_families()) {
    for (const auto id : family->rules()) rules.insert(id);
  }
  for (const RuleFamily* family : all_rule_families()) {
    for (const Explains& one : family->explains) {
      EXPECT_TRUE(rules.contains(one.cause)) << one.cause;
      EXPECT_TRUE(rules.contains(one.symptom)) << one.symptom;
      EXPECT_NE(one.cause, one.symptom);
    }
  }
}

TEST(Ids, OfProbesFamiliesAndRenderersAreUnique) {
  std::set<std::string_view> probes, families, renderers;
  for (const ProbeSpec* probe : all_probes())
    EXPECT_TRUE(probes.insert(probe->id).second) << probe->id;
  for (const RuleFamily* family : all_rule_families())
    EXPECT_TRUE(families.insert(family->id).second) << family->id;
  for (const Renderer* one : all_renderers())
    EXPECT_TRUE(renderers.insert(one->id).second) << one->id;
}

}  // namespace
}  // namespace postflight::conformance
