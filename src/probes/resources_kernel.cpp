// SPDX-License-Identifier: Apache-2.0
#include "probes/resources_kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"

namespace postflight::resources_look {
namespace {

constexpr std::chrono::milliseconds kForKernelLog{400};
constexpr std::size_t kMessagesShown = 10;
constexpr std::size_t kPackagesShown = 50;
constexpr std::string_view kKernelLog = "/dev/kmsg";

/// What to look for in the log: first the two lines of a kill, then failing disks.
constexpr std::array<std::string_view, 9> kWanted = {"Killed process",
                                                     "oom-kill:",
                                                     "EXT4-fs error",
                                                     "Remounting filesystem read-only",
                                                     "I/O error",
                                                     "BTRFS critical",
                                                     "BTRFS error",
                                                     "Corruption of in-memory data",
                                                     "Metadata corruption detected"};
constexpr auto kStorageErrors = std::span(kWanted).subspan(2);

std::string time_of(const host::KernelMessage& message) {
  return format_rfc3339(host::wall_time_of(message));
}

Result<std::uint64_t> oom_kills_of(std::string_view vmstat) {
  auto kills = parse_counter(vmstat, "oom_kill");
  if (kills || kills.error().code != Errc::kNotFound || vmstat.empty()) return kills;
  return fail(Errc::kUnsupported, "there is no oom_kill (before Linux 4.13)");
}

Unknown why_no_log(const Result<host::KernelLog>& log) {
  if (!log && log.error().code == Errc::kDenied) {
    return {Why::denied,
            log.error().what + "; the kernel's log is shown to root, or with CAP_SYSLOG"};
  }
  if (!log) return unknown_from(log.error());
  if (!log->complete) return {Why::timeout, "the kernel's log is too long for a short look"};
  return {Why::malformed, fmt::format("{} holds no message of the kernel", kKernelLog)};
}

}  // namespace

void KernelLook::look_at_installed(const std::vector<host::MountEntry>& mounts) {
  const auto* running = facts_.kernel_release.seen();
  if (!running) {
    facts_.newer_kernel = *facts_.kernel_release.unknown();
    facts_.kernel_modules_present = *facts_.kernel_release.unknown();
    return;
  }
  facts_.newer_kernel = newer_kernel(running->value, mounts);
  facts_.kernel_modules_present = modules_present(running->value);
}

Observed<std::string> KernelLook::newer_kernel(const std::string& running,
                                               const std::vector<host::MountEntry>& mounts) const {
  constexpr std::string_view kPrefix = "vmlinuz-";
  const bool on_demand = std::ranges::any_of(mounts, [](const host::MountEntry& entry) {
    return entry.fs_type == "autofs" && entry.mount_point == "/boot";
  });
  if (on_demand) {
    return Unknown{Why::unsupported, "/boot is mounted on demand; looking there would mount it"};
  }
  const auto names = host::list_folder(reader_.at("/boot"));
  if (!names && names.error().code != Errc::kNotFound) return unknown_from(names.error());
  std::string newest, all;
  for (const std::string& name : names ? *names : std::vector<std::string>{}) {
    if (!name.starts_with(kPrefix)) continue;
    all += fmt::format("{}{}", all.empty() ? "" : " ", one_line(name));
    const std::string release = name.substr(kPrefix.size());
    if (is_newer_kernel(release, newest.empty() ? running : newest)) newest = release;
  }
  if (newest.empty()) return Absent{reader_.from("/boot", all.empty() ? "(no vmlinuz-*)" : all)};
  return Seen{excerpt(newest, 100), reader_.from("/boot", all)};
}

Observed<bool> KernelLook::modules_present(const std::string& running) const {
  const auto modular = reader_.there("/proc/modules", "/proc/meminfo");
  if (!modular) return unknown_from(modular.error());
  if (!*modular) {
    return Absent{reader_.from("/proc/modules", "(not there: this kernel has no modules)")};
  }
  const auto names = host::list_folder(reader_.at("/lib/modules"));
  if (!names && names.error().code != Errc::kNotFound) return unknown_from(names.error());
  if (!names || names->empty()) {
    return Absent{
        reader_.from("/lib/modules", "(none: the kernel comes from outside this machine)")};
  }
  std::string all;
  for (const std::string& name : *names) all += fmt::format("{}{}", all.empty() ? "" : " ", name);
  const auto index = host::exists(reader_.at("/lib/modules/" + running + "/modules.dep"));
  const auto folder = host::exists(reader_.at("/lib/modules/" + running + "/kernel"));
  if (!index || !folder) return unknown_from(index ? folder.error() : index.error());
  const bool only_ours = names->size() == 1 && names->front() == running;
  if (!*index && !*folder && only_ours) return Absent{reader_.from("/lib/modules", all)};
  return Seen{*index || *folder, reader_.from("/lib/modules", all)};
}

void KernelLook::look_at_log() {
  facts_.oom_kills_total = reader_.parsed("/proc/vmstat", &oom_kills_of);
  if (const auto* seen = facts_.oom_kills_total.seen()) {
    facts_.oom_kills_total =
        Seen{seen->value, reader_.from("/proc/vmstat", fmt::format("oom_kill {}", seen->value))};
  }
  const auto log = host::read_kernel_log(reader_.at(kKernelLog), kWanted,
                                         reader_.context().deadline.within(kForKernelLog));
  if (!log || !log->complete || !log->oldest_microseconds) {
    const Unknown reason = why_no_log(log);
    facts_.kernel_log_since = reason;
    facts_.storage_error_messages = reason;
    facts_.last_oom_kill = without_log(reason);
    return;
  }
  const std::string since = time_of({*log->oldest_microseconds, ""});
  facts_.kernel_log_since = Seen{since, reader_.from(kKernelLog, "oldest message: " + since)};
  facts_.storage_error_messages = storage_errors(*log);
  facts_.last_oom_kill = last_oom_kill(*log, since);
}

/// Where the kernel has counted no kill, none can be in its log.
Observed<OomKill> KernelLook::without_log(const Unknown& reason) const {
  const auto* total = facts_.oom_kills_total.seen();
  if (total && total->value == 0) return Absent{total->evidence};
  return reason;
}

Observed<OomKill> KernelLook::last_oom_kill(const host::KernelLog& log,
                                            const std::string& since) const {
  const auto& messages = log.messages;
  for (auto message = messages.rbegin(); message != messages.rend(); ++message) {
    auto kill = parse_oom_kill(message->text);
    if (!kill) continue;
    kill->at = time_of(*message);
    for (auto earlier = message; earlier != messages.rend() && kill->cgroup.empty(); ++earlier) {
      kill->cgroup = parse_oom_cgroup(earlier->text, kill->pid);
    }
    return Seen{*kill, reader_.from(kKernelLog, message->text)};
  }
  const auto* total = facts_.oom_kills_total.seen();
  if (!total || total->value > 0) {
    return Unknown{Why::unreachable,
                   fmt::format("the kernel's log, which reaches back to {}, names no kill", since)};
  }
  return Absent{reader_.from(kKernelLog, "no kill since " + since)};
}

Observed<std::vector<std::string>> KernelLook::storage_errors(const host::KernelLog& log) const {
  std::vector<std::string> texts;
  for (auto message = log.messages.rbegin(); message != log.messages.rend(); ++message) {
    if (texts.size() == kMessagesShown) break;
    const bool wanted = std::ranges::any_of(kStorageErrors, [&](std::string_view words) {
      return message->text.find(words) != std::string::npos;
    });
    if (wanted) texts.push_back(fmt::format("{} {}", time_of(*message), excerpt(message->text)));
  }
  const std::string raw = texts.empty() ? "none" : texts.front();
  return Seen{std::move(texts), reader_.from(kKernelLog, raw)};
}

void KernelLook::look_at_reboot_flag() {
  constexpr std::string_view kFlag = "/run/reboot-required";
  const auto there = reader_.there(kFlag, "/run");
  if (!there) {
    facts_.reboot_required = unknown_from(there.error());
    facts_.reboot_packages = unknown_from(there.error());
    return;
  }
  facts_.reboot_required = Seen{*there, reader_.from(kFlag, *there ? "(there)" : "(not there)")};
  const auto text = reader_.read("/run/reboot-required.pkgs");
  if (!text && text.error().code == Errc::kNotFound) {
    facts_.reboot_packages = Absent{reader_.from("/run/reboot-required.pkgs", "(not there)")};
    return;
  }
  if (!text) {
    facts_.reboot_packages = unknown_from(text.error());
    return;
  }
  std::set<std::string> packages;
  for (const std::string_view line : split(*text, '\n')) {
    if (!trim(line).empty() && packages.size() < kPackagesShown)
      packages.insert(excerpt(trim(line), 80));
  }
  facts_.reboot_packages = Seen{std::vector<std::string>(packages.begin(), packages.end()),
                                reader_.from("/run/reboot-required.pkgs", *text)};
}

}  // namespace postflight::resources_look
