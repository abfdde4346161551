// SPDX-License-Identifier: Apache-2.0
// What has changed since systemd booted and since it read its files. Reads times of files only.
// Source: systemd.unit(5); inode(7), ctime.
#pragma once

#include <string>
#include <vector>

#include "probes/systemd.h"
#include "probes/unit_look.h"

namespace postflight::systemd_look {

/// The reply to ListJobs. Errors: kMalformed. Pure.
Result<std::vector<SystemdJob>> parse_job_list(const Json& reply);

/// Programs that listen from login sessions and users' own service managers. Pure.
std::vector<OutsideProgram> outside_programs(const Topology& topology);

/// What is known of a failed unit. Pure.
FailedUnit failed_unit(const std::string& unit, const UnitFacts& facts);

/// True where a unit of this type and state is made from a file, which can be newer than what
/// systemd knows. Pure.
bool may_have_a_file(const ListedUnit& unit);

/// Files of a unit that are new, changed or gone since systemd read them.
std::vector<std::string> files_not_read(const Machine& machine, const Properties& properties);

/// Gathers the units of which the last boot proves nothing.
class Changes {
 public:
  explicit Changes(const Machine& machine) : machine_(machine) {}
  void add(const std::string& unit, const Json& values, const UnitFacts& facts);
  void miss(const Error& error) { missed_ = error; }  ///< A unit could not be looked at.
  Observed<std::vector<UnprovenUnit>> unproven() const;

 private:
  const Machine& machine_;
  std::vector<UnprovenUnit> found_;
  std::optional<Error> missed_;
};

}  // namespace postflight::systemd_look
