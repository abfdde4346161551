// SPDX-License-Identifier: Apache-2.0
// Groups by a key, then names what came out.
#include "discover/services.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "base/text.h"
#include "discover/classify.h"

namespace postflight {
namespace {

struct Key {
  std::string netns;
  Transport transport;
  std::uint16_t port;
  std::string program;
  auto operator<=>(const Key&) const = default;
};

struct Group {
  std::int32_t netns_pid = 0;
  std::map<std::string, Listener> listeners;  // by address
  std::set<std::int32_t> pids;
  bool holder_ended = false;  // a process held it, and was gone before it could be read
};

/// The holders of a socket that are still known, systemd left out where it is not alone.
std::vector<std::int32_t> holders_of(std::uint64_t inode, const Ownership& ownership) {
  const auto found = ownership.holders.find(inode);
  if (found == ownership.holders.end()) return {};
  std::vector<std::int32_t> pids, activators;
  for (const std::int32_t pid : found->second) {
    const auto program = ownership.programs.find(pid);
    if (program == ownership.programs.end()) continue;
    (program->second.name == "systemd" ? activators : pids).push_back(pid);
  }
  return pids.empty() ? activators : pids;
}

/// Of several sockets on one address (SO_REUSEPORT) the fullest speaks for all: it overflows first.
void add_listener(Group& group, const PlacedSocket& placed) {
  const host::ListeningSocket& socket = placed.socket;
  const Listener fresh{socket.address, placed.exposure, socket.inode, socket.backlog,
                       socket.backlog_limit};
  const auto [it, is_new] = group.listeners.emplace(fresh.address, fresh);
  if (is_new) return;
  const auto rank = [](const Listener& one) {
    return std::tuple(-std::int64_t{one.backlog}, one.inode);
  };
  if (rank(fresh) < rank(it->second)) it->second = fresh;
}

bool is_ipv6(const Listener& listener) {
  return listener.address.find(':') != std::string::npos;
}

Observed<std::vector<Program>> programs_of(const Group& group, const Ownership& ownership) {
  if (group.pids.empty() && group.holder_ended) {
    return Unknown{Why::unreachable,
                   "the process that held the socket ended while it was being read"};
  }
  if (group.pids.empty()) return ownership.missing;
  std::vector<Program> programs;
  for (const std::int32_t pid : group.pids) {
    if (programs.size() == kProgramsListed) break;
    programs.push_back(ownership.programs.at(pid));
  }
  const std::string inode = std::to_string(group.listeners.begin()->second.inode);
  std::string excerpt =
      "/proc/" + std::to_string(*group.pids.begin()) + "/fd: socket:[" + inode + "]";
  if (group.pids.size() > kProgramsListed) {
    excerpt += "; " + std::to_string(group.pids.size()) + " processes hold it, the first " +
               std::to_string(kProgramsListed) + " are listed";
  }
  return Seen{std::move(programs), Evidence{"/proc/PID/fd", std::move(excerpt), ownership.at}};
}

Service make_service(const Key& key, const Group& group, const Ownership& ownership) {
  Service service;
  service.netns = key.netns;
  service.netns_pid = group.netns_pid;
  service.transport = key.transport;
  service.port = key.port;
  for (const auto& [address, listener] : group.listeners) service.listeners.push_back(listener);
  std::ranges::sort(service.listeners, {},
                    [](const Listener& one) { return std::tuple(is_ipv6(one), one.address); });
  service.programs = programs_of(group, ownership);
  const auto* seen = service.programs.seen();
  service.guess =
      guess_protocol(seen ? seen->value : std::vector<Program>{}, key.transport, key.port);
  service.id = format_endpoint(preferred_listener(service).address, key.port);
  if (key.transport == Transport::udp) service.id += "/udp";
  if (!key.netns.empty()) service.id += "@" + key.netns;
  return service;
}

/// Adds the program's name to every id that occurs twice, and a number where even that does not do.
void make_ids_unique(std::vector<Service>& services) {
  std::map<std::string, int> count;
  for (const Service& service : services) ++count[service.id];
  std::set<std::string> taken;
  for (Service& service : services) {
    if (count[service.id] > 1) {
      const auto* programs = service.programs.seen();
      const bool known = programs && !programs->value.empty();
      service.id += "#" + (known ? programs->value.front().name : std::string("unknown"));
    }
    const std::string base = service.id;
    for (int n = 2; !taken.insert(service.id).second; ++n) {
      service.id = base + "-" + std::to_string(n);
    }
  }
}

}  // namespace

std::vector<Service> group_services(const std::vector<PlacedSocket>& sockets,
                                    const Ownership& ownership) {
  std::map<Key, Group> groups;
  for (const PlacedSocket& placed : sockets) {
    const auto pids = holders_of(placed.socket.inode, ownership);
    const std::string program = pids.empty() ? "" : ownership.programs.at(pids.front()).name;
    Group& group = groups[{placed.netns, placed.socket.transport, placed.socket.port, program}];
    group.netns_pid = placed.netns_pid;
    group.pids.insert(pids.begin(), pids.end());
    group.holder_ended |= pids.empty() && ownership.holders.contains(placed.socket.inode);
    add_listener(group, placed);
  }
  std::vector<Service> services;
  for (const auto& [key, group] : groups) services.push_back(make_service(key, group, ownership));
  make_ids_unique(services);
  std::ranges::sort(services, {}, [](const Service& one) {
    return std::tie(one.netns, one.transport, one.port, one.id);
  });
  return services;
}

}  // namespace postflight
