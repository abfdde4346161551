// SPDX-License-Identifier: Apache-2.0
// Runs the built program and keeps what it says, for tests of the command line.
#pragma once

#include <string>
#include <vector>

namespace postflight::testing {

struct RunResult {
  int exit_code = -1;     ///< -1 where a signal ended it.
  std::string out;
  std::string err;
};

/// Runs build/postflight with these arguments and NAME=value additions to the environment; stdin is
/// empty. Killed after 60 s, which is a failure.
RunResult run_postflight(const std::vector<std::string>& arguments,
                         const std::vector<std::string>& environment = {});

/// An empty folder that is removed at the end of its life.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }
  /// Writes a file into it and returns its path.
  std::string file(const std::string& name, const std::string& content) const;

 private:
  std::string path_;
};

}  // namespace postflight::testing
