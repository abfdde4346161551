// SPDX-License-Identifier: Apache-2.0
#include "host/kernel_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "host/file_descriptor.h"
#include "host/testing/child_process.h"
#include "host/testing/in_child.h"

namespace postflight::host {
namespace {

using namespace std::chrono_literals;
using testing::TempFolder;

constexpr std::array<std::string_view, 1> kKills = {"Killed process"};
const std::string kRecording = PF_SOURCE_DIR "/src/probes/testdata/resources/kmsg_oom";

TEST(ParseKernelRecord, ReadsTimeAndText) {
  EXPECT_EQ(parse_kernel_record("3,2255,4711001000,-;Out of memory: Killed process 4242 (x)"),
            (KernelMessage{4711001000, "Out of memory: Killed process 4242 (x)"}));
  EXPECT_EQ(parse_kernel_record("6,1,2,c,caller=T1;a;b"), (KernelMessage{2, "a;b"}));
}

TEST(ParseKernelRecord, TakesNoProgramForTheKernel) {
  EXPECT_FALSE(parse_kernel_record("12,1201,81234567,-;Out of memory: Killed process 1 (init)"));
  EXPECT_FALSE(parse_kernel_record("30,1201,81234567,-;Out of memory: Killed process 1 (init)"));
}

TEST(ParseKernelRecord, PassesOverWhatIsNoRecord) {
  for (const char* line :
       {"", ";", " SUBSYSTEM=block", "6,1;x", "a,1,2,-;x", "6,1,-2,-;x", "text"}) {
    EXPECT_FALSE(parse_kernel_record(line)) << line;
  }
}

RC_GTEST_PROP(ParseKernelRecord, MakesAnyTextPrintable, (std::string noise)) {
  const auto message = parse_kernel_record("6,1,2,-;" + noise);
  RC_ASSERT(message.has_value());
  RC_ASSERT(message->text.find('\x1b') == std::string::npos);
  RC_ASSERT(message->text.find('\t') == std::string::npos);
}

TEST(ReadKernelLog, KeepsWhatIsWantedAndTheOldestTime) {
  const auto log = read_kernel_log(kRecording, kKills, Deadline{5s});
  ASSERT_TRUE(log);
  EXPECT_TRUE(log->complete);
  EXPECT_EQ(log->oldest_microseconds, 0U);
  ASSERT_EQ(log->messages.size(), 2U) << "the line that a program wrote does not count";
  EXPECT_EQ(log->messages[1].microseconds, 4811001000U);
}

TEST(ReadKernelLog, OfThisMachineAgreesWithDmesg) {
  const auto log = read_kernel_log("/dev/kmsg", kKills, Deadline{5s});
  if (!log && log.error().code != Errc::kUnreachable) GTEST_SKIP() << log.error().what;
  ASSERT_TRUE(log) << log.error().what;
  const auto dmesg = testing::run_command({"dmesg", "--raw", "--kernel"});
  if (dmesg.exit_code != 0) GTEST_SKIP() << "no dmesg here";
  std::size_t kills = 0;
  for (auto at = dmesg.out.find("Killed process"); at != std::string::npos;
       at = dmesg.out.find("Killed process", at + 1)) {
    ++kills;
  }
  EXPECT_EQ(log->messages.size(), kills);
  EXPECT_TRUE(log->oldest_microseconds.has_value());
}

TEST(ReadKernelLog, FailsWhereItMayNotLook) {
  EXPECT_EQ(read_kernel_log("/no/such/log", kKills, Deadline{1s}).error().code, Errc::kNotFound);
  const TempFolder folder;
  const std::string path = folder.write("kmsg", "6,1,2,-;x\n");
  ::chmod(path.c_str(), 0);
  ::chmod(folder.path().c_str(), 0711);
  const std::string said = testing::in_child([&]() -> std::string {
    if (!testing::become_nobody()) return "skip";
    const auto log = read_kernel_log(path, kKills, Deadline{1s});
    return !log && log.error().code == Errc::kDenied ? "denied" : "read";
  });
  if (said == "skip") GTEST_SKIP() << "not root";
  EXPECT_EQ(said, "denied");
}

TEST(ReadKernelLog, EndsAtItsDeadlineOnAnEndlessOne) {
  const auto before = MonotonicClock::now();
  const auto log = read_kernel_log("/dev/zero", kKills, Deadline{100ms});
  ASSERT_TRUE(log);
  EXPECT_TRUE(log->messages.empty());
  EXPECT_FALSE(log->oldest_microseconds.has_value());
  EXPECT_LT(MonotonicClock::now() - before, 3s);
}

TEST(ReadKernelLog, DoesNotWaitAtAPipeThatNobodyFills) {
  const TempFolder folder;
  const std::string path = folder.path() + "/pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const FileDescriptor writer{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
  const auto log = read_kernel_log(path, kKills, Deadline{5s});
  ASSERT_TRUE(log);
  EXPECT_FALSE(log->oldest_microseconds.has_value());
}

TEST(ReadKernelLog, KeepsTheNewestOfVeryMany) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "3,1," + std::to_string(i) + ",-;Killed process 1 (x)\n";
  const TempFolder folder;
  const auto log = read_kernel_log(folder.write("kmsg", text), kKills, Deadline{5s});
  ASSERT_TRUE(log);
  EXPECT_EQ(log->messages.size(), 200U);
  EXPECT_EQ(log->messages.back().microseconds, 499U);
}

TEST(WallTimeOf, IsNowForAMessageOfNow) {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const KernelMessage message{static_cast<std::uint64_t>(now.tv_sec) * 1'000'000, ""};
  const auto difference = wall_now() - wall_time_of(message);
  EXPECT_GE(difference, 0ms);
  EXPECT_LT(difference, 2s);
}

}  // namespace
}  // namespace postflight::host
