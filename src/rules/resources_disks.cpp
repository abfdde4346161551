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

Degree space_degree(const Mount& mount, const SpaceUse& use, const Thresholds& limits) {
  const auto left = static_cast<double>(use.available_bytes);
  const Degree degree =
      degree_of(use.used_ratio, limits.disk_used_warning_ratio, limits.disk_used_critical_ratio);
  if (mount.read_only || left > kRoomEnough) return Degree::none;
  // What lies there is written by updates only, and they say so when there is no room.
  const bool only_boots = mount.mount_point.starts_with("/boot") || mount.mount_point == "/efi";
  return left > kRoomForNow || only_boots ? std::min(degree, Degree::warning) : degree;
}

/// Never below nothing, whatever a facts file says.
std::uint64_t inodes_left(const SpaceUse& use) {
  return use.inodes_total - std::min(use.inodes_total, use.inodes_used);
}

Degree inode_degree(const Mount& mount, const SpaceUse& use, const Thresholds& limits) {
  const auto left = static_cast<double>(inodes_left(use));
  const Degree degree = degree_of(use.inodes_used_ratio, limits.inodes_used_warning_ratio,
                                  limits.inodes_used_critical_ratio);
  if (mount.read_only || use.inodes_total == 0 || left > kInodesEnough) return Degree::none;
  return left > kInodesForNow ? std::min(degree, Degree::warning) : degree;
}

/// Data sets of one ZFS pool share what is left of it: one disk that is full, one finding.
bool share_room(const Mount& a, const Mount& b) {
  if (a.fs_type != "zfs" || b.fs_type != "zfs" || !a.usage.seen() || !b.usage.seen()) return false;
  const auto pool = [](const Mount& mount) {
    return mount.device.substr(0, mount.device.find('/'));
  };
  const auto left = [](const Mount& mount) {
    return static_cast<double>(mount.usage.seen()->value.available_bytes);
  };
  return pool(a) == pool(b) && std::max(left(a), left(b)) <= std::min(left(a), left(b)) * 1.05;
}

/// Calls judge(mount, use) for every file system that answered; the others make the rule unknown.
template <class Judge>
Verdicts for_each_use(const ResourcesFacts& f, Judge&& judge) {
  Verdicts verdicts;
  for (const Observed<std::vector<Mount>>* fact :
       {static_cast<const Observed<std::vector<Mount>>*>(&f.mounts), &f.network_mounts}) {
    if (const Unknown* unknown = fact->unknown()) verdicts.unknowns.push_back(*unknown);
    const auto* mounts = fact->seen();
    if (!mounts) continue;
    for (const Mount& mount : mounts->value) {
      if (const Unknown* unknown = mount.usage.unknown()) verdicts.unknowns.push_back(*unknown);
      if (mount.usage.seen()) judge(mount, *mount.usage.seen(), verdicts);
    }
  }
  return verdicts;
}

/// Names the largest file that was found on this file system.
void add_largest_file(FindingDraft& draft, const Mount& mount, const ResourcesFacts& f) {
  const auto* files = f.largest_files.seen();
  const DiskFile* largest = nullptr;
  if (files) {
    for (const DiskFile& file : files->value) {
      const bool here = file.mount_point == mount.mount_point;
      if (here && (!largest || file.bytes > largest->bytes)) largest = &file;
    }
  }
  if (largest) draft.because(files->evidence);
  draft.arg("has_file", flag(largest))
      .arg("file", largest ? Json(largest->path) : Json(""))
      .arg("file_bytes", largest ? Json(largest->bytes) : Json(""));
}

/// Tells how much would come free if programs closed the files that are already deleted.
void add_deleted_files(FindingDraft& draft, const Mount& mount, const SpaceUse& use,
                       const ResourcesFacts& f) {
  std::uint64_t deleted = 0;
  const auto* files = f.deleted_open_files.seen();
  if (files) {
    for (const DeletedOpenFile& file : files->value) {
      if (file.mount_point == mount.mount_point) deleted += file.bytes;
    }
  }
  const bool worth_saying =
      deleted > 0 &&
      static_cast<double>(deleted) >= kDeletedWorthSaying * static_cast<double>(use.size_bytes);
  if (worth_saying) draft.because(files->evidence);
  draft.arg("has_deleted", flag(worth_saying))
      .arg("deleted_bytes", worth_saying ? Json(deleted) : Json(""));
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
  return for_each_use(f, [&](const Mount& mount, const Seen<SpaceUse>& use, Verdicts& out) {
    const Degree degree = space_degree(mount, use.value, c.thresholds);
    if (degree == Degree::none || degree < inode_degree(mount, use.value, c.thresholds)) return;
    if (std::ranges::any_of(told, [&](const Mount* other) { return share_room(*other, mount); })) {
      return;
    }
    told.push_back(&mount);
    FindingDraft draft = FindingDraft{severity_of(degree)}
                             .about(mount.mount_point)
                             .arg("used_ratio", use.value.used_ratio)
                             .arg("left", use.value.available_bytes)
                             .arg("size", use.value.size_bytes)
                             .because(use.evidence);
    add_largest_file(draft, mount, f);
    add_deleted_files(draft, mount, use.value, f);
    out.findings.push_back(std::move(draft));
  });
}

/// Where space runs out as well, the worse of the two is told, and space where they are alike.
Verdicts inodes_full(const ResourcesFacts& f, const JudgeContext& c) {
  return for_each_use(f, [&](const Mount& mount, const Seen<SpaceUse>& use, Verdicts& out) {
    const Degree degree = inode_degree(mount, use.value, c.thresholds);
    if (degree == Degree::none || degree <= space_degree(mount, use.value, c.thresholds)) return;
    out.findings.push_back(FindingDraft{severity_of(degree)}
                               .about(mount.mount_point)
                               .arg("used_ratio", use.value.inodes_used_ratio)
                               .arg("inodes_left", inodes_left(use.value))
                               .arg("inodes", use.value.inodes_total)
                               .arg("left", use.value.available_bytes)
                               .because(use.evidence));
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
          verdicts.findings.push_back(std::move(draft));
        }
        return verdicts;
      },
      f.mounts);
}

Verdicts mount_not_answering(const ResourcesFacts& f, const JudgeContext&) {
  return judge_from(
      [&](const std::vector<Mount>& mounts) {
        Verdicts verdicts;
        for (const Mount& mount : mounts) {
          const Unknown* why = mount.usage.unknown();
          if (!why || (why->why != Why::timeout && why->why != Why::unreachable)) continue;
          verdicts.findings.push_back(FindingDraft{Severity::warning}
                                          .about(mount.mount_point)
                                          .arg("device", mount.device)
                                          .arg("fs_type", mount.fs_type)
                                          .arg("hangs", flag(why->why == Why::timeout))
                                          .because({"statvfs " + mount.mount_point, why->detail,
                                                    f.network_mounts.seen()->evidence.at}));
        }
        return verdicts;
      },
      f.network_mounts);
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
          verdicts.findings.push_back(std::move(draft));
        }
        return verdicts;
      },
      f.file_system_errors);
}

}  // namespace postflight::rules::resources_rules
