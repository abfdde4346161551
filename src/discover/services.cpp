// SPDX-License-Identifier: Apache-2.0
// Sorts by a key, makes one service of each run of equals, then names what came out.
#include "discover/services.h"

#include <algorithm>
#include <set>
#include <span>
#include <tuple>

#include "base/text.h"
#include "discover/classify.h"

namespace postflight {
namespace {

/// A socket and who holds it. Refers to what group_services() was given.
struct Claim {
  const PlacedSocket* placed;
  std::vector<std::int32_t> pids;
  std::string_view program;  // the first holder's name; empty where there is none
  bool holder_ended;         // a process held it, and was gone before it could be read

  /// What the sockets of one service have in common.
  auto key() const {
    return std::tie(placed->netns, placed->socket.transport, placed->socket.port, program);
  }
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

Claim claim_of(const PlacedSocket& placed, const Ownership& ownership) {
  Claim claim{&placed, holders_of(placed.socket.inode, ownership), {}, false};
  if (!claim.pids.empty()) {
    claim.program = ownership.programs.at(claim.pids.front()).name;
  } else {
    claim.holder_ended = ownership.holders.contains(placed.socket.inode);
  }
  return claim;
}

/// One listener per address, by address. Of several sockets on one address (SO_REUSEPORT) the
/// fullest speaks for all: it overflows first.
std::vector<Listener> listeners_of(std::span<const Claim> claims) {
  std::vector<Listener> listeners;
  listeners.reserve(claims.size());
  for (const Claim& claim : claims) {
    const host::ListeningSocket& socket = claim.placed->socket;
    listeners.push_back({socket.address, claim.placed->exposure, socket.inode, socket.backlog,
                         socket.backlog_limit});
  }
  std::ranges::sort(listeners, [](const Listener& a, const Listener& b) {
    return std::tie(a.address, b.backlog, a.inode) < std::tie(b.address, a.backlog, b.inode);
  });
  const auto repeated = std::ranges::unique(listeners, {}, &Listener::address);
  listeners.erase(repeated.begin(), repeated.end());
  return listeners;
}

bool is_ipv6(const Listener& listener) {
  return listener.address.find(':') != std::string::npos;
}

std::vector<std::int32_t> pids_of(std::span<const Claim> claims) {
  std::vector<std::int32_t> pids;
  for (const Claim& claim : claims) pids.insert(pids.end(), claim.pids.begin(), claim.pids.end());
  std::ranges::sort(pids);
  const auto repeated = std::ranges::unique(pids);
  pids.erase(repeated.begin(), repeated.end());
  return pids;
}

/// Who holds what, as it was read: the socket of `listener` where its holder is known, otherwise
/// the first one that has a holder. At least one of `claims` has.
std::string excerpt_of(std::span<const Claim> claims, const Listener& listener) {
  const auto held = [](const Claim& claim) { return !claim.pids.empty(); };
  auto claim = std::ranges::find_if(claims, [&](const Claim& one) {
    return held(one) && one.placed->socket.inode == listener.inode;
  });
  if (claim == claims.end()) claim = std::ranges::find_if(claims, held);
  return "/proc/" + std::to_string(std::ranges::min(claim->pids)) + "/fd: socket:[" +
         std::to_string(claim->placed->socket.inode) + "]";
}

/// The programs that hold the sockets of one service, of which `listener` is the first by address.
Observed<std::vector<Program>> programs_of(std::span<const Claim> claims, const Listener& listener,
                                           const Ownership& ownership) {
  const auto pids = pids_of(claims);
  if (pids.empty() && std::ranges::any_of(claims, &Claim::holder_ended)) {
    return Unknown{Why::unreachable,
                   "the process that held the socket ended while it was being read"};
  }
  if (pids.empty()) return ownership.missing;
  std::vector<Program> programs;
  for (const std::int32_t pid : std::span{pids}.first(std::min(pids.size(), kProgramsListed))) {
    programs.push_back(ownership.programs.at(pid));
  }
  std::string excerpt = excerpt_of(claims, listener);
  if (pids.size() > kProgramsListed) {
    excerpt += "; " + std::to_string(pids.size()) + " processes hold it, the first " +
               std::to_string(kProgramsListed) + " are listed";
  }
  return Seen{std::move(programs), Evidence{"/proc/PID/fd", std::move(excerpt), ownership.at}};
}

/// `claims` have one key() and are at least one.
Service make_service(std::span<const Claim> claims, const Ownership& ownership) {
  const PlacedSocket& any = *claims.front().placed;
  Service service;
  service.netns = any.netns;
  service.netns_pid = any.netns_pid;
  service.transport = any.socket.transport;
  service.port = any.socket.port;
  service.listeners = listeners_of(claims);
  service.programs = programs_of(claims, service.listeners.front(), ownership);
  std::ranges::stable_partition(service.listeners, [](const auto& one) { return !is_ipv6(one); });
  const auto* seen = service.programs.seen();
  service.guess =
      guess_protocol(seen ? std::span<const Program>{seen->value} : std::span<const Program>{},
                     service.transport, service.port);
  service.id = format_endpoint(preferred_listener(service).address, service.port);
  if (service.transport == Transport::udp) service.id += "/udp";
  if (!service.netns.empty()) service.id += "@" + service.netns;
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
  std::vector<Claim> claims;
  claims.reserve(sockets.size());
  for (const PlacedSocket& placed : sockets) claims.push_back(claim_of(placed, ownership));
  std::ranges::sort(claims, {}, &Claim::key);
  std::vector<Service> services;
  for (std::span<const Claim> rest{claims}; !rest.empty();) {
    const auto end = std::ranges::upper_bound(rest, rest.front().key(), {}, &Claim::key);
    const auto count = static_cast<std::size_t>(end - rest.begin());
    services.push_back(make_service(rest.first(count), ownership));
    rest = rest.subspan(count);
  }
  make_ids_unique(services);
  std::ranges::sort(services, {}, [](const Service& one) {
    return std::tie(one.netns, one.transport, one.port, one.id);
  });
  return services;
}

}  // namespace postflight
