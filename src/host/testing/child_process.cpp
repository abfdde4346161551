// SPDX-License-Identifier: Apache-2.0
#include "host/testing/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "host/file_descriptor.h"

namespace postflight::host::testing {
namespace {

/// Forks and becomes the program, with its output on the two descriptors.
pid_t start(const std::vector<std::string>& words, int out, int err) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setpgid(0, 0);
  ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  ::execvp(argv[0], argv.data());
  ::_exit(127);
}

/// Appends what has come; false at the end of the stream.
bool take(int fd, std::string& text) {
  std::array<char, 16 * 1024> buffer;
  const ssize_t count = ::read(fd, buffer.data(), buffer.size());
  if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0;
}

}  // namespace

CommandOutput run_command(const std::vector<std::string>& words, Duration limit) {
  std::array<int, 2> out, err;
  if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0) return {};
  const FileDescriptor out_read{out[0]}, err_read{err[0]};
  FileDescriptor out_write{out[1]}, err_write{err[1]};
  const pid_t pid = start(words, out_write.get(), err_write.get());
  if (pid < 0) return {};
  out_write.reset(), err_write.reset();
  CommandOutput result;
  const Deadline deadline{limit};
  std::array<pollfd, 2> fds{{{out_read.get(), POLLIN, 0}, {err_read.get(), POLLIN, 0}}};
  while ((fds[0].fd >= 0 || fds[1].fd >= 0) && !deadline.passed()) {
    ::poll(fds.data(), fds.size(), deadline.left_for_poll());
    if (fds[0].revents && !take(fds[0].fd, result.out)) fds[0].fd = -1;
    if (fds[1].revents && !take(fds[1].fd, result.err)) fds[1].fd = -1;
  }
  if (fds[0].fd >= 0 || fds[1].fd >= 0) ::kill(pid, SIGKILL);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  return result;
}

ChildProcess::ChildProcess(const std::vector<std::string>& words) {
  const FileDescriptor nowhere{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  pid_ = start(words, nowhere.get(), nowhere.get());
  if (pid_ < 0) throw std::runtime_error("fork");
}

ChildProcess::~ChildProcess() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

bool ChildProcess::running() {
  if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
  return pid_ > 0;
}

TempFolder::TempFolder() {
  path_ = (std::filesystem::temp_directory_path() / "postflight-test-XXXXXX").string();
  if (!::mkdtemp(path_.data())) throw std::runtime_error("mkdtemp " + path_);
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempFolder::write(const std::string& name, const std::string& content) const {
  const std::string path = path_ + "/" + name;
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

}  // namespace postflight::host::testing
