// SPDX-License-Identifier: Apache-2.0
// Reading files and folders of the machine: bounded, never blocking on a FIFO or a device, never
// creating.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/expected.h"

namespace postflight::host {

/// The whole file, at most `limit` bytes. Opens with O_NONBLOCK so that a FIFO cannot hang us, and
/// reads to the end because files in /proc tell no size. Errors: kNotFound, kDenied, kMalformed
/// when it is larger than the limit, kUnreachable otherwise.
Result<std::string> read_file(const std::string& path, std::size_t limit = 1024 * 1024);

/// As read_file(), but a longer file gives its first `limit` bytes instead of an error.
Result<std::string> read_head(const std::string& path, std::size_t limit);

/// Names in a folder without "." and "..", unsorted.
Result<std::vector<std::string>> list_folder(const std::string& path);

/// Where a symbolic link points.
Result<std::string> read_link(const std::string& path);

/// Inode number of what the path (following links) leads to.
Result<std::uint64_t> inode_of(const std::string& path);

/// True where the path exists, whatever it is. Errors: kDenied.
Result<bool> exists(const std::string& path);

}  // namespace postflight::host
