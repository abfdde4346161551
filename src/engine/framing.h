// SPDX-License-Identifier: Apache-2.0
// The wire format between a task and the supervisor: u32 payload length, u16 key length, key, payload,
// both numbers in host order since both ends are one program on one machine.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "engine/supervisor.h"

namespace postflight {

/// Key of the frame in which a task tells why it failed; no fact can have this name.
inline constexpr std::string_view kErrorKey = "!error";

/// One frame, ready to be written. Keys are at most 65535 bytes, payloads at most 4 GiB.
std::string encode_frame(std::string_view key, std::string_view payload);

/// Collects bytes from a pipe and takes whole frames off them.
class FrameReader {
 public:
  explicit FrameReader(TaskLimits limits) : limits_(limits) {}

  /// Appends bytes and moves every complete frame to frames(). kMalformed once a bound is broken;
  /// frames that were complete before stay.
  Result<void> feed(std::string_view bytes);

  std::vector<Frame>& frames() { return frames_; }

  /// True where bytes of an unfinished frame are left: the task ended in the middle of a word.
  bool has_partial() const { return !buffer_.empty(); }

 private:
  TaskLimits limits_;
  std::string buffer_;
  std::size_t total_ = 0;
  std::vector<Frame> frames_;
};

}  // namespace postflight
