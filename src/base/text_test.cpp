// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace postflight {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// Texts of the characters that the functions here care about, valid UTF-8 and not.
rc::Gen<std::string> text_of(std::vector<std::string> parts) {
  return rc::gen::map(
      rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::move(parts))),
      [](const std::vector<std::string>& chosen) {
        std::string text;
        for (const std::string& part : chosen) text += part;
        return text;
      });
}

rc::Gen<std::string> messy_text() {
  return text_of({"a", " ", "я", "€", "😀", "\n", "\t", "\x1b", "\x7f", "\x80", "\xc3", "\xe2\x82",
                  "\xf0\x9f", "\xff", "\xc0\xaf", "\xed\xa0\x80", "\xc2\x9b", "\xe2\x80\xae",
                  std::string(1, '\0')});
}

TEST(Trim, TakesWhiteSpaceFromBothEnds) {
  EXPECT_EQ(trim("  a b\t\r\n"), "a b");
  EXPECT_EQ(trim("a"), "a");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Split, GivesPartsBetweenSeparators) {
  using Parts = std::vector<std::string_view>;
  EXPECT_EQ(split("a:b", ':'), (Parts{"a", "b"}));
  EXPECT_EQ(split("a::b:", ':'), (Parts{"a", "", "b", ""}));
  EXPECT_EQ(split(":", ':'), (Parts{"", ""}));
  EXPECT_EQ(split("a", ':'), (Parts{"a"}));
  EXPECT_TRUE(split("", ':').empty());
}

RC_GTEST_PROP(Split, JoinsBackToTheText, ()) {
  const std::string text = *rc::gen::nonEmpty(text_of({"a", ":", "bc"}));
  std::string joined;
  for (const auto part : split(text, ':')) joined += std::string(part) + ":";
  joined.pop_back();
  RC_ASSERT(joined == text);
}

TEST(SplitWords, GivesWordsOnly) {
  using Words = std::vector<std::string_view>;
  EXPECT_EQ(split_words("  a \t bc\n"), (Words{"a", "bc"}));
  EXPECT_TRUE(split_words(" \t").empty());
  EXPECT_TRUE(split_words("").empty());
}

