// SPDX-License-Identifier: Apache-2.0
// Any bytes as /proc/net/netstat.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "probes/sockets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)postflight::netstat_counter(bytes, "TcpExt", "ListenOverflows");
  (void)postflight::netstat_counter(bytes, "", "");
  return 0;
}
