// SPDX-License-Identifier: Apache-2.0
// What is looked at on a container engine, Docker or Podman: does it answer, what is it, which
// containers and networks has it. Its containers are components of their own (probes/container.h).
// Only GET requests are sent. Docker is asked only while its daemon runs: where systemd holds its
// socket, a connection alone would start it and every container with it. Podman has no daemon; its
// socket starts a program that answers and ends, and starts nothing else.
// Source: Docker Engine API; podman-system-service(1); systemd.socket(5).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/observed.h"

namespace postflight {

/// How many containers are in one state.
struct ContainerCount {
  std::string state;
  std::uint64_t containers = 0;
};
// clang-format off
PF_DESCRIBE(ContainerCount,
  (state, "created, running, paused, restarting, removing, exited or dead."),
  (containers, "How many containers are in it."))
// clang-format on

/// One subnet of one network of the engine.
struct EngineNetwork {
  std::string name;
  std::string driver;
  std::string subnet;
  std::string gateway;
  std::string interface;
  bool internal = false;
};
// clang-format off
PF_DESCRIBE(EngineNetwork,
  (name, "Name of the network; once for each of its subnets."),
  (driver, "bridge, host, null, macvlan, …"),
  (subnet, "Subnet its containers have addresses of; empty where it has none."),
  (gateway, "Address of the machine in it; empty where the engine names none."),
  (interface, "Bridge of this machine that carries it; empty where it is no bridge."),
  (internal, "It leads nowhere outside."))
// clang-format on

struct DockerFacts {
  Required<bool> answers;
  Fact<double> ping_seconds;
  Fact<std::string> engine;
  Fact<std::string> version;
  Fact<std::string> api_version;
  Fact<std::string> started_at;
  Fact<double> uptime_seconds;
  Fact<std::string> installed_at;
  Fact<std::uint64_t> containers;
  Fact<std::vector<ContainerCount>> containers_by_state;
  Fact<std::vector<EngineNetwork>> networks;
  Fact<bool> live_restore;
  Fact<std::string> data_root;
  Fact<std::string> storage_driver;
  Fact<std::string> logging_driver;
  Fact<bool> ip_forwarding;
  Fact<std::vector<std::string>> warnings;
  Fact<std::uint64_t> containers_on_disk;
};
// clang-format off
PF_DESCRIBE(DockerFacts,
  (answers, "GET /_ping was answered. False where nobody accepts at the socket, where the connection is closed or stays silent, and where the socket waits for a daemon that does not run."),
  (ping_seconds, "Time from connecting to the end of the answer to GET /_ping."),
  (engine, "Name of the engine as GET /version tells it, or as its Server header begins."),
  (version, "Version, GET /version."),
  (api_version, "Version of the API that was spoken: the older of the engine's and ours."),
  (started_at, "When the daemon was started, from its process; absent for an engine without a daemon."),
  (uptime_seconds, "Time since then."),
  (installed_at, "When the daemon's program file was last put in place (its ctime): its installation or last upgrade."),
  (containers, "Containers in any state, GET /containers/json."),
  (containers_by_state, "The same by state."),
  (networks, "Networks and their subnets, GET /networks."),
  (live_restore, "GET /info LiveRestoreEnabled: containers outlive the daemon's restart."),
  (data_root, "GET /info DockerRootDir: where images, containers and volumes lie."),
  (storage_driver, "GET /info Driver."),
  (logging_driver, "GET /info LoggingDriver: where containers log unless told otherwise."),
  (ip_forwarding, "GET /info IPv4Forwarding: the kernel passes packets between containers and the outside."),
  (warnings, "GET /info Warnings: what the engine itself finds wrong."),
  (containers_on_disk, "Folders in /var/lib/docker/containers; looked at only where Docker does not answer on its usual socket."))
// clang-format on

}  // namespace postflight
