// SPDX-License-Identifier: Apache-2.0
// Runs the built program as a user would, with a language and colours of the test's own choosing.
#pragma once

#include <string>
#include <vector>

#include "host/testing/child_process.h"

namespace postflight::testing {

/// Runs build/postflight with these arguments and these NAME=value additions to the environment.
host::testing::CommandOutput run_postflight(const std::vector<std::string>& arguments,
                                            const std::vector<std::string>& environment = {});

}  // namespace postflight::testing
