// SPDX-License-Identifier: Apache-2.0
// What is printed of systemd and its units equals what systemctl says, in both standing states.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/json.h"
#include "base/text.h"
#include "testing/lab.h"

namespace postflight::lab {
namespace {

using ::testing::AnyOf;
using testing::bring_up;
using ::testing::Contains;
using testing::in_lab;
using testing::lab_name;
using testing::take_down;
using testing::why_no_lab;

class SystemdFacts : public ::testing::TestWithParam<const char*> {
 protected:
  static void SetUpTestSuite() {
    missing_ = why_no_lab();
    if (missing_.empty())
      trouble_ = bring_up({{name("healthy"), "healthy"}, {name("seed"), "seed"}});
  }
  static void TearDownTestSuite() {
    if (missing_.empty()) take_down({name("healthy"), name("seed")});
  }
  void SetUp() override {
    if (!missing_.empty()) GTEST_SKIP() << missing_;
    ASSERT_EQ(trouble_, "");
  }
  static std::string name(const std::string& state) { return lab_name("sd-" + state); }

  std::string lab() const { return name(GetParam()); }
  std::string said(const std::string& line) const {
    return std::string(trim(in_lab(lab(), line).out));
  }
  /// The report, and each component's facts by its id.
  Json report() const {
    const auto check =
        in_lab(lab(), PF_BINARY " check --format json --lang en --only systemd --only 'unit*'");
    return Json::parse(check.out, nullptr, false);
  }

  static inline std::string missing_, trouble_;
};

std::map<std::string, Json> facts_by_component(const Json& report) {
  std::map<std::string, Json> facts;
  for (const Json& one : report.at("components")) facts[one.at("id")] = one.at("facts");
  return facts;
}

/// A value as systemctl show prints it; "" where it is absent.
std::string as_shown(const Json& fact) {
  if (!fact.contains("value")) return fact.contains("absent") ? "" : "unknown: " + fact.dump();
  const Json& value = fact.at("value");
  if (value.is_string()) return value;
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (!value.is_array()) return value.dump();
  std::string joined;
  for (const Json& one : value) joined += (joined.empty() ? "" : " ") + one.get<std::string>();
  return joined;
}

std::map<std::string, std::string> shown(const std::string& text) {
  std::map<std::string, std::string> properties;
  for (const auto line : split(text, '\n')) {
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    std::string value(line.substr(equals + 1));
    if (value == "[not set]" || value == "infinity" || value == "n/a") value.clear();
    properties[std::string(line.substr(0, equals))] = value;
  }
  return properties;
}

TEST_P(SystemdFacts, OfTheManagerAgreeWithSystemctl) {
  const Json facts = facts_by_component(report()).at("systemd");
  EXPECT_EQ(as_shown(facts.at("system_state")), said("systemctl is-system-running"));
  EXPECT_EQ(as_shown(facts.at("version")), said("systemctl show -P Version"));
  EXPECT_EQ(as_shown(facts.at("default_target")), said("systemctl get-default 2>/dev/null"));
  EXPECT_EQ(std::to_string(facts.at("failed_units").at("value").size()),
            said("systemctl list-units --failed --plain --no-legend | wc -l"));
  EXPECT_EQ(std::to_string(facts.at("jobs").at("value").size()), said("systemctl show -P NJobs"));
  const std::string booted = as_shown(facts.at("booted_at"));
  EXPECT_EQ(booted.substr(0, 19), said("date -u +%Y-%m-%dT%H:%M:%S -d \"$(systemctl show -P "
                                       "UserspaceTimestamp)\""));
}

TEST_P(SystemdFacts, OfUnitsAgreeWithSystemctl) {
  const std::map<std::string, std::string> properties = {
      {"unit", "Id"},
      {"description", "Description"},
      {"load_state", "LoadState"},
      {"active_state", "ActiveState"},
      {"sub_state", "SubState"},
      {"unit_file_state", "UnitFileState"},
      {"triggered_by", "TriggeredBy"},
      {"type", "Type"},
      {"remains_after_exit", "RemainAfterExit"},
      {"result", "Result"},
      {"restart_policy", "Restart"},
      {"restarts_total", "NRestarts"},
      {"memory_max_bytes", "MemoryMax"},
      {"open_files_limit", "LimitNOFILESoft"},
      {"open_files_hard_limit", "LimitNOFILE"},
      {"unit_file", "FragmentPath"},
      {"drop_ins", "DropInPaths"},
      {"transient", "Transient"},
      {"needs_daemon_reload", "NeedDaemonReload"}};
  std::size_t units = 0;
  for (const auto& [id, facts] : facts_by_component(report())) {
    if (!id.starts_with("unit:")) continue;
    ++units;
    const auto told = shown(said("systemctl show --all " + id.substr(5)));
    for (const auto& [fact, property] : properties) {
      EXPECT_EQ(as_shown(facts.at(fact)), told.at(property)) << id << " " << fact;
    }
    const std::string pid = as_shown(facts.at("main_pid"));
    EXPECT_EQ(pid.empty() ? "0" : pid, told.at("MainPID")) << id;
    const std::string memory = as_shown(facts.at("memory_bytes"));
    if (!memory.empty()) {
      EXPECT_NEAR(std::stod(memory), std::stod(told.at("MemoryCurrent")), 64.0 * 1024 * 1024) << id;
    }
    const std::string enabled = said("systemctl is-enabled " + id.substr(5));
    EXPECT_EQ(as_shown(facts.at("unit_file_state")), enabled) << id;
  }
  EXPECT_GE(units, 7u);
}

TEST_P(SystemdFacts, OfTheNextBootAreThoseOfTheStack) {
  const auto all = facts_by_component(report());
  for (const char* unit : {"nginx", "docker", "containerd", "cron", "ufw", "postgresql@15-main"}) {
    const auto facts = all.find("unit:" + std::string(unit) + ".service");
    ASSERT_NE(facts, all.end()) << unit;
    EXPECT_EQ(as_shown(facts->second.at("starts_at_boot")), "at_boot") << unit;
  }
  EXPECT_EQ(as_shown(all.at("unit:redis-server.service").at("starts_at_boot")), "never");
}

TEST_P(SystemdFacts, AHealthyServiceManagerGetsNoWarning) {
  const Json found = report();
  for (const Json& finding : found.at("findings")) {
    EXPECT_EQ(finding.at("severity"), "info") << finding.at("id") << finding.at("problem");
  }
  EXPECT_EQ(found.at("verdict"), "ok");
}

INSTANTIATE_TEST_SUITE_P(, SystemdFacts, ::testing::Values("healthy", "seed"),
                         [](const auto& one) { return std::string(one.param); });

}  // namespace
}  // namespace postflight::lab
