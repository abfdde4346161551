// SPDX-License-Identifier: Apache-2.0
// Any bytes as an answer to INFO, and as what a server sends back over a connection.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "host/redis_client.h"
#include "probes/redis.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postflight;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto info = parse_redis_info(bytes)) {
    (void)sum_keyspace(*info, "keys");
    (void)sum_keyspace(*info, "expires");
  }
  (void)host::parse_redis_reply(bytes);
  return 0;
}
