// SPDX-License-Identifier: Apache-2.0
#include "host/process_root.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include "host/rooted.h"

namespace postflight::host {
namespace {

constexpr int kRead = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

}  // namespace

Result<ProcessRoot> ProcessRoot::open(std::int32_t pid, const std::string& root) {
  const std::string path =
      pid == 0 ? root : under_root(root, "/proc/" + std::to_string(pid) + "/root");
  FileDescriptor folder{::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!folder) return fail_errno("open " + path, errno);
  return ProcessRoot{std::move(folder), path};
}

Result<FileDescriptor> ProcessRoot::open_in(const std::string& path, int flags) const {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags);
  how.resolve = RESOLVE_IN_ROOT;
  const auto fd = ::syscall(SYS_openat2, folder_.get(), path.c_str(), &how, sizeof how);
  if (fd < 0) return fail_errno("open " + under_root(name_, path), errno);
  return FileDescriptor{static_cast<int>(fd)};
}

Result<std::string> ProcessRoot::read_head(const std::string& path, std::size_t limit) const {
  PF_TRY_ASSIGN(const FileDescriptor file, open_in(path, kRead));
  std::string text;
  std::array<char, 16 * 1024> buffer;
  while (text.size() < limit) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count == 0) break;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("read " + under_root(name_, path), errno);
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  if (text.size() > limit) text.resize(limit);
  return text;
}

Result<std::vector<std::string>> ProcessRoot::list_folder(const std::string& path) const {
  PF_TRY_ASSIGN(const FileDescriptor folder, open_in(path, kRead | O_DIRECTORY));
  const int copy = ::fcntl(folder.get(), F_DUPFD_CLOEXEC, 3);  // closedir() closes its own
  const std::unique_ptr<DIR, int (*)(DIR*)> stream{copy < 0 ? nullptr : ::fdopendir(copy),
                                                   ::closedir};
  if (!stream) {
    const int error = errno;
    if (copy >= 0) ::close(copy);
    return fail_errno("open folder " + under_root(name_, path), error);
  }
  std::vector<std::string> names;
  for (errno = 0; const dirent* entry = ::readdir(stream.get()); errno = 0) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return fail_errno("read folder " + under_root(name_, path), errno);
  return names;
}

Result<FileStatus> ProcessRoot::status(const std::string& path) const {
  PF_TRY_ASSIGN(const FileDescriptor file, place(path));
  struct stat status;
  if (::fstat(file.get(), &status) != 0) return fail_errno("stat " + path, errno);
  return FileStatus{{status.st_uid, status.st_gid},
                    status.st_mode & 07777U,
                    static_cast<std::uint64_t>(status.st_size),
                    static_cast<double>(status.st_mtim.tv_sec) +
                        static_cast<double>(status.st_mtim.tv_nsec) * 1e-9,
                    S_ISDIR(status.st_mode)};
}

Result<FileDescriptor> ProcessRoot::place(const std::string& path) const {
  return open_in(path, O_PATH | O_CLOEXEC);
}

}  // namespace postflight::host
