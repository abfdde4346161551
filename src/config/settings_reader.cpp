// SPDX-License-Identifier: Apache-2.0
#include "config/settings_reader.h"

namespace postflight {
namespace {

std::string_view kind_name(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::kNull: return "nothing";
    case YamlNode::Kind::kScalar: return "a single value";
    case YamlNode::Kind::kSequence: return "a list";
    case YamlNode::Kind::kMap: return "a mapping (key: value)";
  }
  return "something else";
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string number_hint(std::string_view text) {
  if (text.find('%') != text.npos) return "write a part of one: 0.9, not 90%";
  if (text.find(',') != text.npos) return "write a decimal point, not a comma";
  return "";
}

}  // namespace

bool SettingsReader::report(const YamlNode& node, std::string message, std::string hint) {
  problems_.add(node.mark, std::move(message), std::move(hint));
  return false;
}

bool SettingsReader::expect(Kind kind, const YamlNode& node, const std::string& path) {
  if (node.kind == kind || (path.empty() && node.kind == Kind::kNull)) return true;
  std::string hint;
  if (kind == Kind::kSequence && node.kind == Kind::kScalar) {
    hint = "write each entry on a line of its own that begins with \"- \"";
  } else if (kind == Kind::kMap && node.kind == Kind::kScalar && path.empty()) {
    hint = "a colon after a key is followed by a blank or the end of the line";
  }
  return report(node,
                fmt::format("{}: expected {}, found {}", path.empty() ? "the document" : path,
                            kind_name(kind), kind_name(node.kind)),
                std::move(hint));
}

bool SettingsReader::read_text(const YamlNode& node, const std::string& path, std::string& out) {
  if (printable_utf8(node.text) != node.text ||
      node.text.find_first_of("\t\n") != std::string::npos) {
    return report(node, path + " contains a control character or a line break", "");
  }
  out = node.text;
  return true;
}

bool SettingsReader::read_duration(const YamlNode& node, const std::string& path, Duration& out) {
  const auto milliseconds = parse_duration_ms(node.text);
  if (!milliseconds) {
    return report(node, fmt::format("{}: \"{}\" is not a duration", path, excerpt(node.text, 40)),
                  all_digits(node.text) ? fmt::format("add the unit: {}s", excerpt(node.text, 40))
                                        : "write 500ms, 15s or 2m");
  }
  out = Duration{*milliseconds};
  return true;
}

bool SettingsReader::read_number(const YamlNode& node, const std::string& path, double& out) {
  if (node.quoted) {
    return report(node, path + ": expected a number, found text in quotes", "leave out the quotes");
  }
  const auto number = parse_number<double>(node.text);
  if (!number || !std::isfinite(*number)) {
    return report(node, fmt::format("{}: \"{}\" is not a number", path, excerpt(node.text, 40)),
                  number_hint(node.text));
  }
  out = *number;
  return true;
}

void SettingsReader::report_duplicate(const YamlKey& key, const YamlNode& item,
                                      const std::string& path, TextMark first) {
  problems_.add(key.mark,
                fmt::format("duplicate key \"{}\"{}", excerpt(key.text, 60),
                            path.empty() ? "" : " in " + path),
                fmt::format("the first one is in line {}", first.line));
  hide_entry(key, item, tree_, ProblemList::Hide::kAll, problems_);
}

}  // namespace postflight
