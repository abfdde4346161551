// SPDX-License-Identifier: Apache-2.0
// Facts are declared as the report promises them: units in names, one sentence each, nothing
// unseen.
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <algorithm>
#include <set>

#include "base/json.h"
#include "model/codec.h"
#include "model/settings.h"
#include "probes/probe.h"
#include "render/renderer.h"
#include "rules/rule.h"

namespace postflight::conformance {
namespace {

/// Calls visit(name, schema) for a value and, where it is a list or an object, its fields.
template <class Visit>
void for_each_value(const std::string& name, const Json& schema, Visit&& visit) {
  // An observation inside a list: its value is what has a unit.
  if (schema.contains("oneOf")) {
    return for_each_value(name, schema["oneOf"][0]["properties"]["value"], visit);
  }
  visit(name, schema);
  if (schema.contains("items")) return for_each_value(name, schema["items"], visit);
  if (!schema.contains("properties")) return;
  for (const auto& [field, inner] : schema["properties"].items())
    for_each_value(field, inner, visit);
}

void expect_unit(const std::string& name, const Json& schema, const std::string& where) {
  const std::string type = schema.value("type", "");
  if (type == "array") return;  // the elements come next
  const bool counts = name.ends_with("_bytes") || name.ends_with("_total");
  EXPECT_TRUE(!name.ends_with("_ratio") || type == "number") << where << ": " << type;
  EXPECT_TRUE(!counts || type == "integer") << where << ": " << type;
  EXPECT_TRUE(!name.ends_with("_seconds") || type == "number" || type == "integer")
      << where << ": " << type;
  static const RE2 other_units(
      "_(ms|msec|millis|secs?|minutes|hours|days|kb|mb|gb|kib|mib|gib|pct|percent)$");
  EXPECT_FALSE(RE2::PartialMatch(name, other_units)) << where << ": only bytes, seconds and ratios";
}

TEST(Facts, CarryTheirUnitInTheirName) {
  const RE2 form("[a-z][a-z0-9]*(_[a-z0-9]+)*");
  for (const ProbeSpec* probe : all_probes()) {
    std::set<std::string_view> keys;
    for (const FactDeclaration& fact : probe->facts()) {
      const std::string where = std::string(probe->id) + "." + std::string(fact.key);
      EXPECT_TRUE(RE2::FullMatch(fact.key, form)) << where;
      EXPECT_TRUE(keys.insert(fact.key).second) << where << " stands twice";
      for_each_value(std::string(fact.key), fact.schema()["oneOf"][0]["properties"]["value"],
                     [&](const std::string& name, const Json& schema) {
                       expect_unit(name, schema, where + " " + name);
                     });
    }
  }
}

TEST(Facts, AreExplainedInASentence) {
  for (const ProbeSpec* probe : all_probes()) {
    for (const FactDeclaration& fact : probe->facts()) {
      const std::string where = std::string(probe->id) + "." + std::string(fact.key);
      EXPECT_TRUE(fact.doc.ends_with(".")) << where << ": " << fact.doc;
      EXPECT_GE(fact.doc.size(), 8u) << where;
    }
  }
}

TEST(Facts, DecideAComponentsStateSomehow) {
  for (const ProbeSpec* probe : all_probes()) {
    const auto facts = probe->facts();
    EXPECT_TRUE(std::ranges::any_of(facts, &FactDeclaration::required))
        << probe->id << ": without a required fact a component nobody could look at would be ok";
  }
}

/// A fact that nobody is shown need not be gathered.
TEST(Facts, AreAllPrinted) {
  for (const ProbeSpec* probe : all_probes()) {
    Report report;
    report.components.push_back(
        {std::string(probe->kind), std::string(probe->kind), "x", std::string(probe->id)});
    for (const FactDeclaration& fact : probe->facts()) {
      report.components[0].facts[std::string(fact.key)] = {{"absent", true}};
    }
    const std::string text =
        find_renderer("terminal")->render(report, {.verbose = true, .width = 1000});
    const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
    EXPECT_GE(lines, probe->facts().size()) << probe->id;
    for (const FactDeclaration& fact : probe->facts()) {
      EXPECT_EQ(text.find("    " + std::string(fact.key) + ":"), std::string::npos)
          << fact.key << " has no label";
    }
  }
}

template <class T>
concept HasDefault = requires(const T fact) { fact.value_or(1); };

/// The type that every probe uses offers no way to turn ignorance into a value.
TEST(Facts, HaveNoDefault) {
  EXPECT_FALSE(HasDefault<Observed<int>>);
}

}  // namespace
}  // namespace postflight::conformance
