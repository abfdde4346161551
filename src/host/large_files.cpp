// SPDX-License-Identifier: Apache-2.0
#include "host/large_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <memory>
#include <optional>
#include <set>

#include "base/text.h"
#include "host/file_descriptor.h"
#include "host/processes.h"
#include "host/rooted.h"

namespace postflight::host {
namespace {

using Folder = std::unique_ptr<DIR, int (*)(DIR*)>;

constexpr std::size_t kFoldersWaiting = 20'000;  // bounds the memory of one walk
constexpr std::uint64_t kBlock = 512;  // stat.st_blocks counts in these, whatever the disk
constexpr std::string_view kDeleted = " (deleted)";

Folder open_folder(const std::string& path) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  int fd = ::open(path.c_str(), kFlags | O_NOATIME);
  if (fd < 0 && errno == EPERM) fd = ::open(path.c_str(), kFlags);  // O_NOATIME is for the owner
  if (fd < 0) return {nullptr, ::closedir};
  DIR* stream = ::fdopendir(fd);
  if (!stream) ::close(fd);
  return {stream, ::closedir};
}

/// Breadth first: what fills a disk by accident mostly lies near the top.
class Walk {
 public:
  Walk(dev_t device, const std::set<std::string>& stay_out, std::size_t count, Deadline deadline)
      : device_(device), stay_out_(stay_out), count_(count), deadline_(deadline) {}

  void through(const std::string& top) {
    waiting_.push_back(top);
    while (!waiting_.empty() && !stopped_) {
      const std::string path = std::move(waiting_.front());
      waiting_.pop_front();
      look_into(path);
    }
    std::ranges::sort(found_.files, std::ranges::greater{}, &LargeFile::bytes);
  }

  LargeFiles take() { return std::move(found_); }

 private:
  void look_into(const std::string& path) {
    const Folder folder = open_folder(path);
    struct stat status;
    if (!folder || ::fstat(::dirfd(folder.get()), &status) != 0) {
      found_.complete = found_.complete && errno == ENOENT;
      return;
    }
    if (status.st_dev != device_) return;  // the root of another file system
    while (const dirent* entry = ::readdir(folder.get())) {
      if (deadline_.passed()) {
        found_.complete = false;
        stopped_ = true;
        return;
      }
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      take_entry(folder.get(), path, *entry);
    }
  }

  void take_entry(DIR* folder, const std::string& path, const dirent& entry) {
    if (entry.d_type != DT_REG && entry.d_type != DT_DIR && entry.d_type != DT_UNKNOWN) return;
    const std::string own_path = join(path, entry.d_name);
    if (stay_out_.contains(own_path)) return;
    if (entry.d_type == DT_DIR) return enqueue(own_path);
    struct stat status;
    constexpr int kFlags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
    if (::fstatat(::dirfd(folder), entry.d_name, &status, kFlags) != 0) return;
    if (S_ISDIR(status.st_mode)) return enqueue(own_path);
    if (S_ISREG(status.st_mode)) keep(own_path, status);
  }

  void enqueue(const std::string& path) {
    if (waiting_.size() >= kFoldersWaiting) {
      found_.complete = false;
      return;
    }
    waiting_.push_back(path);
  }

  void keep(const std::string& path, const struct stat& status) {
    const std::uint64_t bytes = static_cast<std::uint64_t>(status.st_blocks) * kBlock;
    const auto smallest = std::ranges::min_element(found_.files, {}, &LargeFile::bytes);
    const bool full = found_.files.size() == count_;
    if (bytes == 0 || (full && (count_ == 0 || smallest->bytes >= bytes))) return;
    if (status.st_nlink > 1 && !linked_.insert(status.st_ino).second) return;
    if (full) found_.files.erase(smallest);
    found_.files.push_back({path, bytes});
  }

  static std::string join(const std::string& path, const char* name) {
    return path.ends_with('/') ? path + name : path + "/" + name;
  }

  dev_t device_;
  const std::set<std::string>& stay_out_;
  std::size_t count_;
  Deadline deadline_;
  std::deque<std::string> waiting_;
  std::set<ino_t> linked_;
  LargeFiles found_;
  bool stopped_ = false;
};

/// The open files of one process.
class OpenFiles {
 public:
  OpenFiles(DeletedFiles& found, std::set<std::pair<std::string, std::uint64_t>>& known)
      : found_(found), known_(known) {}

  void look(const std::string& proc, std::int32_t pid) {
    const Folder files{::opendir(fmt::format("{}/{}/fd", proc, pid).c_str()), ::closedir};
    if (!files) {
      if (errno == EACCES || errno == EPERM) found_.denied = true;
      return;
    }
    std::array<char, 4096> target;
    while (const dirent* entry = ::readdir(files.get())) {
      const int fd = ::dirfd(files.get());
      const ssize_t length = ::readlinkat(fd, entry->d_name, target.data(), target.size());
      if (length <= 0) continue;
      const std::string_view path{target.data(), static_cast<std::size_t>(length)};
      if (path.starts_with('/') && path.ends_with(kDeleted)) take(fd, entry->d_name, pid, path);
    }
  }

 private:
  void take(int folder, const char* name, std::int32_t pid, std::string_view path) {
    struct statx status;
    // AT_STATX_DONT_SYNC: what is known here, without asking a server.
    constexpr int kFlags = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
    constexpr unsigned kWanted = STATX_TYPE | STATX_NLINK | STATX_INO | STATX_BLOCKS;
    if (::statx(folder, name, kFlags, kWanted, &status) != 0) return;
    if (!S_ISREG(status.stx_mode) || status.stx_nlink != 0) return;
    std::string device = fmt::format("{}:{}", status.stx_dev_major, status.stx_dev_minor);
    if (!known_.emplace(device, status.stx_ino).second) return;
    path.remove_suffix(kDeleted.size());
    found_.files.push_back({pid, excerpt(path), std::move(device), status.stx_blocks * kBlock});
  }

  DeletedFiles& found_;
  std::set<std::pair<std::string, std::uint64_t>>& known_;
};

}  // namespace

Result<LargeFiles> find_large_files(const std::string& folder,
                                    const std::set<std::string>& stay_out, std::size_t count,
                                    Deadline deadline) {
  struct stat status;
  if (::stat(folder.c_str(), &status) != 0) return fail_errno("stat " + folder, errno);
  if (!open_folder(folder)) return fail_errno("open folder " + folder, errno);
  Walk walk{status.st_dev, stay_out, count, deadline};
  walk.through(folder);
  return walk.take();
}

Result<DeletedFiles> find_deleted_files(const std::string& root, Deadline deadline) {
  PF_TRY_ASSIGN(const auto pids, list_processes(root));
  DeletedFiles found;
  std::set<std::pair<std::string, std::uint64_t>> known;
  OpenFiles open_files{found, known};
  for (const std::int32_t pid : pids) {
    if (deadline.passed()) {
      found.complete = false;
      break;
    }
    open_files.look(under_root(root, "/proc"), pid);
  }
  std::ranges::sort(found.files, std::ranges::greater{}, &DeletedFile::bytes);
  return found;
}

}  // namespace postflight::host
