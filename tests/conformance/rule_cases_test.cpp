// SPDX-License-Identifier: Apache-2.0
// Every rule shows by example when it fires, when it is silent and when it cannot tell; and with
// everything unknown none is silent.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "conformance/rule_cases.h"
#include "model/codec.h"

namespace postflight::conformance {
namespace {

TEST(RuleCases, EveryRuleHasAllThreeKinds) {
  std::map<std::string, std::set<std::string>> kinds;
  for (const RuleCase& one : rule_cases()) kinds[one.rule].insert(one.kind);
  for (const RuleFamily* family : all_rule_families()) {
    for (const auto id : family->rules()) {
      for (const char* kind : {"fires", "silent", "unknown"}) {
        EXPECT_TRUE(kinds[std::string(id)].contains(kind)) << id << " has no case " << kind;
      }
    }
  }
}

TEST(RuleCases, NoneIsOfARuleThatDoesNotExist) {
  for (const RuleCase& one : rule_cases()) {
    const auto rules = one.family->rules();
    EXPECT_NE(std::ranges::find(rules, one.rule), rules.end()) << one.file;
    EXPECT_FALSE(one.kind.empty()) << one.file << ": named neither fires, silent nor unknown";
  }
}

/// A misspelt key would be read as "unknown" and make a case test nothing.
TEST(RuleCases, NameOnlyFactsThatExist) {
  for (const RuleCase& one : rule_cases()) {
    for (const auto& [key, value] : one.content.items()) {
      EXPECT_TRUE(
          std::set<std::string>({"facts", "expect", "thresholds", "document", "why"}).contains(key))
          << one.file << ": " << key;
    }
    const Json schemas = fact_schemas(*one.family);
    const Json facts = one.content.value("facts", Json::object());
    for (const auto& [key, fact] : facts.items()) {
      ASSERT_TRUE(schemas.contains(key)) << one.file << ": no fact " << key;
      const Json& schema = schemas.at(key).at("oneOf").at(0).at("properties").at("value");
      if (!schema.contains("items") || !schema["items"].contains("properties")) continue;
      for (const Json& element : fact.value("value", Json::array())) {
        for (const auto& [field, value] : element.items()) {
          EXPECT_TRUE(schema["items"]["properties"].contains(field))
              << one.file << ": " << key << "." << field;
        }
      }
    }
  }
}

/// "warning" or "warning /var": severity and, where the case names one, part of the subject.
std::string described(const std::string& severity, const std::string& part) {
  return part.empty() ? severity : severity + " " + part;
}

std::multiset<std::string> expected(const RuleCase& one) {
  std::multiset<std::string> out;
  for (const Json& item : one.content.value("expect", Json::array())) {
    out.insert(described(item.at("severity"), item.value("part", "")));
  }
  return out;
}

TEST(RuleCases, Fire) {
  for (const RuleCase& one : rule_cases()) {
    if (one.kind != "fires") continue;
    const Judgement judgement = judge_case(one);
    const auto wanted = expected(one);
    EXPECT_FALSE(wanted.empty()) << one.file << " expects nothing";
    const bool with_parts =
        one.content.value("expect", Json::array()).dump().find("\"part\"") != std::string::npos;
    std::multiset<std::string> got;
    for (const Finding& finding : findings_of(judgement, one.rule)) {
      const std::string part = with_parts ? finding.args.value("part", "") : "";
      got.insert(described(enum_name(finding.severity), part));
      EXPECT_FALSE(finding.evidence.empty()) << one.file << ": a finding without evidence";
    }
    EXPECT_EQ(got, wanted) << one.file;
  }
}

TEST(RuleCases, AreSilent) {
  for (const RuleCase& one : rule_cases()) {
    if (one.kind != "silent") continue;
    const Judgement judgement = judge_case(one);
    EXPECT_TRUE(findings_of(judgement, one.rule).empty()) << one.file << ": fires";
    EXPECT_FALSE(is_unjudged(judgement, one.rule)) << one.file << ": cannot decide";
  }
}

TEST(RuleCases, AreUnknown) {
  for (const RuleCase& one : rule_cases()) {
    if (one.kind != "unknown") continue;
    const Judgement judgement = judge_case(one);
    EXPECT_TRUE(findings_of(judgement, one.rule).empty()) << one.file << ": fires";
    EXPECT_TRUE(is_unjudged(judgement, one.rule)) << one.file << ": is silent";
  }
}

/// Unknown is never ok: neither where nobody looked nor where looking was refused.
TEST(Rules, AreAllUndecidedWhenEverythingIsUnknown) {
  for (const RuleFamily* family : all_rule_families()) {
    Json denied = Json::object();
    const Json schemas = fact_schemas(*family);
    for (const auto& [key, schema] : schemas.items()) {
      denied[key] = {{"unknown", {{"why", "denied"}, {"detail", "no"}}}};
    }
    for (const Json& facts : {Json(Json::object()), denied}) {
      const Judgement judgement = judge_facts(*family, facts);
      for (const auto id : family->rules()) {
        EXPECT_TRUE(findings_of(judgement, id).empty()) << id << " fires on nothing";
        EXPECT_TRUE(is_unjudged(judgement, id)) << id << " is silent though it knows nothing";
      }
      for (const TestResult& test : judgement.tests) {
        EXPECT_EQ(test.status, TestStatus::unknown)
            << test.id << " is decided though it knows nothing";
      }
    }
  }
}

/// Facts of a hand-edited file are no reason to fall silent either.
TEST(Rules, AreAllUndecidedWhenFactsCannotBeRead) {
  for (const RuleFamily* family : all_rule_families()) {
    Json facts = Json::object();
    const Json schemas = fact_schemas(*family);
    for (const auto& [key, schema] : schemas.items()) facts[key] = "nonsense";
    const Judgement judgement = judge_facts(*family, facts);
    for (const auto id : family->rules()) EXPECT_TRUE(is_unjudged(judgement, id)) << id;
  }
}

}  // namespace
}  // namespace postflight::conformance
