// SPDX-License-Identifier: Apache-2.0
// The algebra of verdicts: critical > warning > unknown > ok, and unknown never rounds to ok. Pure.
#pragma once

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

/// Status of a component: the worst of the findings on it and, where a required fact of it is
/// unknown, at least `unknown`.
Verdict component_status(const Component& component, const std::vector<Finding>& findings,
                         const std::vector<TestResult>& tests);

/// Verdict of a run: the worst of all findings, tests and components, and at least `unknown` where
/// discovery itself failed, or where nothing at all was looked at.
Verdict run_verdict(const FactsDocument& document, const std::vector<Finding>& findings,
                    const std::vector<TestResult>& tests);

/// Exit code of `check`: 0 ok, 1 warning, 2 critical, 3 unknown; verdicts better than `fail_on`
/// give 0.
int exit_code(Verdict verdict, Verdict fail_on = Verdict::unknown);

}  // namespace postflight
