// SPDX-License-Identifier: Apache-2.0
#include "host/process_memory.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "host/files.h"
#include "host/testing/child_process.h"
#include "host/testing/in_child.h"

namespace postflight::host {
namespace {

using namespace std::chrono_literals;
using testing::TempFolder;

constexpr std::uint64_t kMiB = 1024 * 1024;

const ProgramMemory* find(const ProcessSurvey& survey, std::string_view name) {
  const auto it = std::ranges::find(survey.programs, name, &ProgramMemory::name);
  return it == survey.programs.end() ? nullptr : &*it;
}

void add_process(const TempFolder& folder, const std::string& pid, const std::string& status) {
  std::filesystem::create_directories(folder.path() + "/proc/" + pid);
  folder.write("proc/" + pid + "/status", status);
}

TEST(ParseProcessStatus, ReadsNameAndMemory) {
  const auto text = read_file(PF_SOURCE_DIR "/src/probes/testdata/resources/status").value();
  EXPECT_EQ(parse_process_status(text).value(),
            (ProcessMemory{"postgres", 9792 * 1024, 6292 * 1024}));
}

TEST(ParseProcessStatus, CountsNothingForAThreadOfTheKernel) {
  EXPECT_EQ(parse_process_status("Name:\tkthreadd\nUmask:\t0000\n").value(),
            (ProcessMemory{"kthreadd", 0, 0}));
}

TEST(ParseProcessStatus, RefusesWhatNamesNoProcess) {
  EXPECT_FALSE(parse_process_status(""));
  EXPECT_FALSE(parse_process_status("RssAnon:\t1 kB\n"));
  EXPECT_FALSE(parse_process_status("Name:\t\n"));
}

RC_GTEST_PROP(ParseProcessStatus, NeverCrashesOrOverflows,
              (std::string noise, std::uint64_t number)) {
  (void)parse_process_status(noise);
  const auto memory =
      parse_process_status("Name:\tx\nRssAnon:\t" + std::to_string(number) + " kB\n");
  RC_ASSERT(memory.has_value());
  RC_ASSERT(memory->anonymous_bytes / 1024 == number || memory->anonymous_bytes == 0);
}

TEST(SurveyProcesses, CountsSharedMemoryOnceHoweverManyShareIt) {
  const TempFolder folder;
  add_process(folder, "1", "Name:\tinit\nRssAnon:\t100 kB\nRssShmem:\t0 kB\n");
  for (const char* pid : {"20", "21", "22"}) {
    add_process(folder, pid, "Name:\tpostgres\nRssAnon:\t1000 kB\nRssShmem:\t8000 kB\n");
  }
  add_process(folder, "23", "Name:\tpostgres\nRssAnon:\t3000 kB\nRssShmem:\t5000 kB\n");
  add_process(folder, "24", "");  // ended while it was read
  const auto survey = survey_processes(folder.path(), Deadline{5s});
  ASSERT_TRUE(survey);
  EXPECT_TRUE(survey->complete);
  EXPECT_FALSE(survey->hidden);
  EXPECT_EQ(survey->programs.front().name, "postgres");
  EXPECT_EQ(survey->programs.front().processes, 4U);
  EXPECT_EQ(survey->programs.front().bytes, (3000U + 3000 + 8000) * 1024);
  EXPECT_EQ(survey->programs.front().largest_pid, 23);
}

TEST(SurveyProcesses, SeesMemoryThatAProgramReallyTakes) {
  const testing::WaitingChild child{[] {
    constexpr std::size_t kSize = 64 * kMiB;
    void* memory =
        ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("mmap");
    std::memset(memory, 1, kSize);
    ::prctl(PR_SET_NAME, "pf-memory-hog");
  }};
  const auto survey = survey_processes("/", Deadline{5s});
  ASSERT_TRUE(survey);
  const ProgramMemory* hog = find(*survey, "pf-memory-hog");
  ASSERT_TRUE(hog);
  EXPECT_EQ(hog->largest_pid, child.pid());
  EXPECT_GE(hog->bytes, 64 * kMiB);
  EXPECT_LT(hog->bytes, 1024 * kMiB) << "a sanitizer adds its own";
}

TEST(SurveyProcesses, SaysThatOthersAreHidden) {
  const TempFolder folder;
  add_process(folder, "812", "Name:\tbash\nRssAnon:\t100 kB\n");
  const auto survey = survey_processes(folder.path(), Deadline{5s});
  ASSERT_TRUE(survey);
  EXPECT_TRUE(survey->hidden);
}

TEST(SurveyProcesses, FailsWhereNoProcessCanBeSeen) {
  const TempFolder folder;
  EXPECT_EQ(survey_processes(folder.path(), Deadline{1s}).error().code, Errc::kNotFound);
  std::filesystem::create_directories(folder.path() + "/proc/sys");
  EXPECT_EQ(survey_processes(folder.path(), Deadline{1s}).error().code, Errc::kUnreachable);
}

TEST(SurveyProcesses, StopsAtItsDeadline) {
  const auto survey = survey_processes("/", Deadline{0ms});
  EXPECT_FALSE(survey.has_value() && survey->complete);
}

}  // namespace
}  // namespace postflight::host
