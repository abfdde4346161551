// SPDX-License-Identifier: Apache-2.0
#include "engine/readable.h"

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

FactsDocument readable(FactsDocument document) {
  for (Component& component : document.components) {
    const ProbeSpec* probe = find_probe(component.probe);
    if (!probe) continue;
    if (!component.facts.is_object()) component.facts = Json::object();
    for (const FactDeclaration& declaration : probe->facts()) {
      const std::string key(declaration.key);
      const auto fact = component.facts.find(key);
      component.facts[key] = fact == component.facts.end()
                                 ? unknown_fact(Why::unsupported, "the document does not tell it")
                                 : readable_fact(declaration, *fact);
    }
  }
  return document;
}

}  // namespace postflight
