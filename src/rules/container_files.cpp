// SPDX-License-Identifier: Apache-2.0
// Does the container hold the files that lie on the machine now? Pure. Source: Docker
// documentation, "Bind mounts" and "JSON File logging driver"; runc, verifyCwd() in
// libcontainer/init_linux.go.
#include <algorithm>

#include "rules/container_rules.h"

namespace postflight::rules {
namespace {

bool is_beneath(const std::string& path, const std::string& folder) {
  return path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
}

/// True where another container's stale mounts hold one of the same source as this one's.
bool shares_a_source(const Json& fact, const Json& own) {
  if (!fact.is_object() || !own.is_object()) return false;
  const auto theirs = fact.find("value"), ours = own.find("value");
  if (theirs == fact.end() || ours == own.end() || !theirs->is_array() || !ours->is_array()) {
    return false;
  }
  return std::ranges::any_of(*ours, [&](const Json& mine) {
    return std::ranges::any_of(*theirs, [&](const Json& other) {
      return mine.is_object() && other.is_object() && !mine.value("source", "").empty() &&
             mine.value("source", "") == other.value("source", "");
    });
  });
}

std::string paths_of(const std::vector<StaleMount>& mounts, std::string StaleMount::* path) {
  std::string out;
  for (const StaleMount& mount : mounts) out += (out.empty() ? "" : ", ") + mount.*path;
  return out;
}

/// What is in the folder that has no name any more can still be reached by way of the process.
std::string path_inside(const ContainerFacts& f, const StaleMount& mount) {
  const auto* pid = f.pid.seen();
  return pid ? "/proc/" + std::to_string(pid->value) + "/root" + mount.destination : "";
}

std::vector<StaleMount> of_kind(const std::vector<StaleMount>& all, bool folders) {
  std::vector<StaleMount> out;
  std::ranges::copy_if(all, std::back_inserter(out),
                       [&](const StaleMount& mount) { return mount.folder == folders; });
  return out;
}

/// Files such as /etc/localtime and /etc/passwd are replaced whenever a package or a user is added;
/// that a container sees the old ones harms hardly anybody.
bool is_of_the_system(const StaleMount& file) {
  const bool in_etc =
      file.source.starts_with("/etc/") && file.source.find('/', 5) == std::string::npos;
  return in_etc || file.source.starts_with("/usr/share/") ||
         file.source.starts_with("/etc/ssl/certs/") || file.source.starts_with("/run/systemd/");
}

}  // namespace

/// One fault for all containers that hold the same folder.
Verdicts stale_mount(const ContainerFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<StaleMount>& all, bool folder_deleted) -> Verdicts {
        const std::vector<StaleMount> folders = of_kind(all, true);
        const auto* working = f.working_directory.seen();
        if (folders.empty()) return silent();
        const bool inside =
            folder_deleted || (working && std::ranges::any_of(folders, [&](const StaleMount& one) {
                                 return one.deleted && is_beneath(working->value, one.destination);
                               }));
        const bool deleted = std::ranges::any_of(folders, &StaleMount::deleted);
        const bool lost = std::ranges::any_of(
            folders, [](const StaleMount& one) { return one.writable && one.deleted; });
        const auto sharing = containers_with(c, "stale_mounts", &shares_a_source);
        FindingDraft draft = container_draft(Severity::warning, f, c)
                                 .arg("count", sharing.size())
                                 .arg("source", paths_of(folders, &StaleMount::source))
                                 .arg("destination", paths_of(folders, &StaleMount::destination))
                                 .arg("containers", sharing)
                                 .arg("refused", inside ? 1 : 0)
                                 .arg("deleted", deleted ? 1 : 0)
                                 .arg("lost", lost ? 1 : 0)
                                 .arg("folder", folders.front().source);
        const std::string old = path_inside(f, folders.front());
        if (!old.empty()) draft.arg("old", old);
        draft.fault = folders.front().source;
        return draft;
      },
      f.stale_mounts, f.working_directory_deleted);
}

/// A file that is mounted by itself stays the one it was, also when an editor or a deployment puts
/// another one in its place.
Verdicts file_replaced(const ContainerFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<StaleMount>& all) -> Verdicts {
        const std::vector<StaleMount> files = of_kind(all, false);
        if (files.empty()) return silent();
        const auto sharing = containers_with(c, "stale_mounts", &shares_a_source);
        const bool harmless = std::ranges::all_of(files, &is_of_the_system);
        FindingDraft draft = container_draft(harmless ? Severity::info : Severity::warning, f, c)
                                 .arg("count", sharing.size())
                                 .arg("source", paths_of(files, &StaleMount::source))
                                 .arg("destination", paths_of(files, &StaleMount::destination))
                                 .arg("containers", sharing)
                                 .arg("file_now", files.front().source);
        const std::string old = path_inside(f, files.front());
        if (!old.empty()) draft.arg("old", old);
        draft.fault = files.front().source;
        return draft;
      },
      f.stale_mounts);
}

Verdicts log_without_limit(const ContainerFacts& f, const JudgeContext& c) {
  return f.log_limit.visit(
      [](const Seen<std::string>&) { return silent(); },
      [&](const Absent& unlimited) -> Verdicts {
        return judge_from(
            [&](std::uint64_t size) -> Verdicts {
              if (static_cast<double>(size) < c.thresholds.container_log_warning_bytes) {
                return silent();
              }
              return container_draft(Severity::warning, f, c)
                  .arg("size", size)
                  .because(unlimited.evidence);
            },
            f.log_size_bytes);
      },
      [](const Unknown& unknown) -> Verdicts { return unknown; });
}

Verdicts compose_file_gone(const ContainerFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<std::string>& missing, const std::string& project) -> Verdicts {
        if (missing.empty()) return silent();
        FindingDraft draft =
            container_draft(Severity::info, f, c).arg("files", missing).arg("project", project);
        draft.fault = project;
        return draft;
      },
      f.compose_files_missing, f.compose_project);
}

Verdicts not_in_compose_file(const ContainerFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](bool defined, const std::string& service, const std::string& project,
          bool one_off) -> Verdicts {
        if (defined || one_off) return silent();
        return container_draft(Severity::info, f, c)
            .arg("service", service)
            .arg("project", project)
            .arg("file", f.compose_files.seen() && !f.compose_files.seen()->value.empty()
                             ? Json(f.compose_files.seen()->value.front())
                             : Json());
      },
      f.compose_service_defined, f.compose_service, f.compose_project, f.compose_one_off);
}

}  // namespace postflight::rules
