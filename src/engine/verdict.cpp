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

bool is_about(const std::string& subject, const std::string& component) {
  return subject == component || subject.starts_with(component + " ");
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

Verdict component_status(const Component& component, const std::vector<Finding>& findings,
                         const std::vector<TestResult>& tests) {
  Verdict status = lacks_required_fact(component) ? Verdict::unknown : Verdict::ok;
  for (const Finding& finding : findings) {
    if (is_about(finding.subject, component.id))
      status = std::max(status, verdict_of(finding.severity));
    for (const Finding& symptom : finding.symptoms) {
      if (is_about(symptom.subject, component.id))
        status = std::max(status, verdict_of(symptom.severity));
    }
  }
  for (const TestResult& test : tests) {
    if (is_about(test.subject, component.id)) status = std::max(status, verdict_of(test.status));
  }
  return status;
}

Verdict run_verdict(const FactsDocument& document, const std::vector<Finding>& findings,
                    const std::vector<TestResult>& tests) {
  const bool blind = !document.topology.seen() || document.components.empty();
  Verdict verdict = blind ? Verdict::unknown : Verdict::ok;
  for (const Finding& finding : findings) verdict = std::max(verdict, verdict_of(finding.severity));
  for (const TestResult& test : tests) verdict = std::max(verdict, verdict_of(test.status));
  for (const Component& component : document.components) {
    verdict = std::max(verdict, component_status(component, findings, tests));
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
