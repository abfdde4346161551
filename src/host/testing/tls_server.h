// SPDX-License-Identifier: Apache-2.0
// A TLS server for tests: a self-signed certificate made on the spot, one fixed answer to
// everybody.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

#include "host/file_descriptor.h"

namespace postflight::host::testing {

/// What the certificate says and what is answered over it.
struct TlsServerOptions {
  std::string common_name = "localhost";
  int days_valid = 30;           ///< Counted from now; negative: expired.
  std::string answer;            ///< Sent after the client's first bytes; then closed.
  bool stall_handshake = false;  ///< Accepts and says nothing, as a stalled TLS peer does.
};

/// Serves one connection at a time on an ephemeral port of 127.0.0.1 in a thread of its own. Throws
/// std::runtime_error where it cannot start.
class TlsServer {
 public:
  explicit TlsServer(TlsServerOptions options);
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url(std::string_view path = "/") const;

 private:
  void serve();
  void answer_one(int fd);
  bool wait(int fd, short events) const;

  TlsServerOptions options_;
  FileDescriptor listener_;
  FileDescriptor stop_;
  std::uint16_t port_ = 0;
  void* context_ = nullptr;  // SSL_CTX
  std::thread thread_;
};

}  // namespace postflight::host::testing
