// SPDX-License-Identifier: Apache-2.0
// Finds the sockets at which container engines take requests: Docker's and Podman's, of the machine
// and of its users. Looks at their paths only; connects to nothing. Source: dockerd(8), "Daemon
// socket option"; podman-system-service(1).
#pragma once

#include <string>
#include <vector>

#include "model/topology.h"

namespace postflight {

/// The sockets that exist, those of the machine first, in a fixed order. One that is a link to
/// another (podman-docker makes /run/docker.sock such a link) is told once. A socket proves no
/// daemon: one that died leaves it behind.
std::vector<ContainerEngine> find_container_engines(const std::string& root);

}  // namespace postflight
