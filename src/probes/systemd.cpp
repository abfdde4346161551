// SPDX-License-Identifier: Apache-2.0
// One conversation: the manager, its lists, then all properties of each unit worth a look, asked
// for at once.
#include "probes/systemd.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "host/file_status.h"
#include "host/files.h"
#include "host/rooted.h"
#include "host/system_bus.h"
#include "probes/part.h"
#include "probes/recorder.h"
#include "probes/systemd_changes.h"
#include "probes/systemd_parts.h"
#include "probes/unit_look.h"

namespace postflight {
namespace {

using namespace systemd_look;

/// Each part is some fifty facts; what is over this is named and not looked at.
constexpr std::size_t kMostUnits = 200;

constexpr std::array<std::string_view, 8> kManagerProperties = {"Version",
                                                                "SystemState",
                                                                "UnitPath",
                                                                "UserspaceTimestamp",
                                                                "UserspaceTimestampMonotonic",
                                                                "FinishTimestamp",
                                                                "FinishTimestampMonotonic",
                                                                "UnitsLoadTimestampMonotonic"};

std::uint64_t monotonic_microseconds() {
  return static_cast<std::uint64_t>(
      std::chrono::floor<std::chrono::microseconds>(MonotonicClock::now().time_since_epoch())
          .count());
}

using UnitRecorder = Recorder<UnitFacts>;

/// A unit that was announced, and where its facts go.
struct UnitPart {
  UnitPart(FactSink& task, ChosenUnit chosen)
      : unit(std::move(chosen)),
        sink(task, {"unit", "unit:" + unit.name, unit.name}),
        recorder(sink) {}
  ChosenUnit unit;
  PartSink sink;
  UnitRecorder recorder;
};

class SystemdLook {
 public:
  SystemdLook(const ProbeContext& context, Recorder<SystemdFacts>& recorder)
      : context_(context), recorder_(recorder), facts_(recorder.facts) {}

  Result<> look() {
    PF_TRY_ASSIGN(const bool in_charge, host::is_systemd_in_charge(context_.root));
    if (!in_charge) {
      say_not_in_charge();
      return {};
    }
    facts_.in_charge = Seen{true, context_.evidence("/run/systemd/system", "the folder is there")};
    PF_TRY_ASSIGN(auto bus, host::SystemBus::connect(context_.root, context_.deadline));
    PF_TRY(ask_manager(bus));
    set_outside_programs();
    recorder_.flush();
    look_at_units(bus);
    return {};
  }

 private:
  /// OpenRC, runit, a container: nothing is wrong with that, and there is nothing more to see.
  void say_not_in_charge() {
    const auto comm = host::read_head(host::under_root(context_.root, "/proc/1/comm"), 64);
    const Evidence from = context_.evidence(
        "/run/systemd/system, /proc/1/comm",
        fmt::format("no such folder; process 1 is {}", comm ? trim(*comm) : "not to be seen"));
    for_each_field<SystemdFacts>(
        facts_, [&](std::string_view, auto& fact, std::string_view) { fact = Absent{from}; });
    facts_.in_charge = Seen{false, from};
    recorder_.flush();
  }

  Evidence from(std::string_view what, std::string_view raw) const {
    return context_.evidence(fmt::format("{} of systemd", what), raw);
  }

  Result<> ask_manager(host::SystemBus& bus) {
    const std::array calls = {host::all_properties("/org/freedesktop/systemd1", kManagerProperties),
                              host::manager_method("ListUnits"), host::manager_method("ListJobs"),
                              host::manager_method("GetDefaultTarget")};
    auto answers = bus.call_all(calls, context_.deadline);
    monotonic_now_ = monotonic_microseconds();
    now_ = wall_now();
    if (!answers[0]) return std::unexpected(answers[0].error());
    manager_ = *std::move(answers[0]);
    set_manager();
    set_jobs(answers[2]);
    set_default_target(answers[3]);
    if (!answers[1]) return std::unexpected(answers[1].error());
    PF_TRY_ASSIGN(listed_, parse_unit_list(*answers[1]));
    facts_.loaded_units = Seen{static_cast<std::uint64_t>(listed_.size()),
                               from("ListUnits", fmt::format("{} units", listed_.size()))};
    set_failed({});
    return {};
  }

