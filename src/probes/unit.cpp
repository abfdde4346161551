// SPDX-License-Identifier: Apache-2.0
// Declares the facts; those who look are systemd.cpp and unit_look.cpp.
#include "probes/unit.h"

#include "probes/recorder.h"

namespace postflight::probes {

extern const ProbeSpec unit;
const ProbeSpec unit{.id = "unit",
                     .kind = "unit",
                     .summary =
                         "Units of systemd that own something: state, start at boot, restarts, "
                         "memory, ports, files.",
                     .budget = std::chrono::seconds{4},
                     .needs_topology = true,
                     .facts = &declare_facts<UnitFacts>,
                     .plan = nullptr,
                     .run = nullptr,
                     .announced_by = "systemd"};

}  // namespace postflight::probes
