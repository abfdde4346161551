// SPDX-License-Identifier: Apache-2.0
// `postflight discover`: what listens on this machine, and what it probably is.
#include <fmt/format.h>

#include "catalog/catalog.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/language.h"
#include "cli/output_file.h"
#include "engine/observe.h"
#include "model/codec.h"

namespace postflight::cli {
namespace {

std::string program_of(const Service& service) {
  return service.programs.visit(
      [](const Seen<std::vector<Program>>& seen) {
        return seen.value.empty() ? std::string("?") : seen.value.front().name;
      },
      [](const Absent&) { return std::string("-"); },
      [](const Unknown& unknown) { return "? (" + enum_name(unknown.why) + ")"; });
}

std::string table_of(const Topology& topology, Lang lang) {
  std::string out;
  for (const Service& service : topology.services) {
    const Exposure exposure = preferred_listener(service).exposure;
    Exposure widest = exposure;
    for (const Listener& listener : service.listeners) widest = std::max(widest, listener.exposure);
    out += fmt::format("{:<30} {:<20} {:<14} {}\n", service.id, program_of(service),
                       service.guess.protocol.empty() ? "?" : service.guess.protocol,
                       ui_text("exposure." + enum_name(widest), lang));
  }
  return out;
}

}  // namespace

int run_discover(const DiscoverArguments& arguments) {
  const Lang lang = arguments.lang ? *arguments.lang : language_of_locale();
  const FactsDocument document = discover_only({});
  const auto* topology = document.topology.seen();
  if (!topology) {
    fmt::print(stderr, "postflight: {}\n", document.topology.unknown()->detail);
    return kExitInternal;
  }
  const std::string text = arguments.json ? dump_json_pretty(to_json(topology->value)) + "\n"
                                          : table_of(topology->value, lang);
  return write_stdout(text) ? 0 : kExitInternal;
}

}  // namespace postflight::cli
