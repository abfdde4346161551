// SPDX-License-Identifier: Apache-2.0
// Reads of a large JSON document only the members that are wanted. What is not wanted is checked
// for its form and thrown away while it is read, so ten megabytes of labels cost no memory.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include "base/json.h"

namespace postflight {

/// Which members are wanted: "State/Health" is that member with all that is in it. Lists are passed
/// through: "Id" of a list of objects is the Id of each.
class JsonSelection {
 public:
  JsonSelection(std::initializer_list<std::string_view> paths);

  struct Node {
    std::map<std::string, Node, std::less<>> members;  ///< Empty: everything below is wanted.
  };
  const Node& root() const { return root_; }

 private:
  Node root_;
};

/// Limits for select_json().
struct SelectLimits {
  std::size_t max_kept_bytes = 8 * 1024 * 1024;  ///< Of names and values that are kept.
  int max_depth = 64;                            ///< Objects and arrays within one another.
};

/// Reads one document. A name that stands twice in an object gives the first of its values.
/// Errors: kMalformed, with the byte position, where it is no JSON or exceeds the limits. Pure.
Result<Json> select_json(std::string_view text, const JsonSelection& wanted,
                         SelectLimits limits = {});

}  // namespace postflight
