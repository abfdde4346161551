// SPDX-License-Identifier: Apache-2.0
// What a probe knows about one thing: a value, its absence, or why it could not be seen.
//
// There is deliberately no value_or(): a default is how "could not look" turns into "fine".
#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/describe.h"

namespace postflight {

/// Why something is unknown. The names are part of the report's contract.
enum class Why {
  denied,       ///< No permission; the detail says how to allow it.
  unreachable,  ///< Nothing answered there.
  timeout,      ///< The budget or the run's deadline passed first.
  malformed,    ///< Something answered, but not in the form its protocol demands.
  unsupported,  ///< This kernel, peer or build cannot tell.
  crashed,      ///< The task that should have looked died.
  not_planned,  ///< Nobody looked: no probe for it, or it was left out on purpose.
};
PF_DESCRIBE_ENUM(Why, denied, unreachable, timeout, malformed, unsupported, crashed, not_planned)

/// Where a statement comes from, so that the reader can look for himself.
struct Evidence {
  std::string source;
  std::string excerpt;
  std::string at;
  bool operator==(const Evidence&) const = default;
};
// clang-format off
PF_DESCRIBE(Evidence,
  (source, "File, query, endpoint or kernel table that was read."),
  (excerpt, "What stood there, raw but for redaction and length."),
  (at, "When it was read, RFC 3339 in UTC."))
// clang-format on

/// Ignorance with its reason.
struct Unknown {
  Why why = Why::not_planned;
  std::string detail;
  bool operator==(const Unknown&) const = default;
};
// clang-format off
PF_DESCRIBE(Unknown,
  (why, "Reason from a fixed list."),
  (detail, "What was tried and what came back, and how to allow it where that is possible."))
// clang-format on

/// Seen to be absent: knowledge, on which a rule may judge.
struct Absent {
  Evidence evidence;
  bool operator==(const Absent&) const = default;
};

/// A value together with where it was read.
template <class T>
struct Seen {
  T value;
  Evidence evidence;
  bool operator==(const Seen&) const = default;
};
template <class T>
Seen(T, Evidence) -> Seen<T>;

/// One of Seen<T>, Absent or Unknown; a fresh one is Unknown{not_planned}.
template <class T>
class Observed {
 public:
  using value_type = T;

  Observed() = default;
  Observed(Seen<T> seen) : state_(std::move(seen)) {}
  Observed(Absent absent) : state_(std::move(absent)) {}
  Observed(Unknown unknown) : state_(std::move(unknown)) {}
  template <class U>
    requires(!std::is_same_v<U, T> && std::is_convertible_v<U, T>)
  Observed(Seen<U> seen) : state_(Seen<T>{std::move(seen.value), std::move(seen.evidence)}) {}

  /// Calls exactly one of the three with Seen<T>, Absent or Unknown. All must return the same type.
  template <class OnSeen, class OnAbsent, class OnUnknown>
  decltype(auto) visit(OnSeen&& on_seen, OnAbsent&& on_absent, OnUnknown&& on_unknown) const {
    if (const auto* seen = std::get_if<Seen<T>>(&state_)) return on_seen(*seen);
    if (const auto* absent = std::get_if<Absent>(&state_)) return on_absent(*absent);
    return on_unknown(std::get<Unknown>(state_));
  }

  /// The value with its evidence, or nullptr where it is absent or unknown.
  const Seen<T>* seen() const { return std::get_if<Seen<T>>(&state_); }
  const Absent* absent() const { return std::get_if<Absent>(&state_); }
  const Unknown* unknown() const { return std::get_if<Unknown>(&state_); }

  bool operator==(const Observed&) const = default;

 private:
  std::variant<Unknown, Absent, Seen<T>> state_;
};

/// A field of a probe's facts. Required<T> marks those without which the component's state is
/// unknown.
template <class T>
using Fact = Observed<T>;

template <class T>
struct Required : Observed<T> {
  using Observed<T>::Observed;
  Required() = default;
  Required(Observed<T> observed) : Observed<T>(std::move(observed)) {}
};

}  // namespace postflight
