// SPDX-License-Identifier: Apache-2.0
#include "catalog/msg_parser.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "base/text.h"
#include "catalog/msg_checks.h"

namespace postflight {
namespace {

constexpr std::size_t kLongestLine = 400;
constexpr std::array<std::string_view, 5> kFindingSlots{"problem", "cause", "impact", "fix",
                                                        "risk"};
constexpr std::array<std::string_view, 1> kTestSlots{"title"};
constexpr std::array<std::string_view, 1> kFactSlots{"label"};
constexpr std::array<std::string_view, 1> kUiSlots{"text"};

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

/// Words of lower-case letters, digits, '-' and '_', with `separator` between them.
bool is_id(std::string_view id, char separator) {
  for (const auto part : split(id, separator)) {
    if (part.empty() || part.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") !=
                            std::string_view::npos) {
      return false;
    }
  }
  return !id.empty();
}

bool is_id_of(MessageKind kind, std::string_view id) {
  if (kind == MessageKind::fact || kind == MessageKind::ui) return is_id(id, '.');
  return is_id(id, '/') && std::count(id.begin(), id.end(), '/') == 1;
}

struct Header {
  MessageKind kind;
  std::string_view id;
};

std::expected<Header, std::string> parse_header(std::string_view line) {
  constexpr std::array<std::pair<std::string_view, MessageKind>, 3> kKinds{
      {{"test", MessageKind::test}, {"fact", MessageKind::fact}, {"ui", MessageKind::ui}}};
  const auto words = split_words(line.substr(2));
  if (words.empty() || words.size() > 2) return std::unexpected("expected -- ID or -- KIND ID");
  Header header{MessageKind::finding, words.back()};
  if (words.size() == 2) {
    const auto* const kind = std::find_if(kKinds.begin(), kKinds.end(),
                                          [&](const auto& k) { return k.first == words[0]; });
    if (kind == kKinds.end()) {
      return std::unexpected("unknown kind \"" + std::string(words[0]) + "\"");
    }
    header.kind = kind->second;
  }
  if (!is_id_of(header.kind, header.id)) {
    return std::unexpected("malformed id \"" + std::string(header.id) + "\"");
  }
  return header;
}

/// The slot that a key such as "en.problem" names, or nothing where the kind has none of that name.
std::optional<MsgSlot> slot_named(MessageKind kind, std::string_view key) {
  if (kind == MessageKind::finding && (key == "fix.command" || key == "cite")) {
    return MsgSlot{"", std::string(key), "", 0};
  }
  if (kind == MessageKind::fact && key == "detail") return MsgSlot{"", std::string(key), "", 0};
  if (!key.starts_with("en.") && !key.starts_with("ru.")) return std::nullopt;
  const auto name = key.substr(3);
  const auto slots = slots_of(kind);
  if (std::find(slots.begin(), slots.end(), name) == slots.end()) return std::nullopt;
  return MsgSlot{std::string(key.substr(0, 2)), std::string(name), "", 0};
}

/// Reads one file. What is damaged is reported once and then skipped up to the next sound line.
class FileReader {
 public:
  FileReader(const MsgFile& file, std::vector<MsgEntry>& entries, std::vector<MsgError>& errors)
      : file_(file), entries_(entries), errors_(errors) {}

  void read() {
    for (const auto line : split(file_.text, '\n')) {
      ++line_;
      read_line(line);
    }
  }

 private:
  enum class State {
    outside,        ///< Before the first entry.
    in_entry,       ///< After a header, a blank line or a comment.
    in_slot,        ///< The next line may continue the last slot.
    skipping_slot,  ///< A damaged slot and its continuation.
    skipping_entry  ///< A damaged header and all below it.
  };

  void read_line(std::string_view line) {
    if (printable_utf8(line) != line || line.find('\t') != std::string_view::npos) {
      return damaged("invalid UTF-8, control character or tab");
    }
    if (characters(line) > kLongestLine) return damaged("line over 400 characters");
    if (trim(line).empty() || line.starts_with('#')) return close_slot();
    if (line == "--" || line.starts_with("-- ")) return read_header(line);
    if (line.starts_with("  ")) return read_continuation(trim(line));
    read_slot(line);
  }

