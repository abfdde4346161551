// SPDX-License-Identifier: Apache-2.0
// Judges the run itself: a task that died or ran out of time is told, never passed over. Pure.
#include "model/self_facts.h"

#include <array>

#include "rules/family.h"

namespace postflight::rules {
namespace {

/// One finding for each task that ended in `outcome`.
Verdicts tasks_that(Outcome outcome, Severity severity, const SelfFacts& f) {
  return f.tasks.visit(
      [&](const Seen<std::vector<TaskRecord>>& seen) {
        Verdicts verdicts;
        for (const TaskRecord& task : seen.value) {
          if (task.outcome != outcome) continue;
          FindingDraft draft =
              FindingDraft{severity}
                  .about(task.id)
                  .arg("detail", task.detail)
                  .arg("seconds", task.wall_seconds)
                  .arg("budget", task.budget_seconds)
                  .arg("memory", task.peak_memory_bytes)
                  .because({"postflight, task " + task.id, task.detail, seen.evidence.at});
          // "redis redis:127.0.0.1:6379"; discovery is no probe and has no budget to set.
          const auto blank = task.id.find(' ');
          if (blank != std::string::npos) {
            draft.arg("probe", task.id.substr(0, blank));
          } else {
            draft.arg("again", Json::array({"postflight", "check"}));
          }
          verdicts.findings.push_back(std::move(draft));
        }
        return verdicts;
      },
      [](const Absent&) { return silent(); },
      [](const Unknown& unknown) -> Verdicts { return unknown; });
}

Verdicts task_crashed(const SelfFacts& f, const JudgeContext&) {
  return tasks_that(Outcome::crashed, Severity::warning, f);
}

Verdicts task_out_of_memory(const SelfFacts& f, const JudgeContext&) {
  return tasks_that(Outcome::out_of_memory, Severity::warning, f);
}

/// Not a fault of the machine by itself: the facts that are missing say so as unknown.
Verdicts task_out_of_time(const SelfFacts& f, const JudgeContext&) {
  return tasks_that(Outcome::timeout, Severity::info, f);
}

/// One finding for all of them: the run was too short, whatever their number.
Verdicts tasks_not_started(const SelfFacts& f, const JudgeContext&) {
  return judge_from(
      [](const std::vector<TaskRecord>& tasks) -> Verdicts {
        std::vector<std::string> waiting;
        for (const TaskRecord& task : tasks) {
          if (task.outcome == Outcome::not_started) waiting.push_back(task.id);
        }
        if (waiting.empty()) return silent();
        return FindingDraft{Severity::info}
            .arg("count", waiting.size())
            .arg("first", waiting.front());
      },
      f.tasks);
}

struct SelfRules {
  static constexpr std::array rules{
      Rule<SelfFacts>{"self/task-crashed", &task_crashed},
      Rule<SelfFacts>{"self/task-out-of-memory", &task_out_of_memory},
      Rule<SelfFacts>{"self/task-out-of-time", &task_out_of_time},
      Rule<SelfFacts>{"self/tasks-not-started", &tasks_not_started},
  };
  static constexpr std::array<FunctionalTest<SelfFacts>, 0> tests{};
  static constexpr std::array<Explains, 0> explains{};
};

}  // namespace

extern const RuleFamily self;
const RuleFamily self = define_family<SelfFacts, SelfRules>("self", "self");

}  // namespace postflight::rules
