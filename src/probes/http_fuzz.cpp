// SPDX-License-Identifier: Apache-2.0
// Any bytes as a web server's answer: nothing may crash, hang or leave its bounds.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "probes/http_page.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postflight;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string title = html_title(bytes);
  if (title.size() > 130) std::abort();
  is_directory_listing(title);
  default_page_name(title, bytes);
  asks_for_tls(400, bytes);
  classify_first_bytes(bytes);
  const std::string url = normal_url(bytes);
  origin_of(url);
  without_query(bytes);
  cookie_pair(bytes);
  const std::string_view type = bytes.substr(0, size / 4), body = bytes.substr(size / 4);
  is_html(type, body);
  is_health_answer("/up", {200, type, body}, {200, type, bytes});
  is_health_answer("/health", {200, type, body}, {404, type, bytes});
  health_word(bytes);
  return 0;
}
