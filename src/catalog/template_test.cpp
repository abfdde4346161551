// SPDX-License-Identifier: Apache-2.0
#include "catalog/template.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "base/text.h"
#include "catalog/shell_testing.h"

namespace postflight {
namespace {

std::string en(std::string_view text, const Json& args) {
  return render_text(text, Lang::en, args);
}
std::string ru(std::string_view text, const Json& args) {
  return render_text(text, Lang::ru, args);
}

TEST(RenderText, PutsPlainValues) {
  EXPECT_EQ(en("Redis {name} on port {port}", {{"name", "cache"}, {"port", 6379}}),
            "Redis cache on port 6379");
  EXPECT_EQ(en("{x}", {{"x", 1234567}}), "1234567");
  EXPECT_EQ(en("{x}", {{"x", -5}}), "-5");
  EXPECT_EQ(en("{x}", {{"x", std::numeric_limits<std::uint64_t>::max()}}), "18446744073709551615");
  EXPECT_EQ(en("{x}", {{"x", 1.456}}), "1.46");
  EXPECT_EQ(ru("{x}", {{"x", 1.456}}), "1,46");
  EXPECT_EQ(en("{x}", {{"x", 2.0}}), "2");
  EXPECT_EQ(ru("{x}", {{"x", true}}), "да");
  EXPECT_EQ(en("{x}", {{"x", false}}), "no");
  EXPECT_EQ(en("{{{x}}}", {{"x", "y"}}), "{y}");
}

TEST(RenderText, PutsFormattedValues) {
  const Json args = {{"size", 1610612736}, {"part", 0.953}, {"time", 273600}, {"n", 1234567}};
  EXPECT_EQ(en("{size:bytes} {part:percent} {time:duration} {n:number}", args),
            "1.5 GiB 95 % 3 d 4 h 1,234,567");
  EXPECT_EQ(ru("{size:bytes} {part:percent} {time:duration} {n:number}", args),
            "1,5 ГиБ 95 % 3 дн. 4 ч 1\u00A0234\u00A0567");
  EXPECT_EQ(ru("{x:number}", {{"x", -1234.5}}), "-1\u00A0234,5");
}

TEST(RenderText, JoinsLists) {
  EXPECT_EQ(en("{x:list}", {{"x", {"a", "b", "c"}}}), "a, b, c");
  EXPECT_EQ(en("{x}", {{"x", {"a", 1, 2.5}}}), "a, 1, 2.5");
  EXPECT_EQ(en("{x:list}", {{"x", Json::array()}}), "none");
  EXPECT_EQ(ru("{x:list}", {{"x", Json::array()}}), "нет");
  EXPECT_EQ(en("{x:list}", {{"x", "alone"}}), "alone");
  EXPECT_EQ(en("{x:list}", {{"x", {Json::array({1}), nullptr}}}), "?, ?");
}

TEST(RenderText, ChoosesPluralWords) {
  const auto bases = [](const Json& n) { return ru("{n} {n|база|базы|баз}", {{"n", n}}); };
  EXPECT_EQ(bases(1), "1 база");
  EXPECT_EQ(bases(3), "3 базы");
  EXPECT_EQ(bases(11), "11 баз");
  EXPECT_EQ(bases(21u), "21 база");
  EXPECT_EQ(bases(-2), "-2 базы");
  EXPECT_EQ(bases(1.5), "1,5 базы");
  EXPECT_EQ(bases(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808 баз");
  EXPECT_EQ(en("{n} {n|database|databases}", {{"n", 1}}), "1 database");
  EXPECT_EQ(en("{n} {n|database|databases}", {{"n", 0}}), "0 databases");
}

TEST(RenderText, ShowsGapsAsQuestionMarks) {
  EXPECT_EQ(en("{x} {y:bytes} {n|a|b}", Json::object()), "? ? ?");
  EXPECT_EQ(en("{x}", nullptr), "?");
  EXPECT_EQ(en("{x}", Json::array({1})), "?");
  EXPECT_EQ(en("{x} {n|a|b}", {{"x", nullptr}, {"n", "many"}}), "? ?");
  EXPECT_EQ(en("{x}", {{"x", Json::object()}}), "?");
  EXPECT_EQ(en("{x:bytes}", {{"x", std::numeric_limits<double>::quiet_NaN()}}), "?");
  EXPECT_EQ(en("{x:bytes}", {{"x", "lots"}}), "lots");
}

TEST(RenderText, KeepsHostileNamesOnOneHarmlessLine) {
  EXPECT_EQ(en("{x}", {{"x", "a\nb\tc\x1b[2J"}}), "a b c\uFFFD[2J");
  EXPECT_EQ(en("{x:list}", {{"x", {"a\nb"}}}), "a b");
  EXPECT_EQ(en("{x:shell}", {{"x", "a b"}}), "'a b'");
  EXPECT_EQ(en("{x}", {{"x", "{y}"}, {"y", "no"}}), "{y}");
}

TEST(RenderText, ReturnsMalformedTemplatesAsTheyAre) {
  EXPECT_EQ(en("{x", {{"x", 1}}), "{x");
  EXPECT_EQ(render_command("{x:nonsense}", {{"x", 1}}), "{x:nonsense}");
}

TEST(RenderCommand, QuotesWhatNeedsIt) {
  EXPECT_EQ(render_command("systemctl restart {unit}", {{"unit", "redis.service"}}),
            "systemctl restart redis.service");
  EXPECT_EQ(render_command("rm {path}", {{"path", "a b; reboot"}}), "rm 'a b; reboot'");
  EXPECT_EQ(render_command("rm {path:shell}", {{"path", "a b"}}), "rm 'a b'");
  EXPECT_EQ(render_command("start {units:list}", {{"units", {"a", "b c"}}}), "start a 'b c'");
  EXPECT_EQ(render_command("start {units}", {{"units", Json::array()}}), "start ");
  EXPECT_EQ(render_command("kill {pid}", Json::object()), "kill '?'");
  EXPECT_EQ(render_command("awk '{{print $1}}'", {}), "awk '{print $1}'");
}

TEST(RenderCommand, WritesNumbersForPrograms) {
  EXPECT_EQ(render_command("set {a} {b:number}", {{"a", 1.5}, {"b", 1234567}}), "set 1.5 1234567");
  EXPECT_EQ(render_command("psql -c 'select {n:number}'", {{"n", "1; drop table x"}}),
            "psql -c 'select ?'");
  EXPECT_EQ(render_command("kill {n:number}", {{"n", "$(reboot)"}}), "kill '?'");
}

TEST(RenderCommand, LetsNoNameOutOfAComment) {
  EXPECT_EQ(render_command("# stop {name} first", {{"name", "a\nreboot"}}),
            "# stop 'a reboot' first");
  EXPECT_EQ(run_shell(render_command("# see {x}", {{"x", "a\necho INJECTED\n"}})), "");
}

/// Places where a placeholder may stand, and what the command must print.
struct Place {
  const char* command;
  const char* before;
  const char* after;
};

RC_GTEST_PROP(RenderCommand, NoValueLeavesItsWord, ()) {
  const std::string value = *hostile_text();
  const auto place =
      *rc::gen::elementOf(std::vector<Place>{{"printf '<%s>' {x}", "<", ">"},
                                             {"printf '<%s>' --name={x}", "<--name=", ">"},
                                             {"printf '<%s>' {x}.log", "<", ".log>"},
                                             {"printf '<%s>' \"a b\"{x}'c d'", "<a b", "c d>"},
                                             {"printf '<%s>' {x} # and {x}", "<", ">"},
                                             {"sh -c 'printf \"<%s>\" \"$1\"' sh {x}", "<", ">"},
                                             {"v={x}; printf '<%s>' \"$v\"", "<", ">"},
                                             {"true && printf '<%s>' {x:shell} | cat", "<", ">"}});
  // A generator of arguments may only put valid UTF-8 into documents, but nothing here relies on
  // it.
  const std::string command = render_command(place.command, {{"x", value}});
  RC_ASSERT(run_shell(command) == place.before + value + place.after);
}

RC_GTEST_PROP(RenderText, IsPrintableForAnyString, (const std::string& value)) {
  const std::string text = en("{x} {x:list} {x:shell} {x:bytes}", {{"x", value}});
  RC_ASSERT(printable_utf8(text) == text);
  RC_ASSERT(text.find('\n') == std::string::npos);
}

RC_GTEST_PROP(RenderText, TakesAnyTemplate, (const std::string& text)) {
  (void)render_text(text, Lang::ru, {{"a", 1}});
  (void)render_command(text, {{"a", 1}});
}

}  // namespace
}  // namespace postflight
