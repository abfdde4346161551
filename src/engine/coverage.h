// SPDX-License-Identifier: Apache-2.0
// How much of what was wanted was seen. Pure.
#pragma once

#include "model/report.h"

namespace postflight {

/// Counts the facts of all components and the services nobody looked at.
Coverage measure_coverage(const FactsDocument& document);

}  // namespace postflight