  void set_manager() {
    const Properties manager(manager_, "systemd", format_rfc3339(now_));
    facts_.system_state = Required<std::string>{manager.text("SystemState")};
    facts_.version = manager.text("Version");
    facts_.booted_at = manager.time("UserspaceTimestamp");
    facts_.boot_finished_at = manager.time("FinishTimestamp");
    const auto began = manager.plain_count("UserspaceTimestampMonotonic");
    const auto finished = manager.plain_count("FinishTimestampMonotonic");
    const Evidence took = manager.from("FinishTimestampMonotonic");
    finished_ = finished ? *finished : 0;
    if (!began || *began > monotonic_now_) {
      facts_.running_seconds = Unknown{Why::unsupported, "systemd does not tell when it began"};
      facts_.boot_seconds = Unknown{Why::unsupported, "systemd does not tell when it began"};
      return;
    }
    const std::chrono::microseconds running{monotonic_now_ - *began};
    booted_ = now_ - std::chrono::floor<std::chrono::milliseconds>(running);
    facts_.running_seconds = Seen{std::chrono::duration<double>(running).count(),
                                  manager.from("UserspaceTimestampMonotonic")};
    if (finished_ < *began) {
      facts_.boot_seconds = Absent{took};
    } else {
      const std::chrono::microseconds booting{finished_ - *began};
      facts_.boot_seconds = Seen{std::chrono::duration<double>(booting).count(), took};
    }
    const auto read = manager.plain_count("UnitsLoadTimestampMonotonic");
    if (read && *read != 0 && *read <= monotonic_now_) {
      files_read_ = now_ - std::chrono::floor<std::chrono::milliseconds>(
                               std::chrono::microseconds{monotonic_now_ - *read});
    }
  }

  void set_jobs(const Result<Json>& answer) {
    if (!answer) {
      facts_.jobs = unknown_from(answer.error());
      return;
    }
    auto jobs = parse_job_list(*answer);
    if (!jobs) {
      facts_.jobs = unknown_from(jobs.error());
      return;
    }
    std::string line;
    for (const SystemdJob& job : *jobs) {
      line += fmt::format("{}{} {} {}", line.empty() ? "" : "; ", job.unit, job.type, job.state);
    }
    facts_.jobs = Seen{*std::move(jobs), from("ListJobs", line.empty() ? "no jobs" : line)};
  }

  void set_default_target(const Result<Json>& answer) {
    if (!answer) {
      facts_.default_target = unknown_from(answer.error());
    } else if (!answer->is_string()) {
      facts_.default_target = Unknown{Why::malformed, "GetDefaultTarget gives no text"};
    } else {
      default_target_ = printable_utf8(answer->get<std::string>());
      facts_.default_target = Seen{default_target_, from("GetDefaultTarget", default_target_)};
    }
  }

  /// First the names alone, so that they are known whatever comes; then with what was learned.
  void set_failed(const std::vector<FailedUnit>& details) {
    std::vector<FailedUnit> failed;
    std::string line;
    for (const ListedUnit& unit : listed_) {
      if (unit.active_state != "failed") continue;
      const auto known = std::ranges::find(details, unit.name, &FailedUnit::unit);
      failed.push_back(
          known != details.end() ? *known : FailedUnit{unit.name, unit.description, {}, {}, {}});
      line += (line.empty() ? "" : " ") + unit.name;
    }
    facts_.failed_units =
        Seen{std::move(failed), from("ListUnits", line.empty() ? "no unit is failed" : line)};
  }

  void set_outside_programs() {
    context_.topology.visit(
        [&](const Seen<Topology>& seen) {
          auto found = outside_programs(seen.value);
          std::string line;
          for (const OutsideProgram& one : found) {
            line += fmt::format("{}{} {} (pid {}) in {}", line.empty() ? "" : "; ", one.endpoint,
                                one.program, one.pid, one.unit);
          }
          facts_.outside_programs =
              Seen{std::move(found),
                   context_.evidence("sock_diag(7), /proc/PID/cgroup",
                                     line.empty() ? "all that listens belongs to units" : line)};
        },
        [](const Absent&) {}, [&](const Unknown& unknown) { facts_.outside_programs = unknown; });
  }

  std::vector<std::string> unit_path() const {
    std::vector<std::string> folders = Properties(manager_, "systemd", "").plain_texts("UnitPath");
    return folders.empty() ? usual_unit_folders() : folders;
  }

  void look_at_units(host::SystemBus& bus) {
    folders_ = UnitFolders::read(context_.root, unit_path(), context_.deadline);
    const auto* topology = context_.topology.seen();
    auto chosen = choose_units(topology ? &topology->value : nullptr, listed_, folders_);
    leave_out(chosen);
    std::vector<std::unique_ptr<UnitPart>> parts;
    for (ChosenUnit& unit : chosen) {
      parts.push_back(std::make_unique<UnitPart>(recorder_.sink(), std::move(unit)));
    }
    std::vector<host::BusCall> calls;
    for (const auto& part : parts) {
      calls.push_back(host::all_properties(host::unit_object(part->unit.name), unit_properties()));
    }
    auto answers = bus.call_all(calls, context_.deadline);
    BootWays ways(
        folders_, default_target_,
        [&](const std::string& unit) {
          return bus.call(host::all_properties(host::unit_object(unit), kBootProperties),
                          context_.deadline);
        },
        [&](const std::string& path) {
          return host::read_file(host::under_root(context_.root, path), 256 * 1024);
        });
    const Machine machine{context_, folders_, ways, now_, booted_, files_read_, finished_};
    Changes changes(machine);
    std::vector<FailedUnit> failed;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      UnitPart& part = *parts[i];
      if (!answers[i]) {
        part.recorder.give_up(unknown_from(answers[i].error()));
        changes.miss(answers[i].error());
        continue;
      }
      look_at_unit(machine, part.unit, *answers[i], part.recorder.facts);
      part.recorder.give_up({Why::unsupported, "nothing tells"});
      changes.add(part.unit.name, *answers[i], part.recorder.facts);
      if (holds_failed(part.unit))
        failed.push_back(failed_unit(part.unit.name, part.recorder.facts));
    }
    set_failed(failed);
    facts_.unproven_units = changes.unproven();
    recorder_.flush();
    set_unread(bus, machine);
    recorder_.flush();
  }

