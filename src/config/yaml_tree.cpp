// SPDX-License-Identifier: Apache-2.0
#include "config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <optional>
#include <sstream>

namespace postflight {
namespace {

constexpr std::size_t kMaxDepth = 8;
constexpr std::size_t kMaxEvents = 20'000;
constexpr std::string_view kNoAliases = "anchors (&name) and aliases (*name) are not accepted";
constexpr std::string_view kQuotePattern =
    "put a text that begins with * or & in quotes: \"*:6379\"";

TextMark mark_from(const YAML::Mark& mark) {
  if (mark.is_null()) return {1, 0};
  return {static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column)};
}

/// Thrown out of the event handler: the parser offers no other way to stop it.
struct Stop {
  YamlRefusal refusal;
};

[[noreturn]] void stop(const YAML::Mark& mark, std::string_view message,
                       std::string_view hint = {}) {
  throw Stop{{mark_from(mark), std::string(message), std::string(hint)}};
}

YamlNode make_node(YamlNode::Kind kind, const YAML::Mark& mark) {
  YamlNode node;
  node.kind = kind;
  node.mark = mark_from(mark);
  return node;
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  YamlTree take() { return std::move(tree_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (started_) stop(mark, "text after the end of the document", "the file holds one document");
    started_ = true;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_properties(mark, "", anchor);
    begin(mark);
    if (expects_key()) stop(mark, "a key is missing before the colon");
    add(make_node(YamlNode::Kind::kNull, mark));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    stop(mark, kNoAliases, kQuotePattern);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_properties(mark, tag, anchor);
    begin(mark);
    if (expects_key()) {
      pending_key_ = YamlKey{value, mark_from(mark), tree_.events.size() - 1};
      return;
    }
    YamlNode node = make_node(YamlNode::Kind::kScalar, mark);
    node.quoted = tag == "!";
    node.text = value;
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::kSequence);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override { close(); }

 private:
  /// A container that is still open, with the key it will be stored under.
  struct Level {
    YamlNode node;
    std::optional<YamlKey> key;
  };

  bool expects_key() const {
    return !levels_.empty() && levels_.back().node.kind == YamlNode::Kind::kMap && !pending_key_;
  }

  void refuse_properties(const YAML::Mark& mark, std::string_view tag, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) stop(mark, kNoAliases, kQuotePattern);
    if (tag.empty() || tag == "?" || tag == "!") return;
    stop(mark, "tags (!name) are not accepted", "put a text that begins with ! in quotes");
  }

  void begin(const YAML::Mark& mark) {
    if (tree_.events.size() >= kMaxEvents) stop(mark, "too many values for a configuration file");
    tree_.events.push_back(mark_from(mark));
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YamlNode::Kind kind) {
    refuse_properties(mark, tag, anchor);
    begin(mark);
    if (expects_key()) stop(mark, "a key must be a plain text");
    if (levels_.size() >= kMaxDepth) stop(mark, "nested too deeply");
    levels_.push_back({make_node(kind, mark), pending_key_});
    pending_key_.reset();
  }

  void close() {
    Level done = std::move(levels_.back());
    levels_.pop_back();
    pending_key_ = std::move(done.key);
    add(std::move(done.node));
  }

  /// Stores a finished node in the container that is open.
  void add(YamlNode node) {
    node.last_event = tree_.events.size() - 1;
    if (levels_.empty()) {
      tree_.root = std::move(node);
      return;
    }
    YamlNode& parent = levels_.back().node;
    if (pending_key_) parent.keys.push_back(*std::move(pending_key_));
    pending_key_.reset();
    parent.items.push_back(std::move(node));
  }

  YamlTree tree_;
  bool started_ = false;
  std::vector<Level> levels_;
  std::optional<YamlKey> pending_key_;
};

/// The parser's sentence without what it quotes from the file, which may be a secret.
YamlRefusal refusal_from(const YAML::ParserException& error) {
  const TextMark mark = mark_from(error.mark);
  const std::string_view said = error.msg;
  if (said.starts_with(YAML::ErrorMsg::UNKNOWN_ANCHOR) || said.find("alias") != said.npos ||
      said.find("anchor") != said.npos) {
    return {mark, std::string(kNoAliases), std::string(kQuotePattern)};
  }
  if (said == YAML::ErrorMsg::BAD_FILE) return {mark, "nested too deeply", ""};
  std::string hint;
  if (said == YAML::ErrorMsg::MAP_VALUE) {
    hint = "put a value that contains \": \" in quotes";
  } else if (said == YAML::ErrorMsg::END_OF_MAP || said == YAML::ErrorMsg::END_OF_SEQ) {
    hint = "check the indentation, and that the key ends with a colon and a blank";
  } else if (said == YAML::ErrorMsg::UNKNOWN_TOKEN) {
    hint = "put a value that begins with @, ` or % in quotes";
  } else if (said == YAML::ErrorMsg::EOF_IN_SCALAR) {
    hint = "a closing quote is missing";
  }
  return {mark, "not valid YAML: " + std::string(said.substr(0, said.find(": "))), hint};
}

}  // namespace

std::expected<YamlTree, YamlRefusal> parse_yaml(std::string_view text) {
  TreeBuilder builder;
  try {
    // A line break at the very end would make the parser take a quote that is never closed.
    text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
    std::istringstream stream{std::string(text)};
    YAML::Parser parser{stream};
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop& stopped) {
    return std::unexpected(stopped.refusal);
  } catch (const YAML::ParserException& error) {
    return std::unexpected(refusal_from(error));
  } catch (const YAML::Exception&) {
    return std::unexpected(YamlRefusal{{1, 0}, "not valid YAML", ""});
  }
  return builder.take();
}

}  // namespace postflight
