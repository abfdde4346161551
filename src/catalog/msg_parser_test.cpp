// SPDX-License-Identifier: Apache-2.0
// Every refusal of the message compiler, each with the line it must name.
#include "catalog/msg_parser.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>

namespace postflight {
namespace {

constexpr std::string_view kFinding =
    "# Redis\n"
    "-- redis/last-save-failed\n"
    "en.problem: Redis {name} could not save its data to disk\n"
    "ru.problem: Redis {name} не смог сохранить данные на диск\n"
    "en.cause: The last save failed {ago:duration} ago\n"
    "ru.cause: Последнее сохранение не удалось {ago:duration} назад\n"
    "en.impact: {n} {n|key|keys} would be lost\n"
    "ru.impact: Будет потерян{n||ы|о} {n} {n|ключ|ключа|ключей}\n"
    "en.fix: Make room on the disk\n"
    "  and save again\n"
    "ru.fix: Освободите место\n"
    "  на диске и сохраните снова\n"
    "fix.command: # see how full it is\n"
    "fix.command: df -h {path}\n"
    "fix.command: redis-cli -p {port} BGSAVE\n"
    "en.risk: A save needs memory for a copy\n"
    "ru.risk: Сохранение требует памяти под копию\n"
    "cite: Redis manual, \"Persistence\"\n";

std::expected<std::vector<MsgEntry>, std::vector<MsgError>> parse(std::string_view text) {
  const MsgFile file{"x.msg", std::string(text)};
  return parse_messages(std::span(&file, 1));
}

/// All errors, one on a line.
std::string errors_of(std::string_view text) {
  const auto entries = parse(text);
  std::string out;
  if (!entries) {
    for (const MsgError& error : entries.error()) out += error.text() + "\n";
  }
  return out;
}

/// kFinding with one text in place of another.
std::string finding_with(std::string_view old_text, std::string_view new_text) {
  std::string text(kFinding);
  const auto at = text.find(old_text);
  if (at == std::string::npos) throw std::invalid_argument(std::string(old_text));
  return text.replace(at, old_text.size(), new_text);
}

/// The error for an `ui` entry with these two texts.
std::string ui_error(std::string_view en, std::string_view ru) {
  return errors_of("-- ui a\nen.text: " + std::string(en) + "\nru.text: " + std::string(ru) + "\n");
}

std::string command_error(std::string_view command) {
  return errors_of(finding_with("df -h {path}", command));
}

TEST(ParseMessages, ReadsAFinding) {
  const auto entries = parse(kFinding);
  ASSERT_TRUE(entries) << errors_of(kFinding);
  ASSERT_EQ(entries->size(), 1u);
  const MsgEntry& entry = entries->front();
  EXPECT_EQ(entry.kind, MessageKind::finding);
  EXPECT_EQ(entry.id, "redis/last-save-failed");
  EXPECT_EQ(entry.line, 2);
  ASSERT_EQ(entry.slots.size(), 14u);
  EXPECT_EQ(entry.slots[0].key(), "en.problem");
  EXPECT_EQ(entry.slots[0].text, "Redis {name} could not save its data to disk");
  EXPECT_EQ(entry.slots[6].text, "Make room on the disk and save again");
  EXPECT_EQ(entry.slots[8].text, "# see how full it is");
  EXPECT_EQ(entry.slots[9].text, "df -h {path}");
  EXPECT_EQ(entry.slots[13].text, "Redis manual, \"Persistence\"");
}

TEST(ParseMessages, ReadsAllKinds) {
  const auto entries = parse(
      "-- test redis/ping\nen.title: {name} answers\nru.title: {name} отвечает\n\n"
      "-- fact redis.version\nen.label: Version\nru.label: Версия\n"
      "-- ui verdict.ok\nen.text: fine\n\nru.text:\n  в\n  порядке\n");
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 3u);
  EXPECT_EQ((*entries)[0].kind, MessageKind::test);
  EXPECT_EQ((*entries)[1].kind, MessageKind::fact);
  EXPECT_EQ((*entries)[2].kind, MessageKind::ui);
  EXPECT_EQ((*entries)[2].slots[1].text, "в порядке");
}

TEST(ParseMessages, TakesEmptyFilesAndNoFiles) {
  EXPECT_TRUE(parse(""));
  EXPECT_TRUE(parse("# nothing yet\n\n"));
  EXPECT_TRUE(parse_messages({}));
}

TEST(ParseMessages, RefusesDamagedHeaders) {
  EXPECT_EQ(errors_of("--\n"), "x.msg:1: expected -- ID or -- KIND ID\n");
  EXPECT_EQ(errors_of("-- a b c\n"), "x.msg:1: expected -- ID or -- KIND ID\n");
  EXPECT_EQ(errors_of("-- rule a/b\nen.text: x\n  y\n"), "x.msg:1: unknown kind \"rule\"\n");
  EXPECT_EQ(errors_of("-- Redis/x\n"), "x.msg:1: malformed id \"Redis/x\"\n");
  EXPECT_EQ(errors_of("-- redis\n"), "x.msg:1: malformed id \"redis\"\n");
  EXPECT_EQ(errors_of("-- a/b/c\n"), "x.msg:1: malformed id \"a/b/c\"\n");
  EXPECT_EQ(errors_of("-- ui a..b\n"), "x.msg:1: malformed id \"a..b\"\n");
  EXPECT_EQ(errors_of("-- test a.b\n"), "x.msg:1: malformed id \"a.b\"\n");
}

TEST(ParseMessages, RefusesTextOutside) {
  EXPECT_EQ(errors_of("hello\n"), "x.msg:1: text outside an entry\n");
  EXPECT_EQ(errors_of("  hello\n"), "x.msg:1: text outside an entry\n");
  EXPECT_EQ(errors_of("-- ui a\n  stray\nen.text: a\nru.text: б\n"),
            "x.msg:2: text outside a slot\n");
  EXPECT_EQ(errors_of("-- ui a\nen.text: a\nru.text: б\n\n  stray\n"),
            "x.msg:5: text outside a slot\n");
  EXPECT_EQ(errors_of("-- ui a\nen.text: a\n one blank\nru.text: б\n"),
            "x.msg:3: text outside a slot; a continuation begins with two blanks\n");
}

TEST(ParseMessages, RefusesUnknownAndDuplicateSlots) {
  EXPECT_EQ(errors_of("-- ui a\nen.text: a\nru.text: б\nen.title: a\n  more\n"),
            "x.msg:4: unknown slot en.title\n");
  EXPECT_EQ(errors_of("-- fact a.b\nen.label: a\nru.label: б\ndetail: yes\n"), "");
  EXPECT_EQ(errors_of("-- fact a.b\nen.label: a\nru.label: б\ndetail: empty\n"), "");
  EXPECT_EQ(errors_of("-- fact a.b\nen.label: a\nru.label: б\ndetail: no\n"),
            "x.msg:4: a.b: detail: neither yes nor empty\n");
  EXPECT_EQ(errors_of("-- ui a\nen.text: a\nru.text: б\ncite: a\n"),
            "x.msg:4: unknown slot cite\n");
  EXPECT_EQ(errors_of("-- ui a\nen.text: a\nru.text: б\nde.text: a\n"),
            "x.msg:4: unknown slot de.text\n");
  EXPECT_EQ(errors_of("-- ui a\nen.text: a\nru.text: б\nen.text: a\n"),
            "x.msg:4: duplicate slot en.text\n");
  EXPECT_EQ(errors_of(std::string(kFinding) + "cite: another\n"),
            "x.msg:19: duplicate slot cite\n");
}

TEST(ParseMessages, RefusesMissingSlots) {
  EXPECT_EQ(errors_of("-- ui a\n"), "x.msg:1: a: missing slot text\n");
  EXPECT_EQ(errors_of("-- ui a\nen.text: a\n"),
            "x.msg:2: a: en.text: only one language, ru.text is missing\n");
  EXPECT_EQ(errors_of("-- ui a\nru.text: а\n"),
            "x.msg:2: a: ru.text: only one language, en.text is missing\n");
  EXPECT_EQ(errors_of("-- ui a\nen.text:\nru.text: а\n"), "x.msg:2: a: en.text: empty slot\n");
  EXPECT_EQ(errors_of(finding_with("cite: Redis manual, \"Persistence\"\n", "")),
            "x.msg:2: redis/last-save-failed: missing cite\n");
  EXPECT_EQ(errors_of(finding_with("Redis manual, \"Persistence\"", "")),
            "x.msg:18: redis/last-save-failed: cite: empty slot\n");
}

TEST(ParseMessages, RefusesDuplicateIdsAcrossFiles) {
  const std::string entry = "-- ui a\nen.text: a\nru.text: б\n";
  const std::array files{MsgFile{"z.msg", entry}, MsgFile{"a.msg", "\n" + entry}};
  const auto entries = parse_messages(files);
  ASSERT_FALSE(entries);
  ASSERT_EQ(entries.error().size(), 1u);
  EXPECT_EQ(entries.error()[0].text(), "a.msg:2: duplicate id a, first seen at z.msg:1");
  const std::array kinds{MsgFile{"a.msg", "-- test a/b\nen.title: a\nru.title: б\n"},
                         MsgFile{"b.msg", finding_with("redis/last-save-failed", "a/b")}};
  EXPECT_TRUE(parse_messages(kinds));
}

TEST(ParseMessages, RefusesWhatIsNoText) {
  const std::string good = "-- ui a\nen.text: a\nru.text: б\n";
  for (const std::string bad : {"\xff", "\x01", "a\tb", "en.text: a\r", "# \xc3", "\x1b[0m"}) {
    EXPECT_EQ(errors_of(good + bad + "\n"), "x.msg:4: invalid UTF-8, control character or tab\n");
  }
}

TEST(ParseMessages, CountsCharactersNotBytes) {
  const auto line = [](const std::string& letter, std::size_t count) {
    std::string text = "# ";
    for (std::size_t i = 2; i < count; ++i) text += letter;
    return text;
  };
  EXPECT_EQ(errors_of(line("я", 400)), "");
  EXPECT_EQ(errors_of(line("я", 401)), "x.msg:1: line over 400 characters\n");
  EXPECT_EQ(errors_of("\n" + line("a", 401)), "x.msg:2: line over 400 characters\n");
}

TEST(ParseMessages, ComparesPlaceholders) {
  EXPECT_EQ(ui_error("{x}", "{y}"),
            "x.msg:3: a: ru.text: other placeholders than in en.text: {x}, {y}\n");
  EXPECT_EQ(ui_error("{x:bytes}", "{x}"),
            "x.msg:3: a: ru.text: other placeholders than in en.text: {x}\n");
  EXPECT_EQ(ui_error("{n} {n|key|keys}", "{n|ключ|ключа|ключей}"),
            "x.msg:3: a: ru.text: other placeholders than in en.text: {n}\n");
  EXPECT_EQ(ui_error("{n} times", "{n} {n|раз|раза|раз}"), "");
  EXPECT_EQ(ui_error("{a} {b} {a}", "{b} {a}"), "");
}

TEST(ParseMessages, CountsPluralForms) {
  EXPECT_EQ(ui_error("{n|a|b}", "{n|а|б}"),
            "x.msg:3: a: ru.text: {n|…} has 2 plural forms, ru needs 3\n");
  EXPECT_EQ(ui_error("{n|a|b|c}", "{n|а|б|в}"),
            "x.msg:2: a: en.text: {n|…} has 3 plural forms, en needs 2\n");
}

TEST(ParseMessages, RefusesBadTemplates) {
  EXPECT_EQ(ui_error("{x:hex}", "а"), "x.msg:2: a: en.text: unknown format in {x:hex}\n");
  EXPECT_EQ(ui_error("a", "а }"), "x.msg:3: a: ru.text: unbalanced brace: } without {\n");
  EXPECT_EQ(errors_of(finding_with("Redis manual", "Redis {manual}")),
            "x.msg:18: redis/last-save-failed: cite: braces are not allowed here\n");
}

TEST(ParseMessages, RefusesLookAlikes) {
  EXPECT_EQ(ui_error("a", "сeрвер не отвечает"),
            "x.msg:3: a: ru.text: Latin and Cyrillic letters in one word: \"сeрвер\"\n");
  EXPECT_EQ(ui_error("a", "потерян{n||ы|o} {n}").find("x.msg:3: a: ru.text: Latin and Cyrillic"),
            0u);
  EXPECT_EQ(ui_error("the sеrver", "сервер"),
            "x.msg:2: a: en.text: Latin and Cyrillic letters in one word: \"sеrver\"\n");
  EXPECT_EQ(ui_error("а server", "сервер"),
            "x.msg:2: a: en.text: Cyrillic letters in English text: \"а\"\n");
  EXPECT_EQ(ui_error("a", "связь c сервером"),
            "x.msg:3: a: ru.text: Latin letter in place of a Russian word: \"c\"\n");
}

TEST(ParseMessages, AllowsBothScriptsSideBySide) {
  EXPECT_EQ(ui_error("{x} a", "TLS-сертификат и Redis'у для {x} (psql -c …)"), "");
  EXPECT_EQ(ui_error("{n} a", "сервер{n||а|ов} {n}, IPv6, HTTP/2, ключ `-c`"), "");
}

TEST(ParseMessages, RefusesExclamationMarks) {
  EXPECT_EQ(ui_error("Done!", "Готово"), "x.msg:2: a: en.text: exclamation mark\n");
  EXPECT_EQ(command_error("! test -e {path}"), "");
}

TEST(ParseMessages, RefusesCommandsThatAValueCouldBreak) {
  const std::string at = "x.msg:14: redis/last-save-failed: fix.command: ";
  const std::string quotes =
      "{x} inside quotes, where a value cannot be made safe; only :number may "
      "stand there\n";
  EXPECT_EQ(command_error("psql -c 'select {x}'"), at + quotes);
  EXPECT_EQ(command_error("psql -c \"select {x:shell}\""), at + quotes);
  EXPECT_EQ(command_error("kill `cat {x}`"), at + quotes);
  EXPECT_EQ(command_error("psql -c 'select {x:number}'"), "");
  EXPECT_EQ(command_error("kill $(cat {x})"), "");
  EXPECT_EQ(command_error("# don't touch {x}"), "");
  EXPECT_EQ(command_error("echo ${x}"), at + "\\ or $ just before {x} would undo its quoting\n");
  EXPECT_EQ(command_error("echo \\{x}"), at + "\\ or $ just before {x} would undo its quoting\n");
  EXPECT_EQ(command_error("echo ${{HOME}}"), "");
  EXPECT_EQ(command_error("cat <<EOF"),
            at + "here-documents are not allowed, a value cannot be quoted there\n");
  EXPECT_EQ(command_error("echo 'open"), at + "unclosed quote\n");
  EXPECT_EQ(command_error("echo {x:bytes}"), at + "format for readers in a command: {x}\n");
  EXPECT_EQ(command_error("echo {x|a|b}"), at + "plural words in a command: {x}\n");
}

TEST(ParseMessages, ReportsAllErrorsInOrder) {
  EXPECT_EQ(errors_of("stray\n-- ui a\nen.text: a!\nru.text: {\n-- ui b\n"),
            "x.msg:1: text outside an entry\n"
            "x.msg:3: a: en.text: exclamation mark\n"
            "x.msg:4: a: ru.text: unbalanced brace: { without }\n"
            "x.msg:5: b: missing slot text\n");
}

RC_GTEST_PROP(ParseMessages, TakesAnyBytes, (const std::string& text)) {
  (void)parse(text);
}

/// Lines that are nearly right reach deeper than random bytes do.
RC_GTEST_PROP(ParseMessages, NamesALineOfTheFile, ()) {
  const auto lines =
      *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::vector<std::string>{
          "-- ui a", "-- ui b", "-- a/b", "-- test a/b", "--", "en.text: a", "ru.text: б",
          "en.text: {n|a|b}", "ru.text: {n|", "  more", "  {x}", "fix.command: '{x}", "cite: c",
          "en.fix: a", "# c", "", "\xff", "сe"}));
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  const auto entries = parse(text);
  if (entries) return;
  RC_ASSERT(!entries.error().empty());
  for (const MsgError& error : entries.error()) {
    RC_ASSERT(error.line >= 1);
    RC_ASSERT(error.line <= static_cast<int>(lines.size()));
    RC_ASSERT(!error.cause.empty());
  }
}

}  // namespace
}  // namespace postflight
