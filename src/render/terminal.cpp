// SPDX-License-Identifier: Apache-2.0
// The report for a person at a terminal: what was seen, then what is wrong, what was not seen, and
// the verdict last, where the eye is when the prompt comes back. Plain text when piped; colour is
// decoration only, every state has a word or a sign.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "base/text.h"
#include "catalog/catalog.h"
#include "catalog/format.h"
#include "model/codec.h"
#include "render/harmless.h"
#include "render/renderer.h"
#include "render/terminal_text.h"
#include "render/value_text.h"

namespace postflight {
namespace {

/// A longer table or list is cut unless -v; the JSON report has all of it.
constexpr std::size_t kMostRows = 20;
constexpr std::size_t kMostLabels = 6;

std::string_view colour_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok: return colour::kGreen;
    case Verdict::warning: return colour::kYellow;
    case Verdict::critical: return colour::kRed;
    case Verdict::unknown: return colour::kCyan;
  }
  return colour::kNone;
}

std::string_view sign_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok: return "✔ ";
    case Verdict::warning: return "! ";
    case Verdict::critical: return "✘ ";
    case Verdict::unknown: return "? ";
  }
  return "? ";
}

Verdict as_verdict(TestStatus status) {
  return status == TestStatus::pass   ? Verdict::ok
         : status == TestStatus::fail ? Verdict::critical
                                      : Verdict::unknown;
}

Verdict as_verdict(Severity severity) {
  return severity == Severity::critical  ? Verdict::critical
         : severity == Severity::warning ? Verdict::warning
                                         : Verdict::unknown;
}

bool is_table(const Json& fact) {
  const auto value = fact.find("value");
  return value != fact.end() && value->is_array() && !value->empty() && value->front().is_object();
}

/// A counter that has counted nothing needs no line of a brief report.
bool is_idle_counter(const std::string& key, const Json& value) {
  return key.ends_with("_total") && value.is_number() && value == 0;
}

class TerminalReport {
 public:
  TerminalReport(const Report& report, const RenderOptions& options)
      : report_(report),
        verbose_(options.verbose),
        lang_(report.lang),
        out_(options.width, options.colour) {}

  std::string text() {
    components();
    findings("heading.problems", [](Severity s) { return s != Severity::info; });
    findings("heading.info", [](Severity s) { return s == Severity::info; });
    tests();
    not_checked();
    coverage();
    if (verbose_) cost();
    verdict();
    return out_.take();
  }

 private:
  std::string ui(std::string_view id, const Json& args = {}) const {
    return ui_text(id, lang_, args);
  }

  /// A component there is one of is called as the catalog calls it, in the reader's language.
  std::string name_of(const ComponentReport& component) const {
    const auto label = find_text(MessageKind::fact, component.id, "label", lang_);
    return label ? std::string(*label) : component.name;
  }

  void components() {
    out_.title(ui("heading.components"));
    for (const ComponentReport& component : report_.components) {
      const std::string state = ui("verdict." + enum_name(component.status));
      out_.paragraph(0, sign_of(component.status), name_of(component) + " — " + state,
                     {colour_of(component.status), colour::kBold});
      verbose_ ? facts_in_full(component) : facts_in_brief(component);
    }
    if (report_.components.empty()) out_.line(ui("value.none"));
  }

  /// Facts side by side; tables below. Details and idle counters are left to -v; what is unknown
  /// stands under coverage.
  void facts_in_brief(const ComponentReport& component) {
    std::vector<std::string> items;
    for (const auto& [key, fact] : component.facts.items()) {
      const auto value = fact.find("value");
      if (value == fact.end() || is_table(fact) || says_nothing(component, key, *value)) continue;
      const std::string text = excerpt(on_one_line(value_text(key, *value, lang_)), 60);
      if (!text.empty()) items.push_back(fact_label(component.probe, key, lang_) + ": " + text);
    }
    out_.items(4, items);
    for (const auto& [key, fact] : component.facts.items()) {
      if (is_table(fact) && !is_detail(component.probe + "." + key, false)) {
        table_in_brief(component, key, fact.at("value"));
      }
    }
  }

