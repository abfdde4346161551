// SPDX-License-Identifier: Apache-2.0
// Programs that tests start: to the end with their output kept, or in the background until the
// object ends. Stopped by their own id only.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/deadline.h"

namespace postflight::host::testing {

struct CommandOutput {
  int exit_code = -1;  ///< -1 where it could not be started, was killed or took too long.
  std::string out;
  std::string err;
};

/// Runs a program found in PATH to its end; stdin is empty.
CommandOutput run_command(const std::vector<std::string>& words, Duration limit = Duration{20'000});

/// A program in the background, its output thrown away.
class ChildProcess {
 public:
  /// Throws std::runtime_error where it cannot be started.
  explicit ChildProcess(const std::vector<std::string>& words);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  /// True as long as it has not ended by itself.
  bool running();

 private:
  pid_t pid_ = -1;
};

/// An empty folder in the system's place for temporary files; removed with the object.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::string& path() const { return path_; }
  /// Writes a file into it and returns its path.
  std::string write(const std::string& name, const std::string& content) const;

 private:
  std::string path_;
};

}  // namespace postflight::host::testing
