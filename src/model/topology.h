// SPDX-License-Identifier: Apache-2.0
// What runs on the machine and listens, as discovery saw it. Plain data; the probes are planned
// from it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/observed.h"

namespace postflight {

/// From whom a listening address can be reached as far as the address alone tells. Firewalls are
/// not considered here.
enum class Exposure {
  loopback,   ///< 127.0.0.0/8 or ::1: this machine only.
  container,  ///< A container bridge or another network namespace: this machine and its containers.
  local,     ///< A private or link-local address (RFC 1918, RFC 4193, RFC 3927): the local network.
  global,    ///< A globally routable address: anybody.
  wildcard,  ///< All addresses of the machine.
};
PF_DESCRIBE_ENUM(Exposure, loopback, container, local, global, wildcard)

enum class Transport { tcp, udp };
PF_DESCRIBE_ENUM(Transport, tcp, udp)

/// A running program that holds a listening socket.
struct Program {
  std::int32_t pid = 0;
  std::string name;
  std::string executable;
  std::string command_line;
  std::uint32_t uid = 0;
  std::string cgroup;
  bool executable_deleted = false;
  bool operator==(const Program&) const = default;
};
// clang-format off
PF_DESCRIBE(Program,
  (pid, "Process id as seen from this machine."),
  (name, "Name of the process, /proc/PID/comm."),
  (executable, "Path of the program file, /proc/PID/exe; empty where it could not be read."),
  (command_line, "Command line with its arguments, cut to 200 bytes, secrets replaced."),
  (uid, "User id of the process."),
  (cgroup, "Path of the process in the cgroup hierarchy, which names its unit or container."),
  (executable_deleted, "The program file was replaced or removed after the process had started."))
// clang-format on

/// One listening socket.
struct Listener {
  std::string address;
  Exposure exposure = Exposure::loopback;
  std::uint64_t inode = 0;
  std::uint32_t backlog = 0;
  std::uint32_t backlog_limit = 0;
  bool operator==(const Listener&) const = default;
};
// clang-format off
PF_DESCRIBE(Listener,
  (address, "Local address, numeric; 0.0.0.0 or :: is every address."),
  (exposure, "From whom this address can be reached, firewalls not considered."),
  (inode, "Inode of the socket."),
  (backlog, "Connections waiting to be accepted; 0 for UDP."),
  (backlog_limit, "How many may wait, the listen(2) backlog; 0 for UDP."))
// clang-format on

/// What a service probably speaks, and on what that guess rests.
struct Guess {
  std::string protocol;
  std::string basis;
  bool certain = false;
  bool operator==(const Guess&) const = default;
};
// clang-format off
PF_DESCRIBE(Guess,
  (protocol, "Name of the protocol: http, redis, postgresql, ssh, …; empty where nothing suggests one."),
  (basis, "What suggested it: the program's name or the port's number."),
  (certain, "The program itself is known to speak it; otherwise an answer in another protocol is no fault."))
// clang-format on

/// All sockets on which one program listens on one port in one network namespace.
struct Service {
  std::string id;
  std::string netns;
  std::int32_t netns_pid = 0;
  Transport transport = Transport::tcp;
  std::uint16_t port = 0;
  std::vector<Listener> listeners;
  Observed<std::vector<Program>> programs;
  Guess guess;
  std::string forwards_to;
  std::vector<std::string> published_at;
  bool operator==(const Service&) const = default;
};
// clang-format off
PF_DESCRIBE(Service,
  (id, "ADDRESS:PORT, with @NAMESPACE where it is not the machine's own, and /udp for UDP."),
  (netns, "Label of the network namespace; empty for the machine's own."),
  (netns_pid, "A process inside that namespace through which it can be entered; 0 for the machine's own."),
  (transport, "tcp or udp."),
  (port, "Port number."),
  (listeners, "The listening sockets, one per address."),
  (programs, "The programs that hold these sockets."),
  (guess, "What it probably speaks."),
  (forwards_to, "Id of the service in a container to which this docker-proxy forwards; empty otherwise."),
  (published_at, "Ids of the services that forward to this one."))
// clang-format on

/// A network namespace other than the machine's own, as far as it could be looked into.
struct NetworkNamespace {
  std::string label;
  std::int32_t pid = 0;
  Observed<std::uint32_t> services;
  std::vector<std::string> addresses;
  bool operator==(const NetworkNamespace&) const = default;
};
// clang-format off
PF_DESCRIBE(NetworkNamespace,
  (label, "Container id, name under /run/netns, or name and id of a process in it."),
  (pid, "A process inside it."),
  (services, "How many services listen there."),
  (addresses, "Addresses inside it, numeric, loopback left out."))
// clang-format on

/// A PostgreSQL cluster: a data directory, whether or not a server runs on it.
struct PostgresCluster {
  std::string id;
  std::string data_directory;
  std::int32_t pid = 0;
  std::string status;
  std::uint16_t port = 0;
  std::string socket_directory;
  std::string service;
  std::string debian_name;
  std::string start;
  std::string cgroup;
  bool operator==(const PostgresCluster&) const = default;
};
// clang-format off
PF_DESCRIBE(PostgresCluster,
  (id, "Id of its TCP service, or its data directory where it listens on no TCP port."),
  (data_directory, "As its server sees it."),
  (pid, "Process id of its postmaster as seen from this machine; 0 where none runs."),
  (status, "Last line of postmaster.pid: ready, standby, starting or stopping; empty where no server runs."),
  (port, "Port of its sockets, from postmaster.pid or postgresql.conf; 0 where it is not known."),
  (socket_directory, "First folder of its Unix sockets as its server sees it, from postmaster.pid; may be empty."),
  (service, "Id of the TCP service it listens on; empty where there is none."),
  (debian_name, "VERSION/NAME of /etc/postgresql, such as 15/main; empty elsewhere."),
  (start, "First word of Debian's start.conf: auto, manual or disabled; empty where there is none."),
  (cgroup, "Path of the postmaster in the cgroup hierarchy, which names its unit or container."))
// clang-format on

/// A socket at which a container engine takes requests.
struct ContainerEngine {
  std::string socket;
  std::string flavour;
  bool operator==(const ContainerEngine&) const = default;
};
// clang-format off
PF_DESCRIBE(ContainerEngine,
  (socket, "Path of the Unix socket."),
  (flavour, "docker or podman, as its path says."))
// clang-format on

struct Topology {
  std::vector<Service> services;
  std::vector<NetworkNamespace> namespaces;
  std::vector<PostgresCluster> clusters;
  std::vector<ContainerEngine> engines;
  std::vector<std::string> addresses;
  std::vector<std::string> global_addresses;
  bool operator==(const Topology&) const = default;
};
// clang-format off
PF_DESCRIBE(Topology,
  (services, "Everything that listens, sorted by namespace, transport and port."),
  (namespaces, "Network namespaces other than the machine's own."),
  (clusters, "PostgreSQL clusters, running or not."),
  (engines, "Sockets of container engines."),
  (addresses, "The machine's own addresses, numeric, loopback left out."),
  (global_addresses, "Those of them that are globally routable."))
// clang-format on

/// The address to connect to when a service listens on `address`: the wildcard is reached by
/// loopback.
std::string reachable_address(const std::string& address);

/// The listener a probe should talk to: loopback first, then the others in order. Never
/// empty-handed: a service has at least one listener.
const Listener& preferred_listener(const Service& service);

/// "127.0.0.1:80" or "[::1]:80".
std::string format_endpoint(const std::string& address, std::uint16_t port);

}  // namespace postflight
