// SPDX-License-Identifier: Apache-2.0
// The pure half of the probe on recordings of the kernel's files, on files that were cut short or
// never written by a kernel, and on any text at all.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "host/files.h"
#include "host/mounts.h"
#include "probes/resources.h"

namespace postflight {
namespace {

std::string recording(const std::string& name) {
  return host::read_file(PF_SOURCE_DIR "/src/probes/testdata/resources/" + name).value();
}

TEST(ParseMeminfo, ReadsARecording) {
  const auto table = parse_meminfo(recording("meminfo"));
  ASSERT_TRUE(table);
  EXPECT_EQ(table->total, 24684096ULL * 1024);
  EXPECT_EQ(table->swap_total, 0U);
  EXPECT_TRUE(table->available.has_value());
}

TEST(ParseMeminfo, RefusesHalfATableAndImpossibleNumbers) {
  const std::string text = recording("meminfo");
  EXPECT_FALSE(parse_meminfo(""));
  EXPECT_FALSE(parse_meminfo(text.substr(0, 60)));
  const std::string swap = "SwapTotal: 0 kB\nSwapFree: 0 kB\n";
  EXPECT_FALSE(parse_meminfo("MemTotal: 10 kB\nMemFree: 20 kB\n" + swap));
  EXPECT_FALSE(parse_meminfo("MemTotal: 0 kB\nMemFree: 0 kB\n" + swap));
  EXPECT_FALSE(parse_meminfo("MemTotal: 99999999999999999999 kB\nMemFree: 20 kB\n" + swap));
  EXPECT_FALSE(parse_meminfo("MemTotal: 10 kB\nMemFree: 2 kB\nMemAvailable: 11 kB\n" + swap));
  EXPECT_FALSE(parse_meminfo("MemTotal: -10 kB\nMemFree: 2 kB\n" + swap));
  EXPECT_TRUE(parse_meminfo("MemTotal: 10 kB\nMemFree: 2 kB\n" + swap));
}

TEST(ParseLoadavg, ReadsTheKernelsFormOnly) {
  EXPECT_EQ(parse_loadavg("0.80 0.50 0.22 1/88 8425\n"), (LoadAverage{0.8, 0.5, 0.22, 88}));
  for (const char* bad : {"", "0.80 0.50", "a b c 1/2 3", "0.8 0.5 0.2 188 8425", "nan 1 1 1/1 1",
                          "-1 0.5 0.2 1/88 8425", "0.8 0.5 0.2 1/ 8425"}) {
    EXPECT_FALSE(parse_loadavg(bad)) << bad;
  }
}

TEST(ParsePressure, TakesTheMinute) {
  const auto pressure = parse_pressure(
      "some avg10=1.00 avg60=12.50 avg300=0.00 total=1\nfull avg10=0.00 avg60=3.00 avg300=0.00 "
      "total=0\n");
  ASSERT_TRUE(pressure);
  EXPECT_DOUBLE_EQ(pressure->some, 0.125);
  EXPECT_DOUBLE_EQ(*pressure->full, 0.03);
  EXPECT_FALSE(parse_pressure("some avg10=1.00 avg60=12.50 avg300=0.00 total=1\n")->full);
  for (const char* bad :
       {"", "full avg60=1", "some avg60=101.00", "some avg60=x", "some avg60=inf"}) {
    EXPECT_FALSE(parse_pressure(bad)) << bad;
  }
}

TEST(CountCpuList, AddsUpRanges) {
  EXPECT_EQ(count_cpu_list("0-3,8\n"), 5U);
  EXPECT_EQ(count_cpu_list("0"), 1U);
  for (const char* bad : {"", "\n", "3-1", "a", "0-", ",", "0-4294967295", "0-1048575,0-1048575"}) {
    EXPECT_FALSE(count_cpu_list(bad)) << bad;
  }
}

TEST(ParseCounter, TakesTheWholeName) {
  const std::string text = recording("vmstat");
  EXPECT_EQ(parse_counter(text, "oom_kill"), 0U);
  EXPECT_EQ(parse_counter(text, "oom").error().code, Errc::kNotFound);
  EXPECT_EQ(parse_counter("oom_kill x\n", "oom_kill").error().code, Errc::kMalformed);
}

TEST(ParseFileNr, LeavesOutWhatIsAllocatedButFree) {
  EXPECT_EQ(parse_file_nr("484\t4\t2466183\n"), (OpenFileTable{480, 2466183}));
  for (const char* bad : {"", "484 0", "484 485 2466183", "1 0 0", "a b c"}) {
    EXPECT_FALSE(parse_file_nr(bad)) << bad;
  }
}

TEST(ParseArcstats, CountsWhatZfsWouldGiveBack) {
  EXPECT_EQ(parse_arcstats(recording("arcstats")), 9663676416ULL - 1073741824ULL);
  EXPECT_EQ(parse_arcstats("size 4 10\nc_min 4 20\n"), 0U);
  EXPECT_FALSE(parse_arcstats("size 4 10\n"));
}

TEST(ParseOsRelease, UnquotesAndTakesTheLast) {
  EXPECT_EQ(parse_os_release(recording("os-release"), "PRETTY_NAME"),
            "Debian GNU/Linux 12 (bookworm)");
  EXPECT_EQ(parse_os_release("NAME='a'\nNAME=\"b \\\"c\\\"\"\n", "NAME"), "b \"c\"");
  EXPECT_FALSE(parse_os_release("PRETTY_NAMES=x\n", "PRETTY_NAME"));
  EXPECT_FALSE(parse_os_release("PRETTY_NAME=\"\"\n", "PRETTY_NAME"));
}

TEST(ZoneFromLink, FindsTheName) {
  EXPECT_EQ(zone_from_link("/usr/share/zoneinfo/Europe/Moscow"), "Europe/Moscow");
  EXPECT_EQ(zone_from_link("../usr/share/zoneinfo/posix/Etc/UTC"), "Etc/UTC");
  EXPECT_EQ(zone_from_link("/etc/some/copy"), "");
}

TEST(ParseOomKill, ReadsTheFormsOfSeveralKernels) {
  const auto kill = parse_oom_kill(
      "Out of memory: Killed process 4242 (postgres) total-vm:412340kB, anon-rss:210004kB, "
      "file-rss:0kB, shmem-rss:0kB, UID:113 pgtables:620kB oom_score_adj:0");
  EXPECT_EQ(kill, (OomKill{"", "postgres", 4242, false, ""}));
  EXPECT_TRUE(parse_oom_kill("Memory cgroup out of memory: Killed process 7 (x) total-vm:1kB")
                  ->limit_of_cgroup);
  EXPECT_EQ(parse_oom_kill("Killed process 7 (x) total-vm:1kB, anon-rss:1kB")->victim, "x");
  EXPECT_EQ(parse_oom_kill("Killed process 7, UID 26, (x) total-vm:1kB")->pid, 7);
  EXPECT_EQ(parse_oom_kill("Killed process 7 (x), UID 26, total-vm:1kB")->victim, "x");
}

TEST(ParseOomKill, IsNotFooledByNames) {
  EXPECT_EQ(parse_oom_kill("Out of memory: Killed process 7 (a) b (c)) total-vm:1kB")->victim,
            "a) b (c)");
  for (const char* other :
       {"", "Out of memory: Kill process 7 (x) score 900 or sacrifice child",
        "Killed process 1 x[7]: segfault at 0", "Out of memory: Killed process 0 (x) total-vm:1kB",
        "Out of memory: Killed process -7 (x) total-vm",
        "Out of memory: Killed process 7 () total-vm",
        "Out of memory: Killed process 99999999999 (x) total-vm:1kB", "Killed process ("}) {
    EXPECT_FALSE(parse_oom_kill(other)) << other;
  }
}

TEST(ParseOomCgroup, BelongsToTheProcessAskedFor) {
  constexpr std::string_view kLine =
      "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),task_memcg=/system.slice/"
      "a.service,task=x,pid=42,uid=0";
  EXPECT_EQ(parse_oom_cgroup(kLine, 42), "/system.slice/a.service");
  EXPECT_EQ(parse_oom_cgroup(kLine, 43), "");
  EXPECT_EQ(parse_oom_cgroup("x " + std::string(kLine), 42), "");
}

TEST(ParseKernelRelease, CouldBeTheNameOfAFolder) {
  EXPECT_EQ(parse_kernel_release("6.1.0-18-amd64\n"), "6.1.0-18-amd64");
  for (const char* bad : {"", "\n", "..", "../../etc", "6.1 0", "6.1\x1b[2J"}) {
    EXPECT_FALSE(parse_kernel_release(bad)) << bad;
  }
}

TEST(IsNewerKernel, ComparesWithinOneFlavour) {
  EXPECT_TRUE(is_newer_kernel("6.1.0-21-amd64", "6.1.0-18-amd64"));
  EXPECT_TRUE(is_newer_kernel("6.1.0-100-amd64", "6.1.0-21-amd64"));
  EXPECT_TRUE(is_newer_kernel("6.10.1", "6.9.9"));
  EXPECT_TRUE(is_newer_kernel("5.14.0-427.13.1.el9_4.x86_64", "5.14.0-362.8.1.el9_3.x86_64"));
  EXPECT_FALSE(is_newer_kernel("6.1.0-18-amd64", "6.1.0-18-amd64"));
  EXPECT_FALSE(is_newer_kernel("6.1.0-18-amd64", "6.1.0-21-amd64"));
  EXPECT_FALSE(is_newer_kernel("6.8.12-4-pve", "6.1.0-18-amd64"));
  EXPECT_FALSE(is_newer_kernel("6.1.0-21-cloud-amd64", "6.1.0-18-amd64"));
  EXPECT_FALSE(is_newer_kernel("0-rescue-0123456789abcdef", "5.14.0-362.8.1.el9_3.x86_64"));
  EXPECT_FALSE(is_newer_kernel("", ""));
}

TEST(SpaceUse, IsDfsArithmetic) {
  // 1000 blocks, 40 of the free ones kept for root.
  const auto use = space_use({4096, 1000, 200, 160, 64, 16});
  ASSERT_TRUE(use);
  EXPECT_EQ(use->used_bytes, 800U * 4096);
  EXPECT_EQ(use->available_bytes, 160U * 4096);
  EXPECT_DOUBLE_EQ(use->used_ratio, 0.84);  // 800 / 960 = 83.3
  EXPECT_DOUBLE_EQ(use->inodes_used_ratio, 0.75);
  EXPECT_DOUBLE_EQ(space_use({1, 1000, 1, 1, 0, 0})->used_ratio, 1.0) << "99.9 is 100 for df";
  EXPECT_DOUBLE_EQ(space_use({1, 100, 5, 5, 0, 0})->used_ratio, 0.95) << "no rounding upwards";
  EXPECT_EQ(space_use({1, 100, 5, 5, 0, 0})->inodes_total, 0U);
}

TEST(SpaceUse, RefusesNumbersThatCannotBe) {
  EXPECT_FALSE(space_use({0, 100, 5, 5, 0, 0}));
  EXPECT_FALSE(space_use({1, 100, 101, 5, 0, 0}));
  EXPECT_FALSE(space_use({1, 100, 5, 5, 10, 11}));
  EXPECT_FALSE(space_use({4096, UINT64_MAX / 2, 5, 5, 0, 0}));
}

RC_GTEST_PROP(SpaceUse, LiesBetweenNothingAndAll,
              (std::uint64_t block, std::uint64_t blocks, std::uint64_t free, std::uint64_t left)) {
  const auto use = space_use({block, blocks, free, left, blocks, free});
  if (!use) return;
  RC_ASSERT(use->used_ratio >= 0 && use->used_ratio <= 1);
  RC_ASSERT(use->inodes_used_ratio >= 0 && use->inodes_used_ratio <= 1);
  RC_ASSERT(use->used_bytes <= use->size_bytes);
}

RC_GTEST_PROP(PureParsers, NeverCrash, (std::string noise)) {
  (void)parse_meminfo(noise);
  (void)parse_loadavg(noise);
  (void)parse_pressure("some " + noise);
  (void)count_cpu_list(noise);
  (void)parse_uptime(noise);
  (void)parse_counter(noise, "oom_kill");
  (void)parse_arcstats(noise);
  (void)parse_file_nr(noise);
  (void)parse_os_release("X=" + noise, "X");
  (void)zone_from_link(noise);
  (void)parse_oom_kill("Killed process " + noise);
  (void)parse_oom_cgroup("oom-kill:" + noise, 1);
  RC_ASSERT(!is_newer_kernel(noise, noise));
}

}  // namespace
}  // namespace postflight
