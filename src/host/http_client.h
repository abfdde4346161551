// SPDX-License-Identifier: Apache-2.0
// One GET over HTTP or HTTPS. Never resolves a name, follows a redirect, uses a proxy, keeps a
// cookie or sends a body. Certificates are not judged here, only reported: an expired one must
// still be described. Source: RFC 9110, 9112; libcurl 7.88.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/deadline.h"
#include "base/expected.h"

namespace postflight::host {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// What to ask for.
struct HttpRequest {
  /// http:// or https://. Its host is what TLS is told (SNI) and what the Host header says.
  std::string url;
  /// Numeric address to connect to. May stay empty only where the URL's host is itself numeric.
  std::string connect_address;
  /// Port to connect to; 0 is the URL's own.
  std::uint16_t connect_port = 0;
  /// Path of a unix socket to connect to instead of an address, as the Docker API has.
  std::string unix_socket;
  /// Another Host header than the URL's; empty leaves it.
  std::string host_header;
  /// Further header lines, such as an API key.
  HttpHeaders headers;
  /// The whole exchange is over by then, however slowly bytes come.
  Deadline deadline{Duration{3000}};
  /// How much of the body is kept.
  std::size_t body_limit = 64 * 1024;
};

/// What came back.
struct HttpResponse {
  int status = 0;
  std::string http_version;     ///< "1.0", "1.1" or "2".
  HttpHeaders headers;          ///< Of the final response, names in lower case, values printable.
  std::string body;             ///< Its first `body_limit` bytes, raw.
  bool body_truncated = false;  ///< There was more than that.
  std::string content_type;     ///< As sent; empty where none was.
  std::string location;         ///< Where a 3xx would lead, as an absolute URL; empty otherwise.
  double seconds_to_first_byte = 0;  ///< From the start of the exchange.
  double seconds_total = 0;
  bool tls = false;
  /// For TLS: "ok", or OpenSSL's words for what is wrong with the chain against the machine's trust
  /// store ("self-signed certificate"). Does not compare names. Empty without TLS.
  std::string verify_result;

  /// The first header of this name (lower case), or nullptr.
  const std::string* header(std::string_view name) const;
};

/// Sends one GET and reads the answer. An answer of any status is a success.
/// Errors, each with a sentence that names the endpoint:
///   kUnreachable  refused, reset, closed without an answer;
///   kNotFound     there is no such unix socket;
///   kTimeout      not complete by the deadline; the sentence says how far it came;
///   kMalformed    the answer is not HTTP (HTTP/0.9 included), over 64 KiB of headers, TLS where
///   plain
///                 HTTP was asked for or the reverse, a TLS handshake that fails, or a URL that is
///                 none;
///   kUnsupported  the URL's host is a name and no address was given;
///   kDenied       the kernel or a local firewall forbids the connection.
Result<HttpResponse> http_get(const HttpRequest& request);

}  // namespace postflight::host
