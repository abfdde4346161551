// SPDX-License-Identifier: Apache-2.0
#include "catalog/format.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>

namespace postflight {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::string bytes(double value) {
  return format_bytes(value, Lang::en);
}
std::string percent(double ratio) {
  return format_percent(ratio, Lang::en);
}
std::string duration(double seconds) {
  return format_duration(seconds, Lang::en);
}

TEST(FormatDecimal, HasAtMostTwoDecimals) {
  EXPECT_EQ(format_decimal(1.005, Lang::en), "1");
  EXPECT_EQ(format_decimal(1.5, Lang::en), "1.5");
  EXPECT_EQ(format_decimal(1.5, Lang::ru), "1,5");
  EXPECT_EQ(format_decimal(-0.001, Lang::en), "0");
  EXPECT_EQ(format_decimal(100, Lang::en), "100");
  EXPECT_EQ(format_decimal(1234567.891, Lang::ru), "1234567,89");
}

TEST(FormatNumber, GroupsDigits) {
  EXPECT_EQ(format_number(0, Lang::en), "0");
  EXPECT_EQ(format_number(999, Lang::en), "999");
  EXPECT_EQ(format_number(1000, Lang::en), "1,000");
  EXPECT_EQ(format_number(-1234567, Lang::en), "-1,234,567");
  EXPECT_EQ(format_number(-123, Lang::en), "-123");
  EXPECT_EQ(format_number(1000, Lang::ru), "1\u00A0000");
  EXPECT_EQ(format_number(1234.5, Lang::en), "1,234.5");
  EXPECT_EQ(format_number(1234.5, Lang::ru), "1\u00A0234,5");
  EXPECT_EQ(format_number(std::numeric_limits<std::uint64_t>::max(), Lang::en),
            "18,446,744,073,709,551,615");
}

TEST(FormatBytes, UsesBinaryPrefixes) {
  EXPECT_EQ(bytes(0), "0 B");
  EXPECT_EQ(bytes(1023), "1023 B");
  EXPECT_EQ(bytes(1024), "1 KiB");
  EXPECT_EQ(bytes(1536), "1.5 KiB");
  EXPECT_EQ(bytes(1.5 * 1024 * 1024 * 1024), "1.5 GiB");
  EXPECT_EQ(bytes(15.66 * 1024 * 1024 * 1024), "15.7 GiB");
  EXPECT_EQ(bytes(953.0 * 1024 * 1024), "953 MiB");
  EXPECT_EQ(bytes(-1536), "-1.5 KiB");
  EXPECT_EQ(format_bytes(1.5 * 1024 * 1024 * 1024, Lang::ru), "1,5 ГиБ");
  EXPECT_EQ(format_bytes(512, Lang::ru), "512 Б");
}

TEST(FormatBytes, NeverShows1024OfAUnit) {
  EXPECT_EQ(bytes(1024 * 1024 - 1), "1 MiB");
  EXPECT_EQ(bytes(99.97 * 1024), "100 KiB");
  EXPECT_EQ(bytes(18446744073709551615.0), "16 EiB");
}

TEST(FormatPercent, HasADecimalWhereItMatters) {
  EXPECT_EQ(percent(0.953), "95 %");
  EXPECT_EQ(percent(0), "0 %");
  EXPECT_EQ(percent(1), "100 %");
  EXPECT_EQ(percent(0.05), "5 %");
  EXPECT_EQ(percent(0.034), "3.4 %");
  EXPECT_EQ(format_percent(0.034, Lang::ru), "3,4 %");
  EXPECT_EQ(percent(0.0997), "10 %");
  EXPECT_EQ(percent(1.5), "150 %");
  EXPECT_EQ(percent(-0.034), "-3.4 %");
}

TEST(FormatPercent, RoundsNeitherToNothingNorToAll) {
  EXPECT_EQ(percent(0.0001), "<0.1 %");
  EXPECT_EQ(format_percent(0.0001, Lang::ru), "<0,1 %");
  EXPECT_EQ(percent(0.9999), "99.9 %");
  EXPECT_EQ(percent(0.995), "99.5 %");
  EXPECT_EQ(percent(0.99), "99 %");
}

TEST(FormatDuration, UsesOneOrTwoUnits) {
  EXPECT_EQ(duration(0), "0 s");
  EXPECT_EQ(duration(0.0001), "<1 ms");
  EXPECT_EQ(duration(0.35), "350 ms");
  EXPECT_EQ(duration(0.9999), "1 s");
  EXPECT_EQ(duration(1.5), "1.5 s");
  EXPECT_EQ(duration(9.97), "10 s");
  EXPECT_EQ(duration(59.9), "59 s");
  EXPECT_EQ(duration(60), "1 min");
  EXPECT_EQ(duration(720), "12 min");
  EXPECT_EQ(duration(725), "12 min 5 s");
  EXPECT_EQ(duration(3600), "1 h");
  EXPECT_EQ(duration(86399), "23 h 59 min");
  EXPECT_EQ(duration(3 * 86400 + 4 * 3600 + 59), "3 d 4 h");
  EXPECT_EQ(duration(63.9 * 86400), "63 d");
  EXPECT_EQ(duration(-90), "-1 min 30 s");
}

TEST(FormatDuration, SpeaksRussian) {
  EXPECT_EQ(format_duration(3 * 86400 + 4 * 3600, Lang::ru), "3 дн. 4 ч");
  EXPECT_EQ(format_duration(720, Lang::ru), "12 мин");
  EXPECT_EQ(format_duration(0.35, Lang::ru), "350 мс");
  EXPECT_EQ(format_duration(1.5, Lang::ru), "1,5 с");
}

TEST(Format, ShowsWhatIsNoNumberAsQuestionMark) {
  for (const double value : {kInfinity, -kInfinity, kNan}) {
    EXPECT_EQ(format_decimal(value, Lang::en), "?");
    EXPECT_EQ(format_number(value, Lang::en), "?");
    EXPECT_EQ(bytes(value), "?");
    EXPECT_EQ(percent(value), "?");
    EXPECT_EQ(duration(value), "?");
  }
  EXPECT_EQ(duration(1e300), "?");
}

TEST(PluralIndex, FollowsCldrForRussian) {
  const auto index = [](std::uint64_t n) { return plural_index(n, Lang::ru); };
  for (const std::uint64_t one : {1, 21, 31, 101, 1001, 121}) EXPECT_EQ(index(one), 0u) << one;
  for (const std::uint64_t few : {2, 3, 4, 22, 34, 102, 1000003}) EXPECT_EQ(index(few), 1u) << few;
  for (const std::uint64_t many : {0, 5, 10, 11, 12, 13, 14, 15, 20, 25, 111, 112, 114, 1011}) {
    EXPECT_EQ(index(many), 2u) << many;
  }
}

TEST(PluralIndex, FollowsCldrForEnglish) {
  EXPECT_EQ(plural_index(std::uint64_t{1}, Lang::en), 0u);
  for (const std::uint64_t other : {0, 2, 11, 21, 101})
    EXPECT_EQ(plural_index(other, Lang::en), 1u);
}

TEST(PluralIndex, TakesFractionsAsTheyAreShown) {
  EXPECT_EQ(plural_index(1.5, Lang::ru), 1u);
  EXPECT_EQ(plural_index(5.5, Lang::ru), 1u);
  EXPECT_EQ(plural_index(1.5, Lang::en), 1u);
  EXPECT_EQ(plural_index(1.001, Lang::ru), 0u);  // shown as 1
  EXPECT_EQ(plural_index(5.0, Lang::ru), 2u);
  EXPECT_EQ(plural_index(-1.0, Lang::en), 0u);
  EXPECT_EQ(plural_index(kNan, Lang::ru), 1u);
  EXPECT_EQ(plural_index(1e300, Lang::ru), 1u);
}

RC_GTEST_PROP(GroupDigits, OnlyAddsSeparators, (std::int64_t number)) {
  std::string grouped = format_number(number, Lang::en);
  grouped.erase(std::remove(grouped.begin(), grouped.end(), ','), grouped.end());
  RC_ASSERT(grouped == std::to_string(number));
}

RC_GTEST_PROP(FormatBytes, IsShortAndNearTheTruth, (std::uint64_t value)) {
  const std::string text = bytes(static_cast<double>(value));
  const std::string_view units = "BKMGTPE";
  const auto unit_at = text.find(' ') + 1;
  double shown = std::stod(text);
  RC_ASSERT(shown < 1024);
  for (std::size_t i = 0; i < units.find(text[unit_at]); ++i) shown *= 1024;
  RC_ASSERT(std::abs(shown - static_cast<double>(value)) <=
            0.05 * static_cast<double>(value) + 0.5);
}

RC_GTEST_PROP(PluralIndex, DependsOnTheLastTwoDigitsAlone, (std::uint32_t number)) {
  RC_ASSERT(plural_index(std::uint64_t{number}, Lang::ru) ==
            plural_index(std::uint64_t{number % 100}, Lang::ru));
  RC_ASSERT(plural_index(std::uint64_t{number}, Lang::ru) ==
            plural_index(static_cast<double>(number), Lang::ru));
}

RC_GTEST_PROP(FormatDuration, NeverGrowsShorterWithTime, (std::uint32_t a, std::uint32_t b)) {
  // The largest unit of a longer time is never smaller.
  const auto rank = [](double seconds) {
    const std::string text = duration(seconds);
    return std::string_view("smhd").find(text[text.find(' ') + 1]);
  };
  const auto [low, high] = std::minmax(a, b);
  const auto minutes_or_ms = [&](double s) { return s < 1 ? 0 : rank(s); };
  RC_ASSERT(minutes_or_ms(low) <= minutes_or_ms(high));
}

}  // namespace
}  // namespace postflight
