// SPDX-License-Identifier: Apache-2.0
// What the halves of the family share. Pure; included by unit*.cpp of this folder only.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "probes/unit.h"
#include "rules/commands.h"
#include "rules/family.h"

namespace postflight::rules::unit_rules {

using Reasons = std::vector<std::string>;

inline bool holds(const Reasons& list, std::string_view name) {
  return std::ranges::find(list, name) != list.end();
}

/// The unit's name.
inline std::string name_of(const UnitFacts& facts, const JudgeContext& context) {
  const auto* seen = facts.unit.seen();
  return seen ? seen->value : context.component.name;
}

/// "timer" of "backup.timer".
inline std::string type_of(const UnitFacts& facts, const JudgeContext& context) {
  const std::string name = name_of(facts, context);
  const auto dot = name.rfind('.');
  return dot == std::string::npos ? std::string{} : name.substr(dot + 1);
}

/// The family `postgres` tells what is wrong with the clusters it knows.
inline bool is_of_a_cluster(const Reasons& reasons) {
  return holds(reasons, "cluster");
}

/// Containers start when their engine does.
inline bool is_engine(const UnitFacts& facts, const JudgeContext& context) {
  return name_of(facts, context) == "docker.service";
}

inline FindingDraft draft(Severity severity, const UnitFacts& facts, const JudgeContext& context) {
  return FindingDraft{severity}.arg("unit", name_of(facts, context));
}

/// 1 or 0: chooses between the two texts of {flag|text|other text}.
inline int flag(bool value) {
  return value ? 1 : 0;
}

// The rules about the next boot, ports and memory, unit_boot.cpp.
Verdicts not_started_at_boot(const UnitFacts& f, const JudgeContext& c);
Verdicts masked(const UnitFacts& f, const JudgeContext& c);
Verdicts starts_before_its_address(const UnitFacts& f, const JudgeContext& c);
Verdicts port_held_by_another(const UnitFacts& f, const JudgeContext& c);
Verdicts memory_near_limit(const UnitFacts& f, const JudgeContext& c);

}  // namespace postflight::rules::unit_rules
