// SPDX-License-Identifier: Apache-2.0
#include "cli/language.h"

#include <cstdlib>
#include <string_view>

namespace postflight::cli {

Lang language_of_locale() {
  for (const char* variable : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(variable);
    if (!value || !*value) continue;
    const std::string_view locale = value;
    return locale.starts_with("ru") ? Lang::ru : Lang::en;
  }
  return Lang::en;
}

}  // namespace postflight::cli
