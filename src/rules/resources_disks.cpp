// SPDX-License-Identifier: Apache-2.0
// The half of the family that judges file systems. Pure.
#include <algorithm>
#include <string>
#include <vector>

#include "rules/resources_rules.h"

namespace postflight::rules::resources_rules {
namespace {

/// On a large disk the last few percent are room for years: what counts there is what is left.
constexpr double kRoomForNow = 50 * kGiB;   // at most a warning
constexpr double kRoomEnough = 200 * kGiB;  // nothing to say
constexpr double kInodesForNow = 1e6;
constexpr double kInodesEnough = 1e7;

/// Deleted files are named as a cause from this part of the file system on.
constexpr double kDeletedWorthSaying = 0.02;

Degree space_degree(const Mount& mount, const Thresholds& limits) {
  const auto left = static_cast<double>(mount.available_bytes);
  const Degree degree =
      degree_of(mount.used_ratio, limits.disk_used_warning_ratio, limits.disk_used_critical_ratio);
  if (mount.read_only || left > kRoomEnough) return Degree::none;
  // What lies there is written by updates only, and they say so when there is no room.
  const bool only_boots = mount.mount_point.starts_with("/boot") || mount.mount_point == "/efi";
  return left > kRoomForNow || only_boots ? std::min(degree, Degree::warning) : degree;
}

/// Never below nothing, whatever a facts file says.
std::uint64_t inodes_left(const Mount& mount) {
  return mount.inodes_total - std::min(mount.inodes_total, mount.inodes_used);
}

Degree inode_degree(const Mount& mount, const Thresholds& limits) {
  const auto left = static_cast<double>(inodes_left(mount));
  const Degree degree = degree_of(mount.inodes_used_ratio, limits.inodes_used_warning_ratio,
                                  limits.inodes_used_critical_ratio);
  if (mount.read_only || mount.inodes_total == 0 || left > kInodesEnough) return Degree::none;
  return left > kInodesForNow ? std::min(degree, Degree::warning) : degree;
}

/// Data sets of one ZFS pool share what is left of it: one disk that is full, one finding.
bool share_room(const Mount& a, const Mount& b) {
  if (a.fs_type != "zfs" || b.fs_type != "zfs") return false;
  const auto pool = [](const Mount& mount) {
    return mount.device.substr(0, mount.device.find('/'));
  };
  const auto left = [](const Mount& mount) { return static_cast<double>(mount.available_bytes); };
  return pool(a) == pool(b) && std::max(left(a), left(b)) <= std::min(left(a), left(b)) * 1.05;
}

/// Calls judge(mount, verdicts) for every file system that answered; the others make the rule
/// unknown.
template <class Judge>
Verdicts for_each_mount(const ResourcesFacts& f, Judge&& judge) {
  Verdicts verdicts;
  const Observed<std::vector<Mount>>& local = f.mounts;
  for (const auto* fact : {&local, &f.network_mounts}) {
    if (const Unknown* unknown = fact->unknown()) verdicts.unknowns.push_back(*unknown);
    const auto* mounts = fact->seen();
    if (!mounts) continue;
    for (const Mount& mount : mounts->value) judge(mount, verdicts);
  }
  if (const Unknown* unknown = f.silent_mounts.unknown()) verdicts.unknowns.push_back(*unknown);
  if (const auto* silent = f.silent_mounts.seen()) {
    for (const SilentMount& mount : silent->value) {
      verdicts.unknowns.push_back({mount.why, mount.detail});
    }
  }
  return verdicts;
}

/// What statvfs said about a file system, as df would have it.
Evidence numbers_of(const Mount& mount, const ResourcesFacts& f) {
  const auto* mounts = f.mounts.seen();
  return {"statvfs " + mount.mount_point,
          "bytes: " + std::to_string(mount.size_bytes) + " in all, " +
              std::to_string(mount.used_bytes) + " used, " + std::to_string(mount.available_bytes) +
              " available; inodes: " + std::to_string(mount.inodes_total) + " in all, " +
              std::to_string(mount.inodes_used) + " used",
          mounts ? mounts->evidence.at : ""};
}

/// Names the largest file that was found on this file system.
void add_largest_file(FindingDraft& draft, const Mount& mount, const ResourcesFacts& f) {
  const auto* files = f.largest_files.seen();
  const DiskFile* largest = nullptr;
  if (files) {
    for (const DiskFile& file : files->value) {
      const bool here = file.mount_point == mount.mount_point;
      if (here && (!largest || file.size_bytes > largest->size_bytes)) largest = &file;
    }
  }
  if (largest) draft.because(files->evidence);
  draft.arg("has_file", flag(largest))
      .arg("file", largest ? Json(largest->path) : Json(""))
      .arg("file_bytes", largest ? Json(largest->size_bytes) : Json(""));
}

/// Tells how much would come free if programs closed the files that are already deleted.
void add_deleted_files(FindingDraft& draft, const Mount& mount, const ResourcesFacts& f) {
  std::uint64_t deleted = 0;
  const auto* files = f.deleted_open_files.seen();
  if (files) {
    for (const DeletedOpenFile& file : files->value) {
      if (file.mount_point == mount.mount_point) deleted += file.size_bytes;
    }
  }
  const bool worth_saying =
      deleted > 0 &&
      static_cast<double>(deleted) >= kDeletedWorthSaying * static_cast<double>(mount.size_bytes);
  if (worth_saying) draft.because(files->evidence);
  // As the links in /proc/PID/fd name deleted files of this file system.
  const std::string below = mount.mount_point == "/" ? "" : mount.mount_point;
  if (worth_saying || !files) draft.arg("holders", below + "/*(deleted)");
  draft.arg("has_deleted", flag(worth_saying))
      .arg("deleted_bytes", worth_saying ? Json(deleted) : Json(""));
}

/// smartctl knows what to ask of these; of virtual disks, volumes and arrays it does not.
void add_disk(FindingDraft& draft, const std::string& device) {
  for (const std::string_view kind : {"/dev/sd", "/dev/nvme"}) {
    if (device.starts_with(kind)) draft.arg("disk", device);
  }
}

/// Adds what the kernel's log says about failing disks, where it says something.
void add_storage_messages(FindingDraft& draft, const ResourcesFacts& f) {
  const auto* messages = f.storage_error_messages.seen();
  if (messages && !messages->value.empty()) draft.because(messages->evidence);
}

bool is_said_to_be_read_only(const ResourcesFacts& f, const std::string& mount_point) {
  const auto* mounts = f.mounts.seen();
  return mounts && std::ranges::any_of(mounts->value, [&](const Mount& mount) {
           return mount.mount_point == mount_point && mount.remounted_read_only;
         });
}

}  // namespace

Verdicts disk_full(const ResourcesFacts& f, const JudgeContext& c) {
  std::vector<const Mount*> told;
  return for_each_mount(f, [&](const Mount& mount, Verdicts& out) {
    const Degree degree = space_degree(mount, c.thresholds);
    if (degree == Degree::none || degree < inode_degree(mount, c.thresholds)) return;
    if (std::ranges::any_of(told, [&](const Mount* other) { return share_room(*other, mount); })) {
      return;
    }
    told.push_back(&mount);
    FindingDraft draft = FindingDraft{severity_of(degree)}
                             .about(mount.mount_point)
                             .arg("used_ratio", mount.used_ratio)
                             .arg("left", mount.available_bytes)
                             .arg("size", mount.size_bytes)
                             .because(numbers_of(mount, f));
    add_largest_file(draft, mount, f);
    add_deleted_files(draft, mount, f);
    out.findings.push_back(std::move(draft));
  });
}

/// Where space runs out as well, the worse of the two is told, and space where they are alike.
Verdicts inodes_full(const ResourcesFacts& f, const JudgeContext& c) {
  return for_each_mount(f, [&](const Mount& mount, Verdicts& out) {
    const Degree degree = inode_degree(mount, c.thresholds);
    if (degree == Degree::none || degree <= space_degree(mount, c.thresholds)) return;
    out.findings.push_back(FindingDraft{severity_of(degree)}
                               .about(mount.mount_point)
                               .arg("used_ratio", mount.inodes_used_ratio)
                               .arg("inodes_left", inodes_left(mount))
                               .arg("inodes", mount.inodes_total)
                               .arg("left", mount.available_bytes)
                               .because(numbers_of(mount, f)));
  });
}

Verdicts file_system_read_only(const ResourcesFacts& f, const JudgeContext&) {
  return judge_from(
      [&](const std::vector<Mount>& mounts) {
        Verdicts verdicts;
        for (const Mount& mount : mounts) {
          if (!mount.remounted_read_only) continue;
          FindingDraft draft =
              FindingDraft{Severity::critical}
                  .about(mount.mount_point)
                  .arg("device", mount.device)
                  .arg("fs_type", mount.fs_type)
                  .because({"/proc/self/mountinfo", mount.mount_point + " " + mount.options,
                            f.mounts.seen()->evidence.at});
          add_storage_messages(draft, f);
          add_disk(draft, mount.device);
          verdicts.findings.push_back(std::move(draft));
        }
        return verdicts;
      },
      f.mounts);
}

/// A mount that may not be asked is no fault; one that is dead is.
Verdicts mount_not_answering(const ResourcesFacts& f, const JudgeContext&) {
  return judge_from(
      [&](const std::vector<SilentMount>& silent) {
        Verdicts verdicts;
        for (const SilentMount& mount : silent) {
          const bool hangs = mount.why == Why::timeout;
          if (!hangs && mount.why != Why::unreachable) continue;
          verdicts.findings.push_back(FindingDraft{Severity::warning}
                                          .about(mount.mount_point)
                                          .arg("device", mount.device)
                                          .arg("fs_type", mount.fs_type)
                                          .arg("hangs", flag(hangs))
                                          .because({"statvfs " + mount.mount_point, mount.detail,
                                                    f.silent_mounts.seen()->evidence.at}));
        }
        return verdicts;
      },
      f.silent_mounts);
}

Verdicts file_system_errors(const ResourcesFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<FileSystemErrors>& damaged) {
        Verdicts verdicts;
        for (const FileSystemErrors& errors : damaged) {
          if (errors.errors_total == 0 || is_said_to_be_read_only(f, errors.mount_point)) continue;
          const bool dated = !errors.last_error_at.empty();
          const bool recent = dated && is_recent(errors.last_error_at, c);
          FindingDraft draft = FindingDraft{recent ? Severity::critical : Severity::warning}
                                   .about(errors.mount_point)
                                   .arg("device", errors.device)
                                   .arg("errors", errors.errors_total)
                                   .arg("dated", flag(dated))
                                   .arg("last", readable_time(errors.last_error_at));
          add_storage_messages(draft, f);
          add_disk(draft, "/dev/" + errors.device);
          verdicts.findings.push_back(std::move(draft));
        }
        return verdicts;
      },
      f.file_system_errors);
}

}  // namespace postflight::rules::resources_rules
