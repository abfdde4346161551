// SPDX-License-Identifier: Apache-2.0
// Judges the machine itself: disks, memory, pressure, clock, kernel and its limits. Pure.
// Sources: Documentation/accounting/psi.rst and admin-guide/sysctl of the kernel, adjtimex(2),
// df(1).
#include "probes/resources.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "rules/resources_rules.h"

namespace postflight::rules {
namespace {

using namespace resources_rules;

constexpr double kMemoryEnough = 8 * kGiB;  // however large the machine is

constexpr double kLimitWarning = 0.90;
constexpr double kLimitCritical = 0.98;

constexpr std::uint64_t kLargestLimit = INT64_MAX;
constexpr std::uint64_t kLargestPidMax = 4'194'304;  // PID_MAX_LIMIT, include/linux/threads.h
constexpr std::uint64_t kLargestConntrackMax = INT32_MAX;
constexpr std::uint64_t kJustStartedSeconds = 300;  // a time service needs a while after a boot

double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// Memory that programs can still get, with what ZFS would give back.
Observed<std::uint64_t> memory_left(const ResourcesFacts& f) {
  if (f.memory_available_bytes.unknown()) return *f.memory_available_bytes.unknown();
  if (f.zfs_reclaimable_bytes.unknown()) return *f.zfs_reclaimable_bytes.unknown();
  const auto* available = f.memory_available_bytes.seen();
  if (!available) return *f.memory_available_bytes.absent();
  const auto* of_zfs = f.zfs_reclaimable_bytes.seen();
  return Seen{available->value + (of_zfs ? of_zfs->value : 0), available->evidence};
}

Degree memory_degree(std::uint64_t total, std::uint64_t left, const Thresholds& limits) {
  const double part = ratio(left, total);
  if (total == 0 || static_cast<double>(left) > kMemoryEnough) return Degree::none;
  if (part < limits.memory_available_critical_ratio) return Degree::critical;
  return part < limits.memory_available_warning_ratio ? Degree::warning : Degree::none;
}

/// Names the program that holds the most memory, where that was seen.
FindingDraft with_top_program(FindingDraft draft, const ResourcesFacts& f) {
  const auto* top = f.top_memory.seen();
  draft.arg("has_top", flag(top))
      .arg("top", top ? Json(top->value.name) : Json(""))
      .arg("top_bytes", top ? Json(top->value.memory_bytes) : Json(""));
  if (top) draft.because(top->evidence);
  return draft;
}

Verdicts memory_low(const ResourcesFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](std::uint64_t total, std::uint64_t left) -> Verdicts {
        const Degree degree = memory_degree(total, left, c.thresholds);
        if (degree == Degree::none) return silent();
        return with_top_program(FindingDraft{severity_of(degree)}
                                    .arg("left_ratio", ratio(left, total))
                                    .arg("left", left)
                                    .arg("total", total),
                                f);
      },
      f.memory_total_bytes, memory_left(f));
}

/// Full swap alone is no fault: pages that nobody needs may lie there for months.
Verdicts swap_nearly_full(const ResourcesFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](std::uint64_t swap, std::uint64_t swap_free, std::uint64_t total,
          std::uint64_t left) -> Verdicts {
        const double used = ratio(swap - std::min(swap, swap_free), swap);
        const bool short_of_memory = memory_degree(total, left, c.thresholds) != Degree::none;
        if (swap == 0 || used < c.thresholds.swap_used_warning_ratio || !short_of_memory) {
          return silent();
        }
        return FindingDraft{Severity::warning}
            .arg("used_ratio", used)
            .arg("left", swap_free)
            .arg("total", swap);
      },
      f.swap_total_bytes, f.swap_free_bytes, f.memory_total_bytes, memory_left(f));
}

Verdicts memory_pressure(const ResourcesFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](double full) -> Verdicts {
        if (full < c.thresholds.memory_pressure_warning_ratio) return silent();
        return with_top_program(FindingDraft{Severity::warning}.arg("waiting", full), f);
      },
      f.memory_pressure_full_ratio);
}

Verdicts cpu_pressure(const ResourcesFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](double some) -> Verdicts {
        if (some < c.thresholds.cpu_pressure_warning_ratio) return silent();
        FindingDraft draft = FindingDraft{Severity::warning}.arg("waiting", some);
        const bool known = f.load1.seen() && f.cpus.seen();
        draft.arg("known", flag(known))
            .arg("load", known ? shown(f.load1) : Json(""))
            .arg("cpus", known ? shown(f.cpus) : Json(""));
        if (known) draft.because(f.load1.seen()->evidence).because(f.cpus.seen()->evidence);
        return draft;
      },
      f.cpu_pressure_some_ratio);
}

Verdicts io_pressure(const ResourcesFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](double full) -> Verdicts {
        if (full < c.thresholds.io_pressure_warning_ratio) return silent();
        return FindingDraft{Severity::warning}.arg("waiting", full);
      },
      f.io_pressure_full_ratio);
}

