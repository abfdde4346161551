// SPDX-License-Identifier: Apache-2.0
#include "probes/unit_look.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "host/files.h"
#include "host/rooted.h"
#include "probes/unit_memory.h"

namespace postflight::systemd_look {
namespace {

constexpr std::array<std::string_view, 50> kProperties = {"Id",
                                                          "Names",
                                                          "Description",
                                                          "LoadState",
                                                          "LoadError",
                                                          "ActiveState",
                                                          "SubState",
                                                          "StateChangeTimestamp",
                                                          "ActiveEnterTimestamp",
                                                          "ActiveEnterTimestampMonotonic",
                                                          "UnitFileState",
                                                          "FragmentPath",
                                                          "SourcePath",
                                                          "DropInPaths",
                                                          "Transient",
                                                          "NeedDaemonReload",
                                                          "TriggeredBy",
                                                          "Triggers",
                                                          "WantedBy",
                                                          "RequiredBy",
                                                          "BoundBy",
                                                          "UpheldBy",
                                                          "After",
                                                          "ConditionTimestamp",
                                                          "ConditionResult",
                                                          "Result",
                                                          "Type",
                                                          "RemainAfterExit",
                                                          "Restart",
                                                          "NRestarts",
                                                          "MainPID",
                                                          "ExecMainCode",
                                                          "ExecMainStatus",
                                                          "ExecStart",
                                                          "RootDirectory",
                                                          "RootImage",
                                                          "TasksCurrent",
                                                          "MemoryCurrent",
                                                          "MemoryPeak",
                                                          "MemoryMax",
                                                          "MemoryLimit",
                                                          "ControlGroup",
                                                          "LimitNOFILESoft",
                                                          "LimitNOFILE",
                                                          "LastTriggerUSec",
                                                          "NextElapseUSecRealtime",
                                                          "StartLimitBurst",
                                                          "StartLimitIntervalUSec",
                                                          "RestartUSec",
                                                          "BindsTo"};

bool holds(const std::vector<std::string>& list, std::string_view name) {
  return std::ranges::find(list, name) != list.end();
}

class UnitLook {
 public:
  UnitLook(const Machine& machine, const ChosenUnit& unit, const Json& values, UnitFacts& facts)
      : machine_(machine),
        context_(machine.context),
        unit_(unit),
        values_(values),
        properties_(values, unit.name, format_rfc3339(machine.now)),
        facts_(facts) {}

  void look() {
    read_properties(properties_, machine_.now, facts_);
    facts_.reasons =
        Seen{unit_.reasons, context_.evidence("topology, ListUnits, unit folders",
                                              fmt::format("{}", fmt::join(unit_.reasons, ", ")))};
    set_boot();
    set_started_since_boot();
    set_program();
    set_install_section();
    set_sockets();
    facts_.late_addresses = late_addresses();
    look_at_memory(context_, properties_, facts_);
  }

 private:
  std::string at(std::string_view path) const { return host::under_root(context_.root, path); }

  void set_boot() {
    const auto way = machine_.ways.way_of(unit_.name, values_);
    if (!way) {
      facts_.starts_at_boot = unknown_from(way.error());
      facts_.started_by = unknown_from(way.error());
      return;
    }
    const std::string state = properties_.plain_text("UnitFileState");
    const Evidence from = context_.evidence(
        "unit folders, WantedBy, RequiredBy and TriggeredBy of " + unit_.name,
        way->steps.empty()
            ? fmt::format("UnitFileState={}; nothing that boots starts it", state)
            : fmt::format("UnitFileState={}; {}", state, fmt::join(way->steps, "; ")));
    facts_.starts_at_boot = Seen{way->start, from};
    facts_.started_by = Seen{way->steps, from};
  }

