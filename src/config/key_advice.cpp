// SPDX-License-Identifier: Apache-2.0
#include "config/key_advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace postflight {
namespace {

std::string normalised(std::string_view key) {
  std::string out{key};
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '-' || c == ' ') c = '_';
  }
  return out;
}

/// The last line the value reaches. Events have no end, so it is told by where the next one begins.
std::size_t last_line(const YamlNode& value, const YamlTree& tree, const ProblemList& problems) {
  if (value.last_event + 1 >= tree.events.size()) return problems.line_count();
  const TextMark next = tree.events[value.last_event + 1];
  const std::string_view before = problems.line(next.line).substr(0, next.offset);
  const bool first_in_line = before.find_first_not_of(" -?") == std::string_view::npos;
  return first_in_line ? next.line - 1 : next.line;
}

std::string advice(const YamlKey& key, std::span<const std::string> known,
                   const KeyParents& parents) {
  const auto [first, last] = parents.equal_range(key.text);
  if (first != last) {
    return first->second.empty() ? "it belongs to the top of the file, without indentation"
                                 : fmt::format("it belongs under \"{}\"", first->second);
  }
  const auto meant = nearest(excerpt(key.text, 60), known);
  return meant ? fmt::format("did you mean \"{}\"?", *meant) : "";
}

}  // namespace

bool names_secret(std::string_view key) {
  static constexpr std::array<std::string_view, 9> kParts = {
      "password", "passwd",  "passphrase",  "secret",    "token",
      "apikey",   "api_key", "private_key", "access_key"};
  static constexpr std::array<std::string_view, 5> kWhole = {"pass", "pwd", "pw", "auth", "key"};
  static const std::vector<std::string> kMisspelt = {"password"};
  const std::string name = normalised(key.substr(0, 200));
  const auto contained = [&](std::string_view part) { return name.find(part) != name.npos; };
  return std::any_of(kParts.begin(), kParts.end(), contained) ||
         std::find(kWhole.begin(), kWhole.end(), name) != kWhole.end() ||
         nearest(name, kMisspelt).has_value();
}

void hide_entry(const YamlKey& key, const YamlNode& value, const YamlTree& tree,
                ProblemList::Hide rest, ProblemList& problems) {
  problems.hide(key.mark.line, key.mark.line, ProblemList::Hide::kAfterColon);
  problems.hide(key.mark.line + 1, last_line(value, tree, problems), rest);
}

void report_unknown_key(const YamlKey& key, const YamlNode& value,
                        std::span<const std::string> known, const KeyParents& parents,
                        const YamlTree& tree, ProblemList& problems) {
  hide_entry(key, value, tree, ProblemList::Hide::kAll, problems);
  const std::string hint = advice(key, known, parents);
  if (hint.empty() && names_secret(key.text)) {
    problems.add(key.mark,
                 fmt::format("\"{}\": a secret never stands in this file", excerpt(key.text, 60)),
                 "name where it is: password_env: VARIABLE or password_file: /path");
    return;
  }
  problems.add(key.mark, fmt::format("unknown key \"{}\"", excerpt(key.text, 60)), hint);
}

}  // namespace postflight
