// SPDX-License-Identifier: Apache-2.0
// What an exchange by libcurl that failed amounts to, as an Error with a sentence for the reader.
// Pure. Source: libcurl-errors(3).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/expected.h"

namespace postflight::host {

/// How far an exchange had come when it ended.
struct HttpProgress {
  std::string peer;        ///< "127.0.0.1:80", for sentences.
  bool tls = false;        ///< TLS was asked for.
  bool connected = false;  ///< The TCP connection was made.
  bool status_line_seen = false;
  bool headers_too_large = false;
  int status = 0;
  std::size_t body_bytes = 0;
  std::string garbage;  ///< The first bytes of an answer that is not HTTP.
};

/// The Error for libcurl's `code` (a CURLcode), the errno behind it and libcurl's own `words`.
std::unexpected<Error> http_failure(int code, int os_error, std::string_view words,
                                    const HttpProgress& progress);

/// What to call the peer. Errors: kUnsupported where `address` is a name: it would have to be
/// resolved.
Result<std::string> peer_name(const std::string& unix_socket, const std::string& address,
                              std::uint16_t port);

/// "[::1]" as "::1"; other text as it is.
std::string unbracketed(const std::string& address);

}  // namespace postflight::host
