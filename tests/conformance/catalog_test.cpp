// SPDX-License-Identifier: Apache-2.0
// Whatever can be said is written down in both languages, and what rules really say fits the text.
#include "catalog/catalog.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "catalog/template_parser.h"
#include "conformance/rule_cases.h"
#include "host/testing/child_process.h"
#include "probes/probe.h"

namespace postflight::conformance {
namespace {

constexpr std::array kLanguages = {Lang::en, Lang::ru};
constexpr std::array kSlots = {"problem", "cause", "impact", "fix", "risk"};

bool has_cyrillic(std::string_view text) {
  return text.find_first_of("\xD0\xD1") != std::string_view::npos;
}

std::set<std::string_view> rule_ids() {
  std::set<std::string_view> ids;
  for (const RuleFamily* family : all_rule_families()) {
    for (const auto id : family->rules()) ids.insert(id);
  }
  return ids;
}

std::set<std::string_view> test_ids() {
  std::set<std::string_view> ids;
  for (const RuleFamily* family : all_rule_families()) {
    for (const auto id : family->tests()) ids.insert(id);
  }
  return ids;
}

/// "redis.keys", "sockets.services", and "sockets.services.port" for the fields of a list's
/// elements.
std::set<std::string> fact_ids() {
  std::set<std::string> ids;
  for (const ProbeSpec* probe : all_probes()) {
    for (const FactDeclaration& fact : probe->facts()) {
      const std::string id = std::string(probe->id) + "." + std::string(fact.key);
      ids.insert(id);
      const Json value = fact.schema()["oneOf"][0]["properties"]["value"];
      const Json& object = value.contains("items") ? value["items"] : value;
      if (!object.contains("properties")) continue;
      for (const auto& [field, schema] : object["properties"].items()) ids.insert(id + "." + field);
    }
  }
  return ids;
}

void expect_in_both_languages(MessageKind kind, std::string_view id, std::string_view slot) {
  for (const Lang lang : kLanguages) {
    const auto text = find_text(kind, id, slot, lang);
    EXPECT_TRUE(text && !text->empty()) << id << " has no " << lang_code(lang) << "." << slot;
  }
}

TEST(CatalogConformance, EveryRuleHasItsSentences) {
  for (const auto id : rule_ids()) {
    for (const char* slot : kSlots) expect_in_both_languages(MessageKind::finding, id, slot);
    EXPECT_TRUE(cite(id)) << id << " cites no authority";
  }
}

TEST(CatalogConformance, EveryTestHasItsTitle) {
  for (const auto id : test_ids()) expect_in_both_languages(MessageKind::test, id, "title");
}

TEST(CatalogConformance, EveryFactHasItsLabel) {
  for (const std::string& id : fact_ids()) expect_in_both_languages(MessageKind::fact, id, "label");
}

TEST(CatalogConformance, HasNoEntryWithoutAnOwner) {
  for (const auto id : message_ids(MessageKind::finding))
    EXPECT_TRUE(rule_ids().contains(id)) << id;
  for (const auto id : message_ids(MessageKind::test)) EXPECT_TRUE(test_ids().contains(id)) << id;
  const auto facts = fact_ids();
  for (const auto id : message_ids(MessageKind::fact)) {
    // "host", "sockets": what a component is called of which there is one.
    const bool is_kind = std::ranges::any_of(
        all_probes(), [&](const ProbeSpec* probe) { return probe->kind == id; });
    EXPECT_TRUE(is_kind || facts.contains(std::string(id))) << id;
  }
}

/// Names for which a finding has no value at all; null is allowed, it stands for "not seen".
std::set<std::string> missing_arguments(std::string_view text, const Json& args) {
  std::set<std::string> missing;
  for (const std::string& name : placeholder_names(text)) {
    if (!args.contains(name)) missing.insert(name);
  }
  return missing;
}

bool some_value_holds(const Json& args, char c) {
  return args.dump().find(c) != std::string::npos;
}

bool some_value_is_null(const Json& args) {
  return std::ranges::any_of(args, [](const Json& value) { return value.is_null(); });
}

void expect_readable(const std::string& sentence, const Finding& finding, Lang lang,
                     const std::string& where) {
  EXPECT_FALSE(sentence.empty()) << where;
  EXPECT_FALSE(sentence.starts_with("<" + finding.id)) << where << ": " << sentence;
  // A question mark is what the catalog puts for a value that is missing or of the wrong type.
  if (!some_value_holds(finding.args, '?') && !some_value_is_null(finding.args)) {
    EXPECT_EQ(sentence.find('?'), std::string::npos) << where << ": " << sentence;
  }
  EXPECT_TRUE(lang != Lang::ru || has_cyrillic(sentence)) << where << ": " << sentence;
}

void expect_sentences(const Finding& finding, const std::string& file) {
  for (const Lang lang : kLanguages) {
    for (const char* slot : kSlots) {
      const std::string where = file + " " + std::string(lang_code(lang)) + "." + slot;
      const auto text = find_text(MessageKind::finding, finding.id, slot, lang);
      ASSERT_TRUE(text) << where;
      EXPECT_EQ(missing_arguments(*text, finding.args), std::set<std::string>{}) << where;
      expect_readable(message(MessageKind::finding, finding.id, slot, lang, finding.args), finding,
                      lang, where);
    }
  }
}

TEST(CatalogConformance, SentencesFitWhatRulesSay) {
  for (const RuleCase& one : rule_cases()) {
    if (one.kind != "fires") continue;
    for (const Finding& finding : findings_of(judge_case(one), one.rule))
      expect_sentences(finding, one.file);
  }
}

/// At least one case of each rule has everything a sentence can show.
TEST(CatalogConformance, EveryRuleHasACaseWithoutGaps) {
  std::map<std::string, bool> complete;
  for (const RuleCase& one : rule_cases()) {
    if (one.kind != "fires") continue;
    for (const Finding& finding : findings_of(judge_case(one), one.rule)) {
      complete[one.rule] |= !some_value_is_null(finding.args);
    }
  }
  for (const auto& [rule, without_gaps] : complete) {
    EXPECT_TRUE(without_gaps) << rule << ": each case leaves a value of its sentences unseen";
  }
}

TEST(CatalogConformance, CommandsCanBePasted) {
  std::string script;
  std::set<std::string> filled, all;
  for (const RuleCase& one : rule_cases()) {
    if (one.kind != "fires") continue;
    for (const Finding& finding : findings_of(judge_case(one), one.rule)) {
      for (const auto command : fix_command_templates(finding.id)) {
        const std::string which = one.rule + ": " + std::string(command);
        all.insert(which);
        if (missing_arguments(command, finding.args).empty()) filled.insert(which);
      }
      for (const std::string& command : fix_commands(finding.id, finding.args)) {
        EXPECT_EQ(command.find('\n'), std::string::npos) << command;
        script += command + "\n";
      }
    }
  }
  ASSERT_FALSE(script.empty());
  // Some apply to one program or place only and are left out elsewhere; each has a case of its own.
  EXPECT_EQ(filled, all);
  const auto parsed = host::testing::run_command({"sh", "-n", "-c", script});
  EXPECT_EQ(parsed.exit_code, 0) << parsed.err;
}

TEST(CatalogConformance, TitlesOfTestsFit) {
  for (const RuleCase& one : rule_cases()) {
    for (const TestResult& test : judge_case(one).tests) {
      for (const Lang lang : kLanguages) {
        const auto text = find_text(MessageKind::test, test.id, "title", lang);
        ASSERT_TRUE(text) << test.id;
        EXPECT_EQ(missing_arguments(*text, test.args), std::set<std::string>{})
            << one.file << " " << test.id;
      }
    }
  }
}

}  // namespace
}  // namespace postflight::conformance
