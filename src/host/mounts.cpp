// SPDX-License-Identifier: Apache-2.0
#include "host/mounts.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <optional>

#include "base/text.h"
#include "host/file_descriptor.h"

namespace postflight::host {
namespace {

constexpr std::array<std::string_view, 42> kWithoutData = {
    "autofs",      "bdev",          "binder",     "binfmt_misc",
    "bpf",         "cgroup",        "cgroup2",    "configfs",
    "cpuset",      "debugfs",       "devpts",     "devtmpfs",
    "efivarfs",    "fusectl",       "fuse.lxcfs", "fuse.gvfsd-fuse",
    "fuse.portal", "fuse.snapfuse", "hugetlbfs",  "mqueue",
    "nfsd",        "nsfs",          "proc",       "pstore",
    "ramfs",       "resctrl",       "rootfs",     "rpc_pipefs",
    "securityfs",  "selinuxfs",     "smackfs",    "sockfs",
    "pipefs",      "sysfs",         "tracefs",    "squashfs",
    "erofs",       "iso9660",       "udf",        "cramfs",
    "romfs",       "aufs"};

constexpr std::array<std::string_view, 22> kRemote = {
    "nfs",   "nfs4", "cifs",  "smb3",   "smbfs",  "ceph",     "9p",     "virtiofs",
    "afs",   "coda", "ncpfs", "lustre", "gfs2",   "ocfs2",    "beegfs", "gpfs",
    "pvfs2", "fuse", "davfs", "vboxsf", "prl_fs", "glusterfs"};

/// Memory that the system empties at boot by itself, and what container engines keep in memory.
constexpr std::array<std::string_view, 9> kShortLived = {"/run",
                                                         "/dev",
                                                         "/sys",
                                                         "/proc",
                                                         "/tmp",
                                                         "/var/run",
                                                         "/var/lock",
                                                         "/var/lib/docker/containers",
                                                         "/var/lib/kubelet"};

template <std::size_t N>
bool is_among(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

/// True where `path` is `folder` or lies below it.
bool is_within(std::string_view path, std::string_view folder) {
  while (folder.ends_with('/')) folder.remove_suffix(1);
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

bool has_option(std::string_view options, std::string_view wanted) {
  const auto all = split(options, ',');
  return std::ranges::find(all, wanted) != all.end();
}

/// The kernel writes blank, tab, newline, '#' and '\' as three octal digits (seq_path(),
/// fs/seq_file.c).
std::string unescape(std::string_view text) {
  const auto is_octal = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '7'; };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '\\' && i + 3 < text.size() && is_octal(i + 1) &&
                         is_octal(i + 2) && is_octal(i + 3) && text[i + 1] <= '3';
    if (!escaped) {
      out += text[i];
      continue;
    }
    out +=
        static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + text[i + 3] - '0');
    i += 3;
  }
  return out;
}

bool is_device_number(std::string_view text) {
  const auto parts = split(text, ':');
  return parts.size() == 2 && parse_number<std::uint32_t>(parts[0]) &&
         parse_number<std::uint32_t>(parts[1]);
}

std::optional<MountEntry> parse_line(std::string_view line) {
  // Not split_words(): an empty source is two blanks in a row.
  const auto fields = split(line, ' ');
  const auto dash = std::ranges::find(fields, "-");
  if (dash - fields.begin() < 6 || fields.end() - dash < 4) return std::nullopt;
  const auto id = parse_number<std::int64_t>(fields[0]);
  const auto parent = parse_number<std::int64_t>(fields[1]);
  if (!id || !parent || !is_device_number(fields[2]) || !fields[4].starts_with('/')) {
    return std::nullopt;
  }
  return MountEntry{*id,
                    *parent,
                    std::string(fields[2]),
                    unescape(fields[3]),
                    unescape(fields[4]),
                    std::string(fields[5]),
                    unescape(dash[1]),
                    unescape(dash[2]),
                    unescape(dash[3])};
}

/// Tells which mounts can be reached by their path. Two mounts on one parent of which one lies
/// within the other: the inner one was there first, or the outer one would be its parent.
class Visibility {
 public:
  explicit Visibility(const std::vector<MountEntry>& mounts) {
    for (const MountEntry& mount : mounts) {
      by_id_.emplace(mount.id, &mount);
      children_[mount.parent].push_back(&mount);
    }
  }

