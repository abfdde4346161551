// SPDX-License-Identifier: Apache-2.0
// The faults that lab/fixes_test.cpp brings about, and how each ends.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace postflight::lab {

/// One fault. Its lines are run by bash in a lab of the state "bare"; they may use kFixTools.
struct FixCase {
  std::string name;
  std::string finding;
  std::string check;   ///< What to look at, as arguments of `postflight check`.
  std::string at;      ///< Part of the finding's subject.
  std::string cause;   ///< Brings the fault about.
  std::string shows;   ///< What the printed commands must show.
  std::string before;  ///< What the advice asks for in words before the commands; often nothing.
  std::string after;   ///< … and after them. Nothing where the commands mend it themselves.
  std::string advises = {};  ///< Part of a comment that must be printed among the commands.
  bool goes_away = false;    ///< The advice takes away what listens there; else it must go on.
};

/// How GoogleTest names it.
void PrintTo(const FixCase& one, std::ostream* out);

std::vector<FixCase> fix_cases();

/// Those of PostgreSQL among them, fix_cases_postgres.cpp.
std::vector<FixCase> fix_cases_of_postgres();
/// Those inside databases, fix_cases_database.cpp.
std::vector<FixCase> fix_cases_of_databases();
/// Those of the families `systemd` and `unit`, fix_cases_systemd.cpp.
std::vector<FixCase> fix_cases_of_systemd();

/// A line that writes /root/tools, functions for the lines of the cases.
extern const std::string kFixTools;

/// Those of containers and engines, and what they need besides.
std::vector<FixCase> fix_cases_of_containers();
extern const std::string kContainerTools;

}  // namespace postflight::lab
