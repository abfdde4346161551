// SPDX-License-Identifier: Apache-2.0
// Reads postflight.yaml. Strict: everything that is not understood is a problem, and all of them
// are told at once. Nothing but the one file is read; the secrets it refers to are not.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_problem.h"
#include "model/settings.h"

namespace postflight {

/// What the loader has to be told.
struct ConfigContext {
  std::vector<std::string> probe_names;  ///< Probes a budget may be given for.
  Settings defaults;                     ///< What holds for keys the file does not name.
};

/// The settings in the text, or every problem found in it. Never throws; an empty text gives the
/// defaults. `file_name` only stands in the messages.
std::expected<Settings, std::vector<ConfigProblem>> load_settings(
    std::string_view text, const std::string& file_name, const ConfigContext& context = {});

/// As load_settings(), from a file of at most kMaxConfigBytes. A file that is not there is a
/// problem.
std::expected<Settings, std::vector<ConfigProblem>> read_settings(
    const std::string& path, const ConfigContext& context = {});

}  // namespace postflight
