// SPDX-License-Identifier: Apache-2.0
// The report for a person at a terminal: problems first under the verdict, then what was seen, then what
// was not. Plain text when piped; colour is decoration only, every state has a word or a sign.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "catalog/catalog.h"
#include "catalog/format.h"
#include "model/codec.h"
#include "render/renderer.h"
#include "render/value_text.h"

namespace postflight {
namespace {

constexpr const char* kRed = "\x1b[31m";
constexpr const char* kYellow = "\x1b[33m";
constexpr const char* kGreen = "\x1b[32m";
constexpr const char* kCyan = "\x1b[36m";
constexpr const char* kBold = "\x1b[1m";
constexpr const char* kFaint = "\x1b[2m";

/// A table longer than this is cut unless -v; the JSON report has all of it.
constexpr std::size_t kMostRows = 20;

class TerminalReport {
 public:
  TerminalReport(const Report& report, const RenderOptions& options)
      : report_(report), options_(options), lang_(report.lang) {}

  std::string text() {
    components();
    findings(heading("heading.problems"), [](Severity s) { return s != Severity::info; });
    findings(heading("heading.info"), [](Severity s) { return s == Severity::info; });
    tests();
    not_checked();
    coverage();
    if (options_.verbose) cost();
    verdict();
    return std::move(out_);
  }

 private:
  std::string ui(std::string_view id, const Json& args = {}) const { return ui_text(id, lang_, args); }
  std::string heading(std::string_view id) const { return ui(id); }

  std::string paint(const char* colour, std::string_view text) const {
    return options_.colour ? fmt::format("{}{}\x1b[0m", colour, text) : std::string(text);
  }

  void line(std::string_view text = "") { out_.append(text).push_back('\n'); }

  void title(std::string_view text) {
    line();
    line(paint(kBold, text));
  }

  /// Words wrapped at the width, each line behind `indent` blanks; the first behind `lead`.
  void paragraph(std::size_t indent, const std::string& lead, std::string_view text) {
    std::string current = std::string(indent, ' ') + lead;
    std::size_t width = indent + display_width(lead);
    const std::size_t hanging = indent + 2;
    bool first = true;
    for (const auto word : split_words(text)) {
      const std::size_t word_width = display_width(word);
      if (!first && width + 1 + word_width > options_.width) {
        line(current);
        current = std::string(hanging, ' ');
        width = hanging;
        first = true;
      }
      if (!first) current += ' ', ++width;
      current += word;
      width += word_width;
      first = false;
    }
    line(current);
  }

  std::string sign(Verdict verdict) const {
    switch (verdict) {
      case Verdict::ok: return paint(kGreen, "✔");
      case Verdict::warning: return paint(kYellow, "!");
      case Verdict::critical: return paint(kRed, "✘");
      case Verdict::unknown: return paint(kCyan, "?");
    }
    return "?";
  }

  std::string sign(TestStatus status) const {
    return sign(status == TestStatus::pass   ? Verdict::ok
                : status == TestStatus::fail ? Verdict::critical
                                             : Verdict::unknown);
  }

  void components() {
    title(heading("heading.components"));
    for (const ComponentReport& component : report_.components) {
      line(fmt::format("{} {}  {}", sign(component.status), paint(kBold, component.name),
                       paint(kFaint, ui("verdict." + enum_name(component.status)))));
      if (options_.verbose) {
        facts_in_full(component);
      } else {
        facts_in_brief(component);
      }
    }
  }

  static bool is_table(const Json& fact) {
    const auto value = fact.find("value");
    return value != fact.end() && value->is_array() && !value->empty() && value->front().is_object();
  }

