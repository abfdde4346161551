// SPDX-License-Identifier: Apache-2.0
// Which language the user reads.
#pragma once

#include "model/report.h"

namespace postflight::cli {

/// The language that LC_ALL, LC_MESSAGES or LANG asks for, the first that is set; English
/// otherwise.
Lang language_of_locale();

}  // namespace postflight::cli
