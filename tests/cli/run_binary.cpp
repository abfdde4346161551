// SPDX-License-Identifier: Apache-2.0
#include "cli/run_binary.h"

namespace postflight::testing {

host::testing::CommandOutput run_postflight(const std::vector<std::string>& arguments,
                                            const std::vector<std::string>& environment) {
  std::vector<std::string> words{"env"};
  for (const char* variable : {"LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE", "NO_COLOR"}) {
    words.insert(words.end(), {"-u", variable});
  }
  words.insert(words.end(), environment.begin(), environment.end());
  words.emplace_back(PF_BINARY);
  words.insert(words.end(), arguments.begin(), arguments.end());
  return host::testing::run_command(words, std::chrono::seconds{60});
}

}  // namespace postflight::testing