  static bool says_nothing(const ComponentReport& component, const std::string& key,
                           const Json& value) {
    return is_idle_counter(key, value) ||
           is_detail(component.probe + "." + key, value.is_array() && value.empty());
  }

  void table_in_brief(const ComponentReport& component, const std::string& key, const Json& list) {
    ValueTable cells = value_table(component.probe, key, list, lang_);
    const std::size_t all = cells.rows.size();
    cells.rows.resize(std::min(all, kMostRows));
    out_.line(fmt::format("    {}:", fact_label(component.probe, key, lang_)));
    out_.table(6, cells.head, cells.rows);
    if (all > kMostRows)
      out_.line("      " + ui("summary.more_rows", {{"count", all - kMostRows}}));
  }

  void facts_in_full(const ComponentReport& component) {
    for (const auto& [key, fact] : component.facts.items()) {
      const std::string lead = fact_label(component.probe, key, lang_) + ": ";
      if (const auto unknown = fact.find("unknown"); unknown != fact.end()) {
        out_.paragraph(4, lead, ui("value.unknown", {{"reason", unknown_text(*unknown, lang_)}}));
      } else if (is_table(fact)) {
        table_in_full(component, key, fact.at("value"));
      } else if (const auto value = fact.find("value"); value != fact.end()) {
        const std::string text = value_text(key, *value, lang_);
        out_.paragraph(4, lead, text.empty() ? ui("value.none") : text);
      } else {
        out_.paragraph(4, lead, ui("value.absent"));
      }
      if (const auto evidence = fact.find("evidence"); evidence != fact.end()) {
        out_.paragraph(8, "",
                       evidence_text(text_at(*evidence, "source"), text_at(*evidence, "excerpt")),
                       {.colour = colour::kFaint});
      }
    }
  }