  bool visible(const MountEntry& mount) const {
    const MountEntry* current = &mount;
    const MountEntry* through = nullptr;  // the child by which we came up
    for (std::size_t steps = 0; steps <= by_id_.size(); ++steps) {
      if (is_covered(*current, through) || has_outer_sibling(*current)) return false;
      const auto parent = by_id_.find(current->parent);
      if (parent == by_id_.end() || parent->second == current) return true;
      through = current;
      current = parent->second;
    }
    return true;  // parents in a circle: no kernel's table
  }

 private:
  /// Something other than `through` is stacked on the very root of `mount`.
  bool is_covered(const MountEntry& mount, const MountEntry* through) const {
    const auto children = children_.find(mount.id);
    if (children == children_.end()) return false;
    return std::ranges::any_of(children->second, [&](const MountEntry* child) {
      return child != through && child != &mount && child->mount_point == mount.mount_point;
    });
  }

  bool has_outer_sibling(const MountEntry& mount) const {
    const auto& siblings = children_.at(mount.parent);
    return std::ranges::any_of(siblings, [&](const MountEntry* sibling) {
      return sibling != &mount && sibling->mount_point != mount.mount_point &&
             sibling->id != mount.parent && is_within(mount.mount_point, sibling->mount_point);
    });
  }

  std::map<std::int64_t, const MountEntry*> by_id_;
  std::map<std::int64_t, std::vector<const MountEntry*>> children_;
};

/// ext4 since Linux 6.15 leaves "rw" standing and says emergency_ro; it says shutdown when shut
/// down.
bool refuses_writes(const MountEntry& mount) {
  return has_option(mount.super_options, "ro") || has_option(mount.super_options, "emergency_ro") ||
         has_option(mount.super_options, "shutdown");
}

/// Takes in another mount of the same file system.
void merge(FileSystem& known, const FileSystem& other) {
  known.read_only = known.read_only || other.read_only;
  known.remounted_read_only = known.remounted_read_only || other.remounted_read_only;
  if (other.mount.mount_point.size() < known.mount.mount_point.size()) known.mount = other.mount;
}

FileSystem describe(const MountEntry& mount, Storage storage) {
  const bool for_writing = !has_option(mount.options, "ro");
  const bool refused = refuses_writes(mount);
  // A server that exports read-only, or a client that mounts so, is no remount by this kernel.
  const bool remounted = for_writing && refused && storage == Storage::kLocal;
  return {mount, storage, refused, remounted, false};
}

/// Device number of the file system that an overlay writes to; nothing where this cannot be told.
std::optional<std::string> upper_device(const MountEntry& overlay,
                                        const std::vector<MountEntry>& mounts) {
  for (const std::string_view option : split(overlay.super_options, ',')) {
    if (!option.starts_with("upperdir=")) continue;
    const std::string_view upper = option.substr(9);
    const MountEntry* holder = nullptr;
    for (const MountEntry& mount : mounts) {
      if (&mount == &overlay || mount.mount_point == "/" || !is_within(upper, mount.mount_point)) {
        continue;
      }
      const bool deeper = !holder || mount.mount_point.size() >= holder->mount_point.size();
      if (deeper) holder = &mount;
    }
    if (holder) return holder->device_number;
  }
  return std::nullopt;
}

FileSystemNumbers to_numbers(const struct statvfs& status) {
  return {status.f_frsize, status.f_blocks, status.f_bfree,
          status.f_bavail, status.f_files,  status.f_ffree};
}

/// What a child sends back. Travels between two processes of one program: no byte order, no
/// versions.
struct Answer {
  int error = 0;
  FileSystemNumbers numbers;
};

/// A child that asks one file system.
struct Asked {
  pid_t pid = -1;
  FileDescriptor pipe;
};

[[noreturn]] void ask_and_exit(const std::string& path, int pipe) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // It may outlive its parent for as long as the file system holds it: it must hold nothing open by
  // which others learn that the parent has ended.
  ::dup2(pipe, STDIN_FILENO);
  ::close_range(STDOUT_FILENO, ~0U, 0);
  Answer answer;
  struct statvfs status;
  if (::statvfs(path.c_str(), &status) == 0) {
    answer.numbers = to_numbers(status);
  } else {
    answer.error = errno;
  }
  const bool sent = ::write(STDIN_FILENO, &answer, sizeof answer) == sizeof answer;
  ::_exit(sent ? 0 : 1);
}

