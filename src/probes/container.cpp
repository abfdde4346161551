// SPDX-License-Identifier: Apache-2.0
#include "probes/container.h"

#include "probes/recorder.h"

namespace postflight::probes {

extern const ProbeSpec container;
const ProbeSpec container{
    .id = "container",
    .kind = "container",
    .summary =
        "One container: its state, health check, restarts, image, mounts, networks and log, as the "
        "engine and /proc tell them. Nothing is executed inside.",
    .budget = std::chrono::seconds{8},
    .needs_topology = true,
    .facts = &declare_facts<ContainerFacts>,
    .plan = nullptr,
    .run = nullptr,
    .announced_by = "docker"};

}  // namespace postflight::probes
