// SPDX-License-Identifier: Apache-2.0
#include "testing/lab.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "base/text.h"

namespace postflight::lab::testing {
namespace {

constexpr Duration kLimit{180'000};
constexpr long kClockTolerance = 5;  // seconds; both ends are rounded, and NTP may slew

const std::string kLab = PF_SOURCE_DIR "/lab/lab";

std::string quoted(const std::string& word) {
  return "'" + word + "'";  // names and states of the tests hold no quotes
}

/// Runs all lines at once; their output where one of them failed.
std::string run_together(const std::vector<std::string>& lines) {
  std::string script = "export LAB_BACKEND=" PF_LAB_BACKEND "; status=0; pids=";
  for (const std::string& line : lines) script += "; " + line + " & pids=\"$pids $!\"";
  script += "; for p in $pids; do wait $p || status=1; done; exit $status";
  const CommandOutput done = host::testing::run_command({"bash", "-c", script}, kLimit);
  return done.exit_code == 0 ? "" : "failed:\n" + done.out + done.err;
}

std::string key_of(const std::string& setting) {
  return setting.substr(0, setting.find(" = "));
}

/// The settings that both prints have, so that their values can be compared.
std::set<std::string> common_settings(const std::set<std::string>& of,
                                      const std::set<std::string>& other) {
  std::set<std::string> keys, found;
  for (const std::string& line : other) keys.insert(key_of(line));
  std::ranges::copy_if(of, std::inserter(found, found.end()),
                       [&](const std::string& line) { return keys.contains(key_of(line)); });
  return found;
}

/// Another lab on this machine, which comes and goes as it likes: ours end in our process id.
bool is_of_another_lab(const std::string& line) {
  const bool of_a_lab =
      line.find("pflab-") != std::string::npos || line.starts_with("/run/postflight-lab/");
  return of_a_lab && line.find("-" + std::to_string(::getpid())) == std::string::npos;
}

/// What is gone without being a setting was another's, and has ended meanwhile.
bool may_go(const std::string& section, const std::string& line) {
  return section == "namespaces" || is_of_another_lab(line);
}

void note_differences(const std::string& section, const std::set<std::string>& before,
                      const std::set<std::string>& after, std::vector<std::string>& found) {
  for (const std::string& line : before) {
    if (!after.contains(line) && !may_go(section, line))
      found.push_back(section + ": gone: " + line);
  }
  for (const std::string& line : after) {
    if (!before.contains(line) && !is_of_another_lab(line)) {
      found.push_back(section + ": left behind: " + line);
    }
  }
}

}  // namespace

CommandOutput run_lab(const std::vector<std::string>& words,
                      const std::vector<std::string>& environment) {
  std::vector<std::string> all{"env", "LAB_BACKEND=" PF_LAB_BACKEND};
  std::ranges::copy(environment, std::back_inserter(all));
  all.push_back(kLab);
  std::ranges::copy(words, std::back_inserter(all));
  return host::testing::run_command(all, kLimit);
}

std::string why_no_lab() {
  const CommandOutput check = run_lab({"check"});
  return check.exit_code == 0 ? "" : std::string(trim(check.err));
}

std::string lab_name(const std::string& role) {
  return "test-" + role + "-" + std::to_string(::getpid());
}

std::string bring_up(const std::map<std::string, std::string>& states) {
  std::vector<std::string> lines;
  for (const auto& [name, state] : states) {
    lines.push_back(kLab + " up " + quoted(name) + " --state " + quoted(state));
  }
  return run_together(lines);
}

std::string take_down(const std::vector<std::string>& names) {
  std::vector<std::string> lines;
  for (const std::string& name : names) lines.push_back(kLab + " down " + quoted(name));
  return run_together(lines);
}

CommandOutput in_lab(const std::string& name, const std::string& line) {
  return run_lab({"exec", name, "sh", "-c", line});
}

bool becomes_true(const std::string& name, const std::string& line, int seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{seconds};
  while (in_lab(name, line).exit_code != 0) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
  }
  return true;
}

Footprint footprint() {
  const CommandOutput print =
      host::testing::run_command({PF_SOURCE_DIR "/lab/testing/footprint"}, kLimit);
  Footprint sections;
  std::string section;
  for (const std::string_view line : split(print.out, '\n')) {
    if (line.starts_with("== ")) {
      section = line.substr(3);
    } else if (!line.empty()) {
      sections[section].emplace(line);
    }
  }
  return sections;
}

std::vector<std::string> differences(const Footprint& before, const Footprint& after) {
  std::vector<std::string> found;
  std::set<std::string> sections;
  for (const auto& print : {before, after}) {
    for (const auto& [section, lines] : print) sections.insert(section);
  }
  const auto lines_of = [](const Footprint& print, const std::string& section) {
    const auto it = print.find(section);
    return it == print.end() ? std::set<std::string>{} : it->second;
  };
  for (const std::string& section : sections) {
    auto was = lines_of(before, section), is = lines_of(after, section);
    if (section == "kernel") {
      const auto both = common_settings(was, is);
      is = common_settings(is, was);
      was = both;
    }
    const bool clock = section == "clock" && was.size() == 1 && is.size() == 1;
    if (clock && std::labs(std::atol(was.begin()->c_str()) - std::atol(is.begin()->c_str())) <=
                     kClockTolerance) {
      continue;
    }
    note_differences(section, was, is, found);
  }
  return found;
}

}  // namespace postflight::lab::testing
