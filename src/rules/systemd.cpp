// SPDX-License-Identifier: Apache-2.0
// Judges the service manager as a whole; what is wrong with one unit is said by the family `unit`,
// so that "degraded" is no finding of its own. Pure. Source: org.freedesktop.systemd1(5),
// systemctl(1), is-system-running.
#include "probes/systemd.h"

#include <algorithm>

#include "rules/family.h"

namespace postflight::rules {
namespace {

/// "2026-01-12T09:30:00.123Z" as "2026-01-12 09:30 UTC".
std::string readable_time(const std::string& rfc3339) {
  if (rfc3339.size() < 16) return rfc3339;
  return rfc3339.substr(0, 10) + " " + rfc3339.substr(11, 5) + " UTC";
}

std::vector<std::string> names_of(const std::vector<SystemdJob>& jobs, std::string_view state) {
  std::vector<std::string> names;
  for (const SystemdJob& job : jobs) {
    if (state.empty() || job.state == state) names.push_back(job.unit);
  }
  return names;
}

Verdicts emergency_mode(const SystemdFacts& f, const JudgeContext&) {
  return judge_from(
      [&](const std::string& state) -> Verdicts {
        if (state != "maintenance") return silent();
        return FindingDraft{Severity::critical};
      },
      f.system_state);
}

/// Soon after the boot it is normal; later a job hangs, and what waits for it is not there.
Verdicts still_starting(const SystemdFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& state, const std::vector<SystemdJob>& jobs,
          double running) -> Verdicts {
        if (state != "starting" && state != "initializing") return silent();
        const bool slow = running >= c.thresholds.boot_slow_seconds;
        const auto hanging = names_of(jobs, "running");
        FindingDraft found{slow ? Severity::warning : Severity::info};
        found.arg("age", running)
            .arg("hanging", hanging)
            .arg("jobs", jobs.size())
            .arg("slow", slow ? 1 : 0);
        if (!hanging.empty()) found.arg("first", hanging.front());
        return found;
      },
      f.system_state, f.jobs, f.running_seconds);
}

Verdicts daemon_reload_needed(const SystemdFacts& f, const JudgeContext&) {
  return judge_from(
      [&](const std::vector<UnreadUnit>& unread) -> Verdicts {
        if (unread.empty()) return silent();
        std::vector<std::string> units, files;
        for (const UnreadUnit& one : unread) {
          units.push_back(one.unit);
          for (const std::string& file : one.files) {
            if (std::ranges::find(files, file) == files.end()) files.push_back(file);
          }
        }
        FindingDraft found{Severity::warning};
        found.arg("units", units)
            .arg("count", units.size())
            .arg("files", files)
            .arg("first", units.front());
        if (!files.empty()) found.arg("changed", files);
        return found;
      },
      f.unread_units);
}

/// One for the whole machine: it is no fault, and no unit can do anything about it.
Verdicts boot_unproven(const SystemdFacts& f, const JudgeContext&) {
  return judge_from(
      [&](const std::vector<UnprovenUnit>& unproven, const std::string& booted,
          double running) -> Verdicts {
        if (unproven.empty()) return silent();
        std::vector<std::string> units;
        std::string last;
        for (const UnprovenUnit& one : unproven) {
          units.push_back(one.unit);
          last = std::max(last, one.at);  // RFC 3339 in UTC sorts as it stands
        }
        return FindingDraft{Severity::info}
            .arg("units", units)
            .arg("count", units.size())
            .arg("booted", readable_time(booted))
            .arg("last", readable_time(last))
            .arg("running", running);
      },
      f.unproven_units, f.booted_at, f.running_seconds);
}

/// On loopback it may be an editor's helper or a test; what others can reach is likely meant to
/// stay.
Verdicts runs_from_login_session(const SystemdFacts& f, const JudgeContext&) {
  return judge_from(
      [&](const std::vector<OutsideProgram>& programs) -> Verdicts {
        Verdicts verdicts;
        for (const OutsideProgram& one : programs) {
          if (one.place != Outside::login_session) continue;
          const bool reachable = one.exposure != Exposure::loopback;
          verdicts.findings.push_back(FindingDraft{reachable ? Severity::warning : Severity::info}
                                          .about(one.endpoint)
                                          .arg("program", one.program)
                                          .arg("pid", one.pid)
                                          .arg("session", one.unit)
                                          .arg("reachable", reachable ? 1 : 0));
        }
        return verdicts;
      },
      f.outside_programs);
}

struct SystemdRules {
  static constexpr std::array rules{
      Rule<SystemdFacts>{"systemd/emergency-mode", &emergency_mode},
      Rule<SystemdFacts>{"systemd/still-starting", &still_starting},
      Rule<SystemdFacts>{"systemd/daemon-reload-needed", &daemon_reload_needed},
      Rule<SystemdFacts>{"systemd/runs-from-login-session", &runs_from_login_session},
      Rule<SystemdFacts>{"systemd/boot-unproven", &boot_unproven},
  };
  static constexpr std::array<FunctionalTest<SystemdFacts>, 0> tests{};
  static constexpr std::array<Explains, 0> explains{};
};

}  // namespace

extern const RuleFamily systemd;
const RuleFamily systemd = define_family<SystemdFacts, SystemdRules>("systemd", "systemd");

}  // namespace postflight::rules
