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
    if (missing_.empty() && trouble_.empty())
      trouble_ = in_lab(name(), kFixTools + kContainerTools).err;
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

/// What one check says of the fault.
struct Look {
  Json finding;           ///< Null where the check does not make it.
  std::string component;  ///< What the fault is of: its status, "missing", or why nothing is known.
};

bool is_at(const Json& subject, const FixCase& fault) {
  return subject.get<std::string>().find(fault.at) != std::string::npos;
}

/// Of the component at this place; where none is, of the whole: the machine, or its sockets.
std::string status_of_component(const Json& report, const FixCase& fault) {
  std::string status = "missing";
  for (const Json& component : report.at("components")) {
    const bool whole = component.at("id") == "host" || component.at("id") == "sockets";
    if (is_at(component.at("id"), fault)) return component.at("status");
    if (whole) status = component.at("status");
  }
  return status;
}

Look look(const std::string& lab, const FixCase& fault) {
  const CommandOutput check =
      in_lab(lab, PF_BINARY " check --format json --lang en " + fault.check);
  const Json report = Json::parse(check.out, nullptr, false);
  if (report.is_discarded()) return {nullptr, "unreadable: " + check.out + check.err};
  Look seen{nullptr, status_of_component(report, fault)};
  for (const Json& finding : report.at("findings")) {
    if (finding.at("id") == fault.finding && is_at(finding.at("subject"), fault)) {
      seen.finding = finding;
    }
  }
  return seen;
}

/// "Gone" and "could not look" are two things.
bool is_mended(const Look& seen) {
  const bool looked =
      seen.component == "ok" || seen.component == "warning" || seen.component == "critical";
  return seen.finding.is_null() && looked;
}

/// Looks again until the finding is there, or mended; what was seen last.
Look look_until(const std::string& lab, const FixCase& fault, bool there) {
  Look seen = look(lab, fault);
  for (int i = 1; i < kTries && (there ? seen.finding.is_null() : !is_mended(seen)); ++i) {
    std::this_thread::sleep_for(kBetween);
    seen = look(lab, fault);
  }
  return seen;
}

/// True where something listens at the port that the case names.
bool listens_still(const std::string& lab, const FixCase& fault) {
  return in_lab(lab, "ss -Hltn sport = " + fault.at + " | grep -q .").exit_code == 0;
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
  const Look before = look_until(name(), fault, true);
  ASSERT_TRUE(before.finding.contains("fix"))
      << fault.finding << " is not found: " << before.component;
  EXPECT_THAT(before.finding.at("fix").at("commands").dump(), HasSubstr(fault.advises));
  carry_out(name(), fault.before);
  const std::string shown = paste_all(name(), before.finding);
  EXPECT_THAT(shown, HasSubstr(fault.shows));
  carry_out(name(), fault.after);
  const Look after = look_until(name(), fault, false);
  EXPECT_TRUE(after.finding.is_null()) << fault.finding << " is still there";
  EXPECT_TRUE(is_mended(after)) << "nothing is known of it now: " << after.component;
  if (fault.at.starts_with(":")) {
    EXPECT_EQ(listens_still(name(), fault), !fault.goes_away);
  }
}

INSTANTIATE_TEST_SUITE_P(, Fix, ::testing::ValuesIn(fix_cases()),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace postflight::lab
