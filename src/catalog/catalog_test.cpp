// SPDX-License-Identifier: Apache-2.0
// The real, compiled catalog: lookups, and what must hold for every message in it.
#include "catalog/catalog.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/mp11.hpp>

#include "catalog/shell_testing.h"
#include "catalog/template.h"
#include "catalog/template_parser.h"
#include "model/observed.h"
#include "model/severity.h"
#include "model/topology.h"

namespace postflight {
namespace {

TEST(Catalog, FindsTexts) {
  EXPECT_EQ(find_text(MessageKind::ui, "heading.cause", "text", Lang::en), std::nullopt);
  EXPECT_EQ(find_text(MessageKind::ui, "label.cause", "text", Lang::en), "Cause");
  EXPECT_EQ(find_text(MessageKind::ui, "label.cause", "text", Lang::ru), "Причина");
  EXPECT_EQ(find_text(MessageKind::fact, "label.cause", "text", Lang::ru), std::nullopt);
  EXPECT_EQ(find_text(MessageKind::ui, "label.cause", "title", Lang::ru), std::nullopt);
}

TEST(Catalog, FillsMessages) {
  EXPECT_EQ(ui_text("summary.problems", Lang::en, {{"count", 1}}), "1 problem found");
  EXPECT_EQ(ui_text("summary.problems", Lang::ru, {{"count", 4}}), "Найдено: 4 проблемы");
  EXPECT_EQ(ui_text("summary.problems", Lang::ru), "Найдено: ? ?");
}

TEST(Catalog, ShowsWhatIsMissing) {
  EXPECT_EQ(message(MessageKind::finding, "no/such", "problem", Lang::ru, {}), "<no/such>");
  EXPECT_EQ(ui_text("no.such", Lang::en), "<no.such>");
  EXPECT_TRUE(fix_commands("no/such", {}).empty());
  EXPECT_EQ(cite("no/such"), std::nullopt);
}

TEST(Catalog, ListsIdsSortedAndOnce) {
  const auto ids = message_ids(MessageKind::ui);
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  EXPECT_EQ(std::adjacent_find(ids.begin(), ids.end()), ids.end());
  EXPECT_NE(std::find(ids.begin(), ids.end(), "verdict.ok"), ids.end());
}

TEST(Catalog, IsSorted) {
  const auto rows = catalog_rows();
  EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end(), row_before));
}

TEST(Catalog, HasBothLanguagesOfEverything) {
  for (const CatalogRow& row : catalog_rows()) {
    if (row.lang.empty()) continue;
    const Lang other = row.lang == "en" ? Lang::ru : Lang::en;
    EXPECT_TRUE(find_text(row.kind, row.id, row.slot, other)) << row.id << ' ' << row.slot;
  }
}

TEST(Catalog, HasAnAuthorityForEveryFinding) {
  for (const auto id : message_ids(MessageKind::finding)) EXPECT_TRUE(cite(id)) << id;
}

TEST(Catalog, HasOnlyTemplatesThatParse) {
  for (const CatalogRow& row : catalog_rows()) {
    EXPECT_TRUE(row.slot == "cite" || parse_template(row.text)) << row.id << ' ' << row.slot;
  }
}

/// Every enumerator the report shows has its word.
template <class Enum>
void expect_words_for(const std::string& prefix, const std::string& suffix = "") {
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<Enum>>([&](auto enumerator) {
    const std::string id = prefix + enumerator.name + suffix;
    EXPECT_TRUE(find_text(MessageKind::ui, id, "text", Lang::en)) << id;
  });
}

TEST(Catalog, NamesEveryEnumerator) {
  expect_words_for<Verdict>("verdict.");
  expect_words_for<Verdict>("verdict.", ".sentence");
  expect_words_for<Severity>("severity.");
  expect_words_for<TestStatus>("test_status.");
  expect_words_for<Why>("why.");
  expect_words_for<Why>("why.", ".phrase");
  expect_words_for<Outcome>("outcome.");
  expect_words_for<Exposure>("exposure.");
}

/// Whatever fills them, the commands stay well-formed; `set -n` makes the shell read and run
/// nothing.
TEST(Catalog, HasCommandsThatHoldHostileNames) {
  const std::string hostile = "x'\"`$(echo INJECTED)\\; echo INJECTED\n";
  for (const auto id : message_ids(MessageKind::finding)) {
    for (const auto command : fix_command_templates(id)) {
      Json args = Json::object();
      for (const std::string& name : placeholder_names(command)) args[name] = hostile;
      const std::string filled = render_command(command, args);
      EXPECT_EQ(run_shell("set -n\n" + filled + "\n"), "") << id << ": " << filled;
    }
  }
}

}  // namespace
}  // namespace postflight
