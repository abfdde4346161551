// SPDX-License-Identifier: Apache-2.0
// The memory of a unit's cgroup: what systemd says, and where it says nothing the kernel's files.
// Source: cgroups(7); Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
#pragma once

#include <string>
#include <string_view>

#include "base/expected.h"
#include "probes/probe.h"
#include "probes/unit_properties.h"

namespace postflight::systemd_look {

/// Bytes of memory.stat that the kernel can take back: page cache that is not in use by swap or
/// shared memory, and reclaimable slab. Errors: kMalformed where the counters are not there. Pure.
Result<std::uint64_t> parse_reclaimable(std::string_view memory_stat);

/// Fills the facts about memory.
void look_at_memory(const ProbeContext& context, const Properties& properties, UnitFacts& facts);

}  // namespace postflight::systemd_look
