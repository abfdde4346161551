// SPDX-License-Identifier: Apache-2.0
// Any bytes as what a task says, in two different splits: the same frames, within the bounds.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "engine/framing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postflight;
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  const TaskLimits limits{.frame_bytes = 4096, .total_bytes = 65536};
  FrameReader whole{limits}, pieces{limits};
  const bool read = whole.feed(bytes).has_value();
  bool read_in_pieces = true;
  for (std::size_t at = 0; at < size && read_in_pieces; at += 3) {
    read_in_pieces = pieces.feed(bytes.substr(at, 3)).has_value();
  }
  if (read != read_in_pieces) std::abort();
  if (read && whole.frames().size() != pieces.frames().size()) std::abort();
  return 0;
}
