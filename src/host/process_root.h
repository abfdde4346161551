// SPDX-License-Identifier: Apache-2.0
// Files as a process sees them, that of a container too: below /proc/PID/root, where a symbolic
// link like /var/run -> /run stays inside and cannot lead to the machine's own files. Never writes.
// Source: openat2(2), RESOLVE_IN_ROOT; proc(5).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/expected.h"
#include "host/file_descriptor.h"
#include "host/identity.h"

namespace postflight::host {

/// What can be told of a file without reading it.
struct FileStatus {
  Identity owner;
  std::uint32_t mode = 0;  ///< Permission bits, as in chmod(1).
  std::uint64_t size_bytes = 0;
  double modified = 0;  ///< Seconds since 1970, UTC.
  bool is_folder = false;
};

/// The root folder of a process, held open: it stays the same where the process ends.
class ProcessRoot {
 public:
  /// `root`/proc/PID/root, or `root` itself for pid 0. Errors: kNotFound where the process is gone,
  /// kDenied (needs CAP_SYS_PTRACE).
  static Result<ProcessRoot> open(std::int32_t pid, const std::string& root = "/");

  /// The first `limit` bytes of a file. `path` is absolute, as the process would write it. Opens
  /// with O_NONBLOCK. Errors: as host/files.h; kUnsupported before Linux 5.6.
  Result<std::string> read_head(const std::string& path, std::size_t limit) const;
  /// Names in a folder without "." and "..", unsorted.
  Result<std::vector<std::string>> list_folder(const std::string& path) const;
  Result<FileStatus> status(const std::string& path) const;
  /// A descriptor that only stands for a place (O_PATH).
  Result<FileDescriptor> place(const std::string& path) const;

 private:
  ProcessRoot(FileDescriptor folder, std::string name)
      : folder_(std::move(folder)), name_(std::move(name)) {}
  Result<FileDescriptor> open_in(const std::string& path, int flags) const;

  FileDescriptor folder_;
  std::string name_;  ///< For sentences: "/proc/42/root".
};

}  // namespace postflight::host
