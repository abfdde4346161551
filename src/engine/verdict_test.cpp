// SPDX-License-Identifier: Apache-2.0
// The algebra of verdicts, exhaustively over small runs.
#include "engine/verdict.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "model/codec.h"
#include "probes/probe.h"

namespace postflight {
namespace {

constexpr std::array kVerdicts = {Verdict::ok, Verdict::unknown, Verdict::warning,
                                  Verdict::critical};
constexpr std::array kSeverities = {Severity::info, Severity::warning, Severity::critical};
constexpr std::array kStatuses = {TestStatus::pass, TestStatus::unknown, TestStatus::fail};
constexpr const char* kId = "redis:127.0.0.1:6379";

/// A component whose every fact is seen to be absent.
Component healthy() {
  Component component{kId, "redis", "Redis", "redis"};
  for (const FactDeclaration& fact : find_probe("redis")->facts()) {
    component.facts[std::string(fact.key)] = {{"absent", true}};
  }
  return component;
}

Component blind() {
  Component component = healthy();
  component.facts["ping_ok"] = to_json(Observed<bool>{Unknown{Why::denied, ""}});
  return component;
}

FactsDocument document_of(Component component) {
  FactsDocument document;
  document.topology = Seen{Topology{}, Evidence{}};
  document.components = {std::move(component)};
  return document;
}

Finding finding(Severity severity, std::string subject = kId) {
  return {.id = "redis/x", .severity = severity, .subject = std::move(subject)};
}

TestResult test(TestStatus status) {
  return {.id = "redis/ping", .subject = kId, .status = status};
}

TEST(Verdict, TheWorstOfEverythingCounts) {
  for (const bool seen : {true, false}) {
    for (const Severity severity : kSeverities) {
      for (const TestStatus status : kStatuses) {
        const auto document = document_of(seen ? healthy() : blind());
        const Verdict expected = std::max(
            {seen ? Verdict::ok : Verdict::unknown, verdict_of(severity), verdict_of(status)});
        EXPECT_EQ(run_verdict(document, {finding(severity)}, {test(status)}), expected);
        EXPECT_EQ(component_status(document.components[0], {{finding(severity)}, {test(status)}}),
                  expected);
      }
    }
  }
}

TEST(Verdict, InfoNeverMovesIt) {
  EXPECT_EQ(verdict_of(Severity::info), Verdict::ok);
  EXPECT_EQ(run_verdict(document_of(healthy()), {finding(Severity::info)}, {}), Verdict::ok);
}

TEST(Verdict, UnknownNeverRoundsToOk) {
  EXPECT_EQ(run_verdict(document_of(blind()), {}, {}), Verdict::unknown);
  EXPECT_EQ(run_verdict(document_of(healthy()), {}, {test(TestStatus::unknown)}), Verdict::unknown);
  FactsDocument nothing_seen = document_of(healthy());
  nothing_seen.components.clear();
  EXPECT_EQ(run_verdict(nothing_seen, {}, {}), Verdict::unknown);
  FactsDocument no_topology = document_of(healthy());
  no_topology.topology = Unknown{Why::timeout, ""};
  EXPECT_EQ(run_verdict(no_topology, {}, {}), Verdict::unknown);
  no_topology.topology = Absent{};
  EXPECT_EQ(run_verdict(no_topology, {}, {}), Verdict::unknown);
  EXPECT_EQ(run_verdict(FactsDocument{}, {}, {}), Verdict::unknown);
}

TEST(Verdict, WhatARunCouldNotHoldIsNotOk) {
  FactsDocument document = document_of(healthy());
  document.not_checked = {{.subject = "redis:a", .passed = Passed::left_out}};
  EXPECT_EQ(run_verdict(document, {}, {}), Verdict::ok);
  document.not_checked.push_back({.subject = "redis:b", .passed = Passed::over_limit});
  EXPECT_EQ(run_verdict(document, {}, {}), Verdict::unknown);
}

TEST(Verdict, DamagedFactsAreNotOk) {
  const auto status = [](auto damage) {
    Component component = healthy();
    damage(component);
    return component_status(component, {{}, {}});
  };
  EXPECT_EQ(status([](Component&) {}), Verdict::ok);
  EXPECT_EQ(status([](Component& c) { c.facts["ping_ok"] = 5; }), Verdict::unknown);
  EXPECT_EQ(status([](Component& c) { c.facts["ping_ok"] = nullptr; }), Verdict::unknown);
  EXPECT_EQ(status([](Component& c) { c.facts["ping_ok"] = {{"value", "yes"}}; }),
            Verdict::unknown);
  EXPECT_EQ(status([](Component& c) { c.facts["ping_ok"] = Json::object(); }), Verdict::unknown);
  EXPECT_EQ(status([](Component& c) { c.facts.erase("ping_ok"); }), Verdict::unknown);
  EXPECT_EQ(status([](Component& c) { c.facts = Json::array(); }), Verdict::unknown);
  EXPECT_EQ(status([](Component& c) { c.probe = "of a newer version"; }), Verdict::unknown);
  EXPECT_EQ(status([](Component& c) { c.kind = "nobody judges"; }), Verdict::unknown);
}

TEST(Verdict, OnlyItsOwnFindingsMoveAComponent) {
  const Component component = healthy();
  EXPECT_EQ(
      component_status(component, {{finding(Severity::critical, "redis:127.0.0.1:63790")}, {}}),
      Verdict::ok);
  EXPECT_EQ(
      component_status(component, {{finding(Severity::critical, std::string(kId) + " db0")}, {}}),
      Verdict::critical);
  Finding cause = finding(Severity::info, "sockets");
  cause.symptoms = {finding(Severity::warning)};
  EXPECT_EQ(component_status(component, {{cause}, {}}), Verdict::warning);
}

TEST(Verdict, AnIdMayHoldBlanks) {
  const WorstBySubject worst{{finding(Severity::warning, "http:0.0.0.0:80@my server-7 /path")}, {}};
  EXPECT_EQ(worst.of("http:0.0.0.0:80@my server-7"), Verdict::warning);
  EXPECT_EQ(worst.of("http:0.0.0.0:80@my server-77"), Verdict::ok);
}

TEST(Verdict, ASubjectOfBlanksIsHeldOnce) {
  // A copy of each of its beginnings would be half a terabyte.
  const std::string subject = "a" + std::string(1'000'000, ' ');
  const WorstBySubject worst{{finding(Severity::critical, subject)}, {}};
  EXPECT_EQ(worst.of("a"), Verdict::critical);
  EXPECT_EQ(worst.of("a" + std::string(500'000, ' ')), Verdict::critical);
  EXPECT_EQ(worst.of(subject), Verdict::critical);
  EXPECT_EQ(worst.of(subject + " "), Verdict::ok);
}

TEST(Verdict, ExitCodes) {
  const auto own = [](Verdict verdict) {
    return verdict == Verdict::ok         ? 0
           : verdict == Verdict::warning  ? 1
           : verdict == Verdict::critical ? 2
                                          : 3;
  };
  for (const Verdict verdict : kVerdicts) {
    EXPECT_EQ(exit_code(verdict), own(verdict));
    for (const Verdict fail_on : kVerdicts) {
      EXPECT_EQ(exit_code(verdict, fail_on), verdict < fail_on ? 0 : own(verdict));
    }
  }
  EXPECT_EQ(exit_code(Verdict::unknown, Verdict::warning), 0);
  EXPECT_EQ(exit_code(Verdict::warning, Verdict::unknown), 1);
  EXPECT_EQ(exit_code(Verdict::warning, Verdict::critical), 0);
}

}  // namespace
}  // namespace postflight
