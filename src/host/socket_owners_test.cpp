// SPDX-License-Identifier: Apache-2.0
// Against real processes and sockets, and a tree of files that stands in for /proc.
#include "host/socket_owners.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

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

std::uint64_t inode_of_fd(const FileDescriptor& fd) {
  return *inode_of("/proc/self/fd/" + std::to_string(fd.get()));
}

TEST(SocketOwners, FindsEveryHolderOfASocket) {
  const auto server = testing::listen_on("127.0.0.1");
  const auto other = testing::listen_on("127.0.0.1");
  const WaitingChild heir{[] {}};  // inherits both
  const std::uint64_t inode = inode_of_fd(server.socket);
  const auto owners = find_socket_owners({inode, 1}, "/", soon());
  ASSERT_TRUE(owners);
  EXPECT_TRUE(owners->complete);
  ASSERT_EQ(owners->pids.size(), 1u);
  const auto& pids = owners->pids.at(inode);
  EXPECT_TRUE(std::ranges::is_sorted(pids));
  EXPECT_NE(std::ranges::find(pids, ::getpid()), pids.end());
  EXPECT_NE(std::ranges::find(pids, heir.pid()), pids.end());
}

TEST(SocketOwners, SaysWhoseFilesItMayNotSee) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
  const auto server = testing::listen_on("127.0.0.1");
  const std::uint64_t inode = inode_of_fd(server.socket);
  const pid_t parent = ::getpid();
  const std::string verdict = in_child([&]() -> std::string {
    if (!testing::become_nobody()) return "skip";
    const auto owners = find_socket_owners({inode}, "/", soon());
    if (!owners) return owners.error().what;
    const bool denied = std::ranges::find(owners->denied, parent) != owners->denied.end();
    return std::string(denied ? "denied" : "seen");
  });
  EXPECT_EQ(verdict, "denied");
}

TEST(SocketOwners, APassedDeadlineIsNotAnEmptyAnswer) {
  const auto owners = find_socket_owners({1}, "/", Deadline{Duration{0}});
  ASSERT_TRUE(owners);
  EXPECT_FALSE(owners->complete);
}

/// A folder that looks like /proc/PID/fd of `pid`, with a link for each number.
void make_process(const fs::path& root, int pid, int first, int count) {
  const fs::path folder = root / "proc" / std::to_string(pid) / "fd";
  fs::create_directories(folder);
  for (int i = 0; i < count; ++i) {
    fs::create_symlink("socket:[" + std::to_string(first + i) + "]", folder / std::to_string(i));
  }
}

TEST(SocketOwners, MissesNoneOfManyHoweverTheyAreSpread) {
  // One process with far more files than one thread reads at a time, and many with a few; all share
  // one socket.
  const fs::path root =
      fs::temp_directory_path() / ("postflight-owners-" + std::to_string(::getpid()));
  constexpr int kMany = 7000, kShared = 999'999;
  make_process(root, 7, 1, kMany);
  for (int pid = 100; pid < 200; ++pid) make_process(root, pid, 10'000 + pid * 10, 10);
  for (int pid = 7; pid < 200; pid += pid < 100 ? 93 : 1) {
    fs::create_symlink("socket:[" + std::to_string(kShared) + "]",
                       root / "proc" / std::to_string(pid) / "fd/9000");
  }
  std::unordered_set<std::uint64_t> inodes{kShared};
  for (int i = 1; i <= kMany; ++i) inodes.insert(static_cast<std::uint64_t>(i));
  for (int i = 11'000; i < 12'000; ++i) inodes.insert(static_cast<std::uint64_t>(i));
  const auto owners = find_socket_owners(inodes, root.string(), soon());
  fs::remove_all(root);
  ASSERT_TRUE(owners);
  EXPECT_TRUE(owners->complete);
  EXPECT_EQ(owners->pids.size(), kMany + 1000u + 1u);
  EXPECT_EQ(owners->pids.at(kMany), (std::vector<std::int32_t>{7}));
  EXPECT_EQ(owners->pids.at(11'509), (std::vector<std::int32_t>{150}));
  const auto& all = owners->pids.at(kShared);
  EXPECT_EQ(all.size(), 101u);
  EXPECT_TRUE(std::ranges::is_sorted(all));
}

TEST(SocketOwners, DeniedProcessesAreNamedOnceAndInOrder) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
  const std::string verdict = in_child([]() -> std::string {
    if (!testing::become_nobody()) return "skip";
    const auto owners = find_socket_owners({1}, "/", soon());
    if (!owners) return owners.error().what;
    const auto& denied = owners->denied;
    const bool once =
        std::ranges::adjacent_find(denied, std::ranges::greater_equal{}) == denied.end();
    return std::string(once && !denied.empty() ? "ascending" : "not ascending");
  });
  if (verdict == "skip") GTEST_SKIP();
  EXPECT_EQ(verdict, "ascending");
}

TEST(ParseSocketLink, TakesNothingElse) {
  EXPECT_EQ(parse_socket_link("socket:[4711]"), 4711u);
  EXPECT_EQ(parse_socket_link("pipe:[4711]"), 0u);
  EXPECT_EQ(parse_socket_link("socket:[]"), 0u);
  EXPECT_EQ(parse_socket_link("socket:[-1]"), 0u);
  EXPECT_EQ(parse_socket_link("socket:[1"), 0u);
  EXPECT_EQ(parse_socket_link(""), 0u);
}

}  // namespace
}  // namespace postflight::host