  /// Facts side by side, as many to a line as fit; tables below; what is unknown stands under coverage.
  void facts_in_brief(const ComponentReport& component) {
    std::string current;
    const auto flush = [&] {
      if (!current.empty()) line("    " + current);
      current.clear();
    };
    for (const auto& [key, fact] : component.facts.items()) {
      const auto value = fact.find("value");
      if (value == fact.end() || is_table(fact)) continue;
      const std::string text = excerpt(value_text(key, *value, lang_), 60);
      if (text.empty()) continue;
      const std::string item = fmt::format("{}: {}", fact_label(component.probe, key, lang_), text);
      if (display_width(current) + display_width(item) + 7 > options_.width) flush();
      current += (current.empty() ? "" : " · ") + item;
    }
    flush();
    for (const auto& [key, fact] : component.facts.items()) {
      if (is_table(fact)) table(component, key, fact.at("value"));
    }
  }

  void facts_in_full(const ComponentReport& component) {
    for (const auto& [key, fact] : component.facts.items()) {
      const std::string label = fact_label(component.probe, key, lang_);
      if (const auto unknown = fact.find("unknown"); unknown != fact.end()) {
        paragraph(4, label + ": ", ui("value.unknown", {{"reason", unknown_text(*unknown, lang_)}}));
      } else if (is_table(fact)) {
        table(component, key, fact.at("value"));
      } else if (const auto value = fact.find("value"); value != fact.end()) {
        paragraph(4, label + ": ", value_text(key, *value, lang_));
      } else {
        paragraph(4, label + ": ", ui("value.absent"));
      }
      if (const auto evidence = fact.find("evidence"); evidence != fact.end() && !is_table(fact)) {
        line(paint(kFaint, fmt::format("        {}: {}", evidence->value("source", ""),
                                       one_line(evidence->value("excerpt", "")))));
      }
    }
  }

  static std::string one_line(std::string text) {
    std::ranges::replace(text, '\n', ' ');
    return text;
  }

  void table(const ComponentReport& component, const std::string& key, const Json& list) {
    const ValueTable cells = value_table(component.probe, key, list, lang_);
    std::vector<std::size_t> widths;
    for (const std::string& head : cells.head) widths.push_back(display_width(head));
    for (const auto& row : cells.rows) {
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
    }
    line(fmt::format("    {}:", fact_label(component.probe, key, lang_)));
    line(paint(kFaint, table_row(cells.head, widths)));
    const std::size_t shown = options_.verbose ? cells.rows.size() : std::min(kMostRows, cells.rows.size());
    for (std::size_t i = 0; i < shown; ++i) line(table_row(cells.rows[i], widths));
    if (shown < cells.rows.size()) {
      line("      " + ui("summary.more_rows", {{"count", cells.rows.size() - shown}}));
    }
  }

  static std::string table_row(const std::vector<std::string>& row, const std::vector<std::size_t>& widths) {
    std::string text = "     ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += " " + row[i];
      if (i + 1 < row.size()) text.append(widths[i] - display_width(row[i]) + 1, ' ');
    }
    return text;
  }

  template <class Wanted>
  void findings(const std::string& head, Wanted&& wanted) {
    bool any = false;
    for (const ReportedFinding& finding : report_.findings) {
      if (!wanted(finding.severity)) continue;
      if (!std::exchange(any, true)) title(head);
      finding_block(finding);
    }
  }

  void finding_block(const ReportedFinding& finding) {
    const char* colour = finding.severity == Severity::critical  ? kRed
                         : finding.severity == Severity::warning ? kYellow
                                                                 : kCyan;
    line();
    paragraph(0, paint(colour, "[" + ui("severity." + enum_name(finding.severity)) + "] "), finding.problem);
    slot("label.cause", finding.cause);
    slot("label.impact", finding.impact);
    slot("label.fix", finding.fix.text);
    for (const std::string& command : finding.fix.commands) line("      " + paint(kBold, command));
    slot("label.risk", finding.fix.risk);
    for (const Evidence& evidence : finding.evidence) {
      line(paint(kFaint, fmt::format("  {}: {}: {}", ui("label.evidence"), evidence.source,
                                     one_line(evidence.excerpt))));
    }
    for (const Symptom& symptom : finding.symptoms) {
      paragraph(2, ui("label.symptoms") + ": ", symptom.problem);
    }
    line(paint(kFaint, fmt::format("  {}  ·  postflight explain {}", finding.subject, finding.id)));
  }