  static bool holds_failed(const ChosenUnit& unit) {
    return std::ranges::find(unit.reasons, "failed") != unit.reasons.end();
  }

  void leave_out(std::vector<ChosenUnit>& chosen) {
    std::vector<std::string> names;
    for (std::size_t i = kMostUnits; i < chosen.size(); ++i) names.push_back(chosen[i].name);
    const auto count = std::min(chosen.size(), kMostUnits);
    chosen.erase(chosen.begin() + static_cast<std::ptrdiff_t>(count), chosen.end());
    const auto line = fmt::format("{} looked at, {} left out", count, names.size());
    facts_.units_left_out = Seen{std::move(names), from("ListUnits, unit folders", line)};
  }

  /// NeedDaemonReload of everything that has a file; systemd looks at the disk when it is asked.
  void set_unread(host::SystemBus& bus, const Machine& machine) {
    std::vector<std::string> names;
    std::vector<host::BusCall> calls;
    for (const ListedUnit& unit : listed_) {
      if (!may_have_a_file(unit)) continue;
      names.push_back(unit.name);
      calls.push_back(host::one_property(host::unit_object(unit.name),
                                         "org.freedesktop.systemd1.Unit", "NeedDaemonReload"));
    }
    const auto answers = bus.call_all(calls, context_.deadline);
    std::vector<UnreadUnit> unread;
    std::string line;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const bool is_gone = !answers[i] && (answers[i].error().code == Errc::kNotFound ||
                                           answers[i].error().code == Errc::kUnsupported);
      if (is_gone) continue;
      if (!answers[i]) {
        facts_.unread_units = unknown_from(answers[i].error());
        return;
      }
      if (!answers[i]->is_boolean() || !answers[i]->get<bool>()) continue;
      unread.push_back({names[i], unread_files(bus, names[i], machine)});
      line += fmt::format("{}{}: NeedDaemonReload=true ({})", line.empty() ? "" : "; ", names[i],
                          fmt::join(unread.back().files, " "));
    }
    facts_.unread_units =
        Seen{std::move(unread),
             from("NeedDaemonReload",
                  line.empty() ? fmt::format("false for {} units", names.size()) : line)};
  }

  std::vector<std::string> unread_files(host::SystemBus& bus, const std::string& unit,
                                        const Machine& machine) {
    const auto values =
        bus.call(host::all_properties(host::unit_object(unit), kFileProperties), context_.deadline);
    if (!values) return {};
    return files_not_read(machine, Properties(*values, unit, ""));
  }

  static constexpr std::array<std::string_view, 3> kFileProperties = {"Names", "FragmentPath",
                                                                      "DropInPaths"};
  const std::vector<std::string_view> kBootProperties = boot_properties();

  const ProbeContext& context_;
  Recorder<SystemdFacts>& recorder_;
  SystemdFacts& facts_;
  Json manager_ = Json::object();
  std::vector<ListedUnit> listed_;
  std::string default_target_ = "default.target";
  UnitFolders folders_;
  WallTime now_;
  std::optional<WallTime> booted_, files_read_;
  std::uint64_t monotonic_now_ = 0, finished_ = 0;
};

void look(const ProbeContext& context, Recorder<SystemdFacts>& recorder) {
  if (const auto done = SystemdLook{context, recorder}.look(); !done) {
    recorder.give_up(unknown_from(done.error()));
  }
}

std::vector<Target> plan(const Topology&, const Settings&) {
  return {{"systemd", "systemd", {}, ""}};
}

}  // namespace

namespace probes {

extern const ProbeSpec systemd;
const ProbeSpec systemd{.id = "systemd",
                        .kind = "systemd",
                        .summary =
                            "The service manager, asked over D-Bus: its state, failed units, files "
                            "it has not read, what no boot has proved yet.",
                        .budget = std::chrono::seconds{4},
                        .needs_topology = true,
                        .facts = &declare_facts<SystemdFacts>,
                        .plan = &plan,
                        .run = &run_probe<SystemdFacts, &look>};

}  // namespace probes
}  // namespace postflight
