// SPDX-License-Identifier: Apache-2.0
// The library accepts more than a report may hold; here is what parse_json() must refuse.
#include "base/json.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <map>
#include <vector>

namespace postflight {
namespace {

std::string error_of(std::string_view text, JsonLimits limits = {}) {
  const auto json = parse_json(text, limits);
  if (json) return "";
  EXPECT_EQ(json.error().code, Errc::kMalformed);
  EXPECT_FALSE(json.error().what.empty());
  return json.error().what;
}

TEST(ParseJson, KeepsTheOrderOfKeys) {
  const auto json = parse_json(R"({"z": 1, "a": [true, null, "я", -2.5e3], "m": {}})");
  ASSERT_TRUE(json);
  EXPECT_EQ(dump_json(*json), R"({"z":1,"a":[true,null,"я",-2500.0],"m":{}})");
}

TEST(ParseJson, TakesScalarsAndWhiteSpace) {
  for (const std::string_view text : {"1", " null\n", "\"\"", "[]", "{}", "\t[1]\r\n"}) {
    EXPECT_EQ(error_of(text), "") << text;
  }
}

TEST(ParseJson, RefusesDuplicateKeys) {
  EXPECT_NE(error_of(R"({"a":1,"a":2})").find("duplicate key \"a\""), std::string::npos);
  EXPECT_NE(error_of(R"([{"x":{"b":1,"c":2,"b":3}}])").find("duplicate key \"b\""),
            std::string::npos);
  EXPECT_NE(error_of(R"({"a":1,"\u0061":2})"), "");
  EXPECT_NE(error_of(R"({"a":{"a":1},"a":2})"), "");
  EXPECT_EQ(error_of(R"({"a":{"a":1},"b":[{"a":1},{"a":2}]})"), "");
}

TEST(ParseJson, RefusesDuplicateKeysAmongMany) {
  // Beyond a few members another way of looking them up is taken.
  for (const std::size_t count : {15u, 16u, 17u, 18u, 5000u}) {
    std::string text = "{";
    for (std::size_t i = 0; i < count; ++i) text += "\"k" + std::to_string(i) + "\":{},";
    for (const char* last : {"k0", "k14"}) {
      EXPECT_NE(error_of(text + "\"" + last + "\":1}").find("duplicate key"), std::string::npos)
          << count;
    }
    const auto json = parse_json(text + "\"other\":1}");
    ASSERT_TRUE(json) << count;
    EXPECT_EQ(json->size(), count + 1);
    EXPECT_EQ(json->begin().key(), "k0");
  }
}

TEST(ParseJson, RefusesTrailingBytes) {
  for (const std::string_view text : {"{} {}", "{}x", "1 2", "[],", "null\xff"}) {
    EXPECT_NE(error_of(text), "") << text;
  }
  EXPECT_NE(error_of(std::string_view("{}\0", 3)), "");
  EXPECT_NE(error_of(std::string_view("{}\0garbage", 10)), "");
  EXPECT_NE(error_of(std::string_view("{}\n\0", 4)), "");
}

TEST(ParseJson, RefusesHalfDocuments) {
  const std::string whole = R"({"a":[1,{"b":"c\n"}],"d":null})";
  ASSERT_EQ(error_of(whole), "");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(error_of(whole.substr(0, length)), "") << length;
  }
}

TEST(ParseJson, RefusesInvalidUtf8) {
  for (const std::string_view text : {"\"\xff\"", "\"\xc3\"", "\"\xed\xa0\x80\"", "\"\xc0\xaf\"",
                                      "{\"\x80\":1}", "\"\\ud800\"", "\"a\nb\""}) {
    EXPECT_NE(error_of(text), "") << testing::PrintToString(text);
  }
}

TEST(ParseJson, RefusesWhatIsNoJson) {
  for (const std::string_view text : {"", " ", "// c\n1", "{'a':1}", "[1,]", "{\"a\":1,}", "NaN",
                                      "01", "+1", "1.", "1e999", "tru"}) {
    EXPECT_NE(error_of(text), "") << text;
  }
}

std::string nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') +
         std::string(static_cast<std::size_t>(depth), ']');
}

