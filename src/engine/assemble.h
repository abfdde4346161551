// SPDX-License-Identifier: Apache-2.0
// assemble: facts and judgement become the report, in one language. Pure.
#pragma once

#include "model/finding.h"
#include "model/report.h"
#include "model/severity.h"

namespace postflight {

/// The report over one document: judged findings folded, sentences taken from the catalog.
Report assemble(FactsDocument document, Judgement judgement, Lang lang,
                Verdict fail_on = Verdict::unknown);

}  // namespace postflight
