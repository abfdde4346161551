// SPDX-License-Identifier: Apache-2.0
#include "host/file_status.h"

#include <sys/stat.h>

#include <cerrno>

namespace postflight::host {
namespace {

WallTime wall_time(const timespec& time) {
  return WallTime{std::chrono::floor<std::chrono::milliseconds>(
      std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec})};
}

}  // namespace

Result<FileStatus> file_status(const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return fail_errno("lstat " + path, errno);
  return FileStatus{.is_link = S_ISLNK(status.st_mode),
                    .is_folder = S_ISDIR(status.st_mode),
                    .is_regular = S_ISREG(status.st_mode),
                    .size_bytes = static_cast<std::uint64_t>(status.st_size),
                    .modified = wall_time(status.st_mtim),
                    .changed = wall_time(status.st_ctim)};
}

}  // namespace postflight::host
