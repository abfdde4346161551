// SPDX-License-Identifier: Apache-2.0
// First all sockets of all namespaces, then one pass over all open files for their holders.
#include "discover/discover.h"

#include <algorithm>
#include <unordered_set>

#include "base/clock.h"
#include "base/text.h"
#include "discover/container_engines.h"
#include "discover/forwarders.h"
#include "discover/services.h"
#include "host/addresses.h"
#include "host/files.h"
#include "host/namespaces.h"
#include "host/processes.h"
#include "host/rooted.h"
#include "host/sock_diag.h"
#include "host/socket_owners.h"

namespace postflight {
namespace {

constexpr const char* kToSeeOwners = "run as root or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH";
constexpr const char* kToEnter = "run as root or with CAP_SYS_ADMIN";

std::string now_text() {
  return format_rfc3339(wall_now());
}

Why why_from(Errc code) {
  switch (code) {
    case Errc::kDenied: return Why::denied;
    case Errc::kTimeout: return Why::timeout;
    case Errc::kMalformed: return Why::malformed;
    case Errc::kUnsupported: return Why::unsupported;
    case Errc::kUnreachable:
    case Errc::kNotFound: return Why::unreachable;
  }
  return Why::crashed;
}

Unknown unknown_with_hint(const Error& error, const char* hint) {
  const bool denied = error.code == Errc::kDenied;
  return {why_from(error.code), denied ? error.what + "; " + hint : error.what};
}

struct PortRange {
  std::uint16_t first = 32768, last = 60999;  // the kernel's default, where it cannot be read
  bool contains(std::uint16_t port) const { return port >= first && port <= last; }
};

/// Ports from which the kernel serves clients of the current network namespace.
PortRange client_ports(const std::string& root) {
  PortRange range;
  const auto text =
      host::read_head(host::under_root(root, "/proc/sys/net/ipv4/ip_local_port_range"), 64);
  if (!text) return range;
  const auto words = split_words(*text);
  if (words.size() < 2) return range;
  const auto first = parse_number<std::uint16_t>(words[0]);
  const auto last = parse_number<std::uint16_t>(words[1]);
  if (first && last) range = {*first, *last};
  return range;
}

/// The sockets of the current network namespace without the clients among them.
Result<host::ListeningSockets> sockets_here(const DiscoverOptions& options) {
  PF_TRY_ASSIGN(auto found, host::listening_sockets(options.deadline, options.root));
  const PortRange clients = client_ports(options.root);
  std::erase_if(found.sockets, [&](const host::ListeningSocket& socket) {
    return socket.transport == Transport::udp && clients.contains(socket.port);
  });
  return found;
}

/// What was gathered so far.
struct Survey {
  const DiscoverOptions& options;
  Topology topology;
  std::vector<PlacedSocket> sockets;
  std::vector<std::pair<std::size_t, std::string>> sources;  // per entry of topology.namespaces
};

void look_here(Survey& survey) {
  const auto own = host::interface_addresses();
  const std::vector<host::InterfaceAddress> none;
  for (const auto& one : own ? *own : none) survey.topology.addresses.push_back(one.address);
  const auto repeated = std::ranges::unique(survey.topology.addresses);
  survey.topology.addresses.erase(repeated.begin(), repeated.end());
  for (const std::string& address : survey.topology.addresses) {
    if (host::classify_exposure(address, own ? *own : none) == Exposure::global) {
      survey.topology.global_addresses.push_back(address);
    }
  }

  auto found = sockets_here(survey.options);
  if (!found) {
    const Unknown unknown = unknown_with_hint(found.error(), kToEnter);
    survey.topology.namespaces.push_back({"", 0, unknown});
    return;
  }
  for (host::ListeningSocket& socket : found->sockets) {
    const Exposure exposure = host::classify_exposure(socket.address, own ? *own : none);
    survey.sockets.push_back({std::move(socket), exposure, "", 0});
  }
}

/// In another namespace only loopback is as it seems: everything else is reached from this machine
/// and its containers, unless a port is published, which is another socket.
Exposure exposure_elsewhere(const std::string& address) {
  const Exposure exposure = host::classify_exposure(address, {});
  return exposure == Exposure::loopback ? exposure : Exposure::container;
}

/// What is seen from inside another namespace.
struct InsideView {
  host::ListeningSockets sockets;
  std::vector<std::string> addresses;
};

Result<InsideView> view_from(const host::NamespaceInfo& target, const DiscoverOptions& options) {
  if (options.deadline.passed()) {
    return fail(Errc::kTimeout, "the deadline passed before the network namespace of " +
                                    target.label + " was entered");
  }
  PF_TRY_ASSIGN(const auto visit, host::NamespaceVisit::enter(target, options.root));
  PF_TRY_ASSIGN(auto sockets, sockets_here(options));
  InsideView view{std::move(sockets), {}};
  const auto addresses = host::interface_addresses();
  if (!addresses) return view;  // they only serve to tell which published port leads here
  for (const auto& one : *addresses) view.addresses.push_back(one.address);
  return view;
}

void look_into(const host::NamespaceInfo& target, Survey& survey) {
  auto view = view_from(target, survey.options);
  if (!view) {
    const Unknown unknown = unknown_with_hint(view.error(), kToEnter);
    survey.topology.namespaces.push_back({target.label, target.pid, unknown});
    return;
  }
  for (host::ListeningSocket& socket : view->sockets.sockets) {
    const Exposure exposure = exposure_elsewhere(socket.address);
    survey.sockets.push_back({std::move(socket), exposure, target.label, target.pid});
  }
  survey.sources.emplace_back(survey.topology.namespaces.size(), view->sockets.source);
  survey.topology.namespaces.push_back({target.label, target.pid, {}, std::move(view->addresses)});
}

void look_elsewhere(Survey& survey) {
  const auto list = host::other_network_namespaces(survey.options.root, survey.options.deadline);
  const auto add_unseen = [&](Unknown reason) {
    survey.topology.namespaces.push_back({"unseen", 0, std::move(reason)});
  };
  if (!list) return add_unseen(unknown_with_hint(list.error(), kToSeeOwners));
  for (const host::NamespaceInfo& target : list->namespaces) look_into(target, survey);
  if (list->denied > 0) {
    add_unseen({Why::denied, "the network namespaces of " + std::to_string(list->denied) +
                                 " processes could not be read; " + kToSeeOwners});
  } else if (!list->complete) {
    add_unseen({Why::timeout, "the deadline passed before every process was looked at"});
  }
}

/// What is to be said of a socket for which no holder was found.
Observed<std::vector<Program>> no_holder(const host::SocketOwners& owners,
                                         const DiscoverOptions& options, const std::string& at) {
  if (!owners.denied.empty()) {
    return Unknown{Why::denied, "the open files of " + std::to_string(owners.denied.size()) +
                                    " processes could not be read; " + kToSeeOwners};
  }
  if (!owners.complete) {
    return Unknown{Why::timeout, "the deadline passed before every process was looked at"};
  }
  const auto sees_all = host::in_initial_pid_namespace(options.root);
  if (!sees_all || !*sees_all) {
    return Unknown{Why::unsupported,
                   "no process that can be seen from this pid namespace holds the socket; run "
                   "outside of the container"};
  }
  return Absent{
      {"/proc/PID/fd",
       "no process holds this socket (any more): it is the kernel's own, or was just closed", at}};
}

Ownership find_owners(const Survey& survey) {
  Ownership ownership;
  ownership.at = now_text();
  std::unordered_set<std::uint64_t> inodes;
  for (const PlacedSocket& placed : survey.sockets) inodes.insert(placed.socket.inode);
  inodes.erase(0);
  auto owners = host::find_socket_owners(inodes, survey.options.root, survey.options.deadline);
  if (!owners) {
    ownership.missing = unknown_with_hint(owners.error(), kToSeeOwners);
    return ownership;
  }
  ownership.missing = no_holder(*owners, survey.options, ownership.at);
  ownership.holders = std::move(owners->pids);
  for (const auto& [inode, pids] : ownership.holders) {
    for (const std::int32_t pid : pids) {
      if (ownership.programs.contains(pid)) continue;
      // One that has ended meanwhile holds nothing any more.
      if (auto program = host::read_program(pid, survey.options.root)) {
        ownership.programs.emplace(pid, *std::move(program));
      }
    }
  }
  return ownership;
}

/// How many services each namespace that was entered has.
void count_services(Survey& survey) {
  const std::string at = now_text();
  for (const auto& [index, source] : survey.sources) {
    NetworkNamespace& space = survey.topology.namespaces[index];
    const auto those = std::ranges::equal_range(survey.topology.services, space.label, {},
                                                &Service::netns);  // sorted by it
    const auto count = static_cast<std::uint32_t>(those.size());
    space.services = Seen{count, Evidence{source + " in the network namespace of process " +
                                              std::to_string(space.pid),
                                          std::to_string(count) + " listening services", at}};
  }
}

}  // namespace

Topology discover(const DiscoverOptions& options) {
  Survey survey{options, {}, {}, {}};
  look_here(survey);
  look_elsewhere(survey);
  survey.topology.services = group_services(survey.sockets, find_owners(survey));
  count_services(survey);
  link_forwarders(survey.topology);
  survey.topology.engines = find_container_engines(options.root);
  return std::move(survey.topology);
}

}  // namespace postflight
