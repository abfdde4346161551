// SPDX-License-Identifier: Apache-2.0
// Quoting is judged by the shell itself: what quote_shell() makes of a value must reach a real
// program as that value and nothing else.
#include "catalog/shell.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/text.h"
#include "catalog/shell_testing.h"

namespace postflight {
namespace {

std::string through_shell(std::string_view value) {
  return run_shell("printf %s " + quote_shell(value));
}

TEST(QuoteShell, LeavesSimpleWordsAlone) {
  EXPECT_EQ(quote_shell("redis-server.service"), "redis-server.service");
  EXPECT_EQ(quote_shell("/var/lib/redis/dump.rdb"), "/var/lib/redis/dump.rdb");
  EXPECT_EQ(quote_shell("user@host:6379"), "user@host:6379");
}

TEST(QuoteShell, QuotesWhatTheShellWouldActUpon) {
  EXPECT_EQ(quote_shell(""), "''");
  EXPECT_EQ(quote_shell("two words"), "'two words'");
  EXPECT_EQ(quote_shell("it's"), "'it'\\''s'");
  EXPECT_EQ(quote_shell("$(reboot)"), "'$(reboot)'");
  EXPECT_EQ(quote_shell("PATH=/tmp"), "'PATH=/tmp'");
  EXPECT_EQ(quote_shell("~root"), "'~root'");
  EXPECT_EQ(quote_shell("имя"), "'имя'");
}

TEST(QuoteShell, KeepsTerminalControlsOutOfTheText) {
  EXPECT_EQ(quote_shell("a\x1b[2J"), "\"$(printf %b 'a\\0033\\01332J')\"");
  EXPECT_EQ(quote_shell("a\nb"), "\"$(printf %b 'a\\0012b')\"");
  EXPECT_EQ(quote_shell("a b\n"), "'a b''\n'");
}

TEST(QuoteShell, WritesNulAsReplacementCharacter) {
  EXPECT_EQ(through_shell(std::string_view("a\0b", 3)),
            "a\xEF\xBF\xBD"
            "b");
}

TEST(QuoteShell, SurvivesTheShellForNastyExamples) {
  for (const std::string_view value : {"",
                                       "-n",
                                       "'",
                                       "''",
                                       "\\",
                                       "a\\",
                                       "\n",
                                       "\n\n",
                                       "a\n",
                                       "\na",
                                       "a\tb",
                                       "`id`",
                                       "$HOME",
                                       "!!",
                                       "a!b\x01",
                                       "%s",
                                       "\\0101\x02",
                                       "\xff\xfe",
                                       "*",
                                       "#",
                                       "; echo no",
                                       "'; echo no; '",
                                       "\"; echo no; \"",
                                       "'\n'",
                                       "\r",
                                       "\x7f",
                                       "\xe2\x80\xae"}) {
    EXPECT_EQ(through_shell(value), value);
  }
}

RC_GTEST_PROP(QuoteShell, ReachesAProgramUnchanged, ()) {
  const std::string value = *hostile_text();
  RC_ASSERT(through_shell(value) == value);
}

RC_GTEST_PROP(QuoteShell, ReachesAProgramUnchangedForAnyBytes, ()) {
  const auto value = *rc::gen::container<std::string>(rc::gen::nonZero<char>());
  RC_ASSERT(through_shell(value) == value);
}

RC_GTEST_PROP(QuoteShell, IsSafeToPaste, ()) {
  const auto value = *rc::gen::arbitrary<std::string>();
  const std::string word = quote_shell(value);
  RC_ASSERT(printable_utf8(word) == word);
  RC_ASSERT(word.find('\t') == std::string::npos);
  // Newlines only at the very end, inside the last quotes.
  const auto newline = word.find('\n');
  RC_ASSERT(newline == std::string::npos ||
            word.find_first_not_of('\n', newline) == word.size() - 1);
}

/// The scanner after `literal`, as "quotes", "comment", "active" or "plain".
std::string state_after(std::string_view literal) {
  ShellScanner scanner;
  scanner.feed(literal);
  if (scanner.in_quotes()) return "quotes";
  if (scanner.in_comment()) return "comment";
  return scanner.after_active_character() ? "active" : "plain";
}

TEST(ShellScanner, TellsWhereAPlaceholderLands) {
  EXPECT_EQ(state_after(""), "plain");
  EXPECT_EQ(state_after("systemctl restart "), "plain");
  EXPECT_EQ(state_after("psql -c \"select "), "quotes");
  EXPECT_EQ(state_after("psql -c 'select "), "quotes");
  EXPECT_EQ(state_after("kill `cat "), "quotes");
  EXPECT_EQ(state_after("kill $(cat "), "plain");
  EXPECT_EQ(state_after("echo 'done' \"too\" "), "plain");
  EXPECT_EQ(state_after("echo '\\' "), "plain");
  EXPECT_EQ(state_after("echo \"\\\" "), "quotes");
  EXPECT_EQ(state_after("echo \\\" "), "plain");
  EXPECT_EQ(state_after("echo it\\'s "), "plain");
}

TEST(ShellScanner, KnowsComments) {
  EXPECT_EQ(state_after("# don't forget "), "comment");
  EXPECT_EQ(state_after("ls # don't "), "comment");
  EXPECT_EQ(state_after("ls;# don't "), "comment");
  EXPECT_EQ(state_after("ls a#b "), "plain");
  EXPECT_EQ(state_after("ls '#' "), "plain");
  EXPECT_EQ(state_after("ls \\# "), "plain");
  ShellScanner scanner;
  scanner.feed("ls ");
  scanner.feed_value();
  scanner.feed("#");
  EXPECT_FALSE(scanner.in_comment());
}

TEST(ShellScanner, KnowsCharactersThatUndoAQuote) {
  EXPECT_EQ(state_after("echo \\"), "active");
  EXPECT_EQ(state_after("echo $"), "active");
  EXPECT_EQ(state_after("echo \\$"), "plain");
  EXPECT_EQ(state_after("echo \\\\"), "plain");
  EXPECT_EQ(state_after("echo '$'"), "plain");
}

}  // namespace
}  // namespace postflight
