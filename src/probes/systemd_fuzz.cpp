// SPDX-License-Identifier: Apache-2.0
// Any JSON as the lists of the manager, and any text as the place of a process.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "probes/systemd_changes.h"
#include "probes/systemd_parts.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postflight;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)systemd_look::place_of(bytes);
  (void)systemd_look::template_of(bytes);
  if (const auto json = parse_json(bytes)) {
    (void)systemd_look::parse_unit_list(*json);
    (void)systemd_look::parse_job_list(*json);
  }
  return 0;
}
