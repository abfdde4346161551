// SPDX-License-Identifier: Apache-2.0
// Any bytes as an engine's answer about one container, as a compose file, as /proc files.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "host/container_view.h"
#include "probes/container_inspect.h"
#include "probes/container_process.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postflight;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ContainerFacts facts;
  if (const auto json = select_json(bytes, inspection_members())) {
    const EngineAnswer answer{*json, "fuzz", WallTime{}};
    read_inspection(answer, facts);
    (void)paths_in(answer);
  }
  if (const auto json = select_json(bytes, image_members())) {
    read_image({*json, "fuzz", WallTime{}}, facts);
  }
  (void)hosts_in_environment({std::string(bytes)});
  (void)names_service(bytes, "web");
  (void)includes_others(bytes);
  (void)parse_engine_time(bytes);
  (void)host::parse_start_ticks(bytes);
  (void)host::parse_memory_cgroup(bytes);
  return 0;
}
