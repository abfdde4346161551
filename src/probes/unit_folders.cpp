// SPDX-License-Identifier: Apache-2.0
#include "probes/unit_folders.h"

#include <algorithm>
#include <array>

#include "host/file_status.h"
#include "host/files.h"
#include "host/rooted.h"

namespace postflight::systemd_look {
namespace {

constexpr std::array<std::string_view, 3> kStarting = {".wants", ".requires", ".upholds"};

/// What administrators and systemctl put there is gone after a boot; generators run again.
bool stays(std::string_view folder) {
  return !folder.starts_with("/run/") || folder.starts_with("/run/systemd/generator");
}

bool is_unit_name(std::string_view name) {
  static constexpr std::array<std::string_view, 11> kTypes = {
      "service", "socket", "timer", "path",  "mount", "automount",
      "target",  "slice",  "swap",  "scope", "device"};
  const auto type = unit_type(name);
  return std::ranges::find(kTypes, type) != kTypes.end();
}

}  // namespace

std::vector<std::string> usual_unit_folders() {
  return {"/etc/systemd/system.control", "/run/systemd/system.control",
          "/run/systemd/transient",      "/run/systemd/generator.early",
          "/etc/systemd/system",         "/etc/systemd/system.attached",
          "/run/systemd/system",         "/run/systemd/system.attached",
          "/run/systemd/generator",      "/usr/local/lib/systemd/system",
          "/lib/systemd/system",         "/usr/lib/systemd/system",
          "/run/systemd/generator.late"};
}

std::string template_of(std::string_view unit) {
  const auto at = unit.find('@');
  const auto dot = unit.rfind('.');
  if (at == std::string_view::npos || dot == std::string_view::npos || dot <= at + 1) return {};
  return std::string(unit.substr(0, at + 1)) + std::string(unit.substr(dot));
}

std::string_view unit_type(std::string_view unit) {
  const auto dot = unit.rfind('.');
  return dot == std::string_view::npos ? std::string_view{} : unit.substr(dot + 1);
}

UnitFolders UnitFolders::read(const std::string& root, const std::vector<std::string>& folders,
                              Deadline deadline) {
  UnitFolders all;
  for (const std::string& folder : folders) {
    if (deadline.passed()) {
      all.gap_ = Error{Errc::kTimeout, "the deadline passed before " + folder + " was read"};
      break;
    }
    all.read_folder(root, folder);
  }
  return all;
}

void UnitFolders::read_folder(const std::string& root, const std::string& folder) {
  auto names = host::list_folder(host::under_root(root, folder));
  if (!names) {
    if (names.error().code != Errc::kNotFound) gap_ = names.error();
    return;
  }
  std::ranges::sort(*names);
  for (const std::string& name : *names) {
    const std::string path = folder + "/" + name;
    const bool starts =
        std::ranges::any_of(kStarting, [&](std::string_view end) { return name.ends_with(end); });
    if (starts) {
      read_links(root, folder, name);
    } else if (name.ends_with(".d")) {
      const auto files = host::list_folder(host::under_root(root, path));
      for (const std::string& file : files ? *files : std::vector<std::string>{}) {
        if (!file.ends_with(".conf")) continue;
        drop_ins_[name.substr(0, name.size() - 2)].push_back(path + "/" + file);
      }
    } else if (is_unit_name(name) && !files_.contains(name)) {
      const auto target = host::read_link(host::under_root(root, path));
      files_.emplace(name, UnitFile{path, target ? *target : std::string{}});
    }
  }
}

void UnitFolders::read_links(const std::string& root, const std::string& folder,
                             const std::string& name) {
  const std::string path = folder + "/" + name;
  const auto links = host::list_folder(host::under_root(root, path));
  if (!links) {
    if (links.error().code != Errc::kNotFound) gap_ = links.error();
    return;
  }
  const std::string wanter = name.substr(0, name.rfind('.'));
  for (const std::string& link : *links) {
    links_[link].push_back({wanter, path + "/" + link, stays(folder)});
  }
}

std::vector<StartLink> UnitFolders::links_to(const std::vector<std::string>& names) const {
  std::vector<StartLink> all;
  for (const std::string& name : names) {
    const auto found = links_.find(name);
    if (found != links_.end()) all.insert(all.end(), found->second.begin(), found->second.end());
  }
  return all;
}

std::vector<std::string> UnitFolders::drop_ins_of(const std::vector<std::string>& names) const {
  std::vector<std::string> all;
  for (const std::string& name : names) {
    for (const std::string& one : {name, template_of(name)}) {
      const auto found = drop_ins_.find(one);
      if (found != drop_ins_.end())
        all.insert(all.end(), found->second.begin(), found->second.end());
    }
  }
  return all;
}

}  // namespace postflight::systemd_look
