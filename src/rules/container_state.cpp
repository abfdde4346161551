// SPDX-License-Identifier: Apache-2.0
// Does the container run, and will it run again? Pure. Source: Docker documentation, "Start
// containers automatically" and "Resource constraints"; Engine API, ContainerState.
#include "rules/container_rules.h"

namespace postflight::rules {
namespace {

constexpr std::uint64_t kLoopRestarts = 3;
constexpr double kLoopSeconds = 300;
constexpr double kDay = 24 * 3600;

bool comes_back(const std::string& policy) {
  return policy == "always" || policy == "unless-stopped";
}

/// Exit codes of a program that was asked or made to end: by itself, SIGINT, SIGKILL, SIGTERM.
bool is_end_by_hand(std::int64_t code) {
  return code == 0 || code == 130 || code == 137 || code == 143;
}

bool is_made_by_compose(const ContainerFacts& f) {
  const auto* one_off = f.compose_one_off.seen();
  return f.compose_service.seen() && !(one_off && one_off->value);
}

/// What the last run's exit code adds to a sentence; empty while it runs again.
std::string exit_words(const ContainerFacts& f) {
  const auto* code = f.exit_code.seen();
  return code ? ", exit " + std::to_string(code->value) : std::string{};
}

/// 0 where it has no limit of its own.
std::uint64_t limit_of(const ContainerFacts& f) {
  const auto* limit = f.memory_limit_bytes.seen();
  return limit ? limit->value : 0;
}

void because_of(const Observed<std::int64_t>& fact, FindingDraft& draft) {
  if (const auto* seen = fact.seen()) draft.because(seen->evidence);
}

}  // namespace

Verdicts restart_loop(const ContainerFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& state, std::uint64_t restarts) -> Verdicts {
        const auto* running = f.running_seconds.seen();
        const bool again = restarts >= kLoopRestarts && running && running->value < kLoopSeconds;
        if (state != "restarting" && !again) return silent();
        FindingDraft draft = container_draft(Severity::critical, f, c)
                                 .arg("restarts", restarts)
                                 .arg("exit", exit_words(f))
                                 .arg("last", last_line_of(f));
        because_of(f.exit_code, draft);
        if (const auto* log = f.last_log.seen()) draft.because(log->evidence);
        return draft;
      },
      f.state, f.restarts_total);
}

/// The engine tried and could not. It does not try again by itself, whatever the policy.
Verdicts start_failed(const ContainerFacts& f, const JudgeContext& c) {
  return f.error.visit(
      [&](const Seen<std::string>& error) -> Verdicts {
        return judge_from(
            [&](const std::string& state) -> Verdicts {
              if (state == "running" || state == "paused" || state == "gone") return silent();
              return container_draft(Severity::critical, f, c)
                  .arg("error", error.value)
                  .because(error.evidence);
            },
            f.state);
      },
      [](const Absent&) { return silent(); },
      [](const Unknown& unknown) -> Verdicts { return unknown; });
}

Verdicts exited(const ContainerFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& state, const std::string& policy, std::int64_t code) -> Verdicts {
        if (state != "exited" || f.error.seen()) return silent();
        const bool failed = !is_end_by_hand(code);
        const bool expected = comes_back(policy) || (policy == "on-failure" && failed);
        if (!expected && !(is_made_by_compose(f) && code != 0)) return silent();
        const bool lost = failed && expected;
        return container_draft(lost ? Severity::critical : Severity::warning, f, c)
            .arg("code", code)
            .arg("policy", policy)
            .arg("stopped", shown(f.stopped_seconds))
            .arg("by_hand", failed || !comes_back(policy) ? 0 : 1)
            .arg("last", last_line_of(f));
      },
      f.state, f.restart_policy, f.exit_code);
}

/// Of the container's own processes one was killed: the first, which ends it, or another one.
Verdicts oom_killed(const ContainerFacts& f, const JudgeContext& c) {
  if (const auto* kills = f.oom_kills_total.seen(); kills && kills->value > 0) {
    return container_draft(Severity::critical, f, c)
        .arg("kills", kills->value)
        .arg("limited", limit_of(f) > 0 ? 1 : 0)
        .arg("limit", limit_of(f))
        .because(kills->evidence);
  }
  return judge_from(
      [&](const std::string& state, bool killed) -> Verdicts {
        if (!killed) return silent();
        const bool runs = state == "running";
        return container_draft(runs ? Severity::warning : Severity::critical, f, c)
            .arg("kills", 1)
            .arg("limited", limit_of(f) > 0 ? 1 : 0)
            .arg("limit", limit_of(f));
      },
      f.state, f.oom_killed);
}

/// Whoever starts it otherwise, systemd or a person who typed --rm, does not need the policy.
Verdicts not_restarted(const ContainerFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& state, const std::string& policy) -> Verdicts {
        const auto* running = f.running_seconds.seen();
        if (state != "running" || policy != "no" || f.started_by.seen() || !running) {
          return silent();
        }
        const auto* one_off = f.compose_one_off.seen();
        if (one_off && one_off->value) return silent();
        const bool service = is_made_by_compose(f);
        if (!service && running->value < kDay) return silent();
        return container_draft(service ? Severity::warning : Severity::info, f, c)
            .because(running->evidence);
      },
      f.state, f.restart_policy);
}

Verdicts paused(const ContainerFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& state) -> Verdicts {
        if (state != "paused") return silent();
        return container_draft(Severity::critical, f, c);
      },
      f.state);
}

/// The engine began to remove it and could not finish.
Verdicts dead(const ContainerFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& state) -> Verdicts {
        if (state != "dead") return silent();
        return container_draft(Severity::warning, f, c);
      },
      f.state);
}

}  // namespace postflight::rules