  /// Every cell with its name: in columns so many would not fit.
  void table_in_full(const ComponentReport& component, const std::string& key, const Json& list) {
    const ValueTable cells = value_table(component.probe, key, list, lang_);
    out_.line(fmt::format("    {}:", fact_label(component.probe, key, lang_)));
    for (const auto& row : cells.rows) {
      std::string text;
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (!row[i].empty())
          text += fmt::format("{}{}: {}", text.empty() ? "" : " · ", cells.head[i], row[i]);
      }
      out_.paragraph(6, "- ", text);
    }
  }

  static std::string evidence_text(const std::string& source, const std::string& excerpt) {
    return on_one_line(excerpt.empty() ? source : source + ": " + excerpt);
  }

  template <class Wanted>
  void findings(std::string_view head, Wanted&& wanted) {
    bool any = false;
    for (const ReportedFinding& finding : report_.findings) {
      if (!wanted(finding.severity)) continue;
      if (!std::exchange(any, true)) out_.title(ui(head));
      finding_block(finding);
    }
  }

  /// What is only worth knowing is told in brief: `explain` and -v have the rest.
  void finding_block(const ReportedFinding& finding) {
    const bool in_full = verbose_ || finding.severity != Severity::info;
    out_.line();
    out_.paragraph(0, "[" + ui("severity." + enum_name(finding.severity)) + "] ", finding.problem,
                   {colour_of(as_verdict(finding.severity)), colour::kBold});
    if (in_full) slot("label.cause", finding.cause);
    slot("label.impact", finding.impact);
    if (in_full) {
      slot("label.fix", finding.fix.text);
      for (const std::string& command : finding.fix.commands)
        out_.line("      " + command, colour::kBold);
      slot("label.risk", finding.fix.risk);
    }
    for (const Evidence& evidence : finding.evidence) {
      out_.paragraph(2, ui("label.evidence") + ": ",
                     evidence_text(evidence.source, evidence.excerpt),
                     {colour::kFaint, colour::kFaint});
    }
    for (const Symptom& symptom : finding.symptoms) slot("label.symptoms", symptom.problem);
    out_.paragraph(2, "", fmt::format("{} · postflight explain {}", finding.subject, finding.id),
                   {.colour = colour::kFaint});
  }

  void slot(std::string_view label, const std::string& text) {
    if (!text.empty()) out_.paragraph(2, ui(label) + ": ", on_one_line(text));
  }

  void tests() {
    if (report_.tests.empty()) return;
    out_.title(ui("heading.tests"));
    for (const ReportedTest& test : report_.tests) {
      const std::string took =
          test.duration_seconds > 0
              ? fmt::format(" ({})", format_duration(test.duration_seconds, lang_))
              : "";
      out_.paragraph(0, sign_of(as_verdict(test.status)), test.title + took,
                     {colour_of(as_verdict(test.status))});
    }
  }

  /// The engine's own words are English; elsewhere the reason is told from the catalog.
  std::string reason_of(const Unknown& reason) const {
    if (reason.why == Why::not_planned && lang_ != Lang::en) return ui("why.not_planned.phrase");
    return on_one_line(reason.detail.empty() ? ui("why." + enum_name(reason.why) + ".phrase")
                                             : reason.detail);
  }

  void not_checked() {
    if (report_.not_checked.empty()) return;
    out_.title(ui("heading.not_checked"));
    std::vector<std::pair<std::string, std::vector<const NotChecked*>>> groups;
    for (const NotChecked& item : report_.not_checked)
      group(groups, reason_of(item.reason)).push_back(&item);
    for (const auto& [reason, items] : groups) {
      out_.paragraph(0, "? ", reason, {colour::kCyan});
      for (const NotChecked* item : items) {
        out_.paragraph(4, "",
                       item->name.empty() ? item->subject : item->subject + " " + item->name);
      }
    }
  }

  /// The entry of `key`, made where there is none; the order of arrival is kept.
  template <class Value>
  static Value& group(std::vector<std::pair<std::string, Value>>& groups, const std::string& key) {
    const auto it = std::ranges::find(groups, key, [](const auto& one) { return one.first; });
    if (it != groups.end()) return it->second;
    return groups.emplace_back(key, Value{}).second;
  }

  void coverage() {
    const Coverage& coverage = report_.coverage;
    out_.title(ui("heading.coverage"));
    out_.paragraph(0, "",
                   ui(coverage.unknown.empty() ? "summary.coverage_complete" : "summary.coverage",
                      {{"wanted", coverage.wanted},
                       {"seen", coverage.seen},
                       {"unknown", coverage.unknown.size()}}) +
                       ".");
    // Facts that share a reason share a line: forty "no permission" say no more than one.
    using Labels = std::vector<std::pair<std::string, std::vector<std::string>>>;  // by component
    std::vector<std::pair<std::string, Labels>> reasons;
    const auto names = names_of_facts();
    for (const CoverageGap& gap : coverage.unknown) {
      if (is_listed_as_not_checked(gap.fact)) continue;
      const std::string reason =
          ui("why." + enum_name(gap.why)) + (gap.detail.empty() ? "" : ": " + gap.detail);
      const auto known = names.find(gap.fact);
      const auto& [component, label] =
          known == names.end() ? std::pair{gap.fact, std::string()} : known->second;
      auto& labels = group(group(reasons, on_one_line(reason)), component);
      if (!label.empty()) labels.push_back(label);
    }
    for (const auto& [reason, components] : reasons) {
      out_.paragraph(0, "? ", reason, {colour::kCyan});
      for (const auto& [component, labels] : components) gap_line(component, labels);
    }
  }

  void gap_line(const std::string& component, const std::vector<std::string>& labels) {
    if (labels.empty()) return out_.paragraph(4, "", component);
    const std::size_t shown = verbose_ ? labels.size() : std::min(labels.size(), kMostLabels);
    std::string text = fmt::format(
        "{}", fmt::join(labels.begin(), labels.begin() + static_cast<long>(shown), ", "));
    if (shown < labels.size()) text += " " + ui("summary.more", {{"count", labels.size() - shown}});
    out_.paragraph(4, component + ": ", text);
  }

  /// "redis:127.0.0.1:6379 keys" -> the component's name and the fact's label.
  std::map<std::string, std::pair<std::string, std::string>> names_of_facts() const {
    std::map<std::string, std::pair<std::string, std::string>> names;
    for (const ComponentReport& component : report_.components) {
      for (const auto& [key, fact] : component.facts.items()) {
        names[component.id + " " + key] = {name_of(component),
                                           fact_label(component.probe, key, lang_)};
      }
    }
    return names;
  }

  bool is_listed_as_not_checked(const std::string& fact) const {
    return std::ranges::any_of(report_.not_checked,
                               [&](const NotChecked& item) { return item.subject == fact; });
  }

  /// The three slowest tasks: where a slow run spent its time.
  void cost() {
    std::vector<TaskRecord> tasks = report_.tasks;
    std::ranges::sort(tasks, [](const TaskRecord& a, const TaskRecord& b) {
      return std::tie(b.wall_seconds, a.id) < std::tie(a.wall_seconds, b.id);
    });
    tasks.resize(std::min<std::size_t>(tasks.size(), 3));
    if (tasks.empty()) return;
    out_.title(ui("heading.tasks"));
    for (const TaskRecord& task : tasks) {
      out_.paragraph(2, "",
                     fmt::format("{}: {}, {}; {}: {}; {}: {}", task.id,
                                 ui("outcome." + enum_name(task.outcome)),
                                 format_duration(task.wall_seconds, lang_), ui("label.cpu_time"),
                                 format_duration(task.cpu_seconds, lang_), ui("label.peak_memory"),
                                 format_bytes(static_cast<double>(task.peak_memory_bytes), lang_)));
    }
  }

  void verdict() {
    out_.line();
    out_.paragraph(0, ui("heading.verdict") + ": ", ui("verdict." + enum_name(report_.verdict)),
                   {colour::kBold, colour_of(report_.verdict)});
    out_.paragraph(0, "", ui("verdict." + enum_name(report_.verdict) + ".sentence") + ".");
    out_.paragraph(0, "", counts());
    out_.paragraph(
        0, "",
        fmt::format("{}. {}.", ui("summary.duration", {{"seconds", report_.duration_seconds}}),
                    ui("summary.nothing_changed")),
        {.colour = colour::kFaint});
  }

  /// "2 problems found (critical: 1, warning: 1). 5 components checked. 3 of 4 functional tests
  /// passed."
  std::string counts() const {
    const auto of = [&](Severity severity) {
      return std::ranges::count(report_.findings, severity, &ReportedFinding::severity);
    };
    const auto critical = of(Severity::critical), warning = of(Severity::warning);
    std::string text = critical + warning == 0
                           ? ui("summary.no_problems")
                           : ui("summary.problems", {{"count", critical + warning}});
    if (critical > 0 && warning > 0) {
      text += fmt::format(" ({}: {}, {}: {})", ui("severity.critical"), critical,
                          ui("severity.warning"), warning);
    }
    text += ". " + ui("summary.components", {{"count", report_.components.size()}}) + ".";
    if (report_.tests.empty()) return text;
    const auto passed = std::ranges::count(report_.tests, TestStatus::pass, &ReportedTest::status);
    return text + " " + ui("summary.tests", {{"passed", passed}, {"total", report_.tests.size()}}) +
           ".";
  }

  const Report& report_;
  bool verbose_;
  Lang lang_;
  TerminalText out_;
};

std::string render_terminal(const Report& report, const RenderOptions& options) {
  const Report safe = harmless(report);
  return TerminalReport{safe, options}.text();
}

}  // namespace

namespace render {

extern const Renderer terminal;
const Renderer terminal{"terminal", "Text for a person at a terminal.", ".txt", &render_terminal};

}  // namespace render
}  // namespace postflight
