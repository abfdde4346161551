// SPDX-License-Identifier: Apache-2.0
// What of a cluster is seen without asking it: what starts it, where its sockets are, its memory.
// Source: systemd.unit(5) on *.wants; pg_ctlcluster(1); host/cluster_memory.h.
#include <algorithm>
#include <array>

#include "host/bridges.h"
#include "host/cluster_memory.h"
#include "host/files.h"
#include "host/namespaces.h"
#include "host/rooted.h"
#include "probes/postgres_look.h"

namespace postflight {
namespace {

constexpr std::array kUnitFolders = {"/etc/systemd/system", "/run/systemd/generator",
                                     "/usr/lib/systemd/system", "/lib/systemd/system"};
constexpr Duration kMemoryTime{300};

bool is_contained(const PostgresCluster& cluster) {
  return !host::container_id_from_cgroup(cluster.cgroup).empty();
}

/// The first link in a *.wants or *.requires folder that starts the unit; empty where there is
/// none.
std::string link_that_starts(const std::string& unit, const std::string& root) {
  for (const char* folder : kUnitFolders) {
    const auto names = host::list_folder(host::under_root(root, folder));
    for (const std::string& name : names ? *names : std::vector<std::string>{}) {
      if (!name.ends_with(".wants") && !name.ends_with(".requires")) continue;
      const std::string link = std::string(folder) + "/" + name + "/" + unit;
      const auto there = host::exists(host::under_root(root, link));
      if (there && *there) return link;
    }
  }
  return {};
}

/// "nginx.service" from "/system.slice/nginx.service"; empty where it runs in no unit of the
/// system.
std::string unit_of(const std::string& cgroup) {
  if (!cgroup.starts_with("/system.slice/") || !cgroup.ends_with(".service")) return {};
  return cgroup.substr(cgroup.rfind('/') + 1);
}

/// The unit of packages other than Debian's: /var/lib/pgsql/16/data is that of postgresql-16.
std::string usual_unit(std::string_view data_directory) {
  for (const auto part : split(data_directory, '/')) {
    if (parse_number<unsigned>(part)) return fmt::format("postgresql-{}.service", part);
  }
  return "postgresql.service";
}

/// Debian's generator makes a link for each cluster whose start.conf says auto, anew at each boot,
/// into a folder of postgresql.service: both must be.
Observed<bool> debian_enabled(const ProbeContext& context, const PostgresCluster& cluster) {
  std::string unit = "postgresql@" + cluster.debian_name + ".service";
  std::ranges::replace(unit, '/', '-');
  const std::string config = "/etc/postgresql/" + cluster.debian_name + "/start.conf";
  const auto answer = [&](bool enabled, std::string_view why) {
    return Seen{enabled, context.evidence(config + ", *.wants", why)};
  };
  if (cluster.start == "disabled") return answer(false, "start.conf: disabled");
  for (const char* folder : {"/etc/systemd/system/multi-user.target.wants/"}) {
    const auto own = host::exists(host::under_root(context.root, folder + unit));
    if (own && *own) return answer(true, folder + unit);
  }
  if (cluster.start != "auto") return answer(false, "start.conf: " + cluster.start);
  const std::string all = link_that_starts("postgresql.service", context.root);
  if (all.empty()) return answer(false, "no link starts postgresql.service");
  return answer(true, "start.conf: auto; " + all);
}

Observed<bool> enabled(const ProbeContext& context, const PostgresCluster& cluster) {
  if (is_contained(cluster)) {
    return Absent{context.evidence("/proc/PID/cgroup", "it runs in a container")};
  }
  const auto systemd = host::exists(host::under_root(context.root, "/run/systemd/system"));
  if (!systemd) return unknown_from(systemd.error());
  if (!*systemd) {
    return Absent{context.evidence("/run/systemd/system", "systemd does not run here")};
  }
  if (!cluster.debian_name.empty()) return debian_enabled(context, cluster);
  std::string unit = unit_of(cluster.cgroup);
  if (cluster.pid == 0) unit = usual_unit(cluster.data_directory);
  if (unit.empty()) {
    return Unknown{Why::unsupported,
                   "it runs in no unit of the system; what starts it is not known"};
  }
  const std::string link = link_that_starts(unit, context.root);
  return Seen{!link.empty(), context.evidence("systemd's *.wants and *.requires",
                                              link.empty() ? "no link to " + unit : link)};
}

/// A service at that port whose programs nobody could see may be this server's.
bool may_listen_unseen(const ProbeContext& context, const PostgresCluster& cluster) {
  const auto* topology = context.topology.seen();
  return topology && std::ranges::any_of(topology->value.services, [&](const Service& one) {
           return one.port == cluster.port && one.transport == Transport::tcp &&
                  one.programs.unknown();
         });
}

void set_listeners(const ProbeContext& context, const PostgresCluster& cluster,
                   PostgresFacts& facts) {
  const Service& service = context.target.service;
  if (service.listeners.empty() && may_listen_unseen(context, cluster)) {
    facts.bound_addresses =
        Unknown{Why::denied, "whose sockets listen at its port could not be seen; run as root"};
    return;
  }
  std::vector<std::string> addresses;
  std::string raw;
  for (const Listener& one : service.listeners) {
    addresses.push_back(one.address);
    raw += (raw.empty() ? "" : " ") + format_endpoint(one.address, service.port);
  }
  facts.bound_addresses =
      Seen{std::move(addresses), context.evidence("listening sockets", raw.empty() ? "none" : raw)};
}

void set_networks(const ProbeContext& context, const PostgresCluster& cluster,
                  PostgresFacts& facts) {
  if (is_contained(cluster)) {
    facts.container_networks =
        Absent{context.evidence("/proc/PID/cgroup", "it runs in a container")};
    return;
  }
  const auto subnets = host::container_subnets(context.root);
  if (!subnets) {
    facts.container_networks = unknown_from(subnets.error());
    return;
  }
  std::vector<PostgresNetwork> networks;
  std::string raw;
  for (const auto& one : *subnets) {
    networks.push_back({one.subnet, one.address, one.interface, one.members});
    raw += fmt::format("{}{} {} ({} members)", raw.empty() ? "" : "; ", one.interface, one.subnet,
                       one.members);
  }
  facts.container_networks = Seen{
      std::move(networks), context.evidence("interface addresses", raw.empty() ? "none" : raw)};
}

template <class T>
Observed<T> observed(const Result<T>& result, Evidence evidence) {
  if (!result) return unknown_from(result.error());
  return Seen{*result, std::move(evidence)};
}

}  // namespace

void look_from_outside(const ProbeContext& context, const PostgresCluster& cluster,
                       PostgresFacts& facts) {
  const Evidence file = context.evidence(cluster.data_directory + "/postmaster.pid",
                                         cluster.status.empty() ? "no server" : cluster.status);
  facts.data_directory = Seen{cluster.data_directory, file};
  if (cluster.port != 0) facts.port = Seen{cluster.port, file};
  if (cluster.pid == 0) {
    facts.status = Absent{file};
  } else if (cluster.status.empty()) {
    facts.status = Unknown{Why::denied, "postmaster.pid could not be read; run as root"};
  } else {
    facts.status = Seen{cluster.status, file};
  }
  if (cluster.start.empty()) {
    facts.start_mode = Absent{context.evidence("/etc/postgresql", "no start.conf")};
  } else {
    facts.start_mode = Seen{
        cluster.start,
        context.evidence("/etc/postgresql/" + cluster.debian_name + "/start.conf", cluster.start)};
  }
  facts.enabled = enabled(context, cluster);
  set_listeners(context, cluster, facts);
  set_networks(context, cluster, facts);
}

void look_at_memory(const ProbeContext& context, const PostgresCluster& cluster,
                    PostgresFacts& facts) {
  const auto pids = host::process_family(cluster.pid, context.root);
  if (!pids) {
    facts.memory_resident_sum_bytes = unknown_from(pids.error());
    facts.memory_proportional_bytes = unknown_from(pids.error());
  } else {
    const std::string raw = fmt::format("{} processes", pids->size());
    facts.memory_resident_sum_bytes = observed(host::summed_resident_bytes(*pids, context.root),
                                               context.evidence("/proc/PID/status, VmRSS", raw));
    facts.memory_proportional_bytes = observed(
        host::summed_proportional_bytes(*pids, context.root, context.deadline.within(kMemoryTime)),
        context.evidence("/proc/PID/smaps_rollup, Pss", raw));
  }
  facts.memory_cgroup_bytes = observed(host::cgroup_memory_bytes(cluster.cgroup, context.root),
                                       context.evidence("memory.current", cluster.cgroup));
}

}  // namespace postflight
