// SPDX-License-Identifier: Apache-2.0
#include "config/config_file.h"

#include <fmt/format.h>

#include "base/text.h"
#include "config/settings_checks.h"
#include "config/settings_reader.h"
#include "config/text_guard.h"
#include "config/yaml_tree.h"
#include "host/files.h"

namespace postflight {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// Without a tree nobody knows which part of a line is a value: if a secret may stand anywhere,
/// only what is plainly a key may be shown.
void hide_without_tree(std::string_view text, ProblemList& problems) {
  if (!mentions_secret(text)) return;
  for (std::size_t number = 1; number <= problems.line_count(); ++number) {
    std::string_view line = trim(problems.line(number));
    if (line.starts_with("- ")) line = trim(line.substr(2));
    const auto end = line.find_first_not_of("abcdefghijklmnopqrstuvwxyz_");
    const bool has_key = end != line.npos && end > 0 && end < 40 && line[end] == ':';
    problems.hide(number, number,
                  has_key ? ProblemList::Hide::kAfterColon : ProblemList::Hide::kAll);
  }
}

/// A misspelt key may hold a password, and so may a value at the wrong place.
void hide_credentials(const YamlTree& tree, ProblemList& problems) {
  for (std::size_t i = 0; i < tree.root.keys.size(); ++i) {
    if (tree.root.keys[i].text != "credentials") continue;
    hide_entry(tree.root.keys[i], tree.root.items[i], tree, ProblemList::Hide::kAfterColon,
               problems);
  }
}

/// Reads a text whose bytes are in order; `settings` comes with the defaults.
void load_tree(std::string_view text, const ConfigContext& context, Settings& settings,
               ProblemList& problems) {
  const auto tree = parse_yaml(text);
  if (!tree) {
    problems.add(tree.error().mark, tree.error().message, tree.error().hint);
    hide_without_tree(text, problems);
    return;
  }
  SettingsReader reader{*tree, problems};
  reader.read_document(settings);
  check_settings(settings, reader.places(), context.probe_names, problems);
  hide_credentials(*tree, problems);
}

std::vector<ConfigProblem> only_problem(const std::string& file_name, std::string message) {
  ProblemList problems{file_name, ""};
  problems.add({0, 0}, std::move(message));
  return problems.finish();
}

}  // namespace

std::expected<Settings, std::vector<ConfigProblem>> load_settings(std::string_view text,
                                                                  const std::string& file_name,
                                                                  const ConfigContext& context) {
  if (text.size() > kMaxConfigBytes) {
    return std::unexpected(
        only_problem(file_name, fmt::format("the file is larger than {} bytes", kMaxConfigBytes)));
  }
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  ProblemList problems{file_name, text};
  Settings settings = context.defaults;
  check_text(text, problems);
  if (problems.empty()) {
    load_tree(text, context, settings, problems);
  } else {
    hide_without_tree(text, problems);
  }
  if (!problems.empty()) return std::unexpected(problems.finish());
  return settings;
}

std::expected<Settings, std::vector<ConfigProblem>> read_settings(const std::string& path,
                                                                  const ConfigContext& context) {
  const auto text = host::read_file(path, kMaxConfigBytes);
  if (!text) return std::unexpected(only_problem(path, text.error().what));
  return load_settings(*text, path, context);
}

}  // namespace postflight
