// SPDX-License-Identifier: Apache-2.0
// Drives the lab from tests: the same commands that ./dev lab calls, with labs of the test's own
// names.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "host/testing/child_process.h"

namespace postflight::lab::testing {

using host::testing::CommandOutput;

/// Runs lab/lab with these words; `environment` holds NAME=value.
CommandOutput run_lab(const std::vector<std::string>& words,
                      const std::vector<std::string>& environment = {});

/// The sentence that says why this machine cannot carry a lab; empty where it can.
std::string why_no_lab();

/// A name that no other run of the tests uses at the same time.
std::string lab_name(const std::string& role);

/// Brings labs up side by side, each name in its state. What they printed where one failed, else
/// "".
std::string bring_up(const std::map<std::string, std::string>& states);

/// Ends them. What they printed where one failed, else "".
std::string take_down(const std::vector<std::string>& names);

/// Runs a line of shell inside a lab.
CommandOutput in_lab(const std::string& name, const std::string& line);

/// Polls a line of shell inside a lab until it ends with 0. False after `seconds`.
bool becomes_true(const std::string& name, const std::string& line, int seconds);

/// What a lab could leave behind on this machine: the lines of each section of
/// lab/testing/footprint.
using Footprint = std::map<std::string, std::set<std::string>>;
Footprint footprint();

/// What differs, a line each. Settings of kernel modules that were loaded in between do not count:
/// they stay with the machine, whoever asked for them first.
std::vector<std::string> differences(const Footprint& before, const Footprint& after);

}  // namespace postflight::lab::testing
