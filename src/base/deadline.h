// SPDX-License-Identifier: Apache-2.0
// A point on the monotonic clock by which work must be over. Every call that may wait takes one.
#pragma once

#include <algorithm>
#include <chrono>
#include <climits>

namespace postflight {

using Duration = std::chrono::milliseconds;
using MonotonicClock = std::chrono::steady_clock;

/// An absolute end on the monotonic clock; copies share that end, so it can be handed down freely.
class Deadline {
 public:
  explicit Deadline(Duration from_now) : end_(MonotonicClock::now() + from_now) {}

  /// Time left, never negative.
  Duration left() const {
    const auto rest = std::chrono::ceil<Duration>(end_ - MonotonicClock::now());
    return std::max(rest, Duration::zero());
  }

  /// Time left in the form poll(2) and epoll_wait(2) take.
  int left_for_poll() const {
    return static_cast<int>(std::min<Duration::rep>(left().count(), INT_MAX));
  }

  bool passed() const { return MonotonicClock::now() >= end_; }

  /// The earlier of this deadline and `limit` from now: a part never outlives the whole.
  Deadline within(Duration limit) const {
    Deadline part{limit};
    part.end_ = std::min(part.end_, end_);
    return part;
  }

  MonotonicClock::time_point end() const { return end_; }

 private:
  MonotonicClock::time_point end_;
};

}  // namespace postflight