FindingDraft about_kill(const OomKill& kill, Severity severity) {
  return FindingDraft{severity}
      .arg("victim", kill.victim)
      .arg("pid", kill.pid)
      .arg("dated", flag(!kill.at.empty()))
      .arg("at", readable_time(kill.at))
      .arg("limit", flag(kill.limit_of_cgroup))
      .arg("has_cgroup", flag(!kill.cgroup.empty()))
      .arg("cgroup", kill.cgroup);
}

/// Kills that were counted but are in no log are oom_kill_not_in_log()'s.
Verdicts oom_kill(const ResourcesFacts& f, const JudgeContext& c) {
  const bool counted = f.oom_kills_total.seen() != nullptr;
  if (f.last_oom_kill.unknown() && counted) return silent();
  return judge_from(
      [&](const OomKill& kill) -> Verdicts {
        const Severity severity = is_recent(kill.at, c) ? Severity::warning : Severity::info;
        return about_kill(kill, severity);
      },
      f.last_oom_kill);
}

/// Where the kernel serves other systems too, its clock and its counters are not this system's own.
bool shares_kernel(const ResourcesFacts& f) {
  return f.kernel_shared.seen() && f.kernel_shared.seen()->value;
}

Verdicts oom_kill_not_in_log(const ResourcesFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](std::uint64_t total) -> Verdicts {
        const Unknown* why = f.last_oom_kill.unknown();
        if (total == 0 || !why || shares_kernel(f)) return silent();
        // A log that reaches back further than a day would name a kill of today.
        const auto* since = f.kernel_log_since.seen();
        const bool old = since && !is_recent(since->value, c);
        FindingDraft draft = FindingDraft{old ? Severity::info : Severity::warning}
                                 .arg("total", total)
                                 .arg("old", flag(old));
        if (since) draft.because(since->evidence);
        return draft;
      },
      f.oom_kills_total);
}

/// The counter of a shared kernel does not tell whose process it was.
Verdicts oom_kill_of_shared_kernel(const ResourcesFacts& f, const JudgeContext&) {
  return judge_from(
      [&](std::uint64_t total, bool shared) -> Verdicts {
        if (total == 0 || !shared || !f.last_oom_kill.unknown()) return silent();
        return FindingDraft{Severity::info}.arg("total", total);
      },
      f.oom_kills_total, f.kernel_shared);
}

/// In a container the clock is the machine's, to be set there.
Verdicts host_clock_not_synchronised(const ResourcesFacts& f, const JudgeContext&) {
  return judge_from(
      [&](bool synchronised, bool shared) -> Verdicts {
        if (synchronised || !shared || f.time_service.seen()) return silent();
        return FindingDraft{Severity::info};
      },
      f.clock_synchronised, f.kernel_shared);
}

/// With a service that runs, clock_service_not_in_sync() has more to say.
Verdicts clock_not_synchronised(const ResourcesFacts& f, const JudgeContext&) {
  return judge_from(
      [&](bool synchronised) -> Verdicts {
        if (synchronised || f.time_service.seen() || shares_kernel(f)) return silent();
        const bool looked = f.time_service.absent() != nullptr;
        FindingDraft draft = FindingDraft{Severity::warning}.arg("looked", flag(looked));
        if (looked) draft.because(f.time_service.absent()->evidence);
        return draft;
      },
      f.clock_synchronised);
}

Verdicts clock_service_not_in_sync(const ResourcesFacts& f, const JudgeContext&) {
  return judge_from(
      [&](bool synchronised, const std::string& service) -> Verdicts {
        if (synchronised) return silent();
        const auto* uptime = f.uptime_seconds.seen();
        const bool just_started = uptime && uptime->value < kJustStartedSeconds;
        FindingDraft draft = FindingDraft{just_started ? Severity::info : Severity::warning}
                                 .arg("service", service)
                                 .arg("just_started", flag(just_started));
        // Each service is asked by a program of its own.
        if (service == "chronyd") draft.arg("chronyc", "chronyc");
        if (service == "ntpd") draft.arg("ntpq", "ntpq");
        if (service == "systemd-timesyncd") draft.arg("timedatectl", "timedatectl");
        return draft;
      },
      f.clock_synchronised, f.time_service);
}

Verdicts reboot_required(const ResourcesFacts& f, const JudgeContext&) {
  return judge_from(
      [&](bool required) -> Verdicts {
        if (!required) return silent();
        const auto* packages = f.reboot_packages.seen();
        const bool named = packages && !packages->value.empty();
        FindingDraft draft = FindingDraft{Severity::info}
                                 .arg("named", flag(named))
                                 .arg("packages", named ? Json(packages->value) : Json(""));
        if (named) draft.because(packages->evidence);
        return draft;
      },
      f.reboot_required);
}