  void read_header(std::string_view line) {
    const auto header = parse_header(line);
    if (!header) {
      error(header.error());
      state_ = State::skipping_entry;
      return;
    }
    entries_.push_back({header->kind, std::string(header->id), file_.name, line_, {}});
    state_ = State::in_entry;
  }

  void read_slot(std::string_view line) {
    if (state_ == State::skipping_entry) return;
    if (state_ == State::outside) return error("text outside an entry");
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || line.substr(0, colon).find(' ') != line.npos) {
      return damaged("text outside a slot; a continuation begins with two blanks");
    }
    const auto key = line.substr(0, colon);
    auto slot = slot_named(entries_.back().kind, key);
    if (!slot) return damaged("unknown slot " + std::string(key));
    if (slot->name != "fix.command" && has_slot(key)) {
      return damaged("duplicate slot " + std::string(key));
    }
    slot->text = trim(line.substr(colon + 1));
    slot->line = line_;
    entries_.back().slots.push_back(*std::move(slot));
    state_ = State::in_slot;
  }

  void read_continuation(std::string_view text) {
    if (state_ == State::skipping_entry || state_ == State::skipping_slot) return;
    if (state_ == State::outside) return error("text outside an entry");
    if (state_ != State::in_slot) return error("text outside a slot");
    std::string& slot_text = entries_.back().slots.back().text;
    if (!slot_text.empty()) slot_text += ' ';
    slot_text += text;
  }

  bool has_slot(std::string_view key) const {
    const auto& slots = entries_.back().slots;
    return std::any_of(slots.begin(), slots.end(), [&](const auto& s) { return s.key() == key; });
  }

  void close_slot() {
    if (state_ == State::in_slot || state_ == State::skipping_slot) state_ = State::in_entry;
  }

  void damaged(std::string cause) {
    error(std::move(cause));
    if (state_ == State::in_entry || state_ == State::in_slot) state_ = State::skipping_slot;
  }

  void error(std::string cause) { errors_.push_back({file_.name, line_, std::move(cause)}); }

  const MsgFile& file_;
  std::vector<MsgEntry>& entries_;
  std::vector<MsgError>& errors_;
  State state_ = State::outside;
  int line_ = 0;
};

void find_duplicates(const std::vector<MsgEntry>& entries, std::vector<MsgError>& errors) {
  std::map<std::pair<MessageKind, std::string_view>, const MsgEntry*> first_seen;
  for (const MsgEntry& entry : entries) {
    const auto [seen, is_new] = first_seen.try_emplace({entry.kind, entry.id}, &entry);
    if (is_new) continue;
    const MsgEntry& first = *seen->second;
    errors.push_back({entry.file, entry.line,
                      "duplicate id " + entry.id + ", first seen at " + first.file + ":" +
                          std::to_string(first.line)});
  }
}

std::vector<MsgError> in_file_order(std::vector<MsgError> errors, std::span<const MsgFile> files) {
  std::map<std::string_view, std::size_t> place;
  for (const MsgFile& file : files) place.try_emplace(file.name, place.size());
  // Equal keys of a multimap keep their order.
  std::multimap<std::pair<std::size_t, int>, MsgError> ordered;
  for (MsgError& error : errors) {
    const std::pair key(place[error.file], error.line);
    ordered.emplace(key, std::move(error));
  }
  errors.clear();
  for (auto& [key, error] : ordered) errors.push_back(std::move(error));
  return errors;
}

}  // namespace

std::span<const std::string_view> slots_of(MessageKind kind) {
  switch (kind) {
    case MessageKind::finding: return kFindingSlots;
    case MessageKind::test: return kTestSlots;
    case MessageKind::fact: return kFactSlots;
    case MessageKind::ui: break;
  }
  return kUiSlots;
}

std::expected<std::vector<MsgEntry>, std::vector<MsgError>> parse_messages(
    std::span<const MsgFile> files) {
  std::vector<MsgEntry> entries;
  std::vector<MsgError> errors;
  for (const MsgFile& file : files) FileReader(file, entries, errors).read();
  for (const MsgEntry& entry : entries) check_entry(entry, errors);
  find_duplicates(entries, errors);
  if (errors.empty()) return entries;
  return std::unexpected(in_file_order(std::move(errors), files));
}

}  // namespace postflight
