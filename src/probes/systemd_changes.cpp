// SPDX-License-Identifier: Apache-2.0
#include "probes/systemd_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "host/file_status.h"
#include "host/rooted.h"

namespace postflight::systemd_look {
namespace {

Result<host::FileStatus> status_of(const Machine& machine, const std::string& path) {
  return host::file_status(host::under_root(machine.context.root, path));
}

/// The newest of the unit's files that stay over a boot and were changed since the last one.
std::optional<UnprovenUnit> newest_change(const Machine& machine, const std::string& unit,
                                          const FilesOfUnit& files) {
  std::vector<std::string> paths = files.drop_ins_on_disk;
  paths.insert(paths.end(), files.links.begin(), files.links.end());
  paths.push_back(files.own);
  std::optional<WallTime> newest;
  UnprovenUnit change{unit, SinceBoot::changed, {}, {}};
  for (const std::string& path : paths) {
    if (path.empty() || path.starts_with("/run/") || path.starts_with("/dev/")) continue;
    const auto status = status_of(machine, path);
    if (!status || status->changed <= *machine.booted) continue;
    if (newest && *newest >= status->changed) continue;
    newest = status->changed;
    change.at = format_rfc3339(*newest);
    change.file = path;
  }
  return newest ? std::optional(change) : std::nullopt;
}

/// Whether a boot has anything to prove about it: it runs, or it is meant to start.
bool matters_at_boot(const UnitFacts& facts) {
  const auto* active = facts.active_state.seen();
  const auto* start = facts.starts_at_boot.seen();
  const auto* transient = facts.transient.seen();
  if (transient && transient->value) return false;
  return (active && active->value == "active") || (start && start->value != BootStart::never);
}

std::string seen_text(const Observed<std::string>& fact) {
  const auto* seen = fact.seen();
  return seen ? seen->value : std::string{};
}

}  // namespace

Result<std::vector<SystemdJob>> parse_job_list(const Json& reply) {
  if (!reply.is_array()) return fail(Errc::kMalformed, "ListJobs gives no list");
  std::vector<SystemdJob> jobs;
  for (const Json& entry : reply) {
    // id, unit, type, state, object of the job, object of the unit
    const bool readable = entry.is_array() && entry.size() == 6 && entry[1].is_string() &&
                          entry[2].is_string() && entry[3].is_string();
    if (!readable) return fail(Errc::kMalformed, "ListJobs: " + excerpt(dump_json(entry), 80));
    jobs.push_back({printable_utf8(entry[1].get<std::string>()),
                    printable_utf8(entry[2].get<std::string>()),
                    printable_utf8(entry[3].get<std::string>())});
  }
  return jobs;
}

std::vector<OutsideProgram> outside_programs(const Topology& topology) {
  // What sshd holds in a session is a port somebody has forwarded for as long as he is there.
  static constexpr std::array<std::string_view, 3> kForwarders = {"sshd", "sshd-session", "ssh"};
  std::vector<OutsideProgram> found;
  for (const Service& service : topology.services) {
    const auto* programs = service.programs.seen();
    if (!programs || programs->value.empty()) continue;
    const Program& program = programs->value.front();
    const Place place = place_of(program.cgroup);
    const bool session = place.kind == Place::Kind::kLoginSession;
    if (!session && place.kind != Place::Kind::kUserUnit) continue;
    if (std::ranges::find(kForwarders, program.name) != kForwarders.end()) continue;
    Exposure exposure = Exposure::loopback;
    for (const Listener& listener : service.listeners) {
      exposure = std::max(exposure, listener.exposure);
    }
    found.push_back({service.id, program.name, program.pid,
                     session ? Outside::login_session : Outside::user_unit, place.unit, exposure});
  }
  return found;
}

FailedUnit failed_unit(const std::string& unit, const UnitFacts& facts) {
  FailedUnit failed{
      unit, seen_text(facts.description), seen_text(facts.result), {}, seen_text(facts.since)};
  const auto* code = facts.exit_code.seen();
  const auto* status = facts.exit_status.seen();
  if (code && status) failed.exit_status = fmt::format("{} {}", code->value, status->value);
  return failed;
}

bool may_have_a_file(const ListedUnit& unit) {
  static constexpr std::array<std::string_view, 6> kTypes = {"service", "socket", "timer",
                                                             "path",    "target", "mount"};
  return unit.load_state == "loaded" &&
         std::ranges::find(kTypes, unit_type(unit.name)) != kTypes.end();
}

std::vector<std::string> files_not_read(const Machine& machine, const Properties& properties) {
  const FilesOfUnit files = files_of_unit(machine.folders, properties);
  std::set<std::string> unread;
  const auto check = [&](const std::string& path) {
    if (path.empty()) return;
    const auto status = status_of(machine, path);
    const bool gone = !status && status.error().code == Errc::kNotFound;
    const bool newer = status && machine.files_read && status->changed > *machine.files_read;
    if (gone || newer) unread.insert(path);
  };
  check(files.own);
  for (const std::string& path : files.read_drop_ins) check(path);
  for (const std::string& path : files.drop_ins_on_disk) {
    const bool known = std::ranges::find(files.read_drop_ins, path) != files.read_drop_ins.end();
    if (!known) unread.insert(path);
  }
  return {unread.begin(), unread.end()};
}

void Changes::add(const std::string& unit, const Json& values, const UnitFacts& facts) {
  if (!machine_.booted || !matters_at_boot(facts)) return;
  const Properties properties(values, unit, "");
  if (auto change = newest_change(machine_, unit, files_of_unit(machine_.folders, properties))) {
    found_.push_back(*std::move(change));
    return;
  }
  const auto* started = facts.started_since_boot.seen();
  const auto* active = facts.active_state.seen();
  const bool runs = active && active->value == "active" && unit_type(unit) == "service";
  if (started && started->value && runs) {
    found_.push_back({unit, SinceBoot::started, seen_text(facts.last_start), {}});
  }
}

Observed<std::vector<UnprovenUnit>> Changes::unproven() const {
  if (!machine_.booted) {
    return Unknown{Why::unsupported, "systemd does not tell when it took over"};
  }
  if (missed_) {
    return Unknown{unknown_from(*missed_).why, "a unit could not be looked at: " + missed_->what};
  }
  std::string line;
  for (const UnprovenUnit& one : found_) {
    line += fmt::format("{}{} {} {}", line.empty() ? "" : "; ", one.unit,
                        one.file.empty() ? "started" : one.file, one.at);
  }
  return Seen{found_, machine_.context.evidence(
                          "ActiveEnterTimestamp, times of unit files",
                          fmt::format("booted {}; {}", format_rfc3339(*machine_.booted),
                                      line.empty() ? "nothing since" : line))};
}

}  // namespace postflight::systemd_look
