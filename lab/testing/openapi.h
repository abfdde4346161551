// SPDX-License-Identifier: Apache-2.0
// Answers of a server against its own OpenAPI 3.0 document, more strictly than that demands:
// nothing may be missing from the envelope, and no field may be there that the document does not
// know.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "testing/http_connection.h"

namespace postflight::lab::testing {

class OpenApi {
 public:
  /// Throws where the document is not there, is no JSON, or names a schema that it lacks.
  explicit OpenApi(const std::string& path);
  ~OpenApi();
  OpenApi(const OpenApi&) = delete;
  OpenApi& operator=(const OpenApi&) = delete;

  struct Operation {
    std::string method;   ///< "GET"
    std::string pattern;  ///< "/collections/{collection_name}"
  };
  const std::vector<Operation>& operations() const { return operations_; }

  /// What is wrong with the answer to this request, in sentences; empty where nothing is.
  std::string complaints(const std::string& method, const std::string& path,
                         const HttpAnswer& answer) const;

  /// The same for a document that would be the answer with this status, where that is to be JSON.
  std::string complaints(const Operation& operation, int status,
                         const nlohmann::json& document) const;

 private:
  struct Compiled;
  const Operation* operation(const std::string& method, std::string_view path) const;
  const nlohmann::json* response(const Operation& operation, int status) const;
  const Compiled& compiled(const nlohmann::json& schema) const;

  nlohmann::json document_;
  nlohmann::json definitions_;  ///< The schemas in the terms of JSON Schema.
  std::vector<Operation> operations_;
  mutable std::map<const nlohmann::json*, std::unique_ptr<Compiled>> compiled_;
};

/// A schema of OpenAPI 3.0 in the terms of JSON Schema, draft 7, closed to unknown fields.
/// References lead to "#/definitions/".
nlohmann::json json_schema(const nlohmann::json& openapi_schema);

}  // namespace postflight::lab::testing
