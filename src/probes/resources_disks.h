// SPDX-License-Identifier: Apache-2.0
// The part of the probe that looks at file systems: how full, why, and whether they can be trusted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/mounts.h"
#include "probes/resources.h"
#include "probes/resources_reader.h"

namespace postflight::resources_look {

/// Each step fills its facts; look_at_mounts() comes first, as the others build on it.
class DiskLook {
 public:
  DiskLook(const ProbeContext& context, ResourcesFacts& facts) : reader_(context), facts_(facts) {}

  /// The table of mounts, and local file systems. Waits for nobody.
  void look_at_mounts();
  /// What ext4 has noted about itself, from /sys.
  void look_at_ext4();
  /// What fills the nearly full ones: a search with a time limit.
  void look_for_large_files();
  /// Network and FUSE file systems, each from a process of its own.
  void look_at_network_mounts();
  /// Deleted files that are still open: a search with a time limit.
  void look_for_deleted_files();

  /// All mounts, for what must not be looked into; empty where they are unknown.
  const std::vector<host::MountEntry>& mount_entries() const { return mount_entries_; }

 private:
  void take(const host::FileSystem& found, const Result<host::FileSystemNumbers>& numbers,
            std::vector<Mount>& mounts);
  void leave_out_disk_beneath_root(std::vector<Mount>& mounts) const;
  std::string shown(std::string_view path) const;
  std::optional<std::string> mount_point_of(const std::string& device_number) const;
  Result<FileSystemErrors> errors_of(const std::string& folder, const std::string& device) const;

  Reader reader_;
  ResourcesFacts& facts_;
  std::vector<host::MountEntry> mount_entries_;
  std::vector<host::FileSystem> file_systems_;
  std::vector<SilentMount> silent_;
};

}  // namespace postflight::resources_look