Result<Asked> ask(const std::string& path) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("pipe", errno);
  FileDescriptor reader{ends[0]}, writer{ends[1]};
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno("fork", errno);
  if (pid == 0) ask_and_exit(path, writer.get());
  return Asked{pid, std::move(reader)};
}

Result<FileSystemNumbers> take_answer(const Asked& asked, const std::string& path,
                                      Deadline deadline) {
  pollfd wait{asked.pipe.get(), POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&wait, 1, deadline.left_for_poll());
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) return fail(Errc::kTimeout, "statvfs " + path + ": no answer");
  Answer answer;
  const ssize_t count = ::read(asked.pipe.get(), &answer, sizeof answer);
  if (count != sizeof answer) return fail(Errc::kUnreachable, "statvfs " + path + ": no answer");
  if (answer.error != 0) return fail_errno("statvfs " + path, answer.error);
  return answer.numbers;
}

/// Ends a child. One that the kernel will not let go becomes init's; it is not waited for.
void dismiss(const Asked& asked) {
  ::kill(asked.pid, SIGKILL);
  for (int i = 0; i < 20 && ::waitpid(asked.pid, nullptr, WNOHANG) == 0; ++i) ::poll(nullptr, 0, 1);
}

}  // namespace

Result<std::vector<MountEntry>> parse_mountinfo(std::string_view text) {
  std::vector<MountEntry> mounts;
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty()) continue;
    auto mount = parse_line(line);
    if (!mount) return fail(Errc::kMalformed, "mountinfo line: " + excerpt(line, 80));
    mounts.push_back(*std::move(mount));
  }
  if (mounts.empty()) return fail(Errc::kMalformed, "the table of mounts is empty");
  return mounts;
}

Storage storage_of(const MountEntry& mount) {
  const std::string_view type = mount.fs_type;
  if (is_among(kWithoutData, type)) return Storage::kNone;
  if (is_among(kRemote, type) || type.starts_with("fuse")) return Storage::kRemote;
  if (type == "overlay") return mount.mount_point == "/" ? Storage::kLocal : Storage::kNone;
  if (type == "zfs" && is_within(mount.mount_point, "/var/lib/docker/zfs")) return Storage::kNone;
  if (type != "tmpfs") return Storage::kLocal;
  const bool short_lived = std::ranges::any_of(
      kShortLived, [&](std::string_view folder) { return is_within(mount.mount_point, folder); });
  return short_lived || has_option(mount.options, "ro") ? Storage::kNone : Storage::kLocal;
}

std::vector<FileSystem> real_file_systems(const std::vector<MountEntry>& mounts) {
  const Visibility visibility{mounts};
  std::vector<FileSystem> file_systems;
  std::map<std::string, std::size_t> known;
  for (const MountEntry& mount : mounts) {
    const Storage storage = storage_of(mount);
    if (storage == Storage::kNone || !visibility.visible(mount)) continue;
    const FileSystem found = describe(mount, storage);
    const auto [place, is_new] = known.emplace(mount.device_number, file_systems.size());
    if (is_new) {
      file_systems.push_back(found);
    } else {
      merge(file_systems[place->second], found);
    }
  }
  for (const MountEntry& mount : mounts) {
    if (mount.fs_type != "overlay" || storage_of(mount) == Storage::kNone) continue;
    const auto device = upper_device(mount, mounts);
    const auto beneath = device ? known.find(*device) : known.end();
    if (beneath != known.end()) file_systems[beneath->second].beneath_root = true;
  }
  return file_systems;
}

Result<FileSystemNumbers> file_system_numbers(const std::string& path) {
  struct statvfs status;
  int result = 0;
  do {
    result = ::statvfs(path.c_str(), &status);
  } while (result != 0 && errno == EINTR);
  if (result != 0) return fail_errno("statvfs " + path, errno);
  return to_numbers(status);
}

std::vector<Result<FileSystemNumbers>> file_system_numbers_apart(std::span<const std::string> paths,
                                                                 Deadline deadline) {
  std::vector<Result<Asked>> asked;
  for (const std::string& path : paths) asked.push_back(ask(path));
  std::vector<Result<FileSystemNumbers>> answers;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (!asked[i]) {
      answers.push_back(std::unexpected(asked[i].error()));
      continue;
    }
    answers.push_back(take_answer(*asked[i], paths[i], deadline));
  }
  for (const auto& child : asked) {
    if (child) dismiss(*child);
  }
  return answers;
}

}  // namespace postflight::host
