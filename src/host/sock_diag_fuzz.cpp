// SPDX-License-Identifier: Apache-2.0
// Any bytes as a netlink answer and as a /proc/net table.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "host/proc_net.h"
#include "host/sock_diag.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postflight;
  using namespace postflight::host;
  // A copy in a vector, because real answers come aligned and in a buffer of their own size.
  std::vector<char> buffer(data, data + size);
  std::vector<ListeningSocket> sockets;
  (void)parse_diag_messages(buffer, Transport::tcp, sockets);
  (void)parse_diag_messages(buffer, Transport::udp, sockets);
  (void)parse_proc_net({buffer.data(), buffer.size()}, Transport::tcp);
  (void)parse_proc_net({buffer.data(), buffer.size()}, Transport::udp);
  return 0;
}
