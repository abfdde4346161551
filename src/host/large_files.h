// SPDX-License-Identifier: Apache-2.0
// What fills a disk: the largest files on it, and deleted files that programs keep open. Opens
// folders only, never a file; leaves even their time of access alone where the kernel allows that
// (O_NOATIME). Sources: openat(2), statx(2), proc_pid_fd(5).
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/expected.h"

namespace postflight::host {

/// A file and the space it takes on disk, which for a file with holes is less than its length.
struct LargeFile {
  std::string path;
  std::uint64_t bytes = 0;
  bool operator==(const LargeFile&) const = default;
};

/// The largest files that were met.
struct LargeFiles {
  std::vector<LargeFile> files;  ///< Largest first.
  bool complete = true;  ///< False where the deadline passed, a limit was reached, or a folder
                         ///< could not be read.
};

/// Walks through the file system at `folder`, upper levels first, never into another one, and keeps
/// the `count` largest regular files. Folders in `stay_out` are not even opened: name all mount
/// points, for opening one can start an automount or hang on a dead server. Errors: those of
/// opening `folder`.
Result<LargeFiles> find_large_files(const std::string& folder,
                                    const std::set<std::string>& stay_out, std::size_t count,
                                    Deadline deadline);

/// A file without a name that takes up space until the last program closes it.
struct DeletedFile {
  std::int32_t pid = 0;
  std::string path;           ///< As it was called, in the program's view of the files; printable.
  std::string device_number;  ///< "MAJOR:MINOR", as in host/mounts.h.
  std::uint64_t bytes = 0;
};

/// What a walk through the open files found.
struct DeletedFiles {
  std::vector<DeletedFile> files;  ///< Each file once, largest first.
  bool complete = true;            ///< False where the deadline passed first.
  bool denied = false;             ///< The open files of some process may not be read.
};

/// Looks through the open files of every process below `root`/proc.
/// Errors: those of reading the folder `root`/proc.
Result<DeletedFiles> find_deleted_files(const std::string& root, Deadline deadline);

}  // namespace postflight::host
