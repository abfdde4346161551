// SPDX-License-Identifier: Apache-2.0
// An HTTP client for tests of the lab's servers: any method, with a body, over one connection that
// is kept. HTTP/2 with prior knowledge where asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "host/http_client.h"

namespace postflight::lab::testing {

/// What to ask for. The path goes out as it stands: no dots are resolved, nothing is encoded.
struct HttpQuery {
  std::string method = "GET";
  std::string path = "/";
  std::string body;
  std::vector<std::string> headers;  ///< Whole lines: "api-key: 1".
};

/// What came back.
struct HttpAnswer {
  int status = 0;             ///< 0 where there was no answer; `error` says why.
  host::HttpHeaders headers;  ///< Trailers too. Names in lower case.
  std::string body;
  std::string error;
  double seconds = 0;  ///< Until the answer was complete.

  /// The first header or trailer of this name, or an empty text.
  std::string header(std::string_view name) const;
};

class HttpConnection {
 public:
  enum class Version { k1_1, k2 };
  /// To 127.0.0.1; connects with the first question.
  explicit HttpConnection(std::uint16_t port, Version version = Version::k1_1);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  HttpAnswer ask(const HttpQuery& query);
  /// How often it had to connect so far.
  long connects() const { return connects_; }

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
  std::string origin_;
  Version version_;
  long connects_ = 0;
};

}  // namespace postflight::lab::testing
