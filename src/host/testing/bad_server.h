// SPDX-License-Identifier: Apache-2.0
// Servers that misbehave, for tests: each in a thread of its own on an ephemeral port of 127.0.0.1.
// They end with the object, whatever their clients are doing.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "host/file_descriptor.h"

namespace postflight::host::testing {

/// What a BadServer does with every connection.
struct Behaviour {
  enum class Kind {
    kSilent,
    kFixed,
    kFixedAndClose,
    kEndless,
    kDrip,
    kCloseAtOnce,
    kReset,
    kReply
  };
  /// Given the number of the connection (from 0) and all that came on it since the last reply: what
  /// to send; nothing to wait for more. An empty text closes the connection.
  using Reply =
      std::function<std::optional<std::string>(std::size_t connection, std::string_view received)>;
  Kind kind = Kind::kSilent;
  std::string bytes;
  Reply reply;
  std::string head;

  /// Accepts, and never says anything.
  static Behaviour silent_accept() { return {Kind::kSilent, {}, {}, {}}; }
  /// Pours out bytes that are no protocol, escape codes among them, without being asked.
  static Behaviour garbage();
  /// Sends `head` once, then `bytes` for ever, as fast as they are read.
  static Behaviour endless(std::string bytes, std::string head = {}) {
    return {Kind::kEndless, std::move(bytes), {}, std::move(head)};
  }
  /// Sends `bytes` one a second, round and round.
  static Behaviour drip(std::string bytes) { return {Kind::kDrip, std::move(bytes), {}, {}}; }
  /// Closes as soon as it has accepted.
  static Behaviour close_at_once() { return {Kind::kCloseAtOnce, {}, {}, {}}; }
  /// Ends the connection by RST as soon as the first byte has come.
  static Behaviour reset() { return {Kind::kReset, {}, {}, {}}; }
  /// Sends `bytes` at the first byte from the client, and stays open.
  static Behaviour fixed(std::string bytes) { return {Kind::kFixed, std::move(bytes), {}, {}}; }
  /// Sends `bytes` at the first byte from the client, and closes.
  static Behaviour fixed_and_close(std::string bytes) {
    return {Kind::kFixedAndClose, std::move(bytes), {}, {}};
  }
  /// Answers as `reply` says.
  static Behaviour scripted(Reply reply) { return {Kind::kReply, {}, std::move(reply), {}}; }
};

/// A TCP server. Throws std::system_error where it cannot start.
class BadServer {
 public:
  explicit BadServer(Behaviour behaviour);
  ~BadServer();
  BadServer(const BadServer&) = delete;
  BadServer& operator=(const BadServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1"; }
  std::string url(std::string_view path = "/", std::string_view scheme = "http") const;
  std::size_t connections() const { return connections_; }  ///< Accepted so far.

 private:
  void serve();

  Behaviour behaviour_;
  FileDescriptor listener_;
  FileDescriptor stop_;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> connections_ = 0;
  std::thread thread_;
};

/// A port on which nobody listens and nobody else can: bound, so that a connection is refused for
/// as long as the object lives.
class RefusedPort {
 public:
  RefusedPort();
  std::uint16_t port() const { return port_; }

 private:
  std::uint16_t port_ = 0;  // before socket_, whose making sets it
  FileDescriptor socket_;
};

/// A UDP server that answers each datagram with what `reply` returns, or not at all.
class UdpServer {
 public:
  using Reply = std::function<std::optional<std::string>(std::string_view datagram)>;
  explicit UdpServer(Reply reply);
  ~UdpServer();
  UdpServer(const UdpServer&) = delete;
  UdpServer& operator=(const UdpServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::size_t datagrams() const { return datagrams_; }

 private:
  void serve();

  Reply reply_;
  std::uint16_t port_ = 0;  // before socket_, whose making sets it
  FileDescriptor socket_;
  FileDescriptor stop_;
  std::atomic<std::size_t> datagrams_ = 0;
  std::thread thread_;
};

/// A listening socket on `address` ("127.0.0.1", "::1", "0.0.0.0", "::"), for tests that need only
/// that.
struct ListeningPort {
  FileDescriptor socket;
  std::uint16_t port = 0;
};
ListeningPort listen_on(const std::string& address, std::uint16_t port = 0, int backlog = 16);

}  // namespace postflight::host::testing
