// SPDX-License-Identifier: Apache-2.0
// Any bytes through the gate: it never crashes, and what it let pass once it lets pass again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/redact.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string once = postflight::redact_text({reinterpret_cast<const char*>(data), size});
  if (postflight::redact_text(once) != once) std::abort();
  return 0;
}
