// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace postflight {
namespace {

WallTime at(std::int64_t milliseconds) {
  return WallTime{std::chrono::milliseconds{milliseconds}};
}

TEST(FormatRfc3339, WritesUtcWithMilliseconds) {
  EXPECT_EQ(format_rfc3339(at(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339(at(1763422024512)), "2025-11-17T23:27:04.512Z");
  EXPECT_EQ(format_rfc3339(at(-1)), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(format_rfc3339(at(951782400007)), "2000-02-29T00:00:00.007Z");
}

TEST(ParseRfc3339, ReadsAnyNumberOfFractionalDigits) {
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00Z"), at(0));
  EXPECT_EQ(parse_rfc3339("2025-11-17T23:27:04.512Z"), at(1763422024512));
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00.5Z"), at(500));
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00.05Z"), at(50));
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00.123456789Z"), at(123));
  EXPECT_EQ(parse_rfc3339("1970-01-01 00:00:01Z"), at(1000));
  EXPECT_EQ(parse_rfc3339("2016-12-31T23:59:60Z"), parse_rfc3339("2017-01-01T00:00:00Z"));
}

TEST(ParseRfc3339, RefusesTheRest) {
  for (const std::string_view bad : {"",
                                     "2025-11-17",
                                     "2025-11-17T23:27:04",
                                     "2025-11-17T23:27:04+00:00",
                                     "2025-11-17T23:27:04.Z",
                                     "2025-11-17T23:27:04,5Z",
                                     "2025-11-17T23:27Z",
                                     "2025-13-01T00:00:00Z",
                                     "2025-00-01T00:00:00Z",
                                     "2025-02-29T00:00:00Z",
                                     "2025-02-00T00:00:00Z",
                                     "2025-01-32T00:00:00Z",
                                     "2025-01-01T24:00:00Z",
                                     "2025-01-01T00:60:00Z",
                                     "2025-01-01T00:00:61Z",
                                     "2025/01/01T00:00:00Z",
                                     "2025-01-01x00:00:00Z",
                                     " 2025-01-01T00:00:00Z",
                                     "2025-01-01T00:00:00Z ",
                                     "20250-01-01T00:00:00Z"}) {
    EXPECT_EQ(parse_rfc3339(bad), std::nullopt) << bad;
  }
}

TEST(ParseRfc3339, TakesNoSignsForDigits) {
  for (const std::string_view bad :
       {"-025-01-01T00:00:00Z", "2025--1-01T00:00:00Z", "2025-01--1T00:00:00Z",
        "2025-01-01T-1:00:00Z", "2025-01-01T00:-1:00Z", "2025-01-01T00:00:-1Z",
        "2025-01-01T00:00:00.-1Z", "2025-01-01T00:00:00.123garbageZ", "2025-01-01T00:00:00.1x4Z",
        "2025-01-01T00:00:00.123.4Z"}) {
    EXPECT_EQ(parse_rfc3339(bad), std::nullopt) << bad;
  }
}

RC_GTEST_PROP(Rfc3339, ComesBack, ()) {
  // Years 0001 to 9999, which is what four digits can hold.
  const auto milliseconds =
      *rc::gen::inRange<std::int64_t>(-62'135'596'800'000, 253'402'300'800'000);
  const std::string text = format_rfc3339(at(milliseconds));
  RC_ASSERT(text.size() == 24u);
  RC_ASSERT(parse_rfc3339(text) == at(milliseconds));
}

RC_GTEST_PROP(Rfc3339, SortsAsTextAsInTime, ()) {
  const auto range = rc::gen::inRange<std::int64_t>(0, 253'402'300'800'000);
  const auto a = *range, b = *range;
  RC_ASSERT((a < b) == (format_rfc3339(at(a)) < format_rfc3339(at(b))));
}

RC_GTEST_PROP(ParseRfc3339, TakesAnyChangeOfOneByte, (char byte)) {
  std::string text = "2025-11-17T23:27:04.512Z";
  const auto place = *rc::gen::inRange<std::size_t>(0, text.size());
  text[place] = byte;
  const auto time = parse_rfc3339(text);
  const bool is_digit = byte >= '0' && byte <= '9';
  const bool was_digit =
      std::string_view("TZ:-.").find("2025-11-17T23:27:04.512Z"[place]) == std::string_view::npos;
  if (time && was_digit) RC_ASSERT(is_digit);
}

TEST(WallNow, IsNow) {
  const auto before = std::chrono::system_clock::now() - std::chrono::milliseconds{1};
  const WallTime now = wall_now();
  EXPECT_GE(now, before);
  EXPECT_LE(now, std::chrono::system_clock::now());
}

}  // namespace
}  // namespace postflight
