// SPDX-License-Identifier: Apache-2.0
// The layers of ARCHITECTURE.md and the house rules, held against the sources themselves.
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <algorithm>
#include <map>
#include <set>

#include "conformance/source_tree.h"

namespace postflight::conformance {
namespace {

/// What the files of a room may include besides their own. Rules read the facts that probes
/// declare, and nothing else of them.
const std::map<std::string, std::set<std::string>>& allowed_includes() {
  static const std::map<std::string, std::set<std::string>> table = {
      {"base", {}},
      {"model", {"base"}},
      {"catalog", {"base", "model"}},
      {"host", {"base", "model"}},
      {"config", {"base", "model", "host"}},
      {"discover", {"base", "model", "host"}},
      {"probes", {"base", "model", "host", "discover"}},
      {"rules", {"base", "model", "probes"}},
      {"render", {"base", "model", "catalog"}},
      {"engine", {"base", "model", "host", "discover", "probes", "rules", "catalog"}},
      {"cli",
       {"base", "model", "host", "config", "discover", "probes", "rules", "catalog", "render",
        "engine"}},
  };
  return table;
}

std::string room_of(const std::string& include) {
  return include.substr(0, include.find('/'));
}

TEST(Layers, IncludeOnlyWhatIsBelow) {
  for (const SourceFile& file : source_tree()) {
    if (!file.is_cpp() || file.is_test() || file.room().empty()) continue;
    ASSERT_TRUE(allowed_includes().contains(file.room()))
        << file.path << ": a room without a layer";
    for (const std::string& include : includes_of(file)) {
      const std::string room = room_of(include);
      const bool fine = room == file.room() || allowed_includes().at(file.room()).contains(room);
      EXPECT_TRUE(fine) << file.path << " includes " << include;
    }
  }
}

/// Every file that `file` pulls in, directly or not.
std::set<std::string> closure(const SourceFile& file) {
  std::set<std::string> seen;
  std::vector<const SourceFile*> open = {&file};
  while (!open.empty()) {
    const SourceFile* next = open.back();
    open.pop_back();
    for (const std::string& include : includes_of(*next)) {
      if (!seen.insert(include).second) continue;
      if (const SourceFile* found = find_source(include)) open.push_back(found);
    }
  }
  return seen;
}

TEST(Layers, JudgingAndRenderingCannotLook) {
  for (const SourceFile& file : source_tree()) {
    const bool is_pure = file.room() == "rules" || file.room() == "render";
    if (!is_pure || !file.is_cpp() || file.is_test()) continue;
    for (const std::string& include : closure(file)) {
      const std::string room = room_of(include);
      EXPECT_TRUE(room != "host" && room != "engine" && room != "discover")
          << file.path << " reaches " << include;
    }
  }
}

/// No file outside of `rooms` may have code that matches.
void expect_only_in(const std::set<std::string>& rooms, const std::string& pattern) {
  const RE2 wanted(pattern);
  ASSERT_TRUE(wanted.ok()) << wanted.error();
  std::size_t found = 0;
  for (const SourceFile& file : source_tree()) {
    if (!file.is_cpp() || file.is_test()) continue;
    std::string match;
    if (!RE2::PartialMatch(file.code(), wanted, &match)) continue;
    ++found;
    EXPECT_TRUE(rooms.contains(file.room())) << file.path << ": " << match;
  }
  EXPECT_TRUE(rooms.empty() || found > 0) << "the search itself finds nothing: " << pattern;
}

TEST(Layers, OnlyHostAndEngineAskTheKernel) {
  expect_only_in(
      {"host", "engine"},
      R"((?:^|[^\w.>])((?:fork|vfork|execve?|execvp?e?|execlp?|posix_spawnp?|socket|setns|unshare|popen|system|)"
      R"(getaddrinfo|kill|ptrace|mount|umount2?|reboot)\s*\())");
}

/// Environment and signal state are shared by all; views do not compile with every compiler we
/// support; std::regex can be made to run for ever.
TEST(HouseRules, ForbidSomeThingsEverywhere) {
  expect_only_in(
      {}, R"(\b((?:setenv|putenv|unsetenv|clearenv|strtok|gethostbyname|mktemp|tmpnam)\s*\())");
  expect_only_in(
      {}, R"(\b(std::views|std::ranges::views|views::\w+|std::regex|std::async|std::format)\b)");
}

/// A default in place of what was not seen is how ignorance turns into "fine".
TEST(HouseRules, ForbidDefaultsForFacts) {
  expect_only_in({}, R"(\b(f(?:acts_?)?\.\w+\.value_or\s*\())");
}

TEST(HouseRules, FilesStaySmall) {
  for (const SourceFile& file : source_tree()) {
    if (!file.is_cpp()) continue;
    const auto lines = std::ranges::count(file.text, '\n');
    EXPECT_LE(lines, file.is_test() ? 800 : 450) << file.path;
  }
}

TEST(HouseRules, SourcesBeginWithTheirLicence) {
  for (const SourceFile& file : source_tree()) {
    if (file.path.ends_with(".list") || file.path.ends_with(".msg") || file.path.ends_with(".yaml"))
      continue;
    const std::string_view text = file.text;
    const auto head = text.starts_with("#!") ? text.substr(text.find('\n') + 1) : text;
    const bool has = head.starts_with("// SPDX-License-Identifier: Apache-2.0\n") ||
                     head.starts_with("# SPDX-License-Identifier: Apache-2.0\n");
    EXPECT_TRUE(has) << file.path;
  }
}

TEST(HouseRules, HeadersAreIncludedOnce) {
  for (const SourceFile& file : source_tree()) {
    if (!file.path.ends_with(".h") || file.path.starts_with("tools/")) continue;
    EXPECT_NE(file.text.find("\n#pragma once\n"), std::string::npos) << file.path;
  }
}

TEST(HouseRules, NothingIsLeftOver) {
  // Put together here, so that this file does not find itself.
  const RE2 leftovers(std::string("\\b(TO") + "DO|FIX" + "ME|X" + "XX|TEM" + "PLATE|Fill " +
                      "this in)\\b");
  for (const SourceFile& file : source_tree()) {
    if (file.path == "tools/new") continue;  // makes files from templates, and says so
    std::string match;
    EXPECT_FALSE(RE2::PartialMatch(file.text, leftovers, &match)) << file.path << ": " << match;
  }
}

}  // namespace
}  // namespace postflight::conformance