TEST(ParseNumber, TakesTheWholeTextOrNothing) {
  EXPECT_EQ(parse_number<std::int64_t>("-12"), -12);
  EXPECT_EQ(parse_number<std::uint64_t>("18446744073709551615"),
            std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(parse_number<std::uint16_t>("65535"), 65535);
  EXPECT_EQ(parse_number<double>("0.25"), 0.25);
  EXPECT_EQ(parse_number<double>("1e3"), 1000.0);
  for (const std::string_view bad : {"", " 1", "1 ", "+1", "1x", "x", "0x10", "--1"}) {
    EXPECT_EQ(parse_number<std::int64_t>(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(parse_number<std::uint64_t>("-1"), std::nullopt);
  EXPECT_EQ(parse_number<std::uint64_t>("18446744073709551616"), std::nullopt);
  EXPECT_EQ(parse_number<std::uint16_t>("65536"), std::nullopt);
}

TEST(ParseNumber, TakesNoWordsForNumbers) {
  for (const std::string_view bad : {"nan", "inf", "-inf", "infinity", "NaN", "nan(1)", "1e999"}) {
    EXPECT_EQ(parse_number<double>(bad), std::nullopt) << bad;
  }
}

RC_GTEST_PROP(ParseNumber, ReadsWhatWasWritten, (std::int64_t number)) {
  RC_ASSERT(parse_number<std::int64_t>(std::to_string(number)) == number);
}

TEST(ParseDuration, KnowsItsUnits) {
  EXPECT_EQ(parse_duration_ms("500ms"), 500);
  EXPECT_EQ(parse_duration_ms("15s"), 15'000);
  EXPECT_EQ(parse_duration_ms("2m"), 120'000);
  EXPECT_EQ(parse_duration_ms("1h"), 3'600'000);
  EXPECT_EQ(parse_duration_ms("0s"), 0);
  EXPECT_EQ(parse_duration_ms("168h"), 604'800'000);
}

TEST(ParseDuration, RefusesTheRest) {
  for (const std::string_view bad :
       {"", "15", "s", "-1s", "+1s", "1.5s", "1 s", " 1s", "1s ", "1d", "1S", "1sec", "1m30s",
        "169h", "604800001ms", "99999999999999999999s", "9223372036854775807h"}) {
    EXPECT_EQ(parse_duration_ms(bad), std::nullopt) << bad;
  }
}

RC_GTEST_PROP(ParseDuration, ReadsWhatWasWritten, ()) {
  const auto number = *rc::gen::inRange<std::int64_t>(0, 169);
  const auto [unit, factor] = *rc::gen::elementOf(std::vector<std::pair<std::string, std::int64_t>>{
      {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}});
  RC_ASSERT(parse_duration_ms(std::to_string(number) + unit) == number * factor);
}

RC_GTEST_PROP(ParseDuration, IsNeverNegativeNorOverAWeek, ()) {
  const auto text = *text_of({"0", "1", "9", "999999999", "m", "s", "h", "-", ".", " "});
  const auto duration = parse_duration_ms(text);
  RC_ASSERT(!duration || (*duration >= 0 && *duration <= 7LL * 24 * 3'600'000));
}

TEST(PrintableUtf8, LeavesTextAlone) {
  for (const std::string_view text :
       {"", "abc", "line\n\ttab", "Привет, мир", "€ 😀 漢字", "\uFFFD"}) {
    EXPECT_EQ(printable_utf8(text), text);
  }
}

TEST(PrintableUtf8, ReplacesEachBadByte) {
  const auto bad = [](std::string_view bytes, std::size_t count) {
    std::string expected;
    for (std::size_t i = 0; i < count; ++i) expected += kReplacement;
    EXPECT_EQ(printable_utf8(bytes), expected) << testing::PrintToString(bytes);
    EXPECT_EQ(printable_utf8("a" + std::string(bytes) + "b"), "a" + expected + "b");
  };
  bad("\x80", 1);
  bad("\xff\xfe", 2);
  bad("\xc3", 1);
  bad("\xc0\xaf", 2);          // overlong /
  bad("\xe0\x80\xaf", 3);      // overlong /
  bad("\xf0\x80\x80\xaf", 4);  // overlong /
  bad("\xed\xa0\x80", 3);      // a surrogate
  bad("\xf4\x90\x80\x80", 4);  // above U+10FFFF
  bad("\xe2\x82", 2);          // cut
}

TEST(PrintableUtf8, ReplacesWhatMovesCursorsAndLines) {
  for (const std::string_view character :
       {"\x1b", "\x07", "\x08", "\r", "\x7f", "\xc2\x80", "\xc2\x9b", "\u202A", "\u202E", "\u2066",
        "\u2069", "\u2028", "\u2029"}) {
    EXPECT_EQ(printable_utf8(character), kReplacement) << testing::PrintToString(character);
  }
  EXPECT_EQ(printable_utf8(std::string_view("\0", 1)), kReplacement);
  EXPECT_EQ(printable_utf8("\u00A0\u2027\u202F\u2065\u206A"), "\u00A0\u2027\u202F\u2065\u206A");
}

RC_GTEST_PROP(PrintableUtf8, ChangesNothingTwice, ()) {
  const std::string once = printable_utf8(*messy_text());
  RC_ASSERT(printable_utf8(once) == once);
}

RC_GTEST_PROP(PrintableUtf8, HoldsNoControlsForAnyBytes, (const std::string& bytes)) {
  for (const char c : printable_utf8(bytes)) {
    RC_ASSERT(static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t');
    RC_ASSERT(c != '\x7f');
  }
}

TEST(Excerpt, LeavesShortTextAlone) {
  EXPECT_EQ(excerpt("short"), "short");
  EXPECT_EQ(excerpt(""), "");
  EXPECT_EQ(excerpt("abc", 3), "abc");
  EXPECT_EQ(excerpt("яя", 4), "яя");
  EXPECT_EQ(excerpt("abc", std::numeric_limits<std::size_t>::max()), "abc");
  EXPECT_EQ(excerpt("abcdef", std::numeric_limits<std::size_t>::max() - 2), "abcdef");
}

TEST(Excerpt, CutsBetweenCharacters) {
  EXPECT_EQ(excerpt("abcd", 3), "abc…");
  EXPECT_EQ(excerpt("яя", 3), "я…");
  EXPECT_EQ(excerpt("😀😀", 7), "😀…");
  EXPECT_EQ(excerpt("😀", 3), "…");
  EXPECT_EQ(excerpt("\xff\xff", 4), std::string(kReplacement) + "…");
  EXPECT_EQ(excerpt("a", 0), "…");
}

RC_GTEST_PROP(Excerpt, IsAPrefixWithinTheLimit, ()) {
  const std::string bytes = *messy_text();
  const auto limit = *rc::gen::inRange<std::size_t>(0, 40);
  const std::string whole = printable_utf8(bytes);
  const std::string cut = excerpt(bytes, limit);
  RC_ASSERT(printable_utf8(cut) == cut);
  if (whole.size() <= limit) {
    RC_ASSERT(cut == whole);
    return;
  }
  RC_ASSERT(cut.ends_with("…"));
  const std::string kept = cut.substr(0, cut.size() - std::string_view("…").size());
  RC_ASSERT(kept.size() <= limit);
  RC_ASSERT(kept.size() + 4 > limit);  // not more was cut than one character
  RC_ASSERT(whole.starts_with(kept));
}

TEST(GlobMatch, MatchesLikeAShell) {
  EXPECT_TRUE(glob_match("", ""));
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_TRUE(glob_match("redis:*", "redis:127.0.0.1:6379"));
  EXPECT_TRUE(glob_match("*:6379", "redis:127.0.0.1:6379"));
  EXPECT_TRUE(glob_match("r*d*s", "redis"));
  EXPECT_TRUE(glob_match("a?c", "abc"));
  EXPECT_TRUE(glob_match("*a*b", "aab ab"));
  EXPECT_TRUE(glob_match("a*", "a*b"));
  EXPECT_FALSE(glob_match("", "a"));
  EXPECT_FALSE(glob_match("?", ""));
  EXPECT_FALSE(glob_match("redis", "Redis"));
  EXPECT_FALSE(glob_match("a?c", "ac"));
  EXPECT_FALSE(glob_match("a*b", "abc"));
  EXPECT_FALSE(glob_match("a", "ab"));
}

TEST(GlobMatch, TakesACharacterForACharacter) {
  EXPECT_TRUE(glob_match("?", "я"));
  EXPECT_TRUE(glob_match("с?рв?р", "сервер"));
  EXPECT_TRUE(glob_match("*?", "😀"));
  EXPECT_FALSE(glob_match("??", "я"));
  EXPECT_FALSE(glob_match("*??", "€"));
  EXPECT_TRUE(glob_match("?", "\xff"));
}

TEST(GlobMatch, IsQuickOnPatternsMadeToBeSlow) {
  std::string pattern, text(5000, 'a');
  for (int i = 0; i < 100; ++i) pattern += "a*";
  EXPECT_FALSE(glob_match(pattern + "b", text));
}

RC_GTEST_PROP(GlobMatch, MatchesItselfAndItsStar, ()) {
  const std::string text = *text_of({"a", "b", "я", "😀", "\xff", ":", "."});
  const auto cut = *rc::gen::inRange<std::size_t>(0, text.size() + 1);
  RC_ASSERT(glob_match(text, text));
  RC_ASSERT(glob_match("*", text));
  RC_ASSERT(glob_match(text.substr(0, cut) + "*", text));
  RC_ASSERT(!glob_match(text + "?", text));
  RC_ASSERT(!glob_match(text + "x", text));
}

/// The definition, word by word; exponential, so only for short texts.
bool glob_by_definition(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    return glob_by_definition(pattern.substr(1), text) ||
           (!text.empty() && glob_by_definition(pattern, text.substr(1)));
  }
  if (text.empty() || (pattern[0] != '?' && pattern[0] != text[0])) return false;
  return glob_by_definition(pattern.substr(1), text.substr(1));
}

RC_GTEST_PROP(GlobMatch, AgreesWithTheDefinition, ()) {
  const auto pattern = *rc::gen::resize(8, text_of({"a", "b", "*", "?"}));
  const auto text = *rc::gen::resize(8, text_of({"a", "b"}));
  RC_ASSERT(glob_match(pattern, text) == glob_by_definition(pattern, text));
}

TEST(Nearest, FindsWhatWasProbablyMeant) {
  const std::vector<std::string> candidates{"timeout", "thresholds", "only", "skip"};
  EXPECT_EQ(nearest("timeot", candidates), "timeout");
  EXPECT_EQ(nearest("treshold", candidates), "thresholds");
  EXPECT_EQ(nearest("skip", candidates), "skip");
  EXPECT_EQ(nearest("credentials", candidates), std::nullopt);
  EXPECT_EQ(nearest("x", {}), std::nullopt);
}

TEST(DisplayWidth, CountsColumns) {
  EXPECT_EQ(display_width(""), 0u);
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("Привет"), 6u);
  EXPECT_EQ(display_width("漢字"), 4u);
  EXPECT_EQ(display_width("😀"), 2u);
  EXPECT_EQ(display_width("e\u0301"), 1u);
  EXPECT_EQ(display_width("и\u0306"), 1u);
}

RC_GTEST_PROP(DisplayWidth, TakesAnyBytes, (const std::string& bytes)) {
  RC_ASSERT(display_width(bytes) <= 2 * bytes.size());
}

}  // namespace
}  // namespace postflight
