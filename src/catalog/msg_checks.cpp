// SPDX-License-Identifier: Apache-2.0
#include "catalog/msg_checks.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "catalog/shell.h"
#include "catalog/template_parser.h"

namespace postflight {
namespace {

enum class Script { none, latin, cyrillic };

/// A character's script, as far as look-alikes matter, and its length in bytes of valid UTF-8.
std::pair<Script, std::size_t> script_at(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z')) return {Script::latin, 1};
  if (byte < 0x80) return {Script::none, 1};
  // U+0400..U+052F: lead bytes D0 to D4, of the last only the first 48.
  const bool cyrillic = (byte >= 0xD0 && byte <= 0xD3) ||
                        (byte == 0xD4 && static_cast<unsigned char>(text[at + 1]) < 0xB0);
  if (cyrillic) return {Script::cyrillic, 2};
  return {Script::none, byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4};
}

/// A word of letters of one or both scripts.
struct Word {
  std::string_view text;
  bool latin = false;
  bool cyrillic = false;
  bool alone = false;  ///< Nothing but blanks around it.
};

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  std::size_t start = 0;
  Word word;
  const auto close = [&](std::size_t end) {
    word.text = text.substr(start, end - start);
    word.alone = (start == 0 || text[start - 1] == ' ') && (end == text.size() || text[end] == ' ');
    if (!word.text.empty()) words.push_back(word);
    word = {};
  };
  for (std::size_t i = 0; i < text.size();) {
    const auto [script, length] = script_at(text, i);
    if (script == Script::none) {
      close(i);
      start = i + length;
    }
    word.latin |= script == Script::latin;
    word.cyrillic |= script == Script::cyrillic;
    i += length;
  }
  close(text.size());
  return words;
}

/// The literal text with the plural words of number `form` in their places. Other placeholders
/// divide words, as their values are not known here.
std::string text_with_form(const Template& pieces, std::size_t form) {
  std::string text;
  for (const TemplatePiece& piece : pieces) {
    if (piece.is_literal()) {
      text += piece.literal;
    } else if (piece.is_plural()) {
      text += piece.plural_forms[std::min(form, piece.plural_forms.size() - 1)];
    } else {
      text += '\x01';
    }
  }
  return text;
}

/// What a slot shows, in a form in which the two languages can be compared.
struct Shown {
  std::set<std::string> names;
  std::set<std::pair<std::string, ValueFormat>> values;
};

Shown shown_by(const Template& pieces) {
  Shown shown;
  for (const TemplatePiece& piece : pieces) {
    if (piece.is_literal()) continue;
    shown.names.insert(piece.name);
    if (!piece.is_plural()) shown.values.emplace(piece.name, piece.format);
  }
  return shown;
}

class EntryCheck {
 public:
  EntryCheck(const MsgEntry& entry, std::vector<MsgError>& errors)
      : entry_(entry), errors_(errors) {}

  void run() {
    for (const MsgSlot& slot : entry_.slots) check_slot(slot);
    for (const auto name : slots_of(entry_.kind)) check_pair(name);
    if (entry_.kind == MessageKind::finding && !find("", "cite"))
      error(entry_.line, "missing cite");
  }

 private:
  const MsgSlot* find(std::string_view lang, std::string_view name) const {
    for (const MsgSlot& slot : entry_.slots) {
      if (slot.lang == lang && slot.name == name) return &slot;
    }
    return nullptr;
  }

  void check_slot(const MsgSlot& slot) {
    if (slot.text.empty()) return error(slot, "empty slot");
    const auto pieces = parse_template(slot.text);
    if (!pieces) return error(slot, pieces.error());
    check_words(slot, *pieces);
    if (slot.name == "cite") return check_cite(slot);
    if (slot.name == "detail") return check_detail(slot);
    if (slot.lang.empty()) return check_command(slot, *pieces);
    check_prose(slot, *pieces);
  }

  void check_words(const MsgSlot& slot, const Template& pieces) {
    std::set<std::string> seen;
    for (std::size_t form = 0; form < 3; ++form) {
      const std::string text = text_with_form(pieces, form);
      for (const Word& word : words_of(text)) {
        const auto cause = word_fault(slot, word);
        if (cause && seen.insert(*cause).second) error(slot, *cause);
      }
    }
  }

