// SPDX-License-Identifier: Apache-2.0
#include "probes/resources_disks.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "host/large_files.h"

namespace postflight::resources_look {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kForNetworkMounts{800};
constexpr milliseconds kForLargeFiles{500};
constexpr milliseconds kForDeletedFiles{200};
constexpr std::size_t kFilesPerMount = 3;
constexpr std::size_t kDeletedFilesShown = 10;
constexpr std::uint64_t kDeletedWorthListing = 1 << 20;
constexpr std::size_t kMostNetworkMounts = 64;  // each costs a process

/// From this use on it is worth knowing what fills a file system.
constexpr double kNearlyFull = 0.85;

constexpr std::string_view kMountTable = "/proc/self/mountinfo";

Result<host::FileSystemNumbers> not_asked() {
  return fail(Errc::kUnsupported,
              fmt::format("only {} network file systems are asked", kMostNetworkMounts));
}

/// "Not found" is no fault of the file system: it was unmounted meanwhile, or cannot be reached by
/// that path from here.
Unknown why_silent(const Error& error) {
  if (error.code == Errc::kNotFound) return {Why::unsupported, error.what};
  return unknown_from(error);
}

Mount with_use(const SpaceUse& use) {
  Mount mount;
  mount.used_ratio = use.used_ratio;
  mount.available_bytes = use.available_bytes;
  mount.size_bytes = use.size_bytes;
  mount.used_bytes = use.used_bytes;
  mount.inodes_used_ratio = use.inodes_used_ratio;
  mount.inodes_used = use.inodes_used;
  mount.inodes_total = use.inodes_total;
  return mount;
}

}  // namespace

void DiskLook::look_at_mounts() {
  const auto text = host::read_file(reader_.at(kMountTable), 16 << 20);
  const auto entries = text ? host::parse_mountinfo(*text) : std::unexpected(text.error());
  if (!entries) {
    facts_.mounts = unknown_from(entries.error());
    facts_.network_mounts = unknown_from(entries.error());
    facts_.silent_mounts = unknown_from(entries.error());
    return;
  }
  mount_entries_ = *entries;
  file_systems_ = host::real_file_systems(mount_entries_);
  std::vector<Mount> mounts;
  for (const host::FileSystem& found : file_systems_) {
    if (found.storage != host::Storage::kLocal) continue;
    take(found, host::file_system_numbers(reader_.at(found.mount.mount_point)), mounts);
  }
  leave_out_disk_beneath_root(mounts);
  if (mounts.empty()) {
    facts_.mounts = silent_.empty() ? Unknown{Why::malformed, fmt::format("{} names no file system "
                                                                          "with data",
                                                                          kMountTable)}
                                    : Unknown{silent_.front().why, silent_.front().detail};
    return;
  }
  const std::string count = fmt::format("{} mounts, {} local file systems with data",
                                        mount_entries_.size(), mounts.size());
  facts_.mounts = Seen{std::move(mounts), reader_.from(kMountTable, count)};
}

/// Adds a file system to those that answered or to those that did not.
void DiskLook::take(const host::FileSystem& found, const Result<host::FileSystemNumbers>& numbers,
                    std::vector<Mount>& mounts) {
  const auto use = numbers ? space_use(*numbers) : std::unexpected(numbers.error());
  const bool remote = found.storage == host::Storage::kRemote;
  const std::string mount_point = one_line(found.mount.mount_point);
  const std::string fs_type = excerpt(found.mount.fs_type, 40);
  const std::string device = excerpt(one_line(found.mount.source));
  if (!use) {
    const Unknown reason = why_silent(use.error());
    silent_.push_back({mount_point, fs_type, device, reason.why, reason.detail, remote});
    return;
  }
  Mount mount = with_use(*use);
  mount.mount_point = mount_point;
  mount.fs_type = fs_type;
  mount.device = device;
  mount.read_only = found.read_only;
  mount.remounted_read_only = found.remounted_read_only;
  if (!remote) mount.options = excerpt(found.mount.options + " - " + found.mount.super_options);
  mounts.push_back(std::move(mount));
}

/// An overlay shows the numbers of the disk it writes to: one disk, one line.
void DiskLook::leave_out_disk_beneath_root(std::vector<Mount>& mounts) const {
  const auto root = std::ranges::find(mounts, "/", &Mount::mount_point);
  if (root == mounts.end()) return;
  const Mount shown = *root;
  std::erase_if(mounts, [&](const Mount& mount) {
    const auto found = std::ranges::find_if(file_systems_, [&](const host::FileSystem& each) {
      return one_line(each.mount.mount_point) == mount.mount_point;
    });
    return found != file_systems_.end() && found->beneath_root &&
           mount.size_bytes == shown.size_bytes && mount.inodes_total == shown.inodes_total;
  });
}

void DiskLook::look_at_network_mounts() {
  if (mount_entries_.empty()) return;  // already unknown
  std::vector<const host::FileSystem*> remote;
  for (const host::FileSystem& found : file_systems_) {
    if (found.storage == host::Storage::kRemote) remote.push_back(&found);
  }
  std::vector<std::string> paths;
  for (const auto* found : remote) {
    if (paths.size() < kMostNetworkMounts) paths.push_back(reader_.at(found->mount.mount_point));
  }
  const auto answers =
      host::file_system_numbers_apart(paths, reader_.context().deadline.within(kForNetworkMounts));
  std::vector<Mount> mounts;
  for (std::size_t i = 0; i < remote.size(); ++i) {
    take(*remote[i], i < answers.size() ? answers[i] : not_asked(), mounts);
  }
  const std::string count = fmt::format("{} network and FUSE file systems", mounts.size());
  facts_.network_mounts = Seen{std::move(mounts), reader_.from(kMountTable, count)};
  const std::string silent = fmt::format("{} did not say how full they are", silent_.size());
  facts_.silent_mounts = Seen{silent_, reader_.from("statvfs(3)", silent)};
}

