// SPDX-License-Identifier: Apache-2.0
// What a finding prints to paste is pasted: each fault is brought about on a real service in one
// lab, the commands are run as printed, and the finding must be gone at the end. What was executed
// by hand, or not at all, stands in docs/fixes-executed.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "base/json.h"
#include "testing/fix_cases.h"
#include "testing/lab.h"

namespace postflight::lab {
namespace {

using testing::bring_up;
using testing::CommandOutput;
using ::testing::HasSubstr;
using testing::in_lab;
using testing::lab_name;
using testing::run_lab;
using testing::take_down;
using testing::why_no_lab;

constexpr int kTries = 40;
constexpr std::chrono::milliseconds kBetween{250};

class Fix : public ::testing::TestWithParam<FixCase> {
 protected:
  static void SetUpTestSuite() {
    missing_ = why_no_lab();
    if (missing_.empty()) trouble_ = bring_up({{name(), "bare"}});
    if (missing_.empty() && trouble_.empty()) trouble_ = in_lab(name(), kFixTools).err;
  }
  static void TearDownTestSuite() {
    if (missing_.empty()) take_down({name()});
  }
  void SetUp() override {
    if (!missing_.empty()) GTEST_SKIP() << missing_;
    ASSERT_EQ(trouble_, "");
  }
  static std::string name() { return lab_name("fixes"); }

  static inline std::string missing_, trouble_;
};

/// Runs a line as it would be pasted: by bash, without anything to read from.
CommandOutput paste(const std::string& lab, const std::string& command) {
  return run_lab({"exec", lab, "timeout", "60", "bash", "-c", command});
}

/// The finding, or null where the check does not make it.
Json find(const std::string& lab, const FixCase& fault) {
  const CommandOutput check =
      in_lab(lab, PF_BINARY " check --format json --lang en " + fault.check);
  const Json report = Json::parse(check.out, nullptr, false);
  if (report.is_discarded()) return {{"unreadable", check.out + check.err}};
  for (const Json& finding : report.at("findings")) {
    const bool here = finding.at("subject").get<std::string>().find(fault.at) != std::string::npos;
    if (finding.at("id") == fault.finding && here) return finding;
  }
  return nullptr;
}

/// Looks again until the finding is there, or gone; what was seen last.
Json find_when(const std::string& lab, const FixCase& fault, bool there) {
  Json found = find(lab, fault);
  for (int i = 1; i < kTries && found.is_null() == there; ++i) {
    std::this_thread::sleep_for(kBetween);
    found = find(lab, fault);
  }
  return found;
}

/// Pastes the commands of a finding in their order; what all of them showed.
std::string paste_all(const std::string& lab, const Json& finding) {
  std::string shown;
  for (const Json& command : finding.at("fix").at("commands")) {
    const CommandOutput done = paste(lab, command.get<std::string>());
    EXPECT_EQ(done.exit_code, 0) << command << "\n" << done.out << done.err;
    shown += done.out + done.err;
  }
  return shown;
}

void carry_out(const std::string& lab, const std::string& line) {
  if (line.empty()) return;
  const CommandOutput done = run_lab({"exec", lab, "bash", "-c", ". /root/tools; set -e; " + line});
  ASSERT_EQ(done.exit_code, 0) << line << "\n" << done.out << done.err;
}

TEST_P(Fix, DoesWhatItPromises) {
  const FixCase& fault = GetParam();
  carry_out(name(), fault.cause);
  const Json finding = find_when(name(), fault, true);
  ASSERT_TRUE(finding.contains("fix")) << fault.finding << " is not found: " << finding;
  carry_out(name(), fault.before);
  const std::string shown = paste_all(name(), finding);
  EXPECT_THAT(shown, HasSubstr(fault.shows));
  carry_out(name(), fault.after);
  EXPECT_TRUE(find_when(name(), fault, false).is_null()) << fault.finding << " is still there";
}

INSTANTIATE_TEST_SUITE_P(, Fix, ::testing::ValuesIn(fix_cases()),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace postflight::lab
