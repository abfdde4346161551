// SPDX-License-Identifier: Apache-2.0
// A stand-in for systemd on a Unix socket, for tests: answers over D-Bus what the test says, or
// behaves badly. In a thread of its own, which ends with the object.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "base/json.h"
#include "host/file_descriptor.h"

namespace postflight::host::testing {

/// A call as the server got it.
struct BusQuestion {
  std::string path;
  std::string interface;
  std::string member;
  std::string argument;  ///< The last argument where it is text.
};

/// What it says. Values have the form that busctl --json gives: {"type": "s", "data": …}.
struct BusReply {
  std::string type;           ///< Signature of the arguments; "a{sv}", "a(ssssssouso)", "s".
  Json data = Json::array();  ///< The arguments.
  std::string error;          ///< Name of a D-Bus error instead.
  bool silent = false;        ///< Never answer this one.
  bool hang_up = false;       ///< Close the connection instead.
};

class BusServer {
 public:
  using Answer = std::function<BusReply(const BusQuestion&)>;
  /// Speaks D-Bus on the socket at `path`. Throws std::system_error where it cannot start.
  BusServer(const std::string& path, Answer answer);
  ~BusServer();
  BusServer(const BusServer&) = delete;
  BusServer& operator=(const BusServer&) = delete;

  std::size_t questions() const { return questions_; }  ///< Answered so far.

 private:
  friend struct BusSession;
  void serve();

  Answer answer_;
  FileDescriptor listener_;
  FileDescriptor stop_;
  std::atomic<std::size_t> questions_ = 0;
  std::thread thread_;
};

/// Accepts on the socket at `path` and then does something that is not D-Bus.
class BadSocket {
 public:
  enum class Kind { kSilent, kGarbage, kEndless, kDrip, kCloseAtOnce };
  BadSocket(const std::string& path, Kind kind);
  ~BadSocket();
  BadSocket(const BadSocket&) = delete;
  BadSocket& operator=(const BadSocket&) = delete;

 private:
  void serve();

  Kind kind_;
  FileDescriptor listener_;
  FileDescriptor stop_;
  std::thread thread_;
};

}  // namespace postflight::host::testing