  void set_started_since_boot() {
    const auto started = properties_.plain_count("ActiveEnterTimestampMonotonic");
    const Evidence from = properties_.from("ActiveEnterTimestamp");
    if (!started) {
      facts_.started_since_boot =
          Unknown{Why::unsupported, "systemd does not tell when it was started"};
    } else if (*started == 0) {
      facts_.started_since_boot = Absent{from};
    } else {
      const bool since =
          machine_.boot_finished_monotonic != 0 && *started > machine_.boot_finished_monotonic;
      facts_.started_since_boot = Seen{since, from};
    }
  }

  /// With RootDirectory= or RootImage= the path is one of another file system.
  void set_program() {
    const std::vector<std::string> programs = programs_of(values_);
    // Without the arguments: they may hold what is nobody's business.
    const Evidence from = context_.evidence(
        "ExecStart of " + unit_.name, fmt::format("ExecStart={}", fmt::join(programs, " ; ")));
    if (programs.empty()) {
      facts_.program = Absent{from};
      facts_.program_exists = Absent{from};
      return;
    }
    facts_.program = Seen{programs.front(), from};
    const bool elsewhere = !properties_.plain_text("RootDirectory").empty() ||
                           !properties_.plain_text("RootImage").empty();
    if (elsewhere) {
      facts_.program_exists = Absent{from};
      return;
    }
    for (const std::string& program : programs) {
      const auto there = host::exists(at(program));
      if (!there) {
        facts_.program_exists = unknown_from(there.error());
        return;
      }
      if (*there) continue;
      facts_.program = Seen{program, from};
      facts_.program_exists = Seen{false, context_.evidence(program, "no such file")};
      return;
    }
    facts_.program_exists = Seen{true, context_.evidence(programs.front(), "the file is there")};
  }

  void set_install_section() {
    const std::string path = properties_.plain_text("FragmentPath");
    if (path.empty() || path == "/dev/null") {
      facts_.can_be_enabled = Absent{properties_.from("FragmentPath")};
      return;
    }
    const auto text = host::read_file(at(path), 256 * 1024);
    if (!text) {
      facts_.can_be_enabled = unknown_from(text.error());
      return;
    }
    const auto lines = split(*text, '\n');
    const bool has =
        std::ranges::any_of(lines, [](std::string_view line) { return trim(line) == "[Install]"; });
    facts_.can_be_enabled =
        Seen{has, context_.evidence(path, has ? "[Install]" : "no section [Install]")};
  }

  /// Why it cannot be told which sockets are whose; nothing where it can.
  std::optional<Unknown> owners_unknown() const {
    if (const Unknown* unknown = context_.topology.unknown()) return *unknown;
    const auto* topology = context_.topology.seen();
    if (!topology) return Unknown{Why::unsupported, "nothing is known of what listens"};
    for (const Service& service : topology->value.services) {
      if (const Unknown* unknown = service.programs.unknown()) return *unknown;
    }
    return std::nullopt;
  }

  void set_sockets() {
    std::vector<std::string> endpoints;
    for (const Service* service : unit_.services) endpoints.push_back(service->id);
    const auto unknown = owners_unknown();
    const Evidence from =
        context_.evidence("sock_diag(7), /proc/PID/fd, /proc/PID/cgroup",
                          endpoints.empty() ? "no socket of its programs"
                                            : fmt::format("{}", fmt::join(endpoints, " ")));
    if (endpoints.empty() && unknown) {
      facts_.listens = *unknown;
      facts_.main_pid_listens = *unknown;
    } else {
      facts_.listens = Seen{endpoints, from};
      facts_.main_pid_listens = main_pid_listens(from);
    }
    facts_.port_rivals = rivals(unknown, from);
  }

  Observed<bool> main_pid_listens(const Evidence& from) const {
    const auto pid = properties_.plain_count("MainPID");
    if (unit_.services.empty() || !pid || *pid == 0) return Absent{from};
    const bool holds_one = std::ranges::any_of(unit_.services, [&](const Service* service) {
      const auto* programs = service->programs.seen();
      return programs && std::ranges::any_of(programs->value, [&](const Program& program) {
               return std::cmp_equal(program.pid, *pid);
             });
    });
    return Seen{holds_one, from};
  }

