// SPDX-License-Identifier: Apache-2.0
// Looks at one unit: its properties, its place in the next boot, its sockets, its files.
#pragma once

#include <optional>

#include "base/clock.h"
#include "probes/probe.h"
#include "probes/systemd_parts.h"
#include "probes/unit_boot.h"
#include "probes/unit_folders.h"
#include "probes/unit_properties.h"

namespace postflight::systemd_look {

/// What is known of the machine before its units are looked at.
struct Machine {
  const ProbeContext& context;
  const UnitFolders& folders;
  BootWays& ways;
  WallTime now;                               ///< When the properties were read.
  std::optional<WallTime> booted;             ///< When systemd took over, by today's clock.
  std::optional<WallTime> files_read;         ///< When it last read all unit files.
  std::uint64_t boot_finished_monotonic = 0;  ///< Microseconds; 0 while it is starting.
};

/// Names of the properties to ask for.
std::span<const std::string_view> unit_properties();

/// Fills all facts of one unit from the reply to GetAll.
void look_at_unit(const Machine& machine, const ChosenUnit& unit, const Json& values,
                  UnitFacts& facts);

/// Files of a unit, by name of its properties: its own, its drop-ins, those on disk as well that
/// systemd has not read, and the links that start it and stay.
struct FilesOfUnit {
  std::string own;
  std::vector<std::string> read_drop_ins;
  std::vector<std::string> drop_ins_on_disk;
  std::vector<std::string> links;
};
FilesOfUnit files_of_unit(const UnitFolders& folders, const Properties& properties);

}  // namespace postflight::systemd_look
