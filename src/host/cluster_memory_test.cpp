// SPDX-License-Identifier: Apache-2.0
#include "host/cluster_memory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "host/testing/child_process.h"

namespace postflight::host {
namespace {

using namespace std::chrono_literals;

TEST(ClusterMemory, ReadsTheLinesOfProc) {
  const char* text = "Name:\tpostgres\nVmRSS:\t   1234 kB\nPss:   99 kB\nBad: x kB\n";
  EXPECT_EQ(kilobyte_line(text, "VmRSS:"), 1234u * 1024);
  EXPECT_EQ(kilobyte_line(text, "Pss:"), 99u * 1024);
  EXPECT_FALSE(kilobyte_line(text, "Bad:"));
  EXPECT_FALSE(kilobyte_line(text, "None:"));
}

TEST(ClusterMemory, CountsAProcessAndItsChildren) {
  const testing::ChildProcess child{{"sleep", "60"}};
  const auto family = process_family(::getpid(), "/");
  ASSERT_TRUE(family) << family.error().what;
  EXPECT_NE(std::ranges::find(*family, child.pid()), family->end());
  EXPECT_NE(std::ranges::find(*family, ::getpid()), family->end());
  const auto resident = summed_resident_bytes(*family, "/");
  const auto proportional = summed_proportional_bytes(*family, "/", Deadline{5s});
  ASSERT_TRUE(resident && proportional);
  EXPECT_GE(*resident, *proportional);
  EXPECT_EQ(summed_proportional_bytes(*family, "/", Deadline{0ms}).error().code, Errc::kTimeout);
}

TEST(ClusterMemory, ReadsEachSortOfCgroups) {
  namespace fs = std::filesystem;
  const testing::TempFolder root;
  fs::create_directories(root.path() + "/sys/fs/cgroup/memory/a.slice");
  std::ofstream(root.path() + "/sys/fs/cgroup/memory/a.slice/memory.usage_in_bytes") << "4096\n";
  EXPECT_EQ(cgroup_memory_bytes("/a.slice", root.path()), 4096u);
  fs::create_directories(root.path() + "/sys/fs/cgroup/a.slice");
  std::ofstream(root.path() + "/sys/fs/cgroup/a.slice/memory.current") << "8192\n";
  EXPECT_EQ(cgroup_memory_bytes("/a.slice", root.path()), 8192u);
  EXPECT_EQ(cgroup_memory_bytes("/b.slice", root.path()).error().code, Errc::kUnsupported);
}

}  // namespace
}  // namespace postflight::host
