// SPDX-License-Identifier: Apache-2.0
// Judges one unit of systemd: does it run, and if not, why. Pure.
// Source: systemd.service(5), systemd.exec(5) "Process Exit Codes", systemd.unit(5).
#include "probes/unit.h"

#include <array>

#include "rules/unit_rules.h"

namespace postflight::rules {
namespace {

using namespace unit_rules;

constexpr double kSettled = 600;  // seconds after which a restart is taken to have helped

/// What systemd itself ends with where it could not even start the program.
struct ExitName {
  std::int64_t status;
  std::string_view name;
};
constexpr std::array kExitNames = {ExitName{200, "CHDIR"},
                                   ExitName{203, "EXEC"},
                                   ExitName{204, "MEMORY"},
                                   ExitName{205, "LIMITS"},
                                   ExitName{208, "STDIN"},
                                   ExitName{209, "STDOUT"},
                                   ExitName{210, "CHROOT"},
                                   ExitName{214, "SETSCHEDULER"},
                                   ExitName{216, "GROUP"},
                                   ExitName{217, "USER"},
                                   ExitName{218, "CAPABILITIES"},
                                   ExitName{219, "CGROUP"},
                                   ExitName{226, "NAMESPACE"},
                                   ExitName{228, "SECCOMP"},
                                   ExitName{233, "RUNTIME_DIRECTORY"},
                                   ExitName{238, "STATE_DIRECTORY"},
                                   ExitName{239, "CACHE_DIRECTORY"},
                                   ExitName{240, "LOGS_DIRECTORY"},
                                   ExitName{241, "CONFIGURATION_DIRECTORY"},
                                   ExitName{243, "CREDENTIALS"}};
constexpr std::array kSignalNames = {ExitName{1, "SIGHUP"},   ExitName{2, "SIGINT"},
                                     ExitName{6, "SIGABRT"},  ExitName{7, "SIGBUS"},
                                     ExitName{8, "SIGFPE"},   ExitName{9, "SIGKILL"},
                                     ExitName{11, "SIGSEGV"}, ExitName{15, "SIGTERM"}};

std::string named(std::int64_t status, std::span<const ExitName> names) {
  const auto it = std::ranges::find(names, status, &ExitName::status);
  const std::string number = std::to_string(status);
  return it == names.end() ? number : number + "/" + std::string(it->name);
}

/// "exit-code, 203/EXEC", "signal, 9/SIGKILL", "timeout".
std::string how_it_ended(const std::string& result, const UnitFacts& f) {
  const auto* code = f.exit_code.seen();
  const auto* status = f.exit_status.seen();
  const bool by_status = result == "exit-code" || result == "signal" || result == "core-dump";
  if (!code || !status || !by_status) return result;
  const bool exited = code->value == "exited";
  // It is of the main process; the one that failed may be another, of ExecStartPre.
  if (exited && status->value == 0) return result;
  return result + ", " +
         (exited ? named(status->value, kExitNames) : named(status->value, kSignalNames));
}

bool ended_with(const UnitFacts& f, std::int64_t status) {
  const auto* seen = f.exit_status.seen();
  const auto* code = f.exit_code.seen();
  return seen && seen->value == status && code && code->value == "exited";
}

/// A server that users come to, and that is meant to be there.
bool serves(const UnitFacts& f, const Reasons& reasons) {
  const auto* start = f.starts_at_boot.seen();
  return holds(reasons, "server") && start && start->value == BootStart::at_boot;
}

bool has_given_up(const UnitFacts& f, const std::string& result) {
  const auto* policy = f.restart_policy.seen();
  const auto* restarts = f.restarts_total.seen();
  const bool restarted = policy && policy->value != "no" && restarts && restarts->value > 0;
  return result == "start-limit-hit" || restarted;
}

FindingDraft of_end(const std::string& result, const UnitFacts& f, const Reasons& reasons,
                    const JudgeContext& c) {
  return draft(serves(f, reasons) ? Severity::critical : Severity::warning, f, c)
      .arg("how", how_it_ended(result, f))
      .arg("age", shown(f.since_seconds))
      .arg("server", flag(holds(reasons, "server")));
}

Verdicts failed(const UnitFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& state, const std::string& result, const Reasons& reasons) -> Verdicts {
        if (state != "failed" || is_of_a_cluster(reasons)) return silent();
        if (result == "oom-kill" || has_given_up(f, result)) return silent();
        const auto* there = f.program_exists.seen();
        const bool missing = there && !there->value;
        const auto* program = f.program.seen();
        FindingDraft found = of_end(result, f, reasons, c);
        found.arg("missing", flag(missing))
            .arg("missing_program", missing && program ? program->value : "")
            .arg("no_user", flag(ended_with(f, 217) || ended_with(f, 216)))
            .arg("slow", flag(result == "timeout"))
            .arg("service", flag(type_of(f, c) == "service"));
        if (missing) found.because(there->evidence);
        const auto* triggers = f.triggered_by.seen();
        const bool called = triggers && !triggers->value.empty();
        found.arg("called", flag(called)).arg("by", called ? triggers->value.front() : "");
        if (type_of(f, c) == "service") found.arg("restart", name_of(f, c));
        const auto* file = f.unit_file.seen();
        if (holds(reasons, "local") && file) found.arg("local_file", file->value);
        return found;
      },
      f.active_state, f.result, f.reasons);
}

Verdicts gave_up_restarting(const UnitFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& state, const std::string& result, const Reasons& reasons) -> Verdicts {
        if (state != "failed" || is_of_a_cluster(reasons)) return silent();
        if (result == "oom-kill" || !has_given_up(f, result)) return silent();
        FindingDraft found = of_end(result, f, reasons, c);
        const auto* restarts = f.restarts_total.seen();
        found.arg("restarts", shown(f.restarts_total))
            .arg("by_itself", flag(restarts && restarts->value > 0));
        return found;
      },
      f.active_state, f.result, f.reasons);
}

