// SPDX-License-Identifier: Apache-2.0
// Texts that come from people, files and containers.
#include <cstdint>
#include <string_view>

#include "discover/postgres_clusters.h"
#include "host/postgres_errors.h"
#include "probes/postgres_access.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)postflight::parse_postgres_url(text);
  (void)postflight::parse_pgpass(text);
  (void)postflight::user_name(text, 999);
  (void)postflight::parse_postmaster_file(text);
  (void)postflight::setting_in_file(text, "port");
  (void)postflight::host::parse_connection_error(text);
  return 0;
}
