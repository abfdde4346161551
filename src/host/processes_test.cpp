// SPDX-License-Identifier: Apache-2.0
// Against real processes, some of which call themselves things no process should.
#include "host/processes.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "host/files.h"
#include "host/testing/bad_server.h"
#include "host/testing/in_child.h"

namespace postflight::host {
namespace {

namespace fs = std::filesystem;
using testing::in_child;
using testing::WaitingChild;

Deadline soon() {
  return Deadline{Duration{5000}};
}

TEST(Processes, ReadsItself) {
  const auto pids = list_processes();
  ASSERT_TRUE(pids);
  EXPECT_TRUE(std::ranges::is_sorted(*pids));
  EXPECT_TRUE(std::ranges::binary_search(*pids, ::getpid()));
  const auto self = read_program(::getpid());
  ASSERT_TRUE(self) << self.error().what;
  EXPECT_EQ(self->pid, ::getpid());
  EXPECT_EQ(self->executable, fs::read_symlink("/proc/self/exe").string());
  EXPECT_FALSE(self->executable_deleted);
  EXPECT_EQ(self->uid, ::geteuid());
  EXPECT_FALSE(self->command_line.empty());
  EXPECT_LE(self->command_line.size(), 200u + 3);
}

TEST(Processes, AProcessThatIsGoneIsNotFound) {
  int gone = 0;
  {
    const WaitingChild child{[] {}};
    gone = child.pid();
  }
  const auto program = read_program(gone);
  ASSERT_FALSE(program);
  EXPECT_EQ(program.error().code, Errc::kNotFound);
}

TEST(Processes, HostileNamesBecomePrintable) {
  const WaitingChild child{[] { ::prctl(PR_SET_NAME, "\x1B[2J\xFF\xFE\nab\t)"); }};
  const auto program = read_program(child.pid());
  ASSERT_TRUE(program);
  EXPECT_EQ(program->name, "\uFFFD[2J\uFFFD\uFFFD ab )");
}

TEST(Processes, AReplacedProgramFileIsSeen) {
  const fs::path copy =
      fs::temp_directory_path() / ("postflight-sleep-" + std::to_string(::getpid()));
  fs::copy_file("/bin/sleep", copy);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::execl(copy.c_str(), copy.c_str(), "60", nullptr);
    ::_exit(127);
  }
  // Until the child runs the copy its command line is this test's, and for a moment within execve()
  // it is empty while the program file is already the new one.
  for (const Deadline limit = soon(); !limit.passed();) {
    const auto words = read_file("/proc/" + std::to_string(pid) + "/cmdline");
    if (words && words->starts_with(copy.string())) break;
  }
  fs::remove(copy);
  const auto program = read_program(pid);
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  ASSERT_TRUE(program);
  EXPECT_TRUE(program->executable_deleted);
  EXPECT_EQ(program->executable, copy.string());
  EXPECT_EQ(program->command_line, copy.string() + " 60");
}

TEST(Processes, HalfAProcessIsNoRoot) {
  // A tree in which /proc/7 has a name but nothing else: no user id may be made up.
  const fs::path root =
      fs::temp_directory_path() / ("postflight-proc-" + std::to_string(::getpid()));
  fs::create_directories(root / "proc/7");
  std::ofstream{root / "proc/7/comm"} << "half\n";
  fs::create_directories(root / "proc/8");
  std::ofstream{root / "proc/8/comm"} << "whole\n";
  std::ofstream{root / "proc/8/status"} << "Name:\twhole\nUid:\t1000\t1001\t1002\t1003\n";
  std::ofstream{root / "proc/8/cgroup"} << "0::/system.slice/whole.service\n";
  fs::create_directories(root / "proc/notapid");
  const auto pids = list_processes(root.string());
  const auto half = read_program(7, root.string());
  const auto whole = read_program(8, root.string());
  fs::remove_all(root);
  ASSERT_TRUE(pids);
  EXPECT_EQ(*pids, (std::vector<std::int32_t>{7, 8}));
  EXPECT_FALSE(half);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->uid, 1001u);
  EXPECT_EQ(whole->cgroup, "/system.slice/whole.service");
  EXPECT_EQ(whole->executable, "");
}

TEST(ParseCgroup, PrefersWhatNamesTheUnit) {
  EXPECT_EQ(parse_cgroup("0::/system.slice/nginx.service\n"), "/system.slice/nginx.service");
  EXPECT_EQ(parse_cgroup("12:pids:/a/b/c/d\n1:name=systemd:/system.slice/x.service\n0::/init\n"),
            "/system.slice/x.service");
  EXPECT_EQ(parse_cgroup("4:memory:/docker/abc\n0::/\n"), "/docker/abc");
  EXPECT_EQ(parse_cgroup("0::/with:colon\n"), "/with:colon");
  EXPECT_EQ(parse_cgroup(""), "");
  EXPECT_EQ(parse_cgroup("nonsense\n:\n"), "");
}

TEST(ProcessStat, IsReadWhateverTheNameIs) {
  const auto stat = parse_process_stat("42 (a) b) S 7 42 42 0");
  ASSERT_TRUE(stat) << stat.error().what;
  EXPECT_EQ(stat->name, "a) b");
  EXPECT_EQ(stat->parent, 7);
  for (const char* text : {"", "42", "42 (x", "42 (x)", "42 (x) S", "42 (x) S y", ")("}) {
    EXPECT_FALSE(parse_process_stat(text)) << text;
  }
  const auto own = read_process_stat(::getpid());
  ASSERT_TRUE(own);
  EXPECT_EQ(own->parent, ::getppid());
}

}  // namespace
}  // namespace postflight::host