/// The kill itself is told from the kernel's log; this is about the unit that is gone by it.
Verdicts oom_killed(const UnitFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& state, const std::string& result, const Reasons& reasons) -> Verdicts {
        if (result != "oom-kill" || state == "active") return silent();
        const auto* limit = f.memory_max_bytes.seen();
        return of_end(result, f, reasons, c)
            .arg("limited", flag(limit != nullptr))
            .arg("limit", limit ? Json(limit->value) : Json(""))
            .arg("failed", flag(state == "failed"));
      },
      f.active_state, f.result, f.reasons);
}

/// A unit that runs for a while, ends well and is started again is a timer in disguise.
Verdicts restart_loop(const UnitFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& state, const std::string& sub_state, const std::string& result,
          std::uint64_t restarts, const Reasons& reasons) -> Verdicts {
        const bool waits = sub_state == "auto-restart" || sub_state == "auto-restart-queued";
        if (waits && (result == "success" || result == "oom-kill")) return silent();
        const bool many = static_cast<double>(restarts) >= c.thresholds.unit_restarts_warning;
        const bool up = state == "active" || state == "activating" || waits;
        if (!up || (!waits && !many)) return silent();
        const auto* age = f.since_seconds.seen();
        const bool settled = !waits && state == "active" && age && age->value >= kSettled;
        const Severity severity =
            settled ? Severity::info
                    : (waits && serves(f, reasons) ? Severity::critical : Severity::warning);
        return draft(severity, f, c)
            .arg("restarts", restarts)
            .arg("age", shown(f.since_seconds))
            .arg("settled", flag(settled))
            .arg("waits", flag(waits))
            .arg("how", waits ? how_it_ended(result, f) : std::string{});
      },
      f.active_state, f.sub_state, f.result, f.restarts_total, f.reasons);
}

/// Whether a unit is meant to go on once it was started.
bool is_meant_to_last(const UnitFacts& f, const JudgeContext& c) {
  if (type_of(f, c) != "service") return type_of(f, c) == "timer" || type_of(f, c) == "socket";
  const auto* type = f.type.seen();
  return type && type->value != "oneshot";
}

/// Something starts it when it is needed. Docker is the exception: its containers do not run before
/// somebody asks.
bool is_called_when_needed(const std::vector<std::string>& triggers, const UnitFacts& f,
                           const JudgeContext& c) {
  return !triggers.empty() && !is_engine(f, c);
}

Verdicts stopped(const UnitFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& state, const std::string& load, const std::string& result,
          BootStart start, const std::vector<std::string>& triggers,
          const Reasons& reasons) -> Verdicts {
        const bool clean = state == "inactive" && load == "loaded" && result == "success";
        if (!clean || start != BootStart::at_boot || is_of_a_cluster(reasons)) return silent();
        const auto* conditions = f.conditions_met.seen();
        const bool unwanted = conditions && !conditions->value;
        if (unwanted || !is_meant_to_last(f, c) || is_called_when_needed(triggers, f, c)) {
          return silent();
        }
        const bool timer = type_of(f, c) == "timer";
        const bool matters = holds(reasons, "server") || timer;
        return draft(matters ? Severity::warning : Severity::info, f, c)
            .arg("age", shown(f.since_seconds))
            .arg("stopped", flag(f.since.seen() != nullptr))
            .arg("timer", flag(timer));
      },
      f.active_state, f.load_state, f.result, f.starts_at_boot, f.triggered_by, f.reasons);
}

Verdicts file_refused(const UnitFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& load, const std::string& state) -> Verdicts {
        if (load != "bad-setting" && load != "error") return silent();
        const auto* error = f.load_error.seen();
        const auto* file = f.unit_file.seen();
        FindingDraft found = draft(Severity::warning, f, c);
        found.arg("told", flag(error != nullptr))
            .arg("error", error ? error->value : "")
            .arg("runs", flag(state == "active"));
        if (file) found.arg("file", file->value);
        return found;
      },
      f.load_state, f.active_state);
}

struct UnitRules {
  static constexpr std::array rules{
      Rule<UnitFacts>{"unit/failed", &failed},
      Rule<UnitFacts>{"unit/gave-up-restarting", &gave_up_restarting},
      Rule<UnitFacts>{"unit/oom-killed", &oom_killed},
      Rule<UnitFacts>{"unit/restart-loop", &restart_loop},
      Rule<UnitFacts>{"unit/stopped", &stopped},
      Rule<UnitFacts>{"unit/file-refused", &file_refused},
      Rule<UnitFacts>{"unit/port-held-by-another", &port_held_by_another},
      Rule<UnitFacts>{"unit/not-started-at-boot", &not_started_at_boot},
      Rule<UnitFacts>{"unit/masked", &masked},
      Rule<UnitFacts>{"unit/starts-before-its-address", &starts_before_its_address},
      Rule<UnitFacts>{"unit/memory-near-limit", &memory_near_limit},
  };
  static constexpr std::array<FunctionalTest<UnitFacts>, 0> tests{};
  static constexpr std::array explains{
      Explains{"unit/port-held-by-another", "unit/failed"},
      Explains{"unit/port-held-by-another", "unit/gave-up-restarting"},
      Explains{"unit/port-held-by-another", "unit/restart-loop"},
      Explains{"unit/port-held-by-another", "unit/stopped"},
  };
};

}  // namespace

extern const RuleFamily unit;
const RuleFamily unit = define_family<UnitFacts, UnitRules>("unit", "unit");

}  // namespace postflight::rules
