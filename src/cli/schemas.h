// SPDX-License-Identifier: Apache-2.0
// The published JSON Schemas (draft 7) of what Postflight writes.
#pragma once

#include "base/json.h"

namespace postflight::cli {

/// Of the report, with the facts of every probe.
Json report_schema();

/// Of the file that --save-facts writes.
Json facts_schema();

}  // namespace postflight::cli
