// SPDX-License-Identifier: Apache-2.0
#include "render/value_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "catalog/catalog.h"
#include "catalog/format.h"
#include "render/harmless.h"

namespace postflight {
namespace {

bool has_unit(std::string_view key, std::string_view unit) {
  return key.ends_with(unit);
}

bool is_empty(const Json& value) {
  if (value.is_number()) return value.get<double>() == 0;
  if (value.is_boolean()) return !value.get<bool>();
  return value.empty() || (value.is_string() && value.get_ref<const std::string&>().empty());
}

/// Limits that are switched off by zero; "0 B" would read as if nothing were allowed.
bool is_no_limit(std::string_view key, const Json& value) {
  return key == "maxmemory_bytes" && value == 0;
}

std::string number_text(std::string_view key, const Json& value, Lang lang) {
  if (is_no_limit(key, value)) return ui_text("value.none", lang);
  if (has_unit(key, "_bytes")) return format_bytes(value.get<double>(), lang);
  if (has_unit(key, "_ratio")) return format_percent(value.get<double>(), lang);
  if (has_unit(key, "_seconds")) return format_duration(value.get<double>(), lang);
  if (value.is_number_float()) return format_decimal(value.get<double>(), lang);
  // Ports and process ids are names made of digits: nobody groups them.
  if (key == "port" || key.ends_with("_port") || key == "pid" || key == "uid" || key == "status")
    return value.dump();
  return group_digits(value.dump(), lang);
}

std::string list_text(std::string_view key, const Json& list, Lang lang) {
  std::string out;
  for (const Json& element : list) {
    if (!out.empty()) out += ", ";
    out += value_text(key, element, lang);
  }
  return out.empty() ? ui_text("value.none", lang) : out;
}

/// On one line an object is told by what its declaration names first, e.g. a program and its
/// memory; the JSON report has all of it.
constexpr std::size_t kMembersOnALine = 2;

std::string object_text(const Json& object, Lang lang) {
  // An observation inside a list element keeps its three states.
  if (const auto value = object.find("value"); value != object.end())
    return value_text("", *value, lang);
  if (object.contains("unknown")) return "?";
  if (object.contains("absent")) return "";
  std::string out;
  std::size_t told = 0;
  for (const auto& [key, member] : object.items()) {
    if (is_empty(member)) continue;
    if (++told > kMembersOnALine) break;
    if (!out.empty()) out += " ";
    out += value_text(key, member, lang);
  }
  return out;
}

}  // namespace

std::string value_text(std::string_view key, const Json& value, Lang lang) {
  if (value.is_boolean()) return ui_text(value.get<bool>() ? "value.yes" : "value.no", lang);
  if (value.is_number()) return number_text(key, value, lang);
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const auto word = key == "exposure"
                          ? find_text(MessageKind::ui, "exposure." + text, "text", lang)
                          : std::nullopt;
    return word ? std::string(*word) : text;
  }
  if (value.is_array()) return list_text(key, value, lang);
  if (value.is_object()) return object_text(value, lang);
  return ui_text("value.none", lang);
}

std::string fact_label(const std::string& probe, const std::string& key, Lang lang) {
  const auto label = find_text(MessageKind::fact, probe + "." + key, "label", lang);
  return label ? std::string(*label) : key;
}

std::string unknown_text(const Json& unknown, Lang lang) {
  const auto word = find_text(MessageKind::ui, "why." + text_at(unknown, "why"), "text", lang);
  const std::string why = word ? std::string(*word) : ui_text("why.malformed", lang);
  const std::string detail = text_at(unknown, "detail");
  return detail.empty() ? why : fmt::format("{}: {}", why, detail);
}

ValueTable value_table(const std::string& probe, const std::string& key, const Json& list,
                       Lang lang) {
  ValueTable table;
  // In the order of declaration, which is that of importance, whichever element has something to
  // say.
  std::vector<std::string> declared, columns;
  std::set<std::string> filled;
  for (const Json& element : list) {
    for (const auto& [column, value] : element.items()) {
      if (std::ranges::find(declared, column) == declared.end()) declared.push_back(column);
      if (!is_empty(value)) filled.insert(column);
    }
  }
  std::ranges::copy_if(declared, std::back_inserter(columns),
                       [&](const auto& one) { return filled.contains(one); });
  for (const std::string& column : columns) {
    table.head.push_back(fact_label(probe, key + "." + column, lang));
  }
  for (const Json& element : list) {
    std::vector<std::string> row;
    for (const std::string& column : columns) {
      const auto it = element.find(column);
      row.push_back(
          it == element.end() || is_empty(*it) ? "" : on_one_line(value_text(column, *it, lang)));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace postflight
