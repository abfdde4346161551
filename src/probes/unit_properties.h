// SPDX-License-Identifier: Apache-2.0
// From the properties of a unit, as D-Bus gives them, to facts. Pure but for the program's file.
// Source: org.freedesktop.systemd1(5).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "probes/unit.h"

namespace postflight::systemd_look {

/// Reads single properties with their evidence.
class Properties {
 public:
  /// `values` is the reply to GetAll; `at` is when it came, RFC 3339.
  Properties(const Json& values, std::string unit, std::string at)
      : values_(values), unit_(std::move(unit)), at_(std::move(at)) {}

  const std::string& unit() const { return unit_; }
  const Json& values() const { return values_; }
  bool has(std::string_view name) const { return values_.contains(name); }
  Evidence from(std::string_view name) const;

  /// Unknown{unsupported} where this systemd has no such property, {malformed} where it is of
  /// another type.
  Observed<std::string> text(std::string_view name) const;
  Observed<std::string> text_or_absent(std::string_view name) const;  ///< Absent where empty.
  Observed<bool> flag(std::string_view name) const;
  Observed<std::uint64_t> count(std::string_view name) const;
  Observed<std::uint64_t> limit(std::string_view name) const;  ///< Absent where "infinity".
  Observed<std::int64_t> number(std::string_view name) const;
  Observed<std::string> time(std::string_view name) const;  ///< RFC 3339; absent where 0.
  Observed<std::vector<std::string>> texts(std::string_view name) const;

  /// Values without evidence, for decisions; nothing where they are not there.
  std::optional<std::uint64_t> plain_count(std::string_view name) const;
  std::string plain_text(std::string_view name) const;
  std::vector<std::string> plain_texts(std::string_view name) const;

 private:
  template <class T, class Read>
  Observed<T> read(std::string_view name, Read&& read) const;

  const Json& values_;
  std::string unit_;
  std::string at_;
};

/// "2026-01-12T09:30:00.123Z" from microseconds since 1970; nothing where they are none.
std::optional<WallTime> wall_time(std::uint64_t microseconds);

/// Everything about a unit that its properties tell. `now` is the wall clock when they were read.
void read_properties(const Properties& properties, WallTime now, UnitFacts& facts);

/// The programs of ExecStart, without their arguments.
std::vector<std::string> programs_of(const Json& properties);

}  // namespace postflight::systemd_look
