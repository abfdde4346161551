// SPDX-License-Identifier: Apache-2.0
// What could wait comes last: first the tables of the kernel, then local file systems, then
// searches with limits of their own, and network file systems from processes of their own.
#include "probes/resources.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "host/clock_sync.h"
#include "host/namespaces.h"
#include "host/process_memory.h"
#include "host/processes.h"
#include "probes/recorder.h"
#include "probes/resources_disks.h"
#include "probes/resources_kernel.h"
#include "probes/resources_reader.h"

namespace postflight {
namespace {

using namespace resources_look;

constexpr std::chrono::milliseconds kForProcesses{600};

/// Names of processes, at most 15 bytes of them (TASK_COMM_LEN), and how people call the service.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kTimeServices{
    {{"chronyd", "chronyd"},
     {"ntpd", "ntpd"},
     {"systemd-timesyn", "systemd-timesyncd"},
     {"ptp4l", "ptp4l"},
     {"phc2sys", "phc2sys"}}};

/// The lines that begin with one of `names`, as evidence for values that come from them.
std::string lines_of(std::string_view text, std::initializer_list<std::string_view> names) {
  std::string lines;
  for (const std::string_view line : split(text, '\n')) {
    const bool wanted =
        std::ranges::any_of(names, [&](std::string_view name) { return line.starts_with(name); });
    if (wanted) lines += fmt::format("{}{}", lines.empty() ? "" : "\n", line);
  }
  return lines;
}

/// One value of several that were read together.
template <class T, class Whole>
Observed<T> member(const Observed<Whole>& whole, T Whole::* which) {
  return whole.visit(
      [&](const Seen<Whole>& seen) -> Observed<T> {
        return Seen{seen.value.*which, seen.evidence};
      },
      [](const Absent& absent) -> Observed<T> { return absent; },
      [](const Unknown& unknown) -> Observed<T> { return unknown; });
}

/// One look at one machine.
class ResourcesLook {
 public:
  ResourcesLook(const ProbeContext& context, Recorder<ResourcesFacts>& recorder)
      : reader_(context),
        recorder_(recorder),
        facts_(recorder.facts),
        disks_(context, recorder.facts),
        kernel_(context, recorder.facts) {}

  void look() {
    look_at_tables();
    recorder_.flush();
    disks_.look_at_mounts();
    recorder_.flush();
    kernel_.look_at_installed(disks_.mount_entries());
    kernel_.look_at_reboot_flag();
    disks_.look_at_ext4();
    recorder_.flush();
    kernel_.look_at_log();
    recorder_.flush();
    look_at_processes();
    recorder_.flush();
    disks_.look_at_network_mounts();
    recorder_.flush();
    disks_.look_for_large_files();
    recorder_.flush();
    disks_.look_for_deleted_files();
    recorder_.flush();
  }

 private:
  /// Everything that the kernel answers from memory.
  void look_at_tables() {
    look_at_memory();
    look_at_zfs_cache();
    look_at_load();
    look_at_pressure();
    look_at_limits();
    look_at_identity();
    look_at_clock();
  }

  void look_at_memory() {
    const auto text = reader_.read("/proc/meminfo");
    const auto table = text ? parse_meminfo(*text) : std::unexpected(text.error());
    if (!table) {
      const Unknown reason = unknown_from(table.error());
      for (auto* fact :
           {&facts_.memory_total_bytes, &facts_.memory_used_bytes, &facts_.memory_free_bytes,
            &facts_.memory_cache_bytes, &facts_.swap_total_bytes, &facts_.swap_free_bytes}) {
        *fact = reason;
      }
      facts_.memory_available_bytes = reason;
      return;
    }
    const auto rows = [&](std::initializer_list<std::string_view> names) {
      return reader_.from("/proc/meminfo", lines_of(*text, names));
    };
    facts_.memory_total_bytes = Seen{table->total, rows({"MemTotal:"})};
    facts_.memory_free_bytes = Seen{table->free, rows({"MemFree:"})};
    facts_.memory_cache_bytes = Seen{table->cache, rows({"Buffers:", "Cached:", "SReclaimable:"})};
    facts_.swap_total_bytes = Seen{table->swap_total, rows({"SwapTotal:"})};
    facts_.swap_free_bytes = Seen{table->swap_free, rows({"SwapFree:"})};
    if (!table->available) {
      const Unknown reason{Why::unsupported,
                           "/proc/meminfo has no MemAvailable (before Linux 3.14)"};
      facts_.memory_available_bytes = reason;
      facts_.memory_used_bytes = reason;
      return;
    }
    facts_.memory_available_bytes = Seen{*table->available, rows({"MemAvailable:"})};
    facts_.memory_used_bytes =
        Seen{table->total - *table->available, rows({"MemTotal:", "MemAvailable:"})};
  }

