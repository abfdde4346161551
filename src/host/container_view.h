// SPDX-License-Identifier: Apache-2.0
// How the machine's files look from inside a running container, told without executing anything in
// it: /proc/PID/root and mountinfo, identities of files, memory of its cgroup. Only reads and
// stats. Sources: proc(5), openat2(2), cgroups(7), the kernel's cgroup-v2.rst and memory.rst.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/expected.h"

namespace postflight::host {

/// What makes a file the one it is, whatever it is called.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t links = 0;  ///< 0 where it was deleted while somebody still uses it.
  bool folder = false;
  bool same_file(const FileIdentity& other) const {
    return device == other.device && inode == other.inode;
  }
};

/// The file that `path` leads to on this machine. May hang where its file system does. Errors:
/// kNotFound, kDenied, kUnreachable.
Result<FileIdentity> identity_of(const std::string& path);

/// The file that `path` leads to for the process `pid`: symbolic links are followed inside its own
/// root and cannot lead out of it. Errors: as identity_of(); kUnsupported before Linux 5.6.
Result<FileIdentity> identity_inside(std::int32_t pid, const std::string& path,
                                     const std::string& root = "/");

/// Size of a file in bytes. Errors: as identity_of().
Result<std::uint64_t> size_of(const std::string& path);

/// When the inode of a file was last changed: for a program, when it was installed. Errors: as
/// identity_of().
Result<WallTime> installed_at(const std::string& path);

/// When a process was started. Errors: those of reading `root`/proc; kMalformed.
Result<WallTime> started_at(std::int32_t pid, const std::string& root = "/");

/// Field 22 of /proc/PID/stat, in clock ticks since the boot: the name in field 2 may hold blanks
/// and brackets. Nothing where it has not that form. Pure.
std::optional<std::uint64_t> parse_start_ticks(std::string_view stat);

/// Where the memory of a process is counted: its path in the version 1 controller `memory`, else in
/// the unified hierarchy.
struct MemoryCgroup {
  std::string path;
  bool unified = false;
};

/// From the text of /proc/PID/cgroup. Nothing where neither is there. Pure.
std::optional<MemoryCgroup> parse_memory_cgroup(std::string_view text);

/// One number of a "name value" table such as memory.stat. Pure.
std::optional<std::uint64_t> table_value(std::string_view table, std::string_view name);

struct ContainerMemory {
  std::uint64_t used_bytes = 0;  ///< Without page cache that can be dropped, as docker stats shows.
  std::optional<std::uint64_t> oom_kills;  ///< Processes killed in it for want of memory.
  std::string source;                      ///< The file that was read.
};

/// Memory of the cgroup that the process is in. Errors: kUnsupported where no memory is accounted
/// there, else those of reading files.
Result<ContainerMemory> container_memory(std::int32_t pid, const std::string& root = "/");

}  // namespace postflight::host
