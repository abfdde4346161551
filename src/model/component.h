// SPDX-License-Identifier: Apache-2.0
// The border between looking and judging: what one run observed, as it is saved by --save-facts.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "model/topology.h"

namespace postflight {

/// How a task ended.
enum class Outcome {
  done,           ///< It said everything it had to say.
  timeout,        ///< Its budget or the run's deadline passed, and it was killed.
  crashed,        ///< A signal or an exception ended it.
  out_of_memory,  ///< It asked for more memory than a task may have.
  not_started,    ///< The run's deadline passed before its turn came.
};
PF_DESCRIBE_ENUM(Outcome, done, timeout, crashed, out_of_memory, not_started)

/// What a task cost and how it ended: the tool's report on itself.
struct TaskRecord {
  std::string id;
  std::string component;
  Outcome outcome = Outcome::not_started;
  std::string detail;
  double wall_seconds = 0;
  double cpu_seconds = 0;
  std::uint64_t peak_memory_bytes = 0;
  double budget_seconds = 0;
  bool operator==(const TaskRecord&) const = default;
};
// clang-format off
PF_DESCRIBE(TaskRecord,
  (id, "Probe and target of the task."),
  (component, "Component the task looked at; empty for discovery."),
  (outcome, "How the task ended."),
  (detail, "Signal, exception or limit that ended it; empty when done."),
  (wall_seconds, "Time from its start to its end."),
  (cpu_seconds, "User and system time of its process and the children it waited for."),
  (peak_memory_bytes, "Largest resident set of its process."),
  (budget_seconds, "Time it was given."))
// clang-format on

/// One observed component. Its facts are kept as JSON under the keys its probe declares.
struct Component {
  std::string id;
  std::string kind;
  std::string name;
  std::string probe;
  Json facts = Json::object();
  bool operator==(const Component&) const = default;
};
// clang-format off
PF_DESCRIBE(Component,
  (id, "KIND:ENDPOINT, or the kind alone where there is one of it."),
  (kind, "host, sockets, http, redis, …"),
  (name, "How people call it."),
  (probe, "Probe that looked at it."),
  (facts, "Facts by key: {value, evidence}, {absent, evidence} or {unknown: {why, detail}}."))
// clang-format on

/// Why nobody looked closer at something that was seen.
enum class Passed {
  left_out,          ///< By only or skip.
  no_probe,          ///< Its protocol is known, but there is no probe for it.
  nothing_suggests,  ///< Nothing tells what it speaks, so nothing was sent to it.
  too_many_alike,    ///< Its program holds many ports; a few of them were asked.
  same_id,           ///< Another one with the same id is looked at.
  over_limit,        ///< The probe has as many targets already as a run can hold.
};
PF_DESCRIBE_ENUM(Passed, left_out, no_probe, nothing_suggests, too_many_alike, same_id, over_limit)

/// Something that was seen but is not checked further, and why.
struct NotChecked {
  std::string subject;
  std::string name;
  Unknown reason;
  Passed passed = Passed::left_out;
  std::string protocol;
  bool operator==(const NotChecked&) const = default;
};
// clang-format off
PF_DESCRIBE(NotChecked,
  (subject, "Id of the service."),
  (name, "Name for people: the program and what it probably speaks."),
  (reason, "Why nobody looked closer, in English."),
  (passed, "The same from a fixed list."),
  (protocol, "What it probably speaks; empty where nothing suggests it."))
// clang-format on

/// Everything one run observed. `check --from` judges it again at any time, anywhere.
struct FactsDocument {
  static constexpr int kVersion = 1;
  int facts_version = kVersion;
  std::string tool_version;
  std::string host;
  std::string started_at;
  double duration_seconds = 0;
  std::uint64_t supervisor_memory_bytes = 0;
  Observed<Topology> topology;
  std::vector<TaskRecord> tasks;
  std::vector<Component> components;
  std::vector<NotChecked> not_checked;
  bool operator==(const FactsDocument&) const = default;
};
// clang-format off
PF_DESCRIBE(FactsDocument,
  (facts_version, "Version of this format."),
  (tool_version, "Version of Postflight that observed."),
  (host, "Name of the machine."),
  (started_at, "When the run began, RFC 3339 in UTC."),
  (duration_seconds, "How long observing took."),
  (supervisor_memory_bytes, "Largest private memory of the supervising process, as far as it was seen: after discovery and when everything had been redacted."),
  (topology, "What listens on the machine."),
  (tasks, "What each task cost and how it ended."),
  (components, "What was observed, in the order of the report."),
  (not_checked, "What was seen to listen but has no probe, or was left out on purpose."))
// clang-format on

}  // namespace postflight
