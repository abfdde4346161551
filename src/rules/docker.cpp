// SPDX-License-Identifier: Apache-2.0
// Judges a container engine: does it answer, can its containers reach the outside. Pure. Source:
// dockerd(8); Docker documentation, "Packet filtering and firewalls".
#include "probes/docker.h"

#include <algorithm>
#include <array>

#include "rules/commands.h"
#include "rules/family.h"

namespace postflight::rules {
namespace {

std::string socket_of(const JudgeContext& c) {
  const std::string& id = c.component.id;
  return id.substr(id.find(':') + 1);
}

FindingDraft draft(Severity severity, const JudgeContext& c) {
  const std::string socket = socket_of(c);
  FindingDraft out{severity};
  out.arg("socket", socket);
  const bool usual = socket == "/run/docker.sock" || socket == "/var/run/docker.sock";
  if (usual) out.arg("system", "docker.service");
  return out;
}

/// Without containers on the disk nobody misses it.
Verdicts does_not_answer(const DockerFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](bool answers) -> Verdicts {
        if (answers) return silent();
        const auto* left = f.containers_on_disk.seen();
        const bool unused = left && left->value == 0;
        const bool used = left && left->value > 0;
        const Severity severity = used ? Severity::critical : Severity::warning;
        FindingDraft found = draft(unused ? Severity::info : severity, c);
        found.arg("what", f.answers.seen()->evidence.excerpt);
        if (left) found.because(left->evidence);
        return found;
      },
      f.answers);
}

Verdicts forwarding_off(const DockerFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](bool forwards, std::uint64_t containers) -> Verdicts {
        if (forwards || containers == 0) return silent();
        return draft(Severity::critical, c);
      },
      f.ip_forwarding, f.containers);
}

/// What has a rule of its own, or concerns only what nobody has asked for: limits on swap.
bool is_told_elsewhere(const std::string& warning) {
  for (const char* words : {"without encryption", "swap", "kernel memory", "IPv4 forwarding",
                            "blkio", "cpu cfs", "cpu shares", "cpuset"}) {
    if (warning.find(words) != std::string::npos) return true;
  }
  return false;
}

Verdicts warns(const DockerFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](std::vector<std::string> warnings) -> Verdicts {
        std::erase_if(warnings, &is_told_elsewhere);
        if (warnings.empty()) return silent();
        return draft(Severity::info, c).arg("warnings", warnings);
      },
      f.warnings);
}

std::vector<TestDraft> answers_test(const DockerFacts& f, const JudgeContext& c) {
  TestDraft test;
  test.args["limit"] = c.thresholds.engine_slow_seconds;
  const auto* took = f.ping_seconds.seen();
  if (took) test.duration_seconds = took->value;
  f.answers.visit(
      [&](const Seen<bool>& seen) {
        const bool in_time = took && took->value <= c.thresholds.engine_slow_seconds;
        test.status = seen.value && in_time ? TestStatus::pass : TestStatus::fail;
        test.evidence = {seen.evidence};
      },
      [](const Absent&) {}, [&](const Unknown& unknown) { test.reason = unknown; });
  return {test};
}

struct DockerRules {
  static constexpr std::array rules{
      Rule<DockerFacts>{"docker/does-not-answer", &does_not_answer},
      Rule<DockerFacts>{"docker/forwarding-off", &forwarding_off},
      Rule<DockerFacts>{"docker/engine-warns", &warns},
  };
  static constexpr std::array tests{FunctionalTest<DockerFacts>{"docker/answers", &answers_test}};
  static constexpr std::array<Explains, 0> explains{};
};

}  // namespace

extern const RuleFamily docker;
const RuleFamily docker = define_family<DockerFacts, DockerRules>("docker", "docker");

}  // namespace postflight::rules
