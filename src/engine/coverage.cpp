// SPDX-License-Identifier: Apache-2.0
#include "engine/coverage.h"

#include "model/codec.h"

namespace postflight {
namespace {

CoverageGap gap_of(std::string subject, const Unknown& unknown) {
  return {std::move(subject), unknown.why, unknown.detail};
}

bool is_seen(const Json& fact) {
  return fact.is_object() && !fact.contains("unknown") &&
         (fact.contains("value") || fact.contains("absent"));
}

/// The Unknown inside a fact; one that cannot be read is itself malformed, never nothing.
Unknown read_unknown(const Json& fact) {
  if (!fact.is_object() || !fact.contains("unknown")) {
    return {Why::malformed, "neither value, absent nor unknown"};
  }
  auto unknown = decode<Unknown>(fact.at("unknown"));
  return unknown ? *std::move(unknown) : Unknown{Why::malformed, unknown.error().what};
}

}  // namespace

Coverage measure_coverage(const FactsDocument& document) {
  Coverage coverage;
  ++coverage.wanted;
  if (const Unknown* unknown = document.topology.unknown()) {
    coverage.unknown.push_back(gap_of("topology", *unknown));
  } else {
    ++coverage.seen;
  }
  for (const Component& component : document.components) {
    if (!component.facts.is_object()) continue;  // nothing is told, so nothing was seen
    for (const auto& [key, fact] : component.facts.items()) {
      ++coverage.wanted;
      if (is_seen(fact)) {
        ++coverage.seen;
      } else {
        coverage.unknown.push_back(gap_of(component.id + " " + key, read_unknown(fact)));
      }
    }
  }
  for (const NotChecked& item : document.not_checked) {
    ++coverage.wanted;
    coverage.unknown.push_back(gap_of(item.subject, item.reason));
  }
  return coverage;
}

}  // namespace postflight
