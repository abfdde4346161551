// SPDX-License-Identifier: Apache-2.0
// A container engine for tests: HTTP over a Unix socket in a folder of its own. Answers as the test
// says: properly, cut off, with garbage, or never.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "host/file_descriptor.h"
#include "host/testing/child_process.h"

namespace postflight::host::testing {

class EngineStub {
 public:
  /// Given the path of a GET ("/v1.41/info"): all bytes to send before the connection is closed.
  /// Nothing: the connection stays open and silent.
  using Answer = std::function<std::optional<std::string>(std::string_view path)>;

  /// Listens at FOLDER/`name`. Throws std::system_error where it cannot.
  explicit EngineStub(Answer answer, const std::string& name = "docker.sock");
  ~EngineStub();
  EngineStub(const EngineStub&) = delete;
  EngineStub& operator=(const EngineStub&) = delete;

  const std::string& socket() const { return path_; }
  /// How many connections were accepted so far.
  std::size_t connections() const { return connections_; }

 private:
  void serve();

  Answer answer_;
  TempFolder folder_;
  std::string path_;
  FileDescriptor listener_;
  FileDescriptor stop_;
  std::vector<FileDescriptor> silent_;
  std::atomic<std::size_t> connections_ = 0;
  std::thread thread_;
};

/// A whole answer with this status, body and, between the two, further header lines ("A: b\r\n").
std::string http_answer(int status, std::string_view body, std::string_view headers = {});

/// A socket at FOLDER/docker.sock at which nobody accepts.
class DeadSocket {
 public:
  DeadSocket();
  const std::string& path() const { return path_; }

 private:
  TempFolder folder_;
  std::string path_;
  FileDescriptor socket_;
};

}  // namespace postflight::host::testing
