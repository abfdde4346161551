// SPDX-License-Identifier: Apache-2.0
// Which units are worth a look, and to which unit a program belongs. Pure.
// Source: systemd.slice(5), "Control Group Interfaces of systemd"; names of units as Debian's
// packages have them.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "model/topology.h"
#include "probes/unit_folders.h"

namespace postflight::systemd_look {

/// Where in the cgroup hierarchy a process is.
struct Place {
  enum class Kind {
    kUnit,          ///< A unit of this machine's systemd.
    kUserUnit,      ///< A unit of a user's own service manager.
    kLoginSession,  ///< A session of somebody who logged in.
    kElsewhere,     ///< A container, another system, or outside of systemd's reach.
  };
  Kind kind = Kind::kElsewhere;
  std::string unit;  ///< Name of the unit or the session's scope; empty elsewhere.
  bool operator==(const Place&) const = default;
};

/// From Program::cgroup: "/system.slice/nginx.service". Pure.
Place place_of(std::string_view cgroup);

/// One line of ListUnits.
struct ListedUnit {
  std::string name;
  std::string description;
  std::string load_state;
  std::string active_state;
  std::string sub_state;
};

/// The reply to ListUnits. Errors: kMalformed where one entry has another form. Pure.
Result<std::vector<ListedUnit>> parse_unit_list(const Json& reply);

/// A unit to look at.
struct ChosenUnit {
  std::string name;
  std::vector<std::string> reasons;      ///< See UnitFacts::reasons.
  std::vector<const Service*> services;  ///< Those whose programs are in its cgroup.
  const PostgresCluster* cluster = nullptr;
};

/// Units to look at, those that matter most first; none stands twice. `topology` may be null.
std::vector<ChosenUnit> choose_units(const Topology* topology,
                                     const std::vector<ListedUnit>& listed,
                                     const UnitFolders& folders);

/// Ports for which the server of a unit is known; empty where it is none that is known.
std::vector<std::uint16_t> ports_of_server(std::string_view unit);

/// True for the units of container engines and virtual networks, which make addresses themselves.
bool makes_addresses(std::string_view unit);

}  // namespace postflight::systemd_look
