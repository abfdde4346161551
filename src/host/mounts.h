// SPDX-License-Identifier: Apache-2.0
// The machine's file systems: which there are, and how full they are. Mounts nothing, triggers no
// automount, opens no file on them. A mount that hangs (a dead NFS server) costs only itself.
// Sources: proc_pid_mountinfo(5), statvfs(3), coreutils' df.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/expected.h"

namespace postflight::host {

/// One line of /proc/self/mountinfo. Texts are the raw bytes, octal escapes resolved.
struct MountEntry {
  std::int64_t id = 0;
  std::int64_t parent = 0;
  std::string device_number;  ///< "MAJOR:MINOR" of the file system, equal for all its mounts.
  std::string root;  ///< Folder of the file system that is mounted; "/" unless a bind mount.
  std::string mount_point;
  std::string options;  ///< Options of this mount.
  std::string fs_type;
  std::string source;         ///< "/dev/vda1", "server:/export", or any word.
  std::string super_options;  ///< Options of the file system itself.
  bool operator==(const MountEntry&) const = default;
};

/// All lines in their order. kMalformed where there is none or where one has not the documented
/// form: a line passed over could be the file system that is full. Pure.
Result<std::vector<MountEntry>> parse_mountinfo(std::string_view text);

/// Where the data of a file system lies.
enum class Storage {
  kLocal,   ///< Asking it never waits for another machine or program.
  kRemote,  ///< A network or FUSE file system: somebody else must answer.
  kNone,    ///< Kernel interfaces, images, automount points, memory for short-lived files: no data.
};

/// What a mount is, from its type and mount point. Pure.
Storage storage_of(const MountEntry& mount);

/// One file system with data, however often it is mounted.
struct FileSystem {
  MountEntry mount;  ///< The visible mount with the shortest mount point.
  Storage storage = Storage::kLocal;
  bool read_only = false;  ///< The file system itself refuses writes. A mount that is read-only
                           ///< is less: a sandbox around this process makes such mounts.
  bool remounted_read_only = false;  ///< Mounted for writing, yet the file system refuses writes:
                                     ///< what errors=remount-ro does, ext4(5).
  bool beneath_root = false;  ///< The machine's root is an overlay that, by its options, writes
                              ///< to this one. Only equal sizes prove it: the path in these
                              ///< options may be one of another mount namespace.
  bool operator==(const FileSystem&) const = default;
};

/// The file systems with data, each once, in the order of the table. Left out are mounts that lie
/// hidden beneath others, and overlays but for the one that is the machine's root. Pure.
std::vector<FileSystem> real_file_systems(const std::vector<MountEntry>& mounts);

/// What statvfs(3) tells, in its own units.
struct FileSystemNumbers {
  std::uint64_t block_bytes = 0;  ///< f_frsize
  std::uint64_t blocks = 0;
  std::uint64_t blocks_free = 0;
  std::uint64_t blocks_available = 0;  ///< Free to programs that are not root's.
  std::uint64_t files = 0;             ///< 0 where inodes are made as needed (btrfs, vfat).
  std::uint64_t files_free = 0;
  bool operator==(const FileSystemNumbers&) const = default;
};

/// Asks the file system at `path`. May hang where the file system does; for Storage::kLocal only.
Result<FileSystemNumbers> file_system_numbers(const std::string& path);

/// Asks all of them at once, each from a process of its own that is killed at the deadline. One
/// answer per path, in order; kTimeout for those that were silent.
std::vector<Result<FileSystemNumbers>> file_system_numbers_apart(std::span<const std::string> paths,
                                                                 Deadline deadline);

}  // namespace postflight::host
