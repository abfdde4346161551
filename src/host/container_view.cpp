// SPDX-License-Identifier: Apache-2.0
#include "host/container_view.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "host/file_descriptor.h"
#include "host/files.h"
#include "host/mounts.h"
#include "host/rooted.h"

namespace postflight::host {
namespace {

FileIdentity identity_from(const struct stat& file) {
  return {file.st_dev, file.st_ino, file.st_nlink, S_ISDIR(file.st_mode)};
}

Result<struct stat> stat_of(const std::string& path) {
  struct stat file{};
  if (::stat(path.c_str(), &file) != 0) return fail_errno("stat " + path, errno);
  return file;
}

std::string proc_file(const std::string& root, std::int32_t pid, std::string_view name) {
  return under_root(root, fmt::format("/proc/{}/{}", pid, name));
}

Result<std::uint64_t> read_number(const std::string& path) {
  PF_TRY_ASSIGN(const std::string text, read_file(path, 4096));
  const auto number = parse_number<std::uint64_t>(trim(text));
  if (!number) return fail(Errc::kMalformed, path + ": " + excerpt(text, 40));
  return *number;
}

/// Folder of the cgroup below the mount of its hierarchy.
Result<std::string> folder_of(const MemoryCgroup& cgroup, const std::string& root) {
  PF_TRY_ASSIGN(const std::string text, read_file(under_root(root, "/proc/self/mountinfo")));
  PF_TRY_ASSIGN(const auto mounts, parse_mountinfo(text));
  for (const MountEntry& mount : mounts) {
    const auto options = split(mount.super_options, ',');
    const bool version1 =
        mount.fs_type == "cgroup" && std::ranges::find(options, "memory") != options.end();
    if (cgroup.unified ? mount.fs_type != "cgroup2" : !version1) continue;
    std::string_view path = cgroup.path;
    if (mount.root != "/") {  // a part of the hierarchy is mounted, as in a container
      if (!path.starts_with(mount.root)) continue;
      path.remove_prefix(mount.root.size());
    }
    return under_root(root, mount.mount_point + std::string(path));
  }
  return fail(Errc::kUnsupported, "the cgroup hierarchy that counts memory is not mounted here");
}

Result<ContainerMemory> read_unified(const std::string& folder) {
  const std::string source = folder + "/memory.current";
  const auto current = read_number(source);
  if (!current && current.error().code == Errc::kNotFound) {
    return fail(Errc::kUnsupported, source + " is missing: memory is not accounted there");
  }
  if (!current) return std::unexpected(current.error());
  PF_TRY_ASSIGN(const std::string stat, read_file(folder + "/memory.stat"));
  const auto events = read_file(folder + "/memory.events");
  const auto droppable = table_value(stat, "inactive_file");
  return ContainerMemory{*current - std::min(*current, droppable ? *droppable : 0),
                         events ? table_value(*events, "oom_kill") : std::nullopt, source};
}

Result<ContainerMemory> read_version1(const std::string& folder) {
  const std::string source = folder + "/memory.usage_in_bytes";
  PF_TRY_ASSIGN(const std::uint64_t usage, read_number(source));
  PF_TRY_ASSIGN(const std::string stat, read_file(folder + "/memory.stat"));
  const auto control = read_file(folder + "/memory.oom_control");
  const auto droppable = table_value(stat, "total_inactive_file");
  return ContainerMemory{usage - std::min(usage, droppable ? *droppable : 0),
                         control ? table_value(*control, "oom_kill") : std::nullopt, source};
}

}  // namespace

Result<FileIdentity> identity_of(const std::string& path) {
  PF_TRY_ASSIGN(const struct stat file, stat_of(path));
  return identity_from(file);
}

Result<FileIdentity> identity_inside(std::int32_t pid, const std::string& path,
                                     const std::string& root) {
  const std::string top = proc_file(root, pid, "root");
  const FileDescriptor base{::open(top.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!base) return fail_errno("open " + top, errno);
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const FileDescriptor file{
      static_cast<int>(::syscall(SYS_openat2, base.get(), path.c_str(), &how, sizeof how))};
  if (!file && errno == ENOSYS) {
    return fail(Errc::kUnsupported, "this kernel has no openat2(2), which Linux 5.6 brought");
  }
  if (!file) return fail_errno("open " + top + path, errno);
  struct stat found{};
  if (::fstat(file.get(), &found) != 0) return fail_errno("stat " + top + path, errno);
  return identity_from(found);
}

Result<std::uint64_t> size_of(const std::string& path) {
  PF_TRY_ASSIGN(const struct stat file, stat_of(path));
  return static_cast<std::uint64_t>(file.st_size);
}

Result<WallTime> installed_at(const std::string& path) {
  PF_TRY_ASSIGN(const struct stat file, stat_of(path));
  return WallTime{std::chrono::seconds{file.st_ctim.tv_sec}};
}

std::optional<std::uint64_t> parse_start_ticks(std::string_view stat) {
  constexpr std::size_t kFieldsAfterName = 19;  // from field 3, the state, to field 22
  const auto end_of_name = stat.rfind(')');
  if (end_of_name == std::string_view::npos) return std::nullopt;
  const auto fields = split_words(trim(stat.substr(end_of_name + 1)));
  if (fields.size() <= kFieldsAfterName) return std::nullopt;
  return parse_number<std::uint64_t>(fields[kFieldsAfterName]);
}

Result<WallTime> started_at(std::int32_t pid, const std::string& root) {
  const std::string path = proc_file(root, pid, "stat");
  PF_TRY_ASSIGN(const std::string stat, read_file(path));
  PF_TRY_ASSIGN(const std::string machine, read_head(under_root(root, "/proc/stat"), 1024 * 1024));
  const auto ticks = parse_start_ticks(stat);
  const auto boot = table_value(machine, "btime");
  const long per_second = ::sysconf(_SC_CLK_TCK);
  if (!ticks || !boot || per_second <= 0) return fail(Errc::kMalformed, path + " has another form");
  const std::uint64_t seconds = *boot + *ticks / static_cast<std::uint64_t>(per_second);
  return WallTime{std::chrono::seconds{static_cast<std::int64_t>(seconds)}};
}

std::optional<MemoryCgroup> parse_memory_cgroup(std::string_view text) {
  std::optional<MemoryCgroup> unified;
  for (const std::string_view line : split(text, '\n')) {
    const auto first = line.find(':');
    if (first == std::string_view::npos) continue;
    const auto second = line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string path(line.substr(second + 1));
    const auto names = split(controllers, ',');
    if (std::ranges::find(names, "memory") != names.end()) return MemoryCgroup{path, false};
    if (controllers.empty() && line.starts_with("0:")) unified = MemoryCgroup{path, true};
  }
  return unified;
}

std::optional<std::uint64_t> table_value(std::string_view table, std::string_view name) {
  for (const std::string_view line : split(table, '\n')) {
    const auto words = split_words(line);
    if (words.size() == 2 && words[0] == name) return parse_number<std::uint64_t>(words[1]);
  }
  return std::nullopt;
}

Result<ContainerMemory> container_memory(std::int32_t pid, const std::string& root) {
  const std::string path = proc_file(root, pid, "cgroup");
  PF_TRY_ASSIGN(const std::string text, read_file(path));
  const auto cgroup = parse_memory_cgroup(text);
  if (!cgroup) return fail(Errc::kUnsupported, path + " names no cgroup that counts memory");
  PF_TRY_ASSIGN(const std::string folder, folder_of(*cgroup, root));
  return cgroup->unified ? read_unified(folder) : read_version1(folder);
}

}  // namespace postflight::host
