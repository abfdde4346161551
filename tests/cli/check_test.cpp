// SPDX-License-Identifier: Apache-2.0
// The command line as scripts and people meet it: the real program, its two streams, its exit
// codes.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/json.h"
#include "cli/run_binary.h"
#include "host/testing/bad_server.h"

namespace postflight {
namespace {

using host::testing::ChildProcess;
using host::testing::TempFolder;
using testing::run_postflight;
using RunResult = host::testing::CommandOutput;

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

/// A check that is quick and knows nothing but the machine's listening sockets.
std::vector<std::string> sockets_only(std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"check", "--only", "sockets"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(Check, JsonIsOneDocumentOnStandardOutput) {
  const RunResult run = run_postflight(sockets_only({"--format", "json"}));
  const auto report = parse_json(run.out);
  ASSERT_TRUE(report) << run.out << run.err;
  EXPECT_EQ(report->at("exit_code"), run.exit_code);
  EXPECT_EQ(run.err, "");
  for (const char* key :
       {"schema_version", "verdict", "lang", "host", "started_at", "duration_seconds", "coverage",
        "components", "findings", "tests", "statistics", "recommendations"}) {
    EXPECT_TRUE(report->contains(key)) << key;
  }
}

TEST(Check, FactsJudgedAgainGiveTheSameReport) {
  const TempFolder folder;
  const std::string facts = folder.path() + "/facts.json";
  for (const char* lang : {"en", "ru"}) {
    const RunResult live =
        run_postflight({"check", "--format", "json", "--lang", lang, "--save-facts", facts});
    const RunResult again =
        run_postflight({"check", "--format", "json", "--lang", lang, "--from", facts});
    EXPECT_EQ(live.out, again.out);
    EXPECT_EQ(live.exit_code, again.exit_code);
  }
}

TEST(Check, SavedFactsAreForTheOwnerAlone) {
  const TempFolder folder;
  const std::string facts = folder.path() + "/facts.json";
  run_postflight(sockets_only({"--save-facts", facts}));
  struct stat status{};
  ASSERT_EQ(::stat(facts.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST(Check, OutputsByPrefixAndByExtension) {
  const TempFolder folder;
  const std::string by_name = folder.path() + "/a.json", by_prefix = folder.path() + "/b.out";
  const RunResult run = run_postflight(sockets_only({"-o", by_name, "-o", "json=" + by_prefix}));
  EXPECT_TRUE(parse_json(read(by_name)));
  EXPECT_EQ(read(by_name), read(by_prefix));
  EXPECT_NE(run.out.find("Verdict"), std::string::npos)
      << "the terminal report still goes to stdout";
}

TEST(Check, StandardOutputCanBeTakenByO) {
  const RunResult run = run_postflight(sockets_only({"-o", "json=-"}));
  EXPECT_TRUE(parse_json(run.out)) << run.out;
}

TEST(Check, LanguageFollowsTheLocaleAndTheOption) {
  EXPECT_NE(run_postflight(sockets_only(), {"LANG=ru_RU.UTF-8"}).out.find("Итог"),
            std::string::npos);
  EXPECT_NE(run_postflight(sockets_only(), {"LANG=C"}).out.find("Verdict"), std::string::npos);
  EXPECT_NE(run_postflight(sockets_only({"--lang", "ru"}), {"LANG=C"}).out.find("Итог"),
            std::string::npos);
}

TEST(Check, NoColourInAPipe) {
  EXPECT_EQ(run_postflight(sockets_only()).out.find('\x1b'), std::string::npos);
}

TEST(Check, EmptyFileOfFactsIsDamaged) {
  const TempFolder folder;
  for (const std::string content :
       {"", "{", "[]", "{\"facts_version\": 1, \"tasks\": 7}", "\xff\xfe", "null"}) {
    const RunResult run = run_postflight({"check", "--from", folder.write("f.json", content)});
    EXPECT_EQ(run.exit_code, 65) << content;
    EXPECT_NE(run.err.find("f.json"), std::string::npos) << run.err;
    EXPECT_EQ(run.out, "");
  }
}

TEST(Check, CutFactsAreDamagedWhereverTheyAreCut) {
  const TempFolder folder;
  const std::string facts = folder.path() + "/facts.json";
  run_postflight(sockets_only({"--save-facts", facts}));
  const std::string whole = read(facts);
  for (std::size_t part = 1; part < 10; ++part) {
    const std::string cut = folder.write("cut.json", whole.substr(0, whole.size() * part / 10));
    EXPECT_EQ(run_postflight({"check", "--from", cut}).exit_code, 65);
  }
}

TEST(Check, NewerFactsAreNotGuessedAt) {
  const TempFolder folder;
  const std::string file =
      folder.write("f.json", R"({"facts_version": 99, "tool_version": "9.0"})");
  const RunResult run = run_postflight({"check", "--from", file});
  EXPECT_EQ(run.exit_code, 65);
  EXPECT_NE(run.err.find("9.0"), std::string::npos) << run.err;
}

TEST(Check, FactsOfNothingAreUnknownNotOk) {
  const TempFolder folder;
  const std::string file = folder.write("f.json", R"({"facts_version": 1, "components": []})");
  EXPECT_EQ(run_postflight({"check", "--from", file}).exit_code, 3);
}

TEST(Check, WrongPathsAreToldBeforeAnythingIsDone) {
  EXPECT_EQ(run_postflight({"check", "-o", "/nowhere/report.json"}).exit_code, 64);
  EXPECT_EQ(run_postflight({"check", "--save-facts", "/nowhere/facts"}).exit_code, 64);
  EXPECT_EQ(run_postflight({"check", "--from", "/nowhere/facts"}).exit_code, 64);
  EXPECT_EQ(run_postflight({"check", "--config", "/nowhere/postflight.yaml"}).exit_code, 64);
}

TEST(Check, FullDiskLeavesNoHalfReport) {
  const RunResult run = run_postflight(sockets_only({"-o", "json=/dev/full"}));
  EXPECT_EQ(run.exit_code, 70);
  EXPECT_NE(run.err.find("/dev/full"), std::string::npos) << run.err;
}

TEST(Check, WrongCommandLinesNameTheNextStep) {
  const struct {
    std::vector<std::string> arguments;
    const char* hint;
  } cases[] = {
      {{}, "--help"},
      {{"chekc"}, "check"},
      {{"check", "--formt", "json"}, "--format"},
      {{"check", "--format", "jsn"}, "json"},
      {{"check", "-o", "report.xyz"}, "FORMAT="},
      {{"check", "--timeout", "soon"}, "15s"},
      {{"check", "--timeout", "0s"}, "15s"},
      {{"check", "--fail-on", "ok"}, "critical"},
      {{"check", "--lang", "de"}, "ru"},
      {{"explain", "redis/open-to-stranger"}, "redis/open-to-strangers"},
      {{"schema", "facst"}, "facts"},
  };
  for (const auto& one : cases) {
    const RunResult run = run_postflight(one.arguments);
    EXPECT_EQ(run.exit_code, 64) << run.err;
    EXPECT_NE(run.err.find(one.hint), std::string::npos) << run.err;
    EXPECT_EQ(run.out, "");
  }
}

TEST(Check, HelpHasExamplesAndExitCodes) {
  const RunResult run = run_postflight({"check", "--help"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_NE(run.out.find("Examples:"), std::string::npos);
  EXPECT_NE(run.out.find("65"), std::string::npos);
  EXPECT_EQ(run_postflight({"--version"}).exit_code, 0);
}

TEST(Check, UnknownKeyInTheConfigurationIsPointedAt) {
  const TempFolder folder;
  const std::string file =
      folder.write("p.yaml", "timeout: 5s\ntreshold:\n  disk_used_warning_ratio: 0.5\n");
  const RunResult run = run_postflight({"check", "--config", file});
  EXPECT_EQ(run.exit_code, 64);
  EXPECT_NE(run.err.find("p.yaml:2:1"), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("thresholds"), std::string::npos) << run.err;
}

/// The component whose id ends with this port, or null.
Json component_on_port(const Json& report, const std::string& port) {
  for (const Json& component : report.at("components")) {
    if (component.at("id").get<std::string>().ends_with(":" + port)) return component;
  }
  return nullptr;
}

TEST(Check, EndsAtItsDeadlineWhateverThePeersDo) {
  const TempFolder folder;
  const std::string port_file = folder.path() + "/port";
  // A Python program is taken for a web server on probation; this one accepts nothing and says
  // nothing.
  const ChildProcess silent{
      {"python3", "-c",
       "import socket,sys,time; s=socket.socket(); s.bind(('127.0.0.1',0)); s.listen();"
       "open(sys.argv[1]+'.new','w').write(str(s.getsockname()[1]));"
       "import os; os.rename(sys.argv[1]+'.new',sys.argv[1]); time.sleep(60)",
       port_file}};
  const Deadline deadline{std::chrono::seconds{10}};
  while (!std::filesystem::exists(port_file) && !deadline.passed()) usleep(10'000);
  const std::string port = read(port_file);
  ASSERT_FALSE(port.empty());

  const auto before = std::chrono::steady_clock::now();
  const RunResult run =
      run_postflight({"check", "--timeout", "1s", "--only", "http:*:" + port, "--format", "json"});
  const auto took = std::chrono::steady_clock::now() - before;
  EXPECT_LT(took, std::chrono::seconds{2}) << "the promise is the timeout and one second";
  const auto report = parse_json(run.out);
  ASSERT_TRUE(report) << run.err;
  const Json component = component_on_port(*report, port);
  ASSERT_FALSE(component.is_null()) << run.out;
  EXPECT_EQ(component.at("status"), "unknown");
  EXPECT_EQ(component.at("facts").at("answers").at("unknown").at("why"), "timeout");
  EXPECT_EQ(run.exit_code, 3);
}

TEST(Check, FailOnMovesTheThreshold) {
  const TempFolder folder;
  const std::string unknown = folder.write("f.json", R"({"facts_version": 1})");
  EXPECT_EQ(run_postflight({"check", "--from", unknown}).exit_code, 3);
  EXPECT_EQ(run_postflight({"check", "--from", unknown, "--fail-on", "unknown"}).exit_code, 3);
  EXPECT_EQ(run_postflight({"check", "--from", unknown, "--fail-on", "warning"}).exit_code, 0);
  EXPECT_EQ(run_postflight({"check", "--from", unknown, "--fail-on", "critical"}).exit_code, 0);
}

TEST(Check, InProcessTellsTheSameFacts) {
  const auto keys_of = [](const RunResult& run) {
    std::vector<std::string> keys;
    const Json report = parse_json(run.out).value();
    for (const Json& component : report.at("components")) {
      for (const auto& [key, fact] : component.at("facts").items())
        keys.push_back(component.at("id").get<std::string>() + key);
    }
    return keys;
  };
  EXPECT_EQ(keys_of(run_postflight(sockets_only({"--format", "json"}))),
            keys_of(run_postflight(sockets_only({"--format", "json", "--in-process"}))));
}

TEST(Discover, ListsAListenerOfOurs) {
  host::testing::BadServer server{host::testing::Behaviour::silent_accept()};
  const RunResult run = run_postflight({"discover"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_NE(run.out.find("127.0.0.1:" + std::to_string(server.port())), std::string::npos)
      << run.out;
  EXPECT_TRUE(parse_json(run_postflight({"discover", "--json"}).out));
}

TEST(Explain, EveryIdHasAnExplanationInBothLanguages) {
  const RunResult list = run_postflight({"explain"});
  std::istringstream lines(list.out);
  std::string line;
  std::size_t count = 0;
  while (std::getline(lines, line)) {
    const std::string id = line.substr(0, line.find(' '));
    for (const char* lang : {"en", "ru"}) {
      const RunResult run = run_postflight({"explain", id, "--lang", lang});
      EXPECT_EQ(run.exit_code, 0) << id;
      EXPECT_NE(run.out.find(id), std::string::npos);
    }
    ++count;
  }
  EXPECT_GT(count, 20U);
}

TEST(Schema, EachIsAJsonSchema) {
  for (const char* document : {"report", "facts", "config"}) {
    const auto schema = parse_json(run_postflight({"schema", document}).out);
    ASSERT_TRUE(schema) << document;
    EXPECT_EQ(schema->at("$schema"), "http://json-schema.org/draft-07/schema#");
  }
}

TEST(Docs, ReferencePagesAreWhatTheBinaryWrites) {
  const RunResult run = run_postflight({"docs", PF_SOURCE_DIR "/docs/reference", "--check"});
  EXPECT_EQ(run.exit_code, 0) << run.err << "run ./dev docs";
}

}  // namespace
}  // namespace postflight
