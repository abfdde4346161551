// SPDX-License-Identifier: Apache-2.0
#include "catalog/template_parser.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace postflight {
namespace {

std::string error_of(std::string_view text) {
  const auto pieces = parse_template(text);
  return pieces ? "" : pieces.error();
}

TEST(ParseTemplate, SplitsTextAndPlaceholders) {
  const auto pieces = parse_template("Redis {name} uses {used:bytes} in {n|key|keys}");
  ASSERT_TRUE(pieces);
  ASSERT_EQ(pieces->size(), 6u);
  EXPECT_EQ((*pieces)[0].literal, "Redis ");
  EXPECT_TRUE((*pieces)[0].is_literal());
  EXPECT_EQ((*pieces)[1].name, "name");
  EXPECT_EQ((*pieces)[1].format, ValueFormat::plain);
  EXPECT_EQ((*pieces)[3].format, ValueFormat::bytes);
  EXPECT_TRUE((*pieces)[5].is_plural());
  EXPECT_EQ((*pieces)[5].plural_forms, (std::vector<std::string>{"key", "keys"}));
}

TEST(ParseTemplate, KnowsAllFormats) {
  for (const std::string format : {"bytes", "percent", "duration", "list", "number", "shell"}) {
    EXPECT_EQ(error_of("{x:" + format + "}"), "") << format;
  }
}

TEST(ParseTemplate, ReadsDoubledBraces) {
  const auto pieces = parse_template("a {{b}} c");
  ASSERT_TRUE(pieces);
  ASSERT_EQ(pieces->size(), 1u);
  EXPECT_EQ((*pieces)[0].literal, "a {b} c");
}

TEST(ParseTemplate, AllowsEmptyPluralForms) {
  const auto pieces = parse_template("server{n||s}");
  ASSERT_TRUE(pieces);
  EXPECT_EQ((*pieces)[1].plural_forms, (std::vector<std::string>{"", "s"}));
}

TEST(ParseTemplate, SaysWhatIsWrong) {
  EXPECT_EQ(error_of("{x"), "unbalanced brace: { without }");
  EXPECT_EQ(error_of("{x {y}"), "unbalanced brace: { without }");
  EXPECT_EQ(error_of("x}"), "unbalanced brace: } without {");
  EXPECT_EQ(error_of("{}"), "malformed placeholder {}");
  EXPECT_EQ(error_of("{Name}"), "malformed placeholder {Name}");
  EXPECT_EQ(error_of("{a b}"), "malformed placeholder {a b}");
  EXPECT_EQ(error_of("{1a}"), "malformed placeholder {1a}");
  EXPECT_EQ(error_of("{x:}"), "unknown format in {x:}");
  EXPECT_EQ(error_of("{x:hex}"), "unknown format in {x:hex}");
  EXPECT_EQ(error_of("{x|one}"), "too few plural forms in {x|one}");
  EXPECT_EQ(error_of("{x|}"), "too few plural forms in {x|}");
}

TEST(PlaceholderNames, AreSortedAndUnique) {
  EXPECT_EQ(placeholder_names("{b} {a:bytes} {n|x|y} {a}"),
            (std::vector<std::string>{"a", "b", "n"}));
  EXPECT_TRUE(placeholder_names("none").empty());
  EXPECT_TRUE(placeholder_names("{a} {").empty());
}

RC_GTEST_PROP(ParseTemplate, TextWithDoubledBracesComesBack, (const std::string& text)) {
  std::string escaped;
  for (const char c : text) escaped += c == '{' || c == '}' ? std::string(2, c) : std::string(1, c);
  const auto pieces = parse_template(escaped);
  RC_ASSERT(pieces.has_value());
  RC_ASSERT(pieces->size() == (text.empty() ? 0u : 1u));
  if (!text.empty()) RC_ASSERT(pieces->front().literal == text);
}

}  // namespace
}  // namespace postflight
