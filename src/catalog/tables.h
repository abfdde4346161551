// SPDX-License-Identifier: Apache-2.0
// The compiled messages as data. msgc writes a source file that defines catalog_rows(); this header
// is light, so that the table compiles fast and msgc does not wait for the rest of the project.
#pragma once

#include <span>
#include <string_view>
#include <tuple>

namespace postflight {

/// What an entry of a .msg file describes.
enum class MessageKind {
  finding,  ///< Header without a kind: problem, cause, impact, fix, risk, commands and cite.
  test,     ///< `test`: the title of a functional test.
  fact,     ///< `fact`: the label of a fact.
  ui,       ///< `ui`: a heading, label or phrase of the report.
};

/// One text in one language.
struct CatalogRow {
  MessageKind kind;
  std::string_view id;
  std::string_view
      slot;  ///< "problem", "title", …; "fix.command" may repeat, in the order to paste.
  std::string_view lang;  ///< "en" or "ru"; empty for fix.command and cite.
  std::string_view text;  ///< Template as written, see catalog/template_parser.h.
};

/// The order of the table, on which the lookups rest. Rows that differ in text alone keep their
/// order.
constexpr bool row_before(const CatalogRow& a, const CatalogRow& b) {
  return std::tie(a.kind, a.id, a.slot, a.lang) < std::tie(b.kind, b.id, b.slot, b.lang);
}

/// All messages of the tool, sorted by row_before.
std::span<const CatalogRow> catalog_rows();

}  // namespace postflight