/// Where updates ask for a reboot, that is said already.
Verdicts newer_kernel_installed(const ResourcesFacts& f, const JudgeContext&) {
  const auto* asked = f.reboot_required.seen();
  if (asked && asked->value) return silent();
  return judge_from(
      [&](const std::string& running, const std::string& newer) -> Verdicts {
        return FindingDraft{Severity::info}.arg("running", running).arg("newer", newer);
      },
      f.kernel_release, f.newer_kernel);
}

Verdicts running_kernel_modules_gone(const ResourcesFacts& f, const JudgeContext&) {
  return judge_from(
      [&](bool present, const std::string& running) -> Verdicts {
        if (present) return silent();
        return FindingDraft{Severity::warning}.arg("running", running);
      },
      f.kernel_modules_present, f.kernel_release);
}

/// `largest` is what the kernel accepts as a limit.
Verdicts near_limit(const Observed<std::uint64_t>& used, const Observed<std::uint64_t>& most,
                    std::uint64_t largest) {
  return judge_from(
      [&](std::uint64_t count, std::uint64_t limit) -> Verdicts {
        const Degree degree = degree_of(ratio(count, limit), kLimitWarning, kLimitCritical);
        if (degree == Degree::none) return silent();
        return FindingDraft{severity_of(degree)}
            .arg("used_ratio", ratio(count, limit))
            .arg("used", count)
            .arg("limit", limit)
            .arg("proposed", limit <= largest / 2 ? limit * 2 : largest);
      },
      used, most);
}

Verdicts file_descriptors_near_limit(const ResourcesFacts& f, const JudgeContext&) {
  return near_limit(f.file_descriptors_used, f.file_descriptors_max, kLargestLimit);
}

Verdicts processes_near_limit(const ResourcesFacts& f, const JudgeContext&) {
  return near_limit(f.tasks_used, f.tasks_max, kLargestPidMax);
}

Verdicts conntrack_near_full(const ResourcesFacts& f, const JudgeContext&) {
  return near_limit(f.conntrack_used, f.conntrack_max, kLargestConntrackMax);
}

struct ResourcesRules {
  static constexpr std::array rules{
      Rule<ResourcesFacts>{"resources/disk-full", &disk_full},
      Rule<ResourcesFacts>{"resources/inodes-full", &inodes_full},
      Rule<ResourcesFacts>{"resources/file-system-read-only", &file_system_read_only},
      Rule<ResourcesFacts>{"resources/file-system-errors", &file_system_errors},
      Rule<ResourcesFacts>{"resources/mount-not-answering", &mount_not_answering},
      Rule<ResourcesFacts>{"resources/memory-low", &memory_low},
      Rule<ResourcesFacts>{"resources/swap-nearly-full", &swap_nearly_full},
      Rule<ResourcesFacts>{"resources/memory-pressure", &memory_pressure},
      Rule<ResourcesFacts>{"resources/cpu-pressure", &cpu_pressure},
      Rule<ResourcesFacts>{"resources/io-pressure", &io_pressure},
      Rule<ResourcesFacts>{"resources/oom-kill", &oom_kill},
      Rule<ResourcesFacts>{"resources/oom-kill-not-in-log", &oom_kill_not_in_log},
      Rule<ResourcesFacts>{"resources/oom-kill-of-shared-kernel", &oom_kill_of_shared_kernel},
      Rule<ResourcesFacts>{"resources/clock-not-synchronised", &clock_not_synchronised},
      Rule<ResourcesFacts>{"resources/host-clock-not-synchronised", &host_clock_not_synchronised},
      Rule<ResourcesFacts>{"resources/clock-service-not-in-sync", &clock_service_not_in_sync},
      Rule<ResourcesFacts>{"resources/reboot-required", &reboot_required},
      Rule<ResourcesFacts>{"resources/newer-kernel-installed", &newer_kernel_installed},
      Rule<ResourcesFacts>{"resources/running-kernel-modules-gone", &running_kernel_modules_gone},
      Rule<ResourcesFacts>{"resources/file-descriptors-near-limit", &file_descriptors_near_limit},
      Rule<ResourcesFacts>{"resources/processes-near-limit", &processes_near_limit},
      Rule<ResourcesFacts>{"resources/conntrack-near-full", &conntrack_near_full}};
  static constexpr std::array<FunctionalTest<ResourcesFacts>, 0> tests{};
  static constexpr std::array explains{
      Explains{"resources/memory-low", "resources/swap-nearly-full"},
      Explains{"resources/memory-low", "resources/memory-pressure"},
      Explains{"resources/memory-low", "resources/io-pressure"},
      Explains{"resources/memory-pressure", "resources/io-pressure"}};
};

}  // namespace

extern const RuleFamily resources;
const RuleFamily resources = define_family<ResourcesFacts, ResourcesRules>("resources", "host");

}  // namespace postflight::rules
