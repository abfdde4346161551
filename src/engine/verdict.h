// SPDX-License-Identifier: Apache-2.0
// The algebra of verdicts: critical > warning > unknown > ok, and unknown never rounds to ok. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/component.h"
#include "model/finding.h"
#include "model/severity.h"

namespace postflight {

/// What a severity amounts to in a verdict: `info` to nothing.
Verdict verdict_of(Severity severity);

/// What a functional test amounts to: a failed one is critical, for somebody's path is broken.
Verdict verdict_of(TestStatus status);

/// The worst that findings, their symptoms and tests say of each subject. Made once for a run: a
/// machine may have a thousand components and as many findings.
class WorstBySubject {
 public:
  WorstBySubject(const std::vector<Finding>& findings, const std::vector<TestResult>& tests);

  /// The worst of what is about this component or, after a blank, about a part of it; ok where
  /// nothing is.
  Verdict of(const std::string& component_id) const;

 private:
  void note(const std::string& subject, Verdict verdict);

  std::map<std::string, Verdict> worst_;
};

/// Status of a component: the worst of the findings on it and, where a required fact of it is
/// unknown, at least `unknown`.
Verdict component_status(const Component& component, const WorstBySubject& worst);

/// Verdict of a run: the worst of all findings, tests and components, and at least `unknown` where
/// discovery itself failed, where nothing at all was looked at, or where there were more targets
/// than a run can hold.
Verdict run_verdict(const FactsDocument& document, const std::vector<Finding>& findings,
                    const std::vector<TestResult>& tests);

/// Exit code of `check`: 0 ok, 1 warning, 2 critical, 3 unknown; verdicts better than `fail_on`
/// give 0.
int exit_code(Verdict verdict, Verdict fail_on = Verdict::unknown);

}  // namespace postflight
