// SPDX-License-Identifier: Apache-2.0
// Writing a file as a whole or not at all.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/expected.h"

namespace postflight::cli {

/// A file in the making: opened beside its final name at once, so that a wrong path is told before
/// the work and not after it; renamed into place by commit(); removed if never committed.
class OutputFile {
 public:
  /// Errors: kDenied, kNotFound, kUnreachable with the path.
  static Result<OutputFile> create(const std::string& path, mode_t mode);

  OutputFile(OutputFile&&) noexcept;
  OutputFile& operator=(OutputFile&&) noexcept;
  ~OutputFile();

  /// Writes all bytes, flushes them to the disk and gives the file its name.
  Result<void> commit(std::string_view bytes);

 private:
  struct State;
  explicit OutputFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Writes to standard output; an error (disk full, closed pipe) is told, not swallowed.
Result<void> write_stdout(std::string_view bytes);

}  // namespace postflight::cli
