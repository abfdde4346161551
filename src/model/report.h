// SPDX-License-Identifier: Apache-2.0
// The report in one language: the contract that scripts read and the object every renderer takes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "model/component.h"
#include "model/finding.h"
#include "model/severity.h"

namespace postflight {

/// Languages of the report.
enum class Lang { en, ru };
PF_DESCRIBE_ENUM(Lang, en, ru)

struct CoverageGap {
  std::string fact;
  Why why = Why::not_planned;
  std::string detail;
};
// clang-format off
PF_DESCRIBE(CoverageGap,
  (fact, "What could not be seen: component and fact, or a service nobody looked at."),
  (why, "Reason from a fixed list."),
  (detail, "What was tried and what came back, and how to allow it where that is possible."))
// clang-format on

struct Coverage {
  std::uint64_t wanted = 0;
  std::uint64_t seen = 0;
  std::vector<CoverageGap> unknown;
};
// clang-format off
PF_DESCRIBE(Coverage,
  (wanted, "Facts the planned probes declare, and services found."),
  (seen, "Those that were seen, or seen to be absent."),
  (unknown, "Those that were not, each with its reason."))
// clang-format on

struct ComponentReport {
  std::string id;
  std::string kind;
  std::string name;
  std::string probe;
  Verdict status = Verdict::unknown;
  Json facts = Json::object();
};
// clang-format off
PF_DESCRIBE(ComponentReport,
  (id, "Identity of the component, stable from run to run."),
  (kind, "host, sockets, http, redis, …"),
  (name, "How people call it."),
  (probe, "Probe that looked at it; its name and a fact's key together name the fact."),
  (status, "The worst of its findings, or unknown where a required fact is."),
  (facts, "Facts by key: {value}, {absent: true} or {unknown: {why, detail}}, the first two with evidence."))
// clang-format on

struct Fix {
  std::string text;
  std::vector<std::string> commands;
  std::string risk;
};
// clang-format off
PF_DESCRIBE(Fix,
  (text, "What to do, in one or two sentences."),
  (commands, "Commands to paste, in order; lines that begin with # explain."),
  (risk, "What the fix may break."))
// clang-format on

struct Symptom {
  std::string id;
  std::string subject;
  std::string problem;
};
// clang-format off
PF_DESCRIBE(Symptom,
  (id, "Id of the finding folded here."),
  (subject, "What it is about."),
  (problem, "Its first line."))
// clang-format on

struct ReportedFinding {
  std::string id;
  Severity severity = Severity::info;
  std::string subject;
  std::string problem;
  std::string cause;
  std::string impact;
  Fix fix;
  std::vector<Evidence> evidence;
  std::vector<Symptom> symptoms;
};
// clang-format off
PF_DESCRIBE(ReportedFinding,
  (id, "Permanent id, family/slug; `postflight explain ID` tells more."),
  (severity, "critical, warning or info."),
  (subject, "What it is about: a component, or a part of one."),
  (problem, "What is wrong, in one factual line."),
  (cause, "Why it is so, as far as it was seen."),
  (impact, "What is lost by it; says so where nothing is."),
  (fix, "What mends it."),
  (evidence, "What the sentence rests on."),
  (symptoms, "Findings explained by this one."))
// clang-format on

struct ReportedTest {
  std::string id;
  std::string title;
  TestStatus status = TestStatus::unknown;
  double duration_seconds = 0;
  std::vector<Evidence> evidence;
};
// clang-format off
PF_DESCRIBE(ReportedTest,
  (id, "Test and subject."),
  (title, "What holds when the test passes."),
  (status, "pass, fail or unknown."),
  (duration_seconds, "How long the tested answer took; 0 where it was not measured."),
  (evidence, "What came back."))
// clang-format on

struct Statistic {
  std::string subject;
  std::string name;
  Json value;
  std::string unit;
};
// clang-format off
PF_DESCRIBE(Statistic,
  (subject, "Component it belongs to."),
  (name, "What is counted."),
  (value, "The number."),
  (unit, "bytes, seconds, ratio, or count."))
// clang-format on

struct Recommendation {
  std::string text;
  std::vector<std::string> commands;
  std::string finding;
};
// clang-format off
PF_DESCRIBE(Recommendation,
  (text, "What to do."),
  (commands, "Commands to paste, in order."),
  (finding, "Id of the finding it comes from."))
// clang-format on

struct UndecidedRule {
  std::string finding;
  std::string subject;
  Why why = Why::not_planned;
  std::string detail;
};
// clang-format off
PF_DESCRIBE(UndecidedRule,
  (finding, "Id of the finding that could neither be made nor ruled out."),
  (subject, "Component it would be about."),
  (why, "Why the fact it needs is unknown."),
  (detail, "What was tried and what came back."))
// clang-format on

struct Report {
  std::string schema_version = "1.0";
  std::string tool_version;
  Verdict verdict = Verdict::unknown;
  int exit_code = 3;
  Lang lang = Lang::en;
  std::string host;
  std::string started_at;
  double duration_seconds = 0;
  Coverage coverage;
  std::vector<ComponentReport> components;
  std::vector<ReportedFinding> findings;
  std::vector<ReportedTest> tests;
  std::vector<Statistic> statistics;
  std::vector<Recommendation> recommendations;
  std::vector<NotChecked> not_checked;
  std::vector<UndecidedRule> undecided;
  std::vector<TaskRecord> tasks;
};
// clang-format off
PF_DESCRIBE(Report,
  (schema_version, "Version of this contract: minor for additions, major for anything else."),
  (tool_version, "Version of Postflight that made the report."),
  (verdict, "critical > warning > unknown > ok."),
  (exit_code, "Exit code of `postflight check` for this report: 0 ok, 1 warning, 2 critical, 3 unknown."),
  (lang, "Language of the sentences."),
  (host, "Name of the machine."),
  (started_at, "When the run began, RFC 3339 in UTC."),
  (duration_seconds, "How long observing took."),
  (coverage, "How much of what was wanted was seen."),
  (components, "Everything that was looked at."),
  (findings, "What is wrong or worth knowing, worst first; symptoms stand under their cause."),
  (tests, "Functional tests along real paths."),
  (statistics, "Numbers worth keeping."),
  (recommendations, "What to do, in the order of the findings."),
  (not_checked, "Services that were seen but not looked into, with the reason."),
  (undecided, "Rules that could not decide, because a fact they need is unknown."),
  (tasks, "What each task of the tool itself cost and how it ended."))
// clang-format on

}  // namespace postflight