  void look_at_zfs_cache() {
    constexpr std::string_view kPath = "/proc/spl/kstat/zfs/arcstats";
    const auto there = reader_.there(kPath, "/proc/meminfo");
    if (there && !*there) {
      facts_.zfs_reclaimable_bytes = Absent{reader_.from(kPath, "(not there: no ZFS)")};
      return;
    }
    const auto text = there ? reader_.read(kPath) : std::unexpected(there.error());
    const auto bytes = text ? parse_arcstats(*text) : std::unexpected(text.error());
    facts_.zfs_reclaimable_bytes =
        observed(bytes, reader_.from(kPath, text ? lines_of(*text, {"size ", "c_min "}) : ""));
  }

  void look_at_load() {
    facts_.cpus = reader_.parsed("/sys/devices/system/cpu/online", &count_cpu_list);
    facts_.uptime_seconds = reader_.parsed("/proc/uptime", &parse_uptime);
    const auto load = reader_.parsed("/proc/loadavg", &parse_loadavg);
    facts_.load1 = member(load, &LoadAverage::load1);
    facts_.load5 = member(load, &LoadAverage::load5);
    facts_.load15 = member(load, &LoadAverage::load15);
    facts_.tasks_used = member(load, &LoadAverage::tasks);
  }

  void look_at_pressure() {
    Observed<double> no_matter;  // "full" of the CPU says nothing about a whole machine (psi.rst)
    set_pressure("/proc/pressure/cpu", facts_.cpu_pressure_some_ratio, no_matter);
    set_pressure("/proc/pressure/memory", facts_.memory_pressure_some_ratio,
                 facts_.memory_pressure_full_ratio);
    set_pressure("/proc/pressure/io", facts_.io_pressure_some_ratio, facts_.io_pressure_full_ratio);
  }

  void set_pressure(std::string_view path, Observed<double>& some, Observed<double>& full) const {
    const auto text = reader_.read(path);
    const auto pressure = text ? parse_pressure(*text) : std::unexpected(text.error());
    if (!pressure) {
      some = full = why_no_pressure(path, pressure.error());
      return;
    }
    some = Seen{pressure->some, reader_.from(path, lines_of(*text, {"some "}))};
    full = pressure->full ? Observed<double>{Seen{*pressure->full,
                                                  reader_.from(path, lines_of(*text, {"full "}))}}
                          : Observed<double>{Unknown{Why::malformed,
                                                     fmt::format("{} has no line \"full\"", path)}};
  }

  static Unknown why_no_pressure(std::string_view path, const Error& error) {
    const bool missing = error.code == Errc::kNotFound || error.code == Errc::kUnsupported;
    if (!missing) return unknown_from(error);
    return {Why::unsupported,
            fmt::format("{}: this kernel does not measure pressure; booting it with psi=1 may "
                        "switch that on",
                        path)};
  }

  void look_at_limits() {
    const auto open_files = reader_.parsed("/proc/sys/fs/file-nr", &parse_file_nr);
    facts_.file_descriptors_used = member(open_files, &OpenFileTable::used);
    facts_.file_descriptors_max = member(open_files, &OpenFileTable::max);
    set_task_limit();
    facts_.conntrack_used = conntrack("/proc/sys/net/netfilter/nf_conntrack_count");
    facts_.conntrack_max = conntrack("/proc/sys/net/netfilter/nf_conntrack_max");
  }

  void set_task_limit() {
    const auto pids = reader_.parsed("/proc/sys/kernel/pid_max", &whole_number);
    const auto threads = reader_.parsed("/proc/sys/kernel/threads-max", &whole_number);
    for (const auto* limit : {&pids, &threads}) {
      if (const Unknown* unknown = limit->unknown()) {
        facts_.tasks_max = *unknown;
        return;
      }
    }
    facts_.tasks_max = pids.seen()->value <= threads.seen()->value ? pids : threads;
  }

  Observed<std::uint64_t> conntrack(std::string_view path) const {
    const auto there = reader_.there(path, "/proc/sys/net");
    if (!there) return unknown_from(there.error());
    if (!*there) return Absent{reader_.from(path, "(not there: nf_conntrack is not loaded)")};
    return reader_.parsed(path, &whole_number);
  }

  void look_at_identity() {
    facts_.os_name = reader_.parsed("/etc/os-release", [](std::string_view text) {
      return parse_os_release(text, "PRETTY_NAME");
    });
    facts_.kernel_release = reader_.parsed("/proc/sys/kernel/osrelease", &parse_kernel_release);
    facts_.kernel_shared = look_at_pid_namespace();
    facts_.timezone = look_at_timezone();
  }

