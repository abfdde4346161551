// SPDX-License-Identifier: Apache-2.0
// The stand-in for Qdrant on free ports of 127.0.0.1, with a volume of its own; ended by its id.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "host/testing/child_process.h"

namespace postflight::lab::testing {

class QdrantServer {
 public:
  /// Throws std::runtime_error where it does not come up.
  explicit QdrantServer(const std::string& api_key = "");

  std::uint16_t rest_port() const { return rest_port_; }
  std::uint16_t grpc_port() const { return grpc_port_; }
  pid_t pid() const { return process_->pid(); }
  bool running() { return process_->running(); }

  /// The folder that Qdrant calls its storage.
  const std::string& storage() const { return folder_.path(); }
  /// Writes a file of a collection, in its folder, which is made.
  void write(const std::string& collection, const std::string& file,
             const std::string& content) const;

 private:
  bool comes_up();

  host::testing::TempFolder folder_;
  std::uint16_t rest_port_ = 0;
  std::uint16_t grpc_port_ = 0;
  std::unique_ptr<host::testing::ChildProcess> process_;
};

}  // namespace postflight::lab::testing
