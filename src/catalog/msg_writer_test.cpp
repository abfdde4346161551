// SPDX-License-Identifier: Apache-2.0
#include "catalog/msg_writer.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace postflight {
namespace {

MsgEntry entry(MessageKind kind, std::string id, std::vector<MsgSlot> slots) {
  return {kind, std::move(id), "x.msg", 1, std::move(slots)};
}

TEST(GenerateTables, SortsRowsAndEscapesText) {
  const std::vector<MsgEntry> entries{
      entry(MessageKind::ui, "b", {{"ru", "text", "«б»", 1}, {"en", "text", "say \"b\\\"", 2}}),
      entry(MessageKind::test, "a/b", {{"en", "title", "t", 3}})};
  const std::string source = generate_tables(entries);
  const auto test_at = source.find(R"({MessageKind::test, "a/b"sv, "title"sv, "en"sv, "t"sv},)");
  const auto en_at = source.find(R"({MessageKind::ui, "b"sv, "text"sv, "en"sv, "say \"b\\\""sv},)");
  const auto ru_at = source.find(R"({MessageKind::ui, "b"sv, "text"sv, "ru"sv, "«б»"sv},)");
  ASSERT_NE(test_at, std::string::npos);
  ASSERT_NE(en_at, std::string::npos);
  ASSERT_NE(ru_at, std::string::npos);
  EXPECT_LT(test_at, en_at);
  EXPECT_LT(en_at, ru_at);
  EXPECT_NE(source.find("std::array<CatalogRow, 3>"), std::string::npos);
}

TEST(GenerateTables, KeepsCommandsInOrder) {
  const std::vector<MsgEntry> entries{
      entry(MessageKind::finding, "a/b",
            {{"", "fix.command", "second letter z", 1}, {"", "fix.command", "first letter a", 2}})};
  const std::string source = generate_tables(entries);
  EXPECT_LT(source.find("second letter z"), source.find("first letter a"));
}

TEST(GenerateTables, IsTheSameForAnyOrderOfEntries) {
  std::vector<MsgEntry> entries{entry(MessageKind::ui, "a", {{"en", "text", "a", 1}}),
                                entry(MessageKind::ui, "b", {{"en", "text", "b", 1}})};
  const std::string source = generate_tables(entries);
  std::reverse(entries.begin(), entries.end());
  EXPECT_EQ(generate_tables(entries), source);
}

TEST(GenerateTables, MayBeEmpty) {
  EXPECT_NE(generate_tables({}).find("std::array<CatalogRow, 0> kRows{{"), std::string::npos);
}

}  // namespace
}  // namespace postflight
