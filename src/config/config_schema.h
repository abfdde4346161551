// SPDX-License-Identifier: Apache-2.0
// The JSON Schema of postflight.yaml, for editors and for `postflight schema config`.
#pragma once

#include "base/json.h"

namespace postflight {

/// JSON Schema (draft 7) from the same declarations the loader uses. It accepts whatever
/// load_settings() accepts, except that the loader takes any value for a text (16.10, no) and an
/// editor wants it in quotes; what a schema cannot say, such as the order of two thresholds, only
/// the loader refuses.
Json config_schema();

}  // namespace postflight
