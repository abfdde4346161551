// SPDX-License-Identifier: Apache-2.0
#include "cli/run_binary.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "base/deadline.h"
#include "host/file_descriptor.h"

namespace postflight::testing {
namespace {

using host::FileDescriptor;

struct Pipe {
  FileDescriptor read, write;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    read = FileDescriptor{ends[0]}, write = FileDescriptor{ends[1]};
  }
};

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

[[noreturn]] void become(std::vector<std::string> words, std::vector<std::string> environment, int out,
                         int err) {
  ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text = *entry;
    // The tests decide on language and colour themselves.
    if (text.starts_with("LC_") || text.starts_with("LANG") || text.starts_with("NO_COLOR")) continue;
    environment.emplace_back(text);
  }
  ::execve(words[0].c_str(), pointers(words).data(), pointers(environment).data());
  ::_exit(127);
}

/// Reads both pipes to their ends. False where that took too long.
bool collect(Pipe& out, Pipe& err, RunResult& result) {
  const Deadline deadline{std::chrono::seconds{60}};
  std::array<pollfd, 2> fds{{{out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}}};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    if (deadline.passed()) return false;
    ::poll(fds.data(), fds.size(), deadline.left_for_poll());
    for (std::size_t i = 0; i < 2; ++i) {
      if (fds[i].revents == 0) continue;
      std::array<char, 65536> buffer;
      const ssize_t count = ::read(fds[i].fd, buffer.data(), buffer.size());
      if (count <= 0) {
        fds[i].fd = -1;
      } else {
        (i == 0 ? result.out : result.err).append(buffer.data(), static_cast<std::size_t>(count));
      }
    }
  }
  return true;
}

}  // namespace

RunResult run_postflight(const std::vector<std::string>& arguments,
                         const std::vector<std::string>& environment) {
  std::vector<std::string> words{PF_BINARY};
  words.insert(words.end(), arguments.begin(), arguments.end());
  Pipe out, err;
  const pid_t pid = ::fork();
  if (pid == 0) become(words, environment, out.write.get(), err.write.get());
  out.write.reset();
  err.write.reset();
  RunResult result;
  if (!collect(out, err, result)) ::kill(pid, SIGKILL);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  return result;
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "postflight-test-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error("mkdtemp");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::file(const std::string& name, const std::string& content) const {
  const std::string path = path_ + "/" + name;
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

}  // namespace postflight::testing
