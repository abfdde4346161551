// SPDX-License-Identifier: Apache-2.0
// The same five reports for every renderer, and their approved renderings in src/render/golden/.
#pragma once

#include <string>
#include <vector>

#include "model/report.h"
#include "render/renderer.h"

namespace postflight::testing {

struct GoldenCase {
  std::string name;
  Report report;
};

/// healthy, warnings, critical with a folded symptom, unknowns without root, empty machine; each in
/// both languages. Made from facts by judge and assemble; clock, host name and durations are fixed.
std::vector<GoldenCase> golden_cases();

/// Compares each case with golden/NAME.LANG.EXIT.EXTENSION; writes the file instead where
/// PF_UPDATE_GOLDEN is set. Fails, too, where a file belongs to no case.
void expect_goldens(const std::string& renderer, const std::string& extension,
                    const RenderOptions& options);

}  // namespace postflight::testing
