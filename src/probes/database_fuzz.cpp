// SPDX-License-Identifier: Apache-2.0
// Any bytes as a value of search_path, as a name of a host, as values of an array.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "probes/database_parse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postflight::database;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto schemas = parse_search_path(bytes, "role");
  for (const auto& schema : schemas) {
    if (schema.empty()) __builtin_trap();
  }
  if (array_literal(schemas).size() < 2) __builtin_trap();
  (void)is_host_name(bytes);
  return 0;
}
