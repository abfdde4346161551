// SPDX-License-Identifier: Apache-2.0
// Any bytes as an engine's answers about itself: list, version, info, networks, logs.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "host/engine_api.h"
#include "probes/docker_answers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postflight;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto list = select_json(bytes, list_members())) {
    if (const auto containers = parse_container_list(*list)) (void)count_by_state(*containers);
  }
  DockerFacts facts;
  read_version(select_json(bytes, version_members()), "fuzz", facts);
  read_info(select_json(bytes, info_members()), "fuzz", facts);
  read_networks(select_json(bytes, network_members()), "fuzz", facts);
  (void)last_lines(host::parse_log_frames(bytes), 100);
  (void)host::negotiated_version(bytes);
  return 0;
}