  /// Who else holds the port; nobody where the unit listens itself, on whatever port that is.
  Observed<std::vector<PortRival>> rivals(const std::optional<Unknown>& unknown,
                                          const Evidence& from) const {
    std::vector<std::uint16_t> ports = ports_of_server(unit_.name);
    if (unit_.cluster && unit_.cluster->port != 0) ports = {unit_.cluster->port};
    if (ports.empty()) {
      return Absent{context_.evidence("known servers", unit_.name + " is known for no port")};
    }
    if (!unit_.services.empty()) return Seen{std::vector<PortRival>{}, from};
    if (unknown) return *unknown;
    std::vector<PortRival> found;
    std::string excerpt_of_them;
    for (const Service& service : context_.topology.seen()->value.services) {
      const bool is_its_port = service.netns.empty() && service.transport == Transport::tcp &&
                               std::ranges::find(ports, service.port) != ports.end();
      const auto* programs = service.programs.seen();
      if (!is_its_port || !programs || programs->value.empty()) continue;
      const Program& program = programs->value.front();
      const Place place = place_of(program.cgroup);
      found.push_back({service.id, program.name, program.pid,
                       place.unit.empty() ? program.cgroup : place.unit});
      excerpt_of_them += fmt::format("{}{}: {} (pid {}), {}", excerpt_of_them.empty() ? "" : "; ",
                                     service.id, program.name, program.pid, program.cgroup);
    }
    return Seen{std::move(found),
                context_.evidence(from.source, excerpt_of_them.empty() ? "nobody holds its port"
                                                                       : excerpt_of_them)};
  }

  /// True where the kernel lets programs bind to addresses that are not there yet.
  bool binds_in_advance() const {
    const auto text = host::read_head(at("/proc/sys/net/ipv4/ip_nonlocal_bind"), 16);
    return text && trim(*text) == "1";
  }

  Observed<std::vector<std::string>> late_addresses() const {
    std::vector<std::string> addresses;
    for (const Service* service : unit_.services) {
      if (!service->netns.empty()) continue;
      for (const Listener& listener : service->listeners) {
        const bool new_one =
            listener.exposure == Exposure::container && !holds(addresses, listener.address);
        if (new_one) addresses.push_back(listener.address);
      }
    }
    const std::vector<std::string> after = properties_.plain_texts("After");
    const bool ordered =
        std::ranges::any_of(after, [](const std::string& unit) { return makes_addresses(unit); });
    const Evidence from = context_.evidence(
        "sock_diag(7), getifaddrs(3), After of " + unit_.name,
        fmt::format(
            "on bridges: {}; After={}",
            addresses.empty() ? std::string("none") : fmt::format("{}", fmt::join(addresses, " ")),
            fmt::join(after, " ")));
    if (makes_addresses(unit_.name) || ordered || binds_in_advance()) addresses.clear();
    return Seen{std::move(addresses), from};
  }

  const Machine& machine_;
  const ProbeContext& context_;
  const ChosenUnit& unit_;
  const Json& values_;
  Properties properties_;
  UnitFacts& facts_;
};

}  // namespace

std::span<const std::string_view> unit_properties() {
  return kProperties;
}

void look_at_unit(const Machine& machine, const ChosenUnit& unit, const Json& values,
                  UnitFacts& facts) {
  UnitLook{machine, unit, values, facts}.look();
}

FilesOfUnit files_of_unit(const UnitFolders& folders, const Properties& properties) {
  std::vector<std::string> names = properties.plain_texts("Names");
  if (!holds(names, properties.unit())) names.push_back(properties.unit());
  FilesOfUnit files;
  files.own = properties.plain_text("FragmentPath");
  files.read_drop_ins = properties.plain_texts("DropInPaths");
  files.drop_ins_on_disk = folders.drop_ins_of(names);
  for (const StartLink& link : folders.links_to(names)) {
    if (link.stays && !link.path.starts_with("/run/")) files.links.push_back(link.path);
  }
  return files;
}

}  // namespace postflight::systemd_look
