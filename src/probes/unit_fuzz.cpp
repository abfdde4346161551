// SPDX-License-Identifier: Apache-2.0
// Any JSON as the properties of a unit, and any text as memory.stat.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "probes/unit_memory.h"
#include "probes/unit_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postflight;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)systemd_look::parse_reclaimable(bytes);
  if (const auto json = parse_json(bytes)) {
    UnitFacts facts;
    const systemd_look::Properties properties(*json, "x.service", "");
    systemd_look::read_properties(properties, wall_now(), facts);
    (void)systemd_look::programs_of(*json);
  }
  return 0;
}
