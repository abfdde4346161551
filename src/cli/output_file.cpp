// SPDX-License-Identifier: Apache-2.0
#include "cli/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "host/file_descriptor.h"

namespace postflight::cli {
namespace {

Result<void> write_all(int fd, std::string_view bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("write " + name, errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

/// A device or a pipe (/dev/stdout, /dev/null, a FIFO) cannot be replaced by renaming; it is
/// written to.
bool is_special(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

}  // namespace

struct OutputFile::State {
  host::FileDescriptor file;
  std::string path;
  std::string temporary;  // empty for special files

  ~State() {
    if (!temporary.empty()) ::unlink(temporary.c_str());
  }
};

OutputFile::OutputFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
OutputFile::OutputFile(OutputFile&&) noexcept = default;
OutputFile& OutputFile::operator=(OutputFile&&) noexcept = default;
OutputFile::~OutputFile() = default;

Result<OutputFile> OutputFile::create(const std::string& path, mode_t mode) {
  auto state = std::make_unique<State>();
  state->path = path;
  if (is_special(path)) {
    state->file = host::FileDescriptor{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
    if (!state->file) return fail_errno("open " + path, errno);
    return OutputFile{std::move(state)};
  }
  const std::string temporary = path + ".part-" + std::to_string(::getpid());
  state->file = host::FileDescriptor{
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)};
  if (!state->file) return fail_errno("create " + path, errno);
  state->temporary = temporary;
  return OutputFile{std::move(state)};
}

Result<void> OutputFile::commit(std::string_view bytes) {
  PF_TRY(write_all(state_->file.get(), bytes, state_->path));
  if (state_->temporary.empty()) return {};
  if (::fsync(state_->file.get()) != 0) return fail_errno("write " + state_->path, errno);
  if (::rename(state_->temporary.c_str(), state_->path.c_str()) != 0) {
    return fail_errno("rename to " + state_->path, errno);
  }
  state_->temporary.clear();
  return {};
}

Result<void> write_stdout(std::string_view bytes) {
  return write_all(STDOUT_FILENO, bytes, "standard output");
}

}  // namespace postflight::cli
