// SPDX-License-Identifier: Apache-2.0
#include "catalog/msg_writer.h"

#include <set>

namespace postflight {
namespace {

constexpr std::string_view kHead = R"(// Made by msgc from *.msg files; edit those instead.
#include <array>

#include "catalog/tables.h"

namespace postflight {
namespace {

using namespace std::string_view_literals;

)";

constexpr std::string_view kTail = R"(}};

}  // namespace

std::span<const CatalogRow> catalog_rows() { return kRows; }

}  // namespace postflight
)";

std::string_view kind_name(MessageKind kind) {
  switch (kind) {
    case MessageKind::finding: return "MessageKind::finding";
    case MessageKind::test: return "MessageKind::test";
    case MessageKind::fact: return "MessageKind::fact";
    case MessageKind::ui: break;
  }
  return "MessageKind::ui";
}

/// A string_view literal. Control characters cannot occur, the parser refuses them.
std::string literal(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"sv";
}

/// Rows that compare equal, the commands of a finding, keep their order in a multiset.
using SortedRows = std::multiset<CatalogRow, decltype(&row_before)>;

SortedRows sorted_rows(std::span<const MsgEntry> entries) {
  SortedRows rows(row_before);
  for (const MsgEntry& entry : entries) {
    for (const MsgSlot& slot : entry.slots) {
      rows.insert({entry.kind, entry.id, slot.name, slot.lang, slot.text});
    }
  }
  return rows;
}

}  // namespace

std::string generate_tables(std::span<const MsgEntry> entries) {
  const SortedRows rows = sorted_rows(entries);
  std::string out(kHead);
  out += "constexpr std::array<CatalogRow, " + std::to_string(rows.size()) + "> kRows{{\n";
  for (const CatalogRow& row : rows) {
    out += "    {";
    out += kind_name(row.kind);
    for (const auto part : {row.id, row.slot, row.lang, row.text}) out += ", " + literal(part);
    out += "},\n";
  }
  return out + std::string(kTail);
}

}  // namespace postflight
