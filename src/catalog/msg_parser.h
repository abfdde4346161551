// SPDX-License-Identifier: Apache-2.0
// Reads *.msg files, where the prose of the tool lives, Russian and English line beside line. Pure:
// text in, entries or every error out. Must stay light (base/ only), for msgc is built before
// everything else.
//
//   # comment
//   -- redis/last-save-failed          a finding; `-- test ID`, `-- fact ID`, `-- ui ID` are the
//   others en.problem: Redis {name} could not save its data to disk ru.problem: Redis {name} не
//   смог сохранить
//     данные на диск                   two blanks continue the slot above, joined by one blank
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/tables.h"

namespace postflight {

/// A .msg file as it was read.
struct MsgFile {
  std::string name;
  std::string text;
};

/// One text of an entry.
struct MsgSlot {
  std::string lang;  ///< "en", "ru", or empty for fix.command and cite.
  std::string name;  ///< "problem", "fix.command", …
  std::string text;
  int line = 0;

  /// As it is written in the file: "en.problem".
  std::string key() const { return lang.empty() ? name : lang + "." + name; }
};

/// One entry with its slots in the order of the file.
struct MsgEntry {
  MessageKind kind = MessageKind::finding;
  std::string id;
  std::string file;
  int line = 0;
  std::vector<MsgSlot> slots;
};

/// What is wrong and where.
struct MsgError {
  std::string file;
  int line = 0;
  std::string cause;

  /// "redis.msg:12: missing cite".
  std::string text() const { return file + ":" + std::to_string(line) + ": " + cause; }
};

/// The slots a kind has in each language, in the order of the report.
std::span<const std::string_view> slots_of(MessageKind kind);

/// All entries of all files, checked by catalog/msg_checks.h, or all errors in the order of the
/// files.
std::expected<std::vector<MsgEntry>, std::vector<MsgError>> parse_messages(
    std::span<const MsgFile> files);

}  // namespace postflight
