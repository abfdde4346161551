// SPDX-License-Identifier: Apache-2.0
// Turns members of a container engine's JSON answer into facts with their evidence. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "model/observed.h"

namespace postflight {

/// One answer, read member by member. A path is "State/Health/Status".
class EngineAnswer {
 public:
  /// `source` is what evidence names: "GET /containers/web/json". `answer` must outlive this.
  EngineAnswer(const Json& answer, std::string source, WallTime now)
      : answer_(answer), source_(std::move(source)), now_(now), at_(format_rfc3339(now)) {}

  /// The member, or nullptr where it is missing or null.
  const Json* find(std::string_view path) const;

  /// The member's text; empty where it is missing or no text.
  std::string text_or_empty(std::string_view path) const;

  /// Texts of a list; empty where it is missing.
  std::vector<std::string> texts(std::string_view path) const;

  /// Evidence whose excerpt is the member as it stands there.
  Evidence from(std::string_view path) const;
  /// The same with another excerpt, for members that are long or secret.
  Evidence from(std::string_view path, std::string_view shown) const;

  Observed<std::string> text(std::string_view path) const;
  /// An empty text means that there is none.
  Observed<std::string> text_or_absent(std::string_view path) const;
  Observed<bool> flag(std::string_view path) const;

  template <class T>
  Observed<T> number(std::string_view path) const {
    const Json* member = find(path);
    if (!member) return missing(path);
    const bool fits = member->is_number_unsigned()  ? std::in_range<T>(member->get<std::uint64_t>())
                      : member->is_number_integer() ? std::in_range<T>(member->get<std::int64_t>())
                                                    : false;
    if (!fits) return malformed(path);
    return Seen{member->get<T>(), from(path)};
  }

  /// A time "2026-11-25T02:40:50.167760255Z"; Go's zero, the year 1, means that there is none.
  Observed<std::string> time(std::string_view path) const;
  /// Seconds from that time to now.
  Observed<double> seconds_since(std::string_view path) const;
  /// Nanoseconds as seconds.
  Observed<double> seconds(std::string_view path) const;

  WallTime now() const { return now_; }

  Unknown missing(std::string_view path) const;
  Unknown malformed(std::string_view path) const;

 private:
  const Json& answer_;
  std::string source_;
  WallTime now_;
  std::string at_;
};

/// RFC 3339 with any number of digits behind the point, as Go writes it; nothing where it is none,
/// or Go's zero. Pure.
std::optional<WallTime> parse_engine_time(std::string_view text);

}  // namespace postflight
