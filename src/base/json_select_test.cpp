// SPDX-License-Identifier: Apache-2.0
#include "base/json_select.h"

#include <gtest/gtest.h>

#include <limits>

namespace postflight {
namespace {

Json selected(std::string_view text, const JsonSelection& wanted) {
  const auto json = select_json(text, wanted);
  EXPECT_TRUE(json) << json.error().what;
  return json ? *json : Json();
}

TEST(SelectJson, KeepsWhatIsNamed) {
  EXPECT_EQ(
      selected(R"({"a": 1, "b": {"c": true, "d": [1, {"e": null}]}, "f": "x"})", {"b/c", "f"}),
      Json::parse(R"({"b": {"c": true}, "f": "x"})"));
}

TEST(SelectJson, KeepsAllBelowWhatIsNamed) {
  EXPECT_EQ(selected(R"({"a": {"b": [1, {"c": -2.5}], "d": {}}, "e": 1})", {"a"}),
            Json::parse(R"({"a": {"b": [1, {"c": -2.5}], "d": {}}})"));
}

TEST(SelectJson, PassesThroughLists) {
  EXPECT_EQ(selected(R"([{"Id": "1", "x": [[[1]]]}, {"y": {}, "Id": "2"}, []])", {"Id"}),
            Json::parse(R"([{"Id": "1"}, {"Id": "2"}, []])"));
}

TEST(SelectJson, KeepsAValueOfAnotherKind) {
  EXPECT_EQ(selected(R"({"State": null, "Other": {"Health": 1}})", {"State/Health"}),
            Json::parse(R"({"State": null})"));
  EXPECT_EQ(selected("5", {"a"}), Json(5));
}

TEST(SelectJson, GivesTheFirstOfTwoWithOneName) {
  EXPECT_EQ(selected(R"({"a": 1, "a": 2})", {"a"}).at("a"), 1);
}

TEST(SelectJson, ThrowsAwayTenMegabytes) {
  const std::string label(10 * 1024 * 1024, 'x');
  const std::string text = R"([{"Id": "1", "Labels": {"a": ")" + label + R"("}, "State": "up"}])";
  EXPECT_EQ(selected(text, {"Id", "State"}), Json::parse(R"([{"Id": "1", "State": "up"}])"));
  EXPECT_FALSE(select_json(text, {"Labels"}));  // and does not keep them for the asking
}

TEST(SelectJson, ReadsNumbersAsTheyAre) {
  const Json json = selected(R"([0, 18446744073709551615, -9223372036854775808, 1.5e3])", {"a"});
  EXPECT_TRUE(json[0].is_number_unsigned());
  EXPECT_EQ(json[1], std::uint64_t{18446744073709551615U});
  EXPECT_EQ(json[2], std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(json[3], 1500.0);
}

TEST(SelectJson, RefusesWhatIsMalformed) {
  for (const char* text : {"", "{", R"({"a": 1)", "[1, 2,]", "{} {}", "{\"a\": \"\xff\"}", "nul"}) {
    const auto json = select_json(text, {"b"});
    ASSERT_FALSE(json) << text;
    EXPECT_EQ(json.error().code, Errc::kMalformed);
  }
}

TEST(SelectJson, RefusesDeepNesting) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  const auto json = select_json("{\"x\": " + deep + "}", {"a"});
  ASSERT_FALSE(json);
  EXPECT_NE(json.error().what.find("deep"), std::string::npos) << json.error().what;
}

}  // namespace
}  // namespace postflight
