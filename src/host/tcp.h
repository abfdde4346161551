// SPDX-License-Identifier: Apache-2.0
// One TCP connection by numeric address. Never resolves a name, never waits past its deadline,
// never takes more than it was asked for. Source: tcp(7), ip(7), connect(2).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/deadline.h"
#include "base/expected.h"
#include "host/file_descriptor.h"

namespace postflight::host {

/// An open connection; closed at the end of its life.
///
/// Errors of all calls, each with a sentence that names the peer:
///   kUnreachable  "connection refused", "connection reset by the peer", no route, host
///   unreachable; kTimeout      the deadline passed, or the kernel gave up; kDenied       a local
///   firewall rule or policy forbids it; kMalformed    the address is not numeric.
class TcpStream {
 public:
  /// Connects to `address`, a numeric IPv4 or IPv6 address ("fe80::1%eth0" too). `local_address`,
  /// where not empty, is the address to come from.
  static Result<TcpStream> connect(const std::string& address, std::uint16_t port,
                                   Deadline deadline, const std::string& local_address = {});

  /// Sends all bytes. A peer that has gone away is an error, never a signal.
  Result<> send_all(std::string_view bytes, Deadline deadline);

  /// What comes next, at least one byte and at most `limit`; empty where the peer has closed.
  Result<std::string> read_some(std::size_t limit, Deadline deadline);

  /// Everything up to and including `end`. What came after it is kept for the next call.
  /// Errors: kMalformed where `limit` bytes came without it, kUnreachable where the peer closed
  /// first.
  Result<std::string> read_until(std::string_view end, std::size_t limit, Deadline deadline);

  /// Exactly `count` bytes. Errors: kUnreachable where the peer closed first.
  Result<std::string> read_exactly(std::size_t count, Deadline deadline);

  void close() { fd_.reset(); }
  int fd() const { return fd_.get(); }
  const std::string& peer() const { return peer_; }  ///< "127.0.0.1:80", for sentences.

 private:
  TcpStream(FileDescriptor fd, std::string peer) : fd_(std::move(fd)), peer_(std::move(peer)) {}
  Result<> wait(short events, Deadline deadline, std::string_view doing) const;
  Result<std::size_t> fill(std::size_t limit, Deadline deadline);
  std::string take(std::size_t count);

  FileDescriptor fd_;
  std::string peer_;
  std::string pending_;  ///< Received and not yet asked for.
};

}  // namespace postflight::host
