// SPDX-License-Identifier: Apache-2.0
// From the engine's answers about one container to its facts. Pure; tested on recordings of Docker
// and Podman. Source: Docker Engine API, ContainerInspect and ImageInspect.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json_select.h"
#include "probes/container.h"
#include "probes/engine_answer.h"

namespace postflight {

/// What is wanted of GET /containers/ID/json.
const JsonSelection& inspection_members();

/// What is wanted of GET /images/NAME/json.
const JsonSelection& image_members();

/// Every fact that the answer holds. Leaves alone what is told by other answers or by /proc.
void read_inspection(const EngineAnswer& answer, ContainerFacts& facts);

/// What the image that has the container's image name now says: its id, and whether the container's
/// health check is the one it brings along.
void read_image(const EngineAnswer& image, ContainerFacts& facts);

/// Paths on the machine that the answer names and no fact holds; empty where it names none.
struct ContainerPaths {
  std::string log;
  std::string hosts;
};
ContainerPaths paths_in(const EngineAnswer& answer);

/// Hosts in the values of "NAME=VALUE" variables. A value in which a password might be taken for a
/// host gives none.
std::vector<EnvironmentHost> hosts_in_environment(const std::vector<std::string>& variables);

/// The container is gone: its state says so, everything else is absent.
void set_gone(ContainerFacts& facts, const Evidence& evidence);

}  // namespace postflight
