// SPDX-License-Identifier: Apache-2.0
// `postflight explain [ID]`: the catalog's entry for a finding, without a machine at hand.
#include <fmt/format.h>

#include "base/text.h"
#include "catalog/catalog.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/language.h"
#include "cli/output_file.h"

namespace postflight::cli {
namespace {

constexpr const char* kSlots[] = {"problem", "cause", "impact", "fix", "risk"};

/// The template as it stands: its {placeholders} show what a report fills in.
std::string explanation(std::string_view id, Lang lang) {
  std::string out = fmt::format("{}\n", id);
  for (const char* slot : kSlots) {
    const auto text = find_text(MessageKind::finding, id, slot, lang);
    if (text) out += fmt::format("\n{}: {}\n", ui_text(fmt::format("label.{}", slot), lang), *text);
    if (std::string_view(slot) != "fix") continue;
    for (const auto command : fix_command_templates(id)) out += fmt::format("    {}\n", command);
  }
  if (const auto source = cite(id))
    out += fmt::format("\n{}: {}\n", ui_text("label.cite", lang), *source);
  return out;
}

std::string all_findings(Lang lang) {
  std::string out;
  for (const auto id : message_ids(MessageKind::finding)) {
    const auto problem = find_text(MessageKind::finding, id, "problem", lang);
    out += fmt::format("{:<44} {}\n", id, problem.value_or(""));
  }
  return out;
}

}  // namespace

int run_explain(const ExplainArguments& arguments) {
  const Lang lang = arguments.lang ? *arguments.lang : language_of_locale();
  if (arguments.id.empty()) return write_stdout(all_findings(lang)) ? 0 : kExitInternal;
  if (find_text(MessageKind::finding, arguments.id, "problem", lang)) {
    return write_stdout(explanation(arguments.id, lang)) ? 0 : kExitInternal;
  }
  std::vector<std::string> ids;
  for (const auto id : message_ids(MessageKind::finding)) ids.emplace_back(id);
  const auto near = nearest(arguments.id, ids);
  fmt::print(stderr, "postflight: there is no finding \"{}\"; {}\n", printable_utf8(arguments.id),
             near ? fmt::format("did you mean \"{}\"?", *near)
                  : std::string("`postflight explain` lists all of them"));
  return kExitUsage;
}

}  // namespace postflight::cli
