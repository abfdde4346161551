// SPDX-License-Identifier: Apache-2.0
// What the kernel tells about a name in a folder, links not followed. Opens nothing.
// Source: lstat(2).
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/expected.h"

namespace postflight::host {

struct FileStatus {
  bool is_link = false;
  bool is_folder = false;
  bool is_regular = false;
  std::uint64_t size_bytes = 0;
  WallTime modified;  ///< When the content changed, as far as nobody set it back.
  WallTime changed;   ///< When anything about it changed; nobody can set this one.
};

/// Errors: kNotFound, kDenied, kUnreachable.
Result<FileStatus> file_status(const std::string& path);

}  // namespace postflight::host
