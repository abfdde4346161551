// SPDX-License-Identifier: Apache-2.0
// The tool's sentences in both languages, compiled from *.msg files. Pure lookups in a sorted
// table.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "catalog/tables.h"
#include "model/report.h"

namespace postflight {

/// "en" or "ru", as in CatalogRow::lang.
std::string_view lang_code(Lang lang);

/// The template in `slot` of the entry, or nothing.
std::optional<std::string_view> find_text(MessageKind kind, std::string_view id,
                                          std::string_view slot, Lang lang);

/// Ids of all entries of one kind, sorted, each once.
std::vector<std::string_view> message_ids(MessageKind kind);

/// The text with its placeholders filled. A missing entry or slot gives "<id>", so that the gap
/// shows.
std::string message(MessageKind kind, std::string_view id, std::string_view slot, Lang lang,
                    const Json& args = {});

/// A heading, label or phrase of the report: message() of an `ui` entry.
std::string ui_text(std::string_view id, Lang lang, const Json& args = {});

/// The commands of a finding as templates, in the order to paste; often none.
std::vector<std::string_view> fix_command_templates(std::string_view finding_id);

/// The commands of a finding, filled and quoted for the shell. One that names something that was
/// not seen (a missing or null argument) is left out.
std::vector<std::string> fix_commands(std::string_view finding_id, const Json& args);

/// The authority a finding rests on; nothing for an unknown id.
std::optional<std::string_view> cite(std::string_view finding_id);

/// True where the fact "probe.key" only belongs into a report in full: always, or while its list is
/// empty.
bool is_detail(std::string_view fact_id, bool is_empty);

}  // namespace postflight
