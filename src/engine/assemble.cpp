// SPDX-License-Identifier: Apache-2.0
#include "engine/assemble.h"

#include <algorithm>
#include <map>

#include "catalog/catalog.h"
#include "engine/coverage.h"
#include "engine/fold.h"
#include "engine/readable.h"
#include "engine/verdict.h"
#include "model/codec.h"
#include "probes/probe.h"

namespace postflight {
namespace {

std::string slot(const Finding& finding, const char* name, Lang lang) {
  return message(MessageKind::finding, finding.id, name, lang, finding.args);
}

ReportedFinding report_finding(const Finding& finding, Lang lang) {
  ReportedFinding out{.id = finding.id, .severity = finding.severity, .subject = finding.subject};
  out.problem = slot(finding, "problem", lang);
  out.cause = slot(finding, "cause", lang);
  out.impact = slot(finding, "impact", lang);
  out.fix = {slot(finding, "fix", lang), fix_commands(finding.id, finding.args),
             slot(finding, "risk", lang)};
  out.evidence = finding.evidence;
  for (const Finding& symptom : finding.symptoms) {
    out.symptoms.push_back({symptom.id, symptom.subject, slot(symptom, "problem", lang)});
  }
  return out;
}

ReportedTest report_test(const TestResult& test, Lang lang) {
  ReportedTest out{.id = test.id + " " + test.subject, .status = test.status};
  out.title = message(MessageKind::test, test.id, "title", lang, test.args);
  out.duration_seconds = test.duration_seconds;
  out.evidence = test.evidence;
  return out;
}

/// The component's name in the reader's language, where its probe has words for it; otherwise the
/// name the probe gave, which is made of endpoints and program names.
std::string name_of(const Component& component, Lang lang) {
  const std::string id = "component." + component.probe;
  return find_text(MessageKind::ui, id, "text", lang)
             ? ui_text(id, lang, {{"name", component.name}})
             : component.name;
}

/// Why nobody looked closer, in the reader's language.
NotChecked report_not_checked(NotChecked item, Lang lang) {
  item.reason.detail =
      ui_text("passed." + enum_name(item.passed), lang, {{"protocol", item.protocol}});
  return item;
}

/// The unit a fact's key promises by its suffix, as Prometheus names units.
std::string unit_of(std::string_view key) {
  for (const std::string_view unit : {"bytes", "seconds", "ratio"}) {
    if (key.ends_with(unit) && key.size() > unit.size()) return std::string(unit);
  }
  return "count";
}

/// Every number among the facts is a statistic: nothing decides a second time what is worth
/// keeping.
void add_statistics(const Component& component, Lang lang, std::vector<Statistic>& out) {
  for (const auto& [key, fact] : component.facts.items()) {
    const auto value = fact.find("value");
    if (value == fact.end() || !value->is_number()) continue;
    out.push_back({component.id,
                   message(MessageKind::fact, component.probe + "." + key, "label", lang, {}),
                   *value, unit_of(key)});
  }
}

std::vector<Recommendation> recommend(const std::vector<ReportedFinding>& findings) {
  std::vector<Recommendation> out;
  for (const ReportedFinding& finding : findings) {
    if (finding.severity == Severity::info) continue;  // worth knowing is not worth doing
    out.push_back({finding.fix.text, finding.fix.commands, finding.id});
  }
  return out;
}

}  // namespace

Report assemble(FactsDocument given, Judgement judgement, Lang lang, Verdict fail_on) {
  FactsDocument document = readable(std::move(given));
  const std::vector<Finding> findings =
      fold(std::move(judgement.findings), declared_explanations(), Sides{document});
  Report report;
  report.tool_version = document.tool_version;
  report.lang = lang;
  report.host = document.host;
  report.started_at = document.started_at;
  report.duration_seconds = document.duration_seconds;
  report.verdict = run_verdict(document, findings, judgement.tests);
  report.exit_code = exit_code(report.verdict, fail_on);
  report.coverage = measure_coverage(document);
  const WorstBySubject worst{findings, judgement.tests};
  for (Component& component : document.components) {
    add_statistics(component, lang, report.statistics);
    report.components.push_back({component.id, component.kind, name_of(component, lang),
                                 component.probe, component_status(component, worst),
                                 std::move(component.facts)});
  }
  for (const Finding& finding : findings) report.findings.push_back(report_finding(finding, lang));
  for (const TestResult& test : judgement.tests) report.tests.push_back(report_test(test, lang));
  report.recommendations = recommend(report.findings);
  for (const NotChecked& item : document.not_checked) {
    report.not_checked.push_back(report_not_checked(item, lang));
  }
  for (const Unjudged& rule : judgement.unjudged) {
    report.undecided.push_back({rule.rule, rule.subject, rule.reason.why, rule.reason.detail});
  }
  report.tasks = std::move(document.tasks);
  return report;
}

}  // namespace postflight
