// SPDX-License-Identifier: Apache-2.0
// HTTP: sockets, threads and the access log. The only place that knows the HTTP library.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "backend/routes.h"

namespace postflight::lab {

/// Serves `routes` on all IPv4 addresses, 64 requests at a time.
class Server {
 public:
  /// `routes` must outlive the server.
  explicit Server(const Routes& routes);
  ~Server();

  /// Takes the port, or a free one for 0, and returns it; nothing where it cannot be had.
  std::optional<std::uint16_t> bind(std::uint16_t port);

  /// Serves until stop(). Returns when the requests in progress have been answered.
  void run();

  /// Accepts no more connections. May be called from another thread, at any time after bind().
  void stop();

 private:
  struct Library;
  std::unique_ptr<Library> library_;
};

/// Writes one line to stdout at once; lines of several threads do not mix.
void say(std::string_view line);

}  // namespace postflight::lab