  Observed<bool> look_at_pid_namespace() const {
    constexpr std::string_view kPath = "/proc/self/ns/pid";
    const auto first = host::in_initial_pid_namespace(reader_.context().root);
    if (!first) return unknown_from(first.error());
    return Seen{!*first,
                reader_.from(kPath, *first ? "the machine's first" : "not the machine's first")};
  }

  Observed<std::string> look_at_timezone() const {
    constexpr std::string_view kPath = "/etc/localtime";
    const auto there = reader_.there(kPath, "/etc");
    if (!there) return unknown_from(there.error());
    if (!*there)
      return Seen{std::string("UTC"), reader_.from(kPath, "(not there: UTC, localtime(5))")};
    if (const auto target = host::read_link(reader_.at(kPath))) {
      const std::string zone = zone_from_link(*target);
      if (!zone.empty()) return Seen{zone, reader_.from(kPath, "-> " + *target)};
    }
    // A copy of a zone file does not tell its name; Debian writes it down beside.
    return reader_.parsed("/etc/timezone", [](std::string_view text) -> Result<std::string> {
      const std::string zone = first_line(text);
      if (zone.empty()) return fail(Errc::kMalformed, "names no zone");
      return excerpt(zone, 60);
    });
  }

  void look_at_clock() {
    const auto clock = host::read_clock_state();
    if (!clock) {
      facts_.clock_synchronised = unknown_from(clock.error());
      facts_.clock_error_seconds = unknown_from(clock.error());
      return;
    }
    facts_.clock_synchronised = Seen{clock->synchronised, reader_.from("adjtimex(2)", clock->raw)};
    facts_.clock_error_seconds =
        Seen{clock->error_seconds, reader_.from("adjtimex(2)", clock->raw)};
  }

  void look_at_processes() {
    const auto survey = host::survey_processes(reader_.context().root,
                                               reader_.context().deadline.within(kForProcesses));
    if (!survey) {
      facts_.top_memory = unknown_from(survey.error());
      facts_.time_service = unknown_from(survey.error());
      return;
    }
    const bool whole = survey->complete && !survey->hidden;
    const Unknown in_part =
        survey->hidden
            ? Unknown{Why::denied,
                      "/proc hides the processes of other users (hidepid); root sees them"}
            : Unknown{Why::timeout, "there are too many processes for a short look"};
    if (whole) {
      facts_.top_memory = top_memory(survey->programs.front());
    } else {
      facts_.top_memory = in_part;
    }
    const auto service = time_service(*survey);
    if (service.seen() || whole) {
      facts_.time_service = service;
    } else {
      facts_.time_service = in_part;
    }
  }

  Observed<TopMemory> top_memory(const host::ProgramMemory& program) const {
    TopMemory top{one_line(program.name), program.bytes, program.processes, program.largest_pid,
                  ""};
    const auto cgroup = reader_.read(fmt::format("/proc/{}/cgroup", program.largest_pid));
    if (cgroup) top.cgroup = host::parse_cgroup(*cgroup);
    const std::string raw =
        fmt::format("{}: {} processes, {} bytes, largest {} {}", top.name, top.processes,
                    top.memory_bytes, top.largest_pid, top.cgroup);
    return Seen{top, reader_.from("/proc/PID/status", raw)};
  }

  Observed<std::string> time_service(const host::ProcessSurvey& survey) const {
    for (const auto& [process, service] : kTimeServices) {
      const auto found = std::ranges::find(survey.programs, process, &host::ProgramMemory::name);
      if (found == survey.programs.end()) continue;
      return Seen{std::string(service),
                  reader_.from(fmt::format("/proc/{}/status", found->largest_pid),
                               fmt::format("Name: {}", process))};
    }
    return Absent{
        reader_.from("/proc/PID/status", "no chronyd, ntpd, systemd-timesyncd or ptp4l runs")};
  }

  Reader reader_;
  Recorder<ResourcesFacts>& recorder_;
  ResourcesFacts& facts_;
  DiskLook disks_;
  KernelLook kernel_;
};

void look(const ProbeContext& context, Recorder<ResourcesFacts>& recorder) {
  ResourcesLook{context, recorder}.look();
}

std::vector<Target> plan(const Topology&, const Settings&) {
  utsname names{};
  const bool known = ::uname(&names) == 0;
  return {
      Target{"host", known ? excerpt(names.nodename, 64) : std::string("this machine"), {}, ""}};
}

}  // namespace

namespace probes {

extern const ProbeSpec resources;
const ProbeSpec resources{.id = "resources",
                          .kind = "host",
                          .summary =
                              "The machine itself: memory, load, file systems, clock, kernel "
                              "limits, and what the kernel has noted about them.",
                          .budget = std::chrono::seconds{3},
                          .needs_topology = false,
                          .facts = &declare_facts<ResourcesFacts>,
                          .plan = &plan,
                          .run = &run_probe<ResourcesFacts, &look>};

}  // namespace probes

}  // namespace postflight
