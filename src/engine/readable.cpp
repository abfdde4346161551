// SPDX-License-Identifier: Apache-2.0
#include "engine/readable.h"

#include <algorithm>

#include "model/codec.h"

namespace postflight {
namespace {

Json unknown_fact(Why why, std::string detail) {
  return to_json(Observed<bool>{Unknown{why, std::move(detail)}});
}

}  // namespace

Json readable_fact(const FactDeclaration& declaration, Json fact) {
  const auto read = declaration.check(fact);
  if (read) return fact;
  return unknown_fact(Why::malformed, read.error().what);
}

bool is_readable(const FactsDocument& document) {
  return std::ranges::all_of(document.components, [](const Component& component) {
    const ProbeSpec* probe = find_probe(component.probe);
    if (!probe) return true;
    return component.facts.is_object() &&
           std::ranges::all_of(probe->facts(), [&](const FactDeclaration& declaration) {
             const auto fact = component.facts.find(declaration.key);
             return fact != component.facts.end() && declaration.check(*fact);
           });
  });
}

FactsDocument readable(FactsDocument document) {
  for (Component& component : document.components) {
    const ProbeSpec* probe = find_probe(component.probe);
    if (!probe) continue;
    if (!component.facts.is_object()) component.facts = Json::object();
    for (const FactDeclaration& declaration : probe->facts()) {
      const auto fact = component.facts.find(declaration.key);
      if (fact == component.facts.end()) {
        component.facts[std::string(declaration.key)] =
            unknown_fact(Why::unsupported, "the document does not tell it");
      } else {
        *fact = readable_fact(declaration, std::move(*fact));
      }
    }
  }
  return document;
}

}  // namespace postflight
