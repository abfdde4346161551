// SPDX-License-Identifier: Apache-2.0
// The command line as data. Only command_line.cpp knows the library that reads it.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/secret.h"
#include "model/report.h"
#include "model/severity.h"

namespace postflight::cli {

enum class Command { check, discover, explain, schema, docs };

/// One `-o [FORMAT=]FILE`. An empty format is chosen by the file's extension.
struct OutputRequest {
  std::string format;
  std::string file;  ///< "-" is standard output.
};

struct CheckArguments {
  std::string format;
  std::vector<OutputRequest> outputs;
  std::string save_facts;
  std::string from;
  std::optional<Lang> lang;
  std::vector<std::string> only;
  std::vector<std::string> skip;
  std::optional<Duration> timeout;
  Verdict fail_on = Verdict::unknown;
  std::string config;
  Secret postgres_url;  ///< Not checked yet.
  bool in_process = false;
  bool verbose = false;
};

struct DiscoverArguments {
  bool json = false;
  std::optional<Lang> lang;
};

struct ExplainArguments {
  std::string id;
  std::optional<Lang> lang;
};

struct SchemaArguments {
  std::string document;
};

struct DocsArguments {
  std::string folder;
  bool check = false;
};

struct CommandLine {
  Command command = Command::check;
  CheckArguments check;
  DiscoverArguments discover;
  ExplainArguments explain;
  SchemaArguments schema;
  DocsArguments docs;
};

/// What to print instead of working: help and version (exit code 0), or an error with the next step
/// (64).
struct Farewell {
  int exit_code;
  std::string text;
};

std::expected<CommandLine, Farewell> parse_command_line(int argc, const char* const* argv);

}  // namespace postflight::cli
