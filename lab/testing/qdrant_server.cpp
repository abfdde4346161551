// SPDX-License-Identifier: Apache-2.0
#include "testing/qdrant_server.h"

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "host/testing/bad_server.h"
#include "testing/http_connection.h"

namespace postflight::lab::testing {
namespace {

constexpr Duration kPatience{10'000};

/// Debian's own Python, which sees Debian's python3-h2, whatever else is in PATH.
std::vector<std::string> command_line(std::uint16_t rest, std::uint16_t grpc,
                                      const std::string& storage, const std::string& api_key) {
  return {"env",
          "QDRANT__SERVICE__HOST=127.0.0.1",
          "QDRANT__SERVICE__HTTP_PORT=" + std::to_string(rest),
          "QDRANT__SERVICE__GRPC_PORT=" + std::to_string(grpc),
          "QDRANT__SERVICE__API_KEY=" + api_key,
          "QDRANT__STORAGE__STORAGE_PATH=" + storage,
          "/usr/bin/python3",
          std::string(PF_SOURCE_DIR) + "/lab/qdrant/server.py"};
}

/// Two ports that were free a moment ago; both open at once, so that they differ.
std::pair<std::uint16_t, std::uint16_t> two_free_ports() {
  const auto first = host::testing::listen_on("127.0.0.1");
  const auto second = host::testing::listen_on("127.0.0.1");
  return {first.port, second.port};
}

}  // namespace

QdrantServer::QdrantServer(const std::string& api_key) {
  // Between choosing free ports and taking them somebody else may take one.
  for (int attempt = 0; attempt < 5; ++attempt) {
    std::tie(rest_port_, grpc_port_) = two_free_ports();
    process_ = std::make_unique<host::testing::ChildProcess>(
        command_line(rest_port_, grpc_port_, storage(), api_key));
    if (comes_up()) return;
  }
  throw std::runtime_error("the stand-in for Qdrant did not come up");
}

bool QdrantServer::comes_up() {
  HttpConnection connection{rest_port_};
  for (const Deadline deadline{kPatience}; !deadline.passed() && running();) {
    // It listens on both ports before it answers on one.
    if (connection.ask({.path = "/healthz"}).status == 200) return running();
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return false;
}

void QdrantServer::write(const std::string& collection, const std::string& file,
                         const std::string& content) const {
  const std::string place = "collections/" + collection;
  std::filesystem::create_directories(storage() + "/" + place);
  folder_.write(place + "/" + file, content);
}

}  // namespace postflight::lab::testing
