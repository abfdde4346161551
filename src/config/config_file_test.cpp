// SPDX-License-Identifier: Apache-2.0
// The loader on good, bad and hostile files.
#include "config/config_file.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "config/public_name.h"
#include "config/text_guard.h"
#include "model/codec.h"

namespace postflight {
namespace {

const ConfigContext kContext{{"http", "redis", "sockets"}, {}};

std::expected<Settings, std::vector<ConfigProblem>> load(std::string_view text) {
  return load_settings(text, "postflight.yaml", kContext);
}

std::vector<ConfigProblem> problems_of(std::string_view text) {
  const auto loaded = load(text);
  return loaded ? std::vector<ConfigProblem>{} : loaded.error();
}

/// All problems as the user sees them; empty for a good text.
std::string told(std::string_view text) {
  return format_problems(problems_of(text));
}

/// Line, column, message and hint of the only problem.
std::string only_problem(std::string_view text) {
  const auto problems = problems_of(text);
  if (problems.size() != 1) return std::to_string(problems.size()) + " problems: " + told(text);
  const std::string formatted = format_problem(problems[0]);
  return formatted.substr(0, formatted.find('\n'));
}

std::string json_of(const Settings& settings) {
  return dump_json(to_json(settings));
}

TEST(ConfigLoad, EmptyTextGivesTheDefaultsOfTheCaller) {
  ConfigContext russian;
  russian.defaults.lang = Lang::ru;
  for (const char* text : {"", "\n", "# nothing\n", "---\n", "\xEF\xBB\xBF", "{}", "~", "\r\n"}) {
    const auto loaded = load_settings(text, "f", russian);
    ASSERT_TRUE(loaded) << text;
    EXPECT_EQ(json_of(*loaded), json_of(russian.defaults)) << text;
  }
}

TEST(ConfigLoad, ReadsEveryKey) {
  const auto loaded = load(
      "timeout: 2m\nlang: ru\nbudgets: {http: 500ms}\nthresholds:\n  http_slow_seconds: 1.5\n"
      "only: [redis:*]\nskip:\n- 'a b'\ncredentials:\n- component: redis:*\n  username: NO\n"
      "  password_env: P\n- {component: pg, password_file: /p}\npublic_names: [example.org]\n");
  ASSERT_TRUE(loaded) << format_problems(loaded.error());
  EXPECT_EQ(loaded->timeout, Duration{120'000});
  EXPECT_EQ(loaded->lang, Lang::ru);
  EXPECT_EQ(loaded->budgets.at("http"), Duration{500});
  EXPECT_EQ(loaded->thresholds.http_slow_seconds, 1.5);
  EXPECT_EQ(loaded->thresholds.disk_used_warning_ratio, Thresholds{}.disk_used_warning_ratio);
  EXPECT_EQ(loaded->only, std::vector<std::string>{"redis:*"});
  EXPECT_EQ(loaded->skip, std::vector<std::string>{"a b"});
  ASSERT_EQ(loaded->credentials.size(), 2u);
  EXPECT_EQ(loaded->credentials[0].username, "NO");
  EXPECT_EQ(loaded->credentials[0].password_env, "P");
  EXPECT_EQ(loaded->credentials[1].password_file, "/p");
  EXPECT_EQ(loaded->public_names, std::vector<std::string>{"example.org"});
}

TEST(ConfigLoad, TakesContainersWithoutContent) {
  const auto loaded =
      load("only:\n  # - redis:*\nthresholds:\nbudgets:\ncredentials: ~\npublic_names: []\n");
  ASSERT_TRUE(loaded) << format_problems(loaded.error());
  EXPECT_EQ(json_of(*loaded), json_of(Settings{}));
}

TEST(ConfigLoad, KeepsScalarsAsText) {
  const auto loaded = load("skip: [no, 16.10, true, 0x10, 1_000, \"~\", 2024-01-01]\r\n");
  ASSERT_TRUE(loaded) << format_problems(loaded.error());
  EXPECT_EQ(loaded->skip,
            (std::vector<std::string>{"no", "16.10", "true", "0x10", "1_000", "~", "2024-01-01"}));
}

TEST(ConfigLoad, TellsAProblemAsACompilerDoes) {
  EXPECT_EQ(told("timeout: 15s\nlang:  de\ntreshold:\n  x: 1\n"),
            "postflight.yaml:2:8: lang is none of: en, ru\n"
            "  lang:  de\n"
            "         ^\n"
            "postflight.yaml:3:1: unknown key \"treshold\"; did you mean \"thresholds\"?\n"
            "  treshold:\n"
            "  ^\n");
}

TEST(ConfigLoad, CountsColumnsInCharactersAndPutsTheCaretByWidth) {
  const auto problems = problems_of("{skip: [\"цена 日本\"], lang: de}\n");
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].column, 27u);
  EXPECT_EQ(problems[0].caret, 28u);
}

TEST(ConfigLoad, ShowsThePartOfALongLineThatIsMeant) {
  const auto problems =
      problems_of("{skip: [\"" + std::string(900, 'a') + "\"], lang: de, timeout: 5s}\n");
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_LE(display_width(problems[0].source_line), 102u);
  EXPECT_EQ(printable_utf8(problems[0].source_line), problems[0].source_line);
  EXPECT_NE(problems[0].source_line.find("lang: de"), std::string::npos);
}

TEST(ConfigLoad, CollectsAllProblemsInTheOrderOfTheText) {
  const auto problems = problems_of(
      "timeout: soon\nthresholds:\n  http_slow_seconds: -1\n  disk_used_warning_ratio: 90\n"
      "public_names: [https://example.org/]\nonly: redis\n");
  ASSERT_EQ(problems.size(), 5u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_LT(problems[i].line, problems[i + 1].line);
}

TEST(ConfigLoad, StopsTellingAtSomePoint) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "key" + std::to_string(i) + ": 1\n";
  const auto problems = problems_of(text);
  ASSERT_EQ(problems.size(), 51u);
  EXPECT_EQ(problems.back().message, "150 more problems are not shown");
}

struct Case {
  const char* text;
  const char* problem;  ///< What follows "postflight.yaml:".
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << one.text;
}

class BadConfigText : public testing::TestWithParam<Case> {};

TEST_P(BadConfigText, HasThisProblem) {
  EXPECT_EQ(only_problem(GetParam().text), std::string("postflight.yaml:") + GetParam().problem);
}

const Case kKeys[] = {
    {"timeout: 5s\nlang: en\ntimeout: 6s\n",
     "3:1: duplicate key \"timeout\"; the first one is in line 1"},
    {"{timeout: 5s, \"timeout\": 6s}\n",
     "1:15: duplicate key \"timeout\"; the first one is in line 1"},
    {"budgets:\n  http: 1s\n  http: 1s\n",
     "3:3: duplicate key \"http\" in budgets; the first one is in line 2"},
    {"credentials:\n- component: a\n  component: b\n  password_env: P\n",
     "3:3: duplicate key \"component\" in credentials[0]; the first one is in line 2"},
    {"Timeout: 5s\n", "1:1: unknown key \"Timeout\"; did you mean \"timeout\"?"},
    {"colour: red\n", "1:1: unknown key \"colour\""},
    {"disk_used_warning_ratio: 0.5\n",
     "1:1: unknown key \"disk_used_warning_ratio\"; it belongs under \"thresholds\""},
    {"thresholds:\n  timeout: 5s\n",
     "2:3: unknown key \"timeout\"; it belongs to the top of the file, without indentation"},
    {"<<: {timeout: 5s}\n", "1:1: unknown key \"<<\""},
    {"budgets:\n  htp: 1s\n", "2:3: budgets: no probe is called \"htp\"; did you mean \"http\"?"},
    {"? [a]\n: b\n", "1:3: a key must be a plain text"},
    {"{: b}\n", "1:2: a key is missing before the colon"},
};
INSTANTIATE_TEST_SUITE_P(Keys, BadConfigText, testing::ValuesIn(kKeys));

const Case kTypes[] = {
    {"timeout:\n", "1:1: timeout has no value; leave out the line to get the default"},
    {"timeout: 15\n", "1:10: timeout: \"15\" is not a duration; add the unit: 15s"},
    {"timeout: 1.5s\n", "1:10: timeout: \"1.5s\" is not a duration; write 500ms, 15s or 2m"},
    {"timeout: [5s]\n", "1:10: timeout: expected a single value, found a list"},
    {"lang: NO\n", "1:7: lang is none of: en, ru"},
    {"lang: {en: 1}\n", "1:7: lang: expected a single value, found a mapping (key: value)"},
    {"only: redis\n",
     "1:7: only: expected a list, found a single value; "
     "write each entry on a line of its own that begins with \"- \""},
    {"only: [[a]]\n", "1:8: only[0]: expected a single value, found a list"},
    {"only: [a, ~]\n", "1:11: only[1] has no value"},
    {"only: [\"\"]\n", "1:8: only: an empty pattern fits nothing; delete the line"},
    {"skip: [\"a\\nb\"]\n", "1:8: skip[0] contains a control character or a line break"},
    {"skip: [\"a\\eb\"]\n", "1:8: skip[0] contains a control character or a line break"},
    {"thresholds: 0.9\n",
     "1:13: thresholds: expected a mapping (key: value), found a single value"},
    {"thresholds: {http_slow_seconds: fast}\n",
     "1:33: thresholds.http_slow_seconds: \"fast\" is not a number"},
    {"thresholds: {http_slow_seconds: \"2\"}\n",
     "1:33: thresholds.http_slow_seconds: expected a number, found text in quotes; "
     "leave out the quotes"},
    {"thresholds: {http_slow_seconds: .inf}\n",
     "1:33: thresholds.http_slow_seconds: \".inf\" is not a number"},
    {"thresholds: {http_slow_seconds: nan}\n",
     "1:33: thresholds.http_slow_seconds: \"nan\" is not a number"},
    {"thresholds:\n  swap_used_warning_ratio: 80%\n",
     "2:28: thresholds.swap_used_warning_ratio: \"80%\" is not a number; "
     "write a part of one: 0.9, not 90%"},
    {"thresholds:\n  swap_used_warning_ratio: 0,8\n",
     "2:28: thresholds.swap_used_warning_ratio: \"0,8\" is not a number; "
     "write a decimal point, not a comma"},
    {"timeout:15s\n",
     "1:1: the document: expected a mapping (key: value), found a single value; "
     "a colon after a key is followed by a blank or the end of the line"},
    {"- timeout: 5s\n", "1:1: the document: expected a mapping (key: value), found a list"},
};
INSTANTIATE_TEST_SUITE_P(Types, BadConfigText, testing::ValuesIn(kTypes));

const Case kValues[] = {
    {"timeout: 999ms\n", "1:10: timeout: 999ms is out of range; write 1s to 10m"},
    {"timeout: 601s\n", "1:10: timeout: 601s is out of range; write 1s to 10m"},
    {"budgets: {http: 0s}\n", "1:17: budgets.http: 0s is out of range; write 10ms to 10m"},
    {"budgets: {http: 11m}\n", "1:17: budgets.http: 11m is out of range; write 10ms to 10m"},
    {"thresholds: {swap_used_warning_ratio: 0}\n",
     "1:39: thresholds.swap_used_warning_ratio: 0 is out of range; "
     "write a part of one: above 0, at most 1"},
    {"thresholds: {swap_used_warning_ratio: -0.1}\n",
     "1:39: thresholds.swap_used_warning_ratio: -0.1 is out of range; "
     "write a part of one: above 0, at most 1"},
    {"thresholds: {disk_used_warning_ratio: 85}\n",
     "1:39: thresholds.disk_used_warning_ratio: 85 is out of range; a part of one: write 0.85"},
    {"thresholds: {http_slow_seconds: 0}\n",
     "1:33: thresholds.http_slow_seconds: 0 is out of range; write a number above 0"},
    {"thresholds: {disk_used_warning_ratio: 0.97}\n",
     "1:39: thresholds: disk_used_warning_ratio 0.97 is above disk_used_critical_ratio 0.95 "
     "(the default); a warning comes before it is critical"},
    {"thresholds: {inodes_used_critical_ratio: 0.5}\n",
     "1:42: thresholds: inodes_used_warning_ratio 0.9 (the default) is above "
     "inodes_used_critical_ratio 0.5; a warning comes before it is critical"},
    {"thresholds: {memory_available_warning_ratio: 0.1, memory_available_critical_ratio: 0.2}\n",
     "1:46: thresholds: memory_available_warning_ratio 0.1 is below "
     "memory_available_critical_ratio 0.2; a warning comes before it is critical"},
};
INSTANTIATE_TEST_SUITE_P(Values, BadConfigText, testing::ValuesIn(kValues));

const Case kNamesAndCredentials[] = {
    {"public_names: [https://example.org/]\n",
     "1:16: public_names: this is not a DNS name; write example.org, not https://example.org/"},
    {"public_names:\n- example.org:8443\n",
     "2:3: public_names: this is not a DNS name; write example.org, not example.org:8443"},
    {"public_names: [192.0.2.1]\n",
     "1:16: public_names: this is not a DNS name; "
     "letters, digits and hyphens between dots, for example example.org"},
    {"public_names: [\"*.example.org\"]\n",
     "1:16: public_names: this is not a DNS name; write each name by itself"},
    {"credentials: [{password_env: P}]\n",
     "1:15: credentials[0]: component is missing; for example redis:*"},
    {"credentials: [{component: a}]\n",
     "1:15: credentials[0]: none of password_env and password_file; give exactly one of them"},
    {"credentials: [{component: a, password_env: P, password_file: /p}]\n",
     "1:15: credentials[0]: both password_env and password_file; give exactly one of them"},
    {"credentials: [{component: a, password_env: $P}]\n",
     "1:44: credentials[0].password_env: this is not the name of an environment variable; "
     "write the name without $"},
    {"credentials: [{component: a, password_file: p}]\n",
     "1:45: credentials[0].password_file: this is not an absolute path of a file; "
     "write the path from / on, such as /etc/postflight/redis.password"},
};
INSTANTIATE_TEST_SUITE_P(NamesAndCredentials, BadConfigText,
                         testing::ValuesIn(kNamesAndCredentials));

const Case kSyntax[] = {
    {"a: b: c\n",
     "1:5: not valid YAML: illegal map value; "
     "put a value that contains \": \" in quotes"},
    {"lang: en\n\ttimeout: 5s\n", "2:1: a tab in the indentation; YAML takes blanks only"},
    {"skip: [*a]\n",
     "1:8: anchors (&name) and aliases (*name) are not accepted; "
     "put a text that begins with * or & in quotes: \"*:6379\""},
    {"only: &a [x]\nskip: *a\n",
     "1:7: anchors (&name) and aliases (*name) are not accepted; "
     "put a text that begins with * or & in quotes: \"*:6379\""},
    {"lang: !!str en\n",
     "1:7: tags (!name) are not accepted; "
     "put a text that begins with ! in quotes"},
    {"lang: en\n---\nlang: ru\n",
     "2:1: text after the end of the document; the file holds one document"},
    {"lang: en\nskip: \xFF\n", "2:7: not valid UTF-8 (byte 0xFF); save the file as UTF-8"},
    {"lang: en\nskip: a\xEF\xBF\n", "2:8: not valid UTF-8 (byte 0xEF); save the file as UTF-8"},
    {"skip: [\x1B[2J]\n", "1:8: a control character (byte 0x1B) is not text; delete it"},
    {"skip: [a\xE2\x80\xAE]\n", "1:9: a control character (byte 0xE2) is not text; delete it"},
    {"\xFF\xFEl\x01", "1:1: the file is UTF-16; save it as UTF-8"},
    {"skip: [[[[[[[[[a]]]]]]]]]\n", "1:14: nested too deeply"},
    {"%a\nlang: en\n", "1:1: directives (%) are not accepted; delete the line"},
    {"lang: \"en\n\n", "1:10: not valid YAML: illegal EOF in scalar; a closing quote is missing"},
    {"skip: \"abc\n", "1:11: not valid YAML: illegal EOF in scalar; a closing quote is missing"},
};
INSTANTIATE_TEST_SUITE_P(Syntax, BadConfigText, testing::ValuesIn(kSyntax));

TEST(ConfigLoad, RefusesBinary) {
  EXPECT_FALSE(problems_of(std::string_view("\0\0\0", 3)).empty());
  std::string noise;
  for (int i = 0; i < 100'000; ++i) noise += static_cast<char>(i * i % 251);
  EXPECT_LE(problems_of(noise).size(), 12u);
  EXPECT_FALSE(problems_of("\x7F"
                           "ELF\x02\x01")
                   .empty());
}

TEST(ConfigLoad, BracketsInTextsAreNoNesting) {
  std::string text = "only:\n";
  for (int i = 0; i < 100; ++i) text += "  - \"[[{{\"\n  - x[{\n";
  EXPECT_TRUE(problems_of(text).empty());
}

TEST(ConfigLoad, RefusesWhatIsTooLarge) {
  const std::string text(kMaxConfigBytes + 1, '#');
  const auto problems = problems_of(text);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].line, 0u);
  EXPECT_EQ(format_problem(problems[0]), "postflight.yaml: the file is larger than 1048576 bytes");
  EXPECT_TRUE(problems_of(std::string_view(text).substr(1)).empty());
}

std::string repeated(std::string_view unit, std::size_t bytes) {
  std::string text;
  while (text.size() + unit.size() <= bytes) text += unit;
  return text;
}

/// An eighth of a megabyte of the worst is answered at once: no time grows with the square.
TEST(ConfigLoad, AnswersHostileTextsSoon) {
  const char* const units[] = {"[",     "{",    "- ",     "? ",  "[a,", "{a: ",   "\"",
                               "'",     ":",    "a ",     "a: ", "a\n", "|\n",    "\n ",
                               "- a\n", "a:\n", "a: b\n", "#",   ",",   "]",      "%a\n",
                               "---\n", "!a ",  "&a ",    "*a ", "> ",  "a,",     "[]",
                               "{},",   ": ",   "?\n",    "-\n", "\\",  "\"a\":", "\xD1\x8F"};
  for (const char* unit : units) {
    for (const char* prefix : {"", "only: [", "{", "only: \"", "only:\n  ", "a: |\n  "}) {
      const std::string text = prefix + repeated(unit, kMaxConfigBytes / 8);
      const auto start = std::chrono::steady_clock::now();
      const bool harmless = unit[0] == '#' || unit[0] == '\n';
      EXPECT_TRUE(!told(text + "\n").empty() || harmless) << prefix << unit;
      const auto spent = std::chrono::steady_clock::now() - start;
      EXPECT_LT(spent, std::chrono::seconds{3}) << "\"" << prefix << "\" and \"" << unit << "\"";
    }
  }
}

TEST(ConfigLoad, NestingOfBlocksIsBounded) {
  std::string text;
  for (int depth = 0; depth < 900; ++depth) text += std::string(depth, ' ') + "a:\n";
  EXPECT_EQ(only_problem(text).substr(0, 20), "postflight.yaml:9:9:");
}

TEST(ConfigSecrets, AreRefusedByTheNameOfTheKey) {
  EXPECT_EQ(told("credentials:\n- component: redis:*\n  password_env: A\n  password: hunter2\n"),
            "postflight.yaml:4:3: \"password\": a secret never stands in this file; "
            "name where it is: password_env: VARIABLE or password_file: /path\n"
            "    password: …\n"
            "    ^\n");
  for (const char* key : {"token", "api_key", "API-Key", "Passwort", "pass", "client_secret"}) {
    EXPECT_NE(told(std::string(key) + ": hunter2\n").find("a secret never stands in this file"),
              std::string::npos)
        << key;
  }
}

/// Whatever else is wrong with a file, a value that may be a password is not repeated.
TEST(ConfigSecrets, AreNeverRepeated) {
  for (const char* text : {
           "password: hunter2\n",
           "passwrod: hunter2\nlang: de\n",
           "credentials:\n- component: a\n  pasword_env: hunter2\n",
           "credentials:\n- component: a\n  password_env: hunter2!\n",
           "credentials:\n- component: a\n  password_env: [hunter2]\n",
           "credentials:\n- component: a\n  password_file: hunter2\n",
           "credentials:\n- passwrod: hunter2\n",
           "credentials: [{component: a, wort: hunter2, wert: 1}]\n",
           "credentials: hunter2\n",
           "credentials:\n- hunter2\n",
           "credentials: [hunter2, hunter2]\n",
           "{credentials: [{wort:\n hunter2}], lang: de}\n",
           "{wort:\n hunter2, lang: de}\n",
           "{wort: \"a\n  b: hunter2\", lang: de}\n",
           "credentials:\n- component: a\n  password: \"hunter2\n",
           "credentials:\n- component: a\n  password: hunter2: x: y\n",
           "credentials:\n- component: a\n  password: *hunter2\n",
           "credentials:\n- component: a\n  password: &hunter2\n",
           "credentials:\n- component: a\n  password: !hunter2\n",
           "credentials:\n- component: a\n  password: @hunter2\n",
           "credentials:\n- component: a\n  password: \\hunter2\x01\n",
           "credentials:\n- component: a\n  password: |\n    hunter2\n   hunter2: x\n",
           "password: a\npassword: hunter2\n",
           "pw: \"hunter2\n",
           "pasword: {hunter2\n",
           "credentials: []\ncredentials: hunter2\n",
           "public_names: [\"https://me:hunter2@example.org/\"]\n",
           "public_names: [\"me:hunter2@\"]\n",
       }) {
    const std::string output = told(text);
    EXPECT_NE(output, "") << text;
    EXPECT_EQ(output.find("unter2"), std::string::npos) << output;
  }
}

TEST(ConfigHostName, FollowsTheRulesOfDns) {
  for (const char* name : {"example.org", "a", "localhost", "xn--e1afmkfd.xn--p1ai", "пример.рф",
                           "1.example.org", "3com.com", "A-b.Example.ORG", "日本.jp"}) {
    EXPECT_TRUE(is_host_name(name)) << name;
  }
  for (const std::string& name :
       {std::string(), std::string("."), std::string("a..b"), std::string("-a.org"),
        std::string("a-.org"), std::string("a_b.org"), std::string("example.org."),
        std::string("a b"), std::string("127.0.0.1"), std::string("::1"), std::string("a/b"),
        std::string("a:1"), std::string("*.a"),
        std::string("a\xE2\x80\x8B"
                    ".org"),
        std::string("a\xE3\x80\x82org"), std::string("\xFF.org"), std::string(64, 'a') + ".org",
        repeated("aaaaaaa.", 256) + "org"}) {
    EXPECT_FALSE(is_host_name(name)) << name;
  }
}

TEST(ConfigHostName, IsFoundInWhatPeopleWrite) {
  EXPECT_EQ(host_name_in("https://example.org:8443/path?q"), "example.org");
  EXPECT_EQ(host_name_in("https://me:pw@example.org"), "example.org");
  EXPECT_EQ(host_name_in(" example.org. "), "example.org");
  EXPECT_EQ(host_name_in("http://"), std::nullopt);
  EXPECT_EQ(host_name_in("http://[::1]/"), std::nullopt);
}

class ConfigReadFile : public testing::Test {
 protected:
  ConfigReadFile() {
    std::string pattern = testing::TempDir() + "postflight-config-XXXXXX";
    if (::mkdtemp(pattern.data()) != nullptr) folder_ = pattern;
  }
  ~ConfigReadFile() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
};

TEST_F(ConfigReadFile, ReadsAFile) {
  const std::string path = folder_ + "/postflight.yaml";
  std::ofstream(path) << "timeout: 3s\n";
  const auto loaded = read_settings(path, kContext);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->timeout, Duration{3'000});
}

TEST_F(ConfigReadFile, NamesTheFileInAProblem) {
  const std::string path = folder_ + "/postflight.yaml";
  std::ofstream(path) << "lang: de\n";
  const auto loaded = read_settings(path, kContext);
  ASSERT_FALSE(loaded);
  EXPECT_TRUE(format_problems(loaded.error()).starts_with(path + ":1:7: lang"));
}

TEST_F(ConfigReadFile, MissingFileAndFolderAreProblems) {
  const auto missing = read_settings(folder_ + "/none.yaml", kContext);
  ASSERT_FALSE(missing);
  EXPECT_NE(format_problems(missing.error()).find("No such file"), std::string::npos);
  EXPECT_FALSE(read_settings(folder_, kContext));
  EXPECT_FALSE(read_settings("/dev/zero", kContext));
}

}  // namespace
}  // namespace postflight
