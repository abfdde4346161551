// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog.h"

#include <algorithm>

#include "catalog/template.h"
#include "catalog/template_parser.h"

namespace postflight {
namespace {

/// All rows that differ from this one in their text alone.
std::span<const CatalogRow> rows_at(MessageKind kind, std::string_view id, std::string_view slot,
                                    std::string_view lang) {
  const auto rows = catalog_rows();
  const auto [first, last] =
      std::equal_range(rows.begin(), rows.end(), CatalogRow{kind, id, slot, lang, {}}, row_before);
  return {first, last};
}

std::optional<std::string_view> text_at(MessageKind kind, std::string_view id,
                                        std::string_view slot, std::string_view lang) {
  const auto rows = rows_at(kind, id, slot, lang);
  if (rows.empty()) return std::nullopt;
  return rows.front().text;
}

}  // namespace

std::string_view lang_code(Lang lang) {
  return lang == Lang::ru ? "ru" : "en";
}

std::optional<std::string_view> find_text(MessageKind kind, std::string_view id,
                                          std::string_view slot, Lang lang) {
  return text_at(kind, id, slot, lang_code(lang));
}

std::vector<std::string_view> message_ids(MessageKind kind) {
  std::vector<std::string_view> ids;
  for (const CatalogRow& row : catalog_rows()) {
    if (row.kind == kind && (ids.empty() || ids.back() != row.id)) ids.push_back(row.id);
  }
  return ids;
}

std::string message(MessageKind kind, std::string_view id, std::string_view slot, Lang lang,
                    const Json& args) {
  const auto text = find_text(kind, id, slot, lang);
  if (!text) return "<" + std::string(id) + ">";
  return render_text(*text, lang, args);
}

std::string ui_text(std::string_view id, Lang lang, const Json& args) {
  return message(MessageKind::ui, id, "text", lang, args);
}

std::vector<std::string_view> fix_command_templates(std::string_view finding_id) {
  std::vector<std::string_view> commands;
  for (const CatalogRow& row : rows_at(MessageKind::finding, finding_id, "fix.command", "")) {
    commands.push_back(row.text);
  }
  return commands;
}

/// A command about something that was not seen would be pasted and fail; it is better left out.
static bool can_be_filled(std::string_view command, const Json& args) {
  return std::ranges::all_of(placeholder_names(command), [&](const std::string& name) {
    const auto it = args.find(name);
    return it != args.end() && !it->is_null();
  });
}

std::vector<std::string> fix_commands(std::string_view finding_id, const Json& args) {
  std::vector<std::string> commands;
  for (const std::string_view command : fix_command_templates(finding_id)) {
    if (can_be_filled(command, args)) commands.push_back(render_command(command, args));
  }
  return commands;
}

std::optional<std::string_view> cite(std::string_view finding_id) {
  return text_at(MessageKind::finding, finding_id, "cite", "");
}

bool is_detail(std::string_view fact_id, bool is_empty) {
  const auto detail = text_at(MessageKind::fact, fact_id, "detail", "");
  return detail && (*detail == "yes" || is_empty);
}

}  // namespace postflight
