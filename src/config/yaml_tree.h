// SPDX-License-Identifier: Apache-2.0
// A YAML document as a plain tree with the place of every key and value, built from the parser's
// events, because the parser's own tree forgets duplicate keys. Refused: anchors, aliases, tags, a
// second document, keys that are not text, depth and number beyond what settings need.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_problem.h"

namespace postflight {

struct YamlKey {
  std::string text;
  TextMark mark;
  std::size_t event = 0;  ///< Index into YamlTree::events.
};

struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMap };

  Kind kind = Kind::kNull;
  TextMark mark;
  bool quoted = false;  ///< A scalar in quotes, or a block scalar.
  std::string text;     ///< Of a scalar, exactly as meant: nothing is guessed from it.
  std::vector<YamlKey>
      keys;  ///< Of a map, in order, duplicates included; keys[i] belongs to items[i].
  std::vector<YamlNode> items;  ///< Of a map or a sequence.
  std::size_t last_event = 0;  ///< The last event within this node, an index into YamlTree::events.
};

struct YamlTree {
  YamlNode root;
  std::vector<TextMark>
      events;  ///< Where each key, scalar and container began, in order of the text.
};

/// Why a text is not a document we read.
struct YamlRefusal {
  TextMark mark;
  std::string message;
  std::string hint;
};

/// Reads the only document in the text; no document gives a kNull root. The text must have passed
/// check_text(). Source: YAML 1.2.2, sections 7 and 8.
std::expected<YamlTree, YamlRefusal> parse_yaml(std::string_view text);

}  // namespace postflight