  void slot(std::string_view label, const std::string& text) {
    if (!text.empty()) paragraph(2, ui(label) + ": ", text);
  }

  void tests() {
    if (report_.tests.empty()) return;
    title(heading("heading.tests"));
    for (const ReportedTest& test : report_.tests) {
      const std::string took =
          test.duration_seconds > 0 ? "  " + format_duration(test.duration_seconds, lang_) : "";
      line(fmt::format("{} {}{}", sign(test.status), test.title, paint(kFaint, took)));
    }
  }

  void not_checked() {
    if (report_.not_checked.empty()) return;
    title(heading("heading.not_checked"));
    for (const NotChecked& item : report_.not_checked) {
      line(fmt::format("? {}  {}  {}", item.subject, item.name, paint(kFaint, item.reason.detail)));
    }
  }

  void coverage() {
    const Coverage& coverage = report_.coverage;
    title(heading("heading.coverage"));
    line(ui(coverage.unknown.empty() ? "summary.coverage_complete" : "summary.coverage",
            {{"wanted", coverage.wanted}, {"seen", coverage.seen}, {"unknown", coverage.unknown.size()}}));
    // Facts that share a reason share a line: forty "no permission" say no more than one.
    std::vector<std::pair<std::string, std::vector<std::string>>> groups;
    for (const CoverageGap& gap : coverage.unknown) {
      if (is_listed_as_not_checked(gap.fact)) continue;
      const std::string reason = ui("why." + enum_name(gap.why)) + (gap.detail.empty() ? "" : ": " + gap.detail);
      const auto it = std::ranges::find(groups, reason, [](const auto& group) { return group.first; });
      (it == groups.end() ? groups.emplace_back(reason, std::vector<std::string>{}) : *it)
          .second.push_back(gap.fact);
    }
    for (const auto& [reason, facts] : groups) {
      paragraph(0, "? ", reason);
      paragraph(4, "", fmt::format("{}", fmt::join(facts, ", ")));
    }
  }

  bool is_listed_as_not_checked(const std::string& fact) const {
    return std::ranges::any_of(report_.not_checked,
                               [&](const NotChecked& item) { return item.subject == fact; });
  }

  /// The three slowest tasks: where a slow run spent its time.
  void cost() {
    std::vector<TaskRecord> tasks = report_.tasks;
    std::ranges::sort(tasks, std::ranges::greater{}, &TaskRecord::wall_seconds);
    tasks.resize(std::min<std::size_t>(tasks.size(), 3));
    title(heading("heading.tasks"));
    for (const TaskRecord& task : tasks) {
      line(fmt::format("  {}  {}  {} {}  {} {}  {}", task.id, format_duration(task.wall_seconds, lang_),
                       ui("label.cpu_time"), format_duration(task.cpu_seconds, lang_),
                       ui("label.peak_memory"),
                       format_bytes(static_cast<double>(task.peak_memory_bytes), lang_),
                       ui("outcome." + enum_name(task.outcome))));
    }
  }

  void verdict() {
    const std::string word = ui("verdict." + enum_name(report_.verdict));
    const char* colour = report_.verdict == Verdict::ok         ? kGreen
                         : report_.verdict == Verdict::critical ? kRed
                         : report_.verdict == Verdict::warning  ? kYellow
                                                                : kCyan;
    title(fmt::format("{}: {}", ui("heading.verdict"), paint(colour, word)));
    paragraph(0, "", ui("verdict." + enum_name(report_.verdict) + ".sentence") + ".");
    line(paint(kFaint, fmt::format("{}. {}.", ui("summary.duration", {{"seconds", report_.duration_seconds}}),
                                   ui("summary.nothing_changed"))));
  }

  const Report& report_;
  const RenderOptions& options_;
  Lang lang_;
  std::string out_;
};

std::string render_terminal(const Report& report, const RenderOptions& options) {
  return TerminalReport{report, options}.text();
}

}  // namespace

namespace render {

extern const Renderer terminal;
const Renderer terminal{"terminal", "Text for a person at a terminal.", ".txt", &render_terminal};

}  // namespace render
}  // namespace postflight
