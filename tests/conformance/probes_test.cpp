// SPDX-License-Identifier: Apache-2.0
// What every probe owes: a budget, tests for good and for each kind of bad input, real recordings.
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <filesystem>
#include <map>

#include "conformance/source_tree.h"
#include "model/settings.h"
#include "probes/probe.h"

namespace postflight::conformance {
namespace {

TEST(Probes, HaveABudgetWithinARun) {
  for (const ProbeSpec* probe : all_probes()) {
    if (!probe->run) continue;
    EXPECT_GT(probe->budget.count(), 0) << probe->id;
    EXPECT_LT(probe->budget, Settings{}.timeout) << probe->id << ": would never be its own limit";
  }
}

TEST(Probes, TellWhatTheyLookAt) {
  for (const ProbeSpec* probe : all_probes()) {
    EXPECT_TRUE(probe->summary.ends_with(".")) << probe->id << ": " << probe->summary;
    EXPECT_FALSE(probe->kind.empty()) << probe->id;
    EXPECT_FALSE(probe->facts().empty()) << probe->id;
  }
}

TEST(Probes, PlanNothingButTheMachineItselfWhereNothingListens) {
  for (const ProbeSpec* probe : all_probes()) {
    if (!probe->plan) continue;  // its components are announced by another probe's tasks
    for (const Target& target : probe->plan(Topology{}, Settings{})) {
      EXPECT_EQ(target.component_id, probe->kind) << probe->id;
    }
  }
}

/// The names of all tests of a probe, from NAME_test.cpp, NAME_…_test.cpp and the kernel parts it
/// uses.
std::string names_of_tests(const std::string& probe) {
  std::string names;
  static const RE2 name(R"((?m)^(?:TEST|TEST_F|TEST_P|RC_GTEST_PROP)\((\w+,\s*\w+))");
  for (const SourceFile& file : source_tree()) {
    const bool is_its_own =
        file.path.starts_with("src/probes/" + probe) && file.path.ends_with("_test.cpp");
    if (!is_its_own) continue;
    re2::StringPiece input(file.text);
    for (std::string found; RE2::FindAndConsume(&input, name, &found);) names += found + "\n";
  }
  return names;
}

/// As far as names tell: that somebody thought of each kind of input.
TEST(Probes, AreTestedWithGoodAndBadInput) {
  const std::map<std::string, std::string> kinds = {
      {"good", "(?i)good|agree|same|differential|real|plain|healthy|says|match|seen|live"},
      {"absent", "(?i)absent|nothing|no(body)?[A-Z_]|refus|missing|without|empty|lack"},
      {"denied", "(?i)denied|permission|nobody|password|root|unprivileged|refus|unreadable"},
      {"slow", "(?i)slow|drip|silen|second|budget|time|stall|never|hang|thousand|deadline"},
      {"garbage",
       "(?i)garbage|malformed|hostile|endless|broken|invalid|any(thing|bytes)|nonsense|damaged|"
       "property"},
  };
  for (const ProbeSpec* probe : all_probes()) {
    const std::string names = names_of_tests(std::string(probe->id));
    EXPECT_FALSE(names.empty()) << probe->id << " has no tests";
    for (const auto& [kind, pattern] : kinds) {
      EXPECT_TRUE(RE2::PartialMatch(names, pattern))
          << probe->id << ": no test named for " << kind << " input";
    }
  }
}

TEST(Probes, HaveAFuzzTarget) {
  for (const ProbeSpec* probe : all_probes()) {
    const std::string prefix = "src/probes/" + std::string(probe->id);
    const bool has = std::ranges::any_of(source_tree(), [&](const SourceFile& file) {
      return file.path.starts_with(prefix) && file.path.ends_with("_fuzz.cpp");
    });
    EXPECT_TRUE(has) << probe->id;
  }
}

}  // namespace
}  // namespace postflight::conformance
