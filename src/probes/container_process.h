// SPDX-License-Identifier: Apache-2.0
// What this machine tells about a container without its engine: its first process in /proc, its
// cgroup, the files it was made of. Nothing is executed in it, nothing is opened for reading below
// its root. Source: proc(5), mount_namespaces(7).
#pragma once

#include <string>
#include <vector>

#include "host/mounts.h"
#include "probes/container.h"
#include "probes/container_inspect.h"
#include "probes/probe.h"

namespace postflight {

/// The mount that the process sees at `destination`, or nullptr where there is none or where
/// several lie on each other, so that it is not certain which one was meant. Pure.
const host::MountEntry* mount_at(const std::vector<host::MountEntry>& mounts,
                                 const std::string& destination);

/// True where the folder or file that is mounted was deleted meanwhile. Pure.
bool source_is_deleted(const host::MountEntry& mount);

/// Fills what /proc, the cgroup and the files of the machine tell. Needs the facts that the
/// engine's answer gave.
void look_at_process(const ProbeContext& context, const ContainerPaths& paths,
                     ContainerFacts& facts);

/// True where a line of a compose file begins the service `name`: "  web:", "  'web':". Nothing is
/// read but indentation and the first word, so that no form of YAML can confuse it into a miss;
/// another member of that name counts as well. Pure.
bool names_service(std::string_view compose_file, std::string_view name);

/// True where the compose file takes in others: their services are not seen. Pure.
bool includes_others(std::string_view compose_file);

}  // namespace postflight
