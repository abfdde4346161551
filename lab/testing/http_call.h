// SPDX-License-Identifier: Apache-2.0
// One HTTP request of any method, for tests, by curl.
#pragma once

#include <string>
#include <string_view>

namespace postflight::lab::testing {

struct HttpAnswer {
  int status = 0;    ///< 0 where there was no answer; `body` then holds curl's words.
  std::string head;  ///< Status line and headers.
  std::string body;
  double seconds = 0;  ///< Until the answer was complete.
};

/// Ends after 20 seconds at the latest. `body` is sent as JSON where it is not empty.
HttpAnswer http_call(std::string_view method, const std::string& url, const std::string& body = "");

}  // namespace postflight::lab::testing
