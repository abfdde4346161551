// SPDX-License-Identifier: Apache-2.0
// The report as a person sees it: approved pages, width, colour, and what hostile names cannot do.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "render/harmless.h"
#include "render/renderer.h"
#include "render/testing/golden_reports.h"
#include "render/value_text.h"

namespace postflight {
namespace {

using testing::golden_cases;

std::string render(const Report& report, const RenderOptions& options) {
  return find_renderer("terminal")->render(report, options);
}

TEST(TerminalRenderer, WritesWhatWasApproved) {
  testing::expect_goldens("terminal", ".txt", {});
}

TEST(TerminalRenderer, HasNoColourUnlessAsked) {
  for (const auto& one : golden_cases()) {
    EXPECT_EQ(render(one.report, {.colour = false, .verbose = true}).find('\x1b'),
              std::string::npos)
        << one.name;
    EXPECT_NE(render(one.report, {.colour = true}).find('\x1b'), std::string::npos) << one.name;
  }
}

/// Colour changes nothing but colour: not the words, not where lines break.
TEST(TerminalRenderer, SaysTheSameInColour) {
  for (const auto& one : golden_cases()) {
    for (const bool verbose : {false, true}) {
      std::string coloured = render(one.report, {.colour = true, .verbose = verbose});
      for (std::size_t at; (at = coloured.find('\x1b')) != std::string::npos;) {
        coloured.erase(at, coloured.find('m', at) - at + 1);
      }
      EXPECT_EQ(coloured, render(one.report, {.verbose = verbose})) << one.name;
    }
  }
}

bool is_command(std::string_view line) {
  return line.starts_with("      ") && !line.starts_with("       ");
}

/// A line may be too wide only for a word that does not fit, for a command, or for a table's first
/// columns.
TEST(TerminalRenderer, StaysWithinItsWidth) {
  for (const auto& one : golden_cases()) {
    for (const std::size_t width : {60, 80, 100, 160}) {
      const std::string text = render(one.report, {.verbose = width == 80, .width = width});
      for (const auto line : split(text, '\n')) {
        const auto words = split_words(line);
        const bool one_word = words.size() <= 2;
        EXPECT_TRUE(display_width(line) <= width || is_command(line) || one_word)
            << one.name << ": " << line;
        EXPECT_FALSE(line.ends_with(' ')) << one.name << ": blanks at the end of: " << line;
      }
    }
  }
}

TEST(TerminalRenderer, EndsWithTheVerdict) {
  for (const auto& one : golden_cases()) {
    const std::string text = render(one.report, {});
    const auto last_empty = text.rfind("\n\n");
    const std::string word = one.report.lang == Lang::ru ? "Итог: " : "Verdict: ";
    EXPECT_TRUE(text.substr(last_empty + 2).starts_with(word)) << one.name;
  }
}

constexpr const char* kHostile = "a\x1b[2J\x1b]0;x\x07\r\xff\xe2\x80\xae\n\tz";

Report hostile_report() {
  Report report;
  report.host = kHostile;
  const Json evidence = {{"source", kHostile}, {"excerpt", kHostile}};
  ComponentReport component{kHostile, "redis", kHostile, "redis", Verdict::critical};
  component.facts[kHostile] = {{"value", kHostile}, {"evidence", evidence}};
  component.facts["list"] = {{"value", {{{kHostile, kHostile}}, kHostile, 1, nullptr}},
                             {"evidence", evidence}};
  component.facts["version"] = {{"unknown", {{"why", kHostile}, {"detail", kHostile}}}};
  component.facts["keys"] = "no fact";
  component.facts["mode"] = {{"value", {{"exposure", kHostile}, {"x", 1}}}, {"evidence", 7}};
  component.facts["exposure"] = {{"value", 7}};
  report.components = {component, {"x", "x", "x", "x", Verdict::ok, Json::array({1, 2})}};
  report.findings = {{kHostile,
                      Severity::critical,
                      kHostile,
                      kHostile,
                      kHostile,
                      kHostile,
                      {kHostile, {kHostile}, kHostile},
                      {{kHostile, kHostile, kHostile}},
                      {{kHostile, kHostile, kHostile}}}};
  report.tests = {{kHostile, kHostile, TestStatus::fail, 1e300, {{kHostile, kHostile, kHostile}}}};
  report.not_checked = {{kHostile, kHostile, {Why::denied, kHostile}}};
  report.coverage = {1, 0, {{kHostile, Why::denied, kHostile}}};
  report.tasks = {{kHostile, kHostile, Outcome::crashed, kHostile, -1, 1e300, 1, 1}};
  return report;
}

TEST(TerminalRenderer, PrintsHostileTextHarmlessly) {
  for (const Lang lang : {Lang::en, Lang::ru}) {
    for (const bool verbose : {false, true}) {
      Report report = hostile_report();
      report.lang = lang;
      const std::string text = render(report, {.verbose = verbose});
      EXPECT_EQ(text, printable_utf8(text))
          << "control characters, broken UTF-8 or bidirectional marks";
      EXPECT_EQ(text.find("\nz"), std::string::npos) << "somebody else's line break";
      for (const char c : {'\x1b', '\x07', '\r', '\t'})
        EXPECT_EQ(text.find(c), std::string::npos) << int{c};
    }
  }
}

TEST(TerminalRenderer, TellsAFactItCannotReadAsUnknown) {
  const std::string text = render(hostile_report(), {.verbose = true});
  EXPECT_NE(text.find("Keys: unknown: not understood"), std::string::npos) << text;
}

TEST(TerminalRenderer, CutsLongTablesUnlessVerbose) {
  Report report;
  Json list = Json::array();
  for (int i = 0; i < 1000; ++i)
    list.push_back({{"endpoint", "127.0.0.1:" + std::to_string(i)}, {"port", i}});
  report.components = {{"sockets", "sockets", "x", "sockets", Verdict::ok}};
  report.components[0].facts["services"] = {{"value", list}};
  const std::string brief = render(report, {});
  EXPECT_NE(brief.find("980"), std::string::npos) << brief;
  EXPECT_EQ(brief.find("127.0.0.1:999"), std::string::npos);
  EXPECT_NE(render(report, {.verbose = true}).find("127.0.0.1:999"), std::string::npos);
}

TEST(ValueText, ReadsTheUnitFromTheKey) {
  EXPECT_EQ(value_text("used_memory_bytes", 1536, Lang::en), "1.5 KiB");
  EXPECT_EQ(value_text("disk_used_ratio", 0.5, Lang::en), "50 %");
  EXPECT_EQ(value_text("uptime_seconds", 63, Lang::en), "1 min 3 s");
  EXPECT_EQ(value_text("port", 50013, Lang::ru), "50013") << "nobody groups the digits of a port";
  EXPECT_EQ(value_text("keys", 50013, Lang::en), "50,013");
  EXPECT_EQ(value_text("x", true, Lang::ru), "да");
  EXPECT_EQ(value_text("x", Json::array(), Lang::en), "none");
  EXPECT_EQ(value_text("x", Json(), Lang::en), "none");
  EXPECT_EQ(value_text("maxmemory_bytes", 0, Lang::en), "none");
  EXPECT_EQ(value_text("exposure", "wildcard", Lang::en), "all addresses of the machine");
}

TEST(ValueTable, KeepsTheOrderOfDeclaration) {
  const Json list = {{{"endpoint", "a"}, {"program", ""}, {"port", 1}},
                     {{"endpoint", "b"}, {"program", "p"}, {"port", 0}}};
  const ValueTable table = value_table("sockets", "services", list, Lang::en);
  EXPECT_EQ(table.head, (std::vector<std::string>{"Endpoint", "Program", "Port"}));
  EXPECT_EQ(table.rows[1], (std::vector<std::string>{"b", "p", ""}));
}

}  // namespace
}  // namespace postflight
