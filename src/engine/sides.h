// SPDX-License-Identifier: Apache-2.0
// Which components are the same thing seen from different sides: a unit and the port its program
// listens on, a container and the server inside it, a published port and what is behind it. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/component.h"

namespace postflight {

/// For each component the endpoints of other sides of the same thing. Two findings can be cause and
/// symptom where their endpoints meet.
class Sides {
 public:
  Sides() = default;
  explicit Sides(const FactsDocument& document);

  /// Besides its own endpoint, those of the component or service with this id. May be empty.
  const std::vector<std::string>& of(std::string_view id) const;

 private:
  void add(const std::string& id, const std::string& endpoint);
  void add_service(const std::string& id, const Service& service);
  void add_component(const Component& component, const Topology& topology);

  std::map<std::string, std::vector<std::string>, std::less<>> sides_;
};

}  // namespace postflight
