// SPDX-License-Identifier: Apache-2.0
// A table of contents: read the command line, hand over to the subcommand, answer with its exit
// code.
#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"

int main(int argc, char** argv) {
  using namespace postflight::cli;
  try {
    const auto command_line = parse_command_line(argc, argv);
    if (!command_line) {
      std::fputs(command_line.error().text.c_str(),
                 command_line.error().exit_code == 0 ? stdout : stderr);
      return command_line.error().exit_code;
    }
    switch (command_line->command) {
      case Command::check: return run_check(command_line->check);
      case Command::discover: return run_discover(command_line->discover);
      case Command::explain: return run_explain(command_line->explain);
      case Command::schema: return run_schema(command_line->schema);
      case Command::docs: return run_docs(command_line->docs);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "postflight: internal error: {}\n", error.what());
  }
  return kExitInternal;
}