  static std::optional<std::string> word_fault(const MsgSlot& slot, const Word& word) {
    const std::string quoted = "\"" + std::string(word.text) + "\"";
    if (word.latin && word.cyrillic) return "Latin and Cyrillic letters in one word: " + quoted;
    if (slot.lang == "en" && word.cyrillic) return "Cyrillic letters in English text: " + quoted;
    const bool looks_russian =
        std::string_view("acoyACOKB").find(word.text) != std::string_view::npos;
    if (slot.lang == "ru" && word.alone && word.text.size() == 1 && looks_russian) {
      return "Latin letter in place of a Russian word: " + quoted;
    }
    return std::nullopt;
  }

  void check_cite(const MsgSlot& slot) {
    if (slot.text.find_first_of("{}") != std::string::npos)
      error(slot, "braces are not allowed here");
  }

  void check_detail(const MsgSlot& slot) {
    if (slot.text != "yes" && slot.text != "empty") error(slot, "neither yes nor empty");
  }

  void check_prose(const MsgSlot& slot, const Template& pieces) {
    if (slot.text.find('!') != std::string::npos) error(slot, "exclamation mark");
    const std::size_t wanted = slot.lang == "ru" ? 3 : 2;
    for (const TemplatePiece& piece : pieces) {
      if (!piece.is_plural() || piece.plural_forms.size() == wanted) continue;
      error(slot, "{" + piece.name + "|…} has " + std::to_string(piece.plural_forms.size()) +
                      " plural forms, " + slot.lang + " needs " + std::to_string(wanted));
    }
  }

  /// A value is quoted when it is filled in. Here we refuse the places where quoting would not
  /// help.
  void check_command(const MsgSlot& slot, const Template& pieces) {
    if (slot.text.find("<<") != std::string::npos)
      error(slot, "here-documents are not allowed, a value cannot be quoted there");
    ShellScanner scanner;
    for (const TemplatePiece& piece : pieces) {
      if (piece.is_literal()) {
        scanner.feed(piece.literal);
        continue;
      }
      if (const auto cause = command_fault(piece, scanner)) error(slot, *cause);
      scanner.feed_value();
    }
    if (scanner.in_quotes()) error(slot, "unclosed quote");
  }

  static std::optional<std::string> command_fault(const TemplatePiece& piece,
                                                  const ShellScanner& scanner) {
    const std::string name = "{" + piece.name + "}";
    if (piece.is_plural()) return "plural words in a command: " + name;
    switch (piece.format) {
      case ValueFormat::bytes:
      case ValueFormat::percent:
      case ValueFormat::duration: return "format for readers in a command: " + name;
      default: break;
    }
    if (scanner.after_active_character())
      return "\\ or $ just before " + name + " would undo its quoting";
    if (scanner.in_quotes() && piece.format != ValueFormat::number) {
      return name +
             " inside quotes, where a value cannot be made safe; only :number may stand there";
    }
    return std::nullopt;
  }

  void check_pair(std::string_view name) {
    const MsgSlot* en = find("en", name);
    const MsgSlot* ru = find("ru", name);
    if (!en && !ru) return error(entry_.line, "missing slot " + std::string(name));
    if (!en || !ru) {
      return error(*(en ? en : ru), std::string("only one language, ") + (en ? "ru." : "en.") +
                                        std::string(name) + " is missing");
    }
    const auto en_pieces = parse_template(en->text), ru_pieces = parse_template(ru->text);
    if (!en_pieces || !ru_pieces) return;  // already reported
    const Shown in_en = shown_by(*en_pieces), in_ru = shown_by(*ru_pieces);
    if (in_en.names == in_ru.names && in_en.values == in_ru.values) return;
    error(*ru, "other placeholders than in " + en->key() + ": " + difference(in_en, in_ru));
  }

  static std::string difference(const Shown& en, const Shown& ru) {
    std::set<std::string> names;
    std::set_symmetric_difference(en.names.begin(), en.names.end(), ru.names.begin(),
                                  ru.names.end(), std::inserter(names, names.end()));
    std::vector<std::pair<std::string, ValueFormat>> values;
    std::set_symmetric_difference(en.values.begin(), en.values.end(), ru.values.begin(),
                                  ru.values.end(), std::back_inserter(values));
    for (const auto& [name, format] : values) names.insert(name);
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "{" : ", {") + name + "}";
    return text;
  }

  void error(const MsgSlot& slot, const std::string& cause) {
    error(slot.line, slot.key() + ": " + cause);
  }
  void error(int line, const std::string& cause) {
    errors_.push_back({entry_.file, line, entry_.id + ": " + cause});
  }

  const MsgEntry& entry_;
  std::vector<MsgError>& errors_;
};

}  // namespace

void check_entry(const MsgEntry& entry, std::vector<MsgError>& errors) {
  EntryCheck(entry, errors).run();
}

}  // namespace postflight