TEST(ParseJson, BoundsTheDepth) {
  EXPECT_EQ(error_of(nested(64)), "");
  EXPECT_NE(error_of(nested(65)).find("nested too deeply"), std::string::npos);
  EXPECT_EQ(error_of("[[1]]", {.max_depth = 2}), "");
  EXPECT_EQ(error_of(R"({"a":{"b":1}})", {.max_depth = 2}), "");
  EXPECT_NE(error_of("[[[]]]", {.max_depth = 2}), "");
  EXPECT_NE(error_of(R"({"a":{"b":{}}})", {.max_depth = 2}), "");
  EXPECT_EQ(error_of("1", {.max_depth = 0}), "");
  EXPECT_NE(error_of("[]", {.max_depth = 0}), "");
  EXPECT_NE(error_of(std::string(1'000'000, '[')).find("nested too deeply"), std::string::npos);
}

TEST(ParseJson, BoundsTheSize) {
  EXPECT_EQ(error_of("[1]", {.max_bytes = 3}), "");
  EXPECT_EQ(error_of("[12]", {.max_bytes = 3}), "document is larger than 3 bytes");
}

TEST(ParseJson, NamesTheByte) {
  EXPECT_NE(error_of("[1, x]").find("byte 5"), std::string::npos) << error_of("[1, x]");
  EXPECT_NE(error_of("{\"a\":\n\"\xff\"}").find("byte 8"), std::string::npos);
  EXPECT_EQ(error_of(std::string_view("[\0]", 3)), "byte 2: NUL");
}

TEST(ParseJson, KeepsItsErrorsShortAndPrintable) {
  const std::string hostile = "\"" + std::string(100'000, 'x') + "\x1b[2J\xff";
  const std::string what = error_of(hostile);
  EXPECT_LT(what.size(), 400u);
  EXPECT_EQ(what.find('\x1b'), std::string::npos);
  EXPECT_EQ(what.find('\xff'), std::string::npos);
  const std::string key(100'000, 'k');
  EXPECT_LT(error_of("{\"" + key + "\":1,\"" + key + "\":2}").size(), 400u);
}

RC_GTEST_PROP(ParseJson, TakesAnyBytes, (const std::string& bytes)) {
  (void)parse_json(bytes);
}

RC_GTEST_PROP(ParseJson, NeverThrowsOnNearlyJson, ()) {
  const auto parts = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(
      std::vector<std::string>{"{", "}", "[", "]", ",", ":", "\"a\"", "\"", "1", "-", "null", " ",
                               "\\", "\xff", std::string(1, '\0')}));
  std::string text;
  for (const std::string& part : parts) text += part;
  const auto json = parse_json(text);
  if (!json) return;
  const auto again = parse_json(dump_json(*json));
  RC_ASSERT(again.has_value());
  RC_ASSERT(*again == *json);
}

RC_GTEST_PROP(DumpJson, ComesBackThroughTheParser,
              (const std::map<std::string, std::int64_t>& numbers, std::vector<bool> flags)) {
  Json json = {{"flags", flags}, {"numbers", Json::object()}};
  for (const auto& [key, value] : numbers) {
    json["numbers"]["k" + std::to_string(std::hash<std::string>{}(key))] = value;
  }
  const auto compact = parse_json(dump_json(json)), pretty = parse_json(dump_json_pretty(json));
  RC_ASSERT(compact.has_value());
  RC_ASSERT(*compact == json);
  RC_ASSERT(pretty.has_value());
  RC_ASSERT(*pretty == json);
}

TEST(DumpJson, ReplacesWhatCannotBeWritten) {
  EXPECT_EQ(dump_json("a\xff\x1b"), "\"a\xEF\xBF\xBD\\u001b\"");
  EXPECT_EQ(dump_json(std::numeric_limits<double>::quiet_NaN()), "null");
}

TEST(DumpJson, IsPrettyWhereAsked) {
  EXPECT_EQ(dump_json_pretty({{"a", {1}}}), "{\n  \"a\": [\n    1\n  ]\n}");
}

}  // namespace
}  // namespace postflight
