// SPDX-License-Identifier: Apache-2.0
// The subcommands, one file each. Each returns the exit code.
#pragma once

#include "cli/command_line.h"

namespace postflight::cli {

/// `check`: observe (or read saved facts), judge, render.
int run_check(const CheckArguments& arguments);

/// `discover`: what listens here, and what it probably is.
int run_discover(const DiscoverArguments& arguments);

/// `explain [ID]`: what a finding means, how it was found, what to do; without an id, all ids.
int run_explain(const ExplainArguments& arguments);

/// `schema report|facts|config`.
int run_schema(const SchemaArguments& arguments);

/// `docs FOLDER [--check]`: writes docs/reference from the binary itself, or tells whether it is
/// current.
int run_docs(const DocsArguments& arguments);

}  // namespace postflight::cli