void DiskLook::look_for_large_files() {
  const auto* mounts = facts_.mounts.seen();
  if (!mounts) {
    facts_.largest_files = *facts_.mounts.unknown();
    return;
  }
  std::set<std::string> mount_points;
  for (const host::MountEntry& entry : mount_entries_)
    mount_points.insert(reader_.at(entry.mount_point));
  const Deadline deadline = reader_.context().deadline.within(kForLargeFiles);
  std::vector<DiskFile> files;
  std::string scope;
  for (const Mount& mount : mounts->value) {
    if (mount.used_ratio < kNearlyFull) continue;
    scope += fmt::format("{}{}", scope.empty() ? "" : ", ", mount.mount_point);
    const auto found = host::find_large_files(reader_.at(mount.mount_point), mount_points,
                                              kFilesPerMount, deadline);
    if (!found) continue;
    for (const host::LargeFile& file : found->files) {
      files.push_back({mount.mount_point, one_line(shown(file.path)), file.bytes});
    }
    if (!found->complete) scope += " (in part)";
  }
  facts_.largest_files =
      Seen{std::move(files),
           reader_.from("sizes of files",
                        scope.empty() ? "no file system is nearly full" : "searched: " + scope)};
}

/// A path as the machine calls it, whatever root it was found under.
std::string DiskLook::shown(std::string_view path) const {
  const std::string prefix = reader_.at("");
  return std::string(path.starts_with(prefix) ? path.substr(prefix.size()) : path);
}

void DiskLook::look_for_deleted_files() {
  const auto found = host::find_deleted_files(reader_.context().root,
                                              reader_.context().deadline.within(kForDeletedFiles));
  if (!found || found->denied || !found->complete) {
    facts_.deleted_open_files =
        !found          ? unknown_from(found.error())
        : found->denied ? Unknown{Why::denied,
                                  "the open files of other users' processes are shown "
                                  "to root only"}
                        : Unknown{Why::timeout, "there are too many open files for a short search"};
    return;
  }
  std::vector<DeletedOpenFile> files;
  for (const host::DeletedFile& file : found->files) {
    if (files.size() == kDeletedFilesShown) break;
    const auto mount = mount_point_of(file.device_number);
    if (mount && file.bytes >= kDeletedWorthListing)
      files.push_back({*mount, one_line(file.path), file.bytes, file.pid});
  }
  facts_.deleted_open_files = Seen{
      std::move(files),
      reader_.from("/proc/PID/fd", fmt::format("{} deleted files are open", found->files.size()))};
}

std::optional<std::string> DiskLook::mount_point_of(const std::string& device_number) const {
  for (const host::FileSystem& found : file_systems_) {
    if (found.mount.device_number == device_number) return one_line(found.mount.mount_point);
  }
  return std::nullopt;
}

void DiskLook::look_at_ext4() {
  constexpr std::string_view kFolder = "/sys/fs/ext4";
  const auto there = reader_.there(kFolder, "/sys/fs");
  const auto names =
      there ? host::list_folder(reader_.at(kFolder)) : std::unexpected(there.error());
  if (there && !*there) {
    facts_.file_system_errors = Absent{reader_.from(kFolder, "(not there: no ext4)")};
    return;
  }
  if (!names) {
    facts_.file_system_errors = unknown_from(names.error());
    return;
  }
  std::vector<FileSystemErrors> damaged;
  std::string raw;
  for (const std::string& name : *names) {
    const auto errors = errors_of(fmt::format("{}/{}", kFolder, name), name);
    if (!errors && errors.error().code == Errc::kNotFound) continue;  // "features", or unmounted
    if (!errors) {
      facts_.file_system_errors = unknown_from(errors.error());
      return;
    }
    raw += fmt::format("{}{} errors_count {}", raw.empty() ? "" : ", ", name, errors->errors_total);
    if (errors->errors_total > 0) damaged.push_back(*errors);
  }
  facts_.file_system_errors = Seen{std::move(damaged), reader_.from(kFolder, raw)};
}

Result<FileSystemErrors> DiskLook::errors_of(const std::string& folder,
                                             const std::string& device) const {
  FileSystemErrors errors;
  errors.device = one_line(device);
  errors.mount_point = errors.device;
  PF_TRY_ASSIGN(const std::string count, reader_.read(folder + "/errors_count"));
  PF_TRY_ASSIGN(errors.errors_total, whole_number(count));
  const auto last = reader_.read(folder + "/last_error_time");
  const auto seconds = last ? whole_number(*last) : std::unexpected(last.error());
  constexpr std::uint64_t kLatest = 253402300799;  // the year 9999
  if (seconds && *seconds > 0 && *seconds <= kLatest) {
    errors.last_error_at = format_rfc3339(WallTime{std::chrono::seconds{*seconds}});
  }
  if (const auto number = reader_.read("/sys/class/block/" + device + "/dev")) {
    if (const auto mount = mount_point_of(first_line(*number))) errors.mount_point = *mount;
  }
  return errors;
}

}  // namespace postflight::resources_look
