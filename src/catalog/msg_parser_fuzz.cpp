// SPDX-License-Identifier: Apache-2.0
// Any bytes as a .msg file: the parser says yes or names its lines, and never crashes.
#include <cstddef>
#include <cstdint>

#include "catalog/msg_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const postflight::MsgFile file{"fuzz.msg",
                                 std::string(reinterpret_cast<const char*>(data), size)};
  (void)postflight::parse_messages(std::span(&file, 1));
  return 0;
}
