// SPDX-License-Identifier: Apache-2.0
// The files src/rules/cases/FAMILY/SLUG/{fires,silent,unknown}*.json: found, read, judged.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "model/finding.h"
#include "rules/rule.h"

namespace postflight::conformance {

struct RuleCase {
  const RuleFamily* family = nullptr;
  std::string rule;  ///< "redis/loading"
  std::string kind;  ///< "fires", "silent" or "unknown"
  std::string file;  ///< Relative to the cases' folder, for messages.
  Json content;
};

/// The cases of every rule of every family, in a fixed order. A file that cannot be read fails the
/// test that asks and is left out.
const std::vector<RuleCase>& rule_cases();

/// What the family says about a document with one component of its kind and the case's facts.
Judgement judge_case(const RuleCase& rule_case);

/// The same for facts that stand in no file.
Judgement judge_facts(const RuleFamily& family, const Json& facts);

/// The findings of one rule.
std::vector<Finding> findings_of(const Judgement& judgement, std::string_view rule);

/// Whether the rule is among those that could not decide.
bool is_unjudged(const Judgement& judgement, std::string_view rule);

/// Keys of the facts that a component of this family may have, each with the JSON Schema of its
/// value.
Json fact_schemas(const RuleFamily& family);

}  // namespace postflight::conformance
