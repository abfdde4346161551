// SPDX-License-Identifier: Apache-2.0
// The wire format between a task and the supervisor: u32 payload length, u16 key length, key,
// payload, both numbers in host order since both ends are one program on one machine.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "engine/supervisor.h"

namespace postflight {

/// Key of the frame in which a task tells why it failed; no fact can have this name.
inline constexpr std::string_view kErrorKey = "!error";

/// Key of the last frame of a task that ended well. Exit status 0 alone proves nothing: a library
/// that calls exit() gives it too.
inline constexpr std::string_view kDoneKey = "!done";

/// One frame, ready to be written. Keys are 1 to 65535 bytes, payloads less than 4 GiB;
/// std::length_error otherwise, for it would spoil the frames that follow.
std::string encode_frame(std::string_view key, std::string_view payload);

/// Collects bytes from a pipe and takes whole frames off them.
class FrameReader {
 public:
  explicit FrameReader(TaskLimits limits) : limits_(limits) {}

  /// Appends bytes and moves every complete frame to frames(). kMalformed once a bound is broken or
  /// a frame has no key; frames that were complete before stay. What a frame costs us in memory
  /// counts towards the bound, or a flood of empty ones would cost ten times what was sent.
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
