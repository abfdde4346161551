// SPDX-License-Identifier: Apache-2.0
#include "host/large_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "host/file_descriptor.h"
#include "host/testing/child_process.h"
#include "host/testing/in_child.h"

namespace postflight::host {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::TempFolder;

void fill(const std::string& path, std::size_t bytes) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path) << std::string(bytes, 'x');
}

std::vector<std::string> names(const LargeFiles& found) {
  std::vector<std::string> out;
  for (const LargeFile& file : found.files) out.push_back(fs::path(file.path).filename());
  return out;
}

using Names = std::vector<std::string>;

TEST(FindLargeFiles, NamesTheLargestOnesByTheSpaceTheyTake) {
  const TempFolder folder;
  fill(folder.path() + "/small", 10);
  fill(folder.path() + "/a/b/large", 300'000);
  fill(folder.path() + "/a/middle", 200'000);
  fill(folder.path() + "/third", 100'000);
  std::ofstream(folder.path() + "/holes").close();
  fs::resize_file(folder.path() + "/holes", 1 << 30);  // long, but takes nothing
  fs::create_symlink("/", folder.path() + "/everything");
  const auto found = find_large_files(folder.path(), {}, 2, Deadline{5s});
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->complete);
  EXPECT_EQ(names(*found), (Names{"large", "middle"}));
  EXPECT_GE(found->files[0].bytes, 300'000U);
}

TEST(FindLargeFiles, AgreesWithFind) {
  const auto found = find_large_files("/usr/bin", {}, 5, Deadline{10s});
  ASSERT_TRUE(found);
  const auto find =
      testing::run_command({"find", "/usr/bin", "-xdev", "-type", "f", "-printf", "%b\\n"});
  ASSERT_EQ(find.exit_code, 0);
  std::vector<std::uint64_t> blocks;
  std::istringstream lines(find.out);
  for (std::uint64_t count = 0; lines >> count;) blocks.push_back(count);
  EXPECT_EQ(found->files.front().bytes, *std::ranges::max_element(blocks) * 512);
}

TEST(FindLargeFiles, StaysOutOfOtherFileSystemsAndForbiddenFolders) {
  const TempFolder folder;
  fill(folder.path() + "/keep/out/large", 300'000);
  fill(folder.path() + "/small", 10'000);
  const auto found = find_large_files(folder.path(), {folder.path() + "/keep"}, 3, Deadline{5s});
  ASSERT_TRUE(found);
  EXPECT_EQ(names(*found), Names{"small"});
  const auto in_root = find_large_files("/", {}, 50, Deadline{500ms});
  ASSERT_TRUE(in_root);
  for (const LargeFile& file : in_root->files) {
    EXPECT_FALSE(file.path.starts_with("/proc/") || file.path.starts_with("/sys/")) << file.path;
  }
}

TEST(FindLargeFiles, CountsAFileWithSeveralNamesOnce) {
  const TempFolder folder;
  fill(folder.path() + "/one", 300'000);
  fs::create_hard_link(folder.path() + "/one", folder.path() + "/two");
  EXPECT_EQ(find_large_files(folder.path(), {}, 5, Deadline{5s})->files.size(), 1U);
}

TEST(FindLargeFiles, LeavesNoTrace) {
  const TempFolder folder;
  fill(folder.path() + "/a/file", 10);
  const timespec long_ago[2] = {{1000, 0}, {1000, 0}};
  ::utimensat(AT_FDCWD, (folder.path() + "/a").c_str(), long_ago, 0);
  (void)find_large_files(folder.path(), {}, 5, Deadline{5s});
  struct stat status;
  ASSERT_EQ(::stat((folder.path() + "/a").c_str(), &status), 0);
  EXPECT_EQ(status.st_atim.tv_sec, 1000);
}

TEST(FindLargeFiles, EndsAtItsDeadlineAndSaysSo) {
  const auto found = find_large_files("/", {}, 3, Deadline{0ms});
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->complete);
  EXPECT_EQ(find_large_files("/no/such/folder", {}, 3, Deadline{1s}).error().code, Errc::kNotFound);
}

TEST(FindLargeFiles, SaysThatAFolderMayNotBeRead) {
  const TempFolder folder;
  fs::create_directories(folder.path() + "/locked");
  ::chmod((folder.path() + "/locked").c_str(), 0);
  ::chmod(folder.path().c_str(), 0755);
  const std::string said = testing::in_child([&]() -> std::string {
    if (!testing::become_nobody()) return "skip";
    const auto found = find_large_files(folder.path(), {}, 3, Deadline{5s});
    return found && !found->complete ? "in part" : "whole";
  });
  if (said == "skip") GTEST_SKIP() << "not root";
  EXPECT_EQ(said, "in part");
}

TEST(FindDeletedFiles, FindsWhatIsGoneButOpen) {
  const TempFolder folder;
  const std::string path = folder.path() + "/gone";
  fill(path, 500'000);
  const FileDescriptor open{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  const FileDescriptor again{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  fs::remove(path);
  const auto found = find_deleted_files("/", Deadline{10s});
  ASSERT_TRUE(found);
  const auto is_ours = [&](const DeletedFile& file) { return file.path == path; };
  ASSERT_EQ(std::ranges::count_if(found->files, is_ours), 1) << "once, though open twice";
  const auto ours = std::ranges::find_if(found->files, is_ours);
  EXPECT_GE(ours->bytes, 500'000U);
  EXPECT_EQ(ours->pid, ::getpid());
  struct stat status;
  ASSERT_EQ(::fstat(open.get(), &status), 0);
  EXPECT_EQ(ours->device_number,
            std::to_string(major(status.st_dev)) + ":" + std::to_string(minor(status.st_dev)));
}

TEST(FindDeletedFiles, TakesNoFileForDeletedBecauseOfItsName) {
  const TempFolder folder;
  const std::string path = folder.path() + "/here (deleted)";
  fill(path, 1000);
  const FileDescriptor open{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  const auto found = find_deleted_files("/", Deadline{10s});
  ASSERT_TRUE(found);
  EXPECT_TRUE(std::ranges::none_of(
      found->files, [&](const DeletedFile& file) { return file.path.starts_with(folder.path()); }));
}

TEST(FindDeletedFiles, SaysThatOthersMayNotBeRead) {
  const std::string said = testing::in_child([]() -> std::string {
    if (!testing::become_nobody()) return "skip";
    const auto found = find_deleted_files("/", Deadline{10s});
    return found && found->denied ? "denied" : "whole";
  });
  if (said == "skip") GTEST_SKIP() << "not root";
  EXPECT_EQ(said, "denied");
}

}  // namespace
}  // namespace postflight::host
