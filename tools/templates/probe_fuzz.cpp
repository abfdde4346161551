// SPDX-License-Identifier: Apache-2.0
// Feeds the pure parser of the probe @NAME@ with anything.
#include <cstddef>
#include <cstdint>

#include "probes/@NAME@.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)postflight::parse_@NAME@_greeting({reinterpret_cast<const char*>(data), size});
  return 0;
}
