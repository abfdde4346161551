// SPDX-License-Identifier: Apache-2.0
#include "host/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include "host/file_descriptor.h"

namespace postflight::host {
namespace {

/// Reads until the end or until more than `limit` bytes have come.
Result<std::string> read_up_to(const std::string& path, std::size_t limit) {
  const FileDescriptor file{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
  if (!file) return fail_errno("open " + path, errno);
  std::string text;
  std::array<char, 16 * 1024> buffer;
  while (text.size() <= limit) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count == 0) break;
    if (count < 0) {
      if (errno == EINTR) continue;
      return fail_errno("read " + path, errno);
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  PF_TRY_ASSIGN(std::string text, read_up_to(path, limit));
  if (text.size() > limit) {
    return fail(Errc::kMalformed, path + " is larger than " + std::to_string(limit) + " bytes");
  }
  return text;
}

Result<std::string> read_head(const std::string& path, std::size_t limit) {
  PF_TRY_ASSIGN(std::string text, read_up_to(path, limit));
  if (text.size() > limit) text.resize(limit);
  return text;
}

Result<std::vector<std::string>> list_folder(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder{::opendir(path.c_str()), ::closedir};
  if (!folder) return fail_errno("open folder " + path, errno);
  std::vector<std::string> names;
  for (errno = 0; const dirent* entry = ::readdir(folder.get()); errno = 0) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return fail_errno("read folder " + path, errno);
  return names;
}

Result<std::string> read_link(const std::string& path) {
  std::array<char, 4096> buffer;
  const ssize_t count = ::readlink(path.c_str(), buffer.data(), buffer.size());
  if (count < 0) return fail_errno("read link " + path, errno);
  return std::string(buffer.data(), static_cast<std::size_t>(count));
}

Result<std::uint64_t> inode_of(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) return fail_errno("stat " + path, errno);
  return status.st_ino;
}

Result<bool> exists(const std::string& path) {
  struct stat status;
  if (::lstat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return fail_errno("stat " + path, errno);
}

}  // namespace postflight::host
