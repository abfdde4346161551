// SPDX-License-Identifier: Apache-2.0
#include "engine/verdict.h"

#include <algorithm>

#include "probes/probe.h"

namespace postflight {
namespace {

bool lacks_required_fact(const Component& component) {
  const ProbeSpec* probe = find_probe(component.probe);
  // A document of a newer version, or one edited by hand: we cannot tell what it needed.
  if (!probe || probe->kind != component.kind || !component.facts.is_object()) return true;
  return std::ranges::any_of(probe->facts(), [&](const FactDeclaration& fact) {
    if (!fact.required) return false;
    const auto it = component.facts.find(fact.key);
    return it == component.facts.end() || !fact.check(*it) || it->contains("unknown");
  });
}

}  // namespace

Verdict verdict_of(Severity severity) {
  switch (severity) {
    case Severity::critical: return Verdict::critical;
    case Severity::warning: return Verdict::warning;
    case Severity::info: return Verdict::ok;
  }
  return Verdict::unknown;
}

Verdict verdict_of(TestStatus status) {
  switch (status) {
    case TestStatus::pass: return Verdict::ok;
    case TestStatus::fail: return Verdict::critical;
    case TestStatus::unknown: return Verdict::unknown;
  }
  return Verdict::unknown;
}

WorstBySubject::WorstBySubject(const std::vector<Finding>& findings,
                               const std::vector<TestResult>& tests) {
  for (const Finding& finding : findings) {
    note(finding.subject, verdict_of(finding.severity));
    for (const Finding& symptom : finding.symptoms) {
      note(symptom.subject, verdict_of(symptom.severity));
    }
  }
  for (const TestResult& test : tests) note(test.subject, verdict_of(test.status));
}

void WorstBySubject::note(const std::string& subject, Verdict verdict) {
  Verdict& worst = worst_.try_emplace(subject, Verdict::ok).first->second;
  worst = std::max(worst, verdict);
}

Verdict WorstBySubject::of(const std::string& component_id) const {
  const auto found = worst_.find(component_id);
  Verdict worst = found == worst_.end() ? Verdict::ok : found->second;
  // An id may hold blanks itself, so that a subject does not tell where its part begins. But the
  // parts of one component are neighbours in order.
  const std::string parts = component_id + " ";
  for (auto it = worst_.lower_bound(parts); it != worst_.end(); ++it) {
    if (!it->first.starts_with(parts)) break;
    worst = std::max(worst, it->second);
  }
  return worst;
}

Verdict component_status(const Component& component, const WorstBySubject& worst) {
  return std::max(lacks_required_fact(component) ? Verdict::unknown : Verdict::ok,
                  worst.of(component.id));
}

Verdict run_verdict(const FactsDocument& document, const std::vector<Finding>& findings,
                    const std::vector<TestResult>& tests) {
  // What was too much for one run is not what somebody decided to leave out.
  const bool cut = std::ranges::find(document.not_checked, Passed::over_limit,
                                     &NotChecked::passed) != document.not_checked.end();
  const bool blind = cut || !document.topology.seen() || document.components.empty();
  Verdict verdict = blind ? Verdict::unknown : Verdict::ok;
  for (const Finding& finding : findings) {
    verdict = std::max(verdict, verdict_of(finding.severity));
    for (const Finding& symptom : finding.symptoms) {
      verdict = std::max(verdict, verdict_of(symptom.severity));
    }
  }
  for (const TestResult& test : tests) verdict = std::max(verdict, verdict_of(test.status));
  for (const Component& component : document.components) {
    if (verdict >= Verdict::unknown) break;  // nothing worse can come of a lack
    if (lacks_required_fact(component)) verdict = Verdict::unknown;
  }
  return verdict;
}

int exit_code(Verdict verdict, Verdict fail_on) {
  if (verdict < fail_on) return 0;
  switch (verdict) {
    case Verdict::ok: return 0;
    case Verdict::warning: return 1;
    case Verdict::critical: return 2;
    case Verdict::unknown: return 3;
  }
  return 3;
}

}  // namespace postflight
