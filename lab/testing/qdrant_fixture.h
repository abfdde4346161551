// SPDX-License-Identifier: Apache-2.0
// What the tests of Qdrant's stand-in share: a server with one collection, and questions whose
// answers are held against Qdrant's own document, all of them.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "testing/http_connection.h"
#include "testing/openapi.h"
#include "testing/qdrant_server.h"

namespace postflight::lab::testing {

/// The trimmed document of lab/qdrant, read once.
const OpenApi& qdrant_openapi();

/// The path of an operation, about the collection and the point.
std::string filled(const OpenApi::Operation& operation, const std::string& collection = "docs",
                   const std::string& point = "1");

/// A body that the operation takes; empty for a GET.
std::string fitting_body(const OpenApi::Operation& operation);

class QdrantTest : public ::testing::Test {
 protected:
  explicit QdrantTest(const std::string& api_key = "") : server_(api_key) {
    server_.write("docs", "state.json", R"({"points": 25})");
  }

  /// Asks, and complains where the answer is not in Qdrant's shape.
  HttpAnswer ask(const HttpQuery& query);
  HttpAnswer get(const std::string& path) { return ask({.path = path}); }
  HttpAnswer post(const std::string& path, const std::string& body) {
    return ask({.method = "POST", .path = path, .body = body});
  }
  /// The member "result" of an answer that must have status 200.
  nlohmann::json result_of(const HttpAnswer& answer);
  /// What an answer says went wrong: its status.error.
  static std::string error_of(const HttpAnswer& answer);

  QdrantServer server_;
  HttpConnection rest_{server_.rest_port()};
};

}  // namespace postflight::lab::testing
