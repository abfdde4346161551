// SPDX-License-Identifier: Apache-2.0
// The document's way through the gate.
#include "engine/redact.h"

#include <utility>
#include <vector>

#include "model/codec.h"

namespace postflight {
namespace {

/// By way of JSON, one piece at a time: a whole document would be held thrice meanwhile.
template <class T>
void redact_piece(T& piece) {
  Json json = to_json(piece);
  redact_json(json);
  // It came from to_json a moment ago and only strings changed, so it must read back.
  piece = decode<T>(json).value();
}

template <class T>
void redact_each(std::vector<T>& pieces) {
  for (T& piece : pieces) redact_piece(piece);
}

Observed<Topology> redact_topology(const Observed<Topology>& observed) {
  const auto* seen = observed.seen();
  if (!seen) {
    auto other = observed;
    redact_piece(other);
    return other;
  }
  auto out = *seen;
  redact_each(out.value.services);
  redact_each(out.value.namespaces);
  redact_piece(out.value.addresses);
  redact_piece(out.value.global_addresses);
  redact_piece(out.evidence);
  return out;
}

}  // namespace

void redact(Component& component) {
  // The facts stay where they are, they are most of a document; the rest is a few words.
  Json facts = std::exchange(component.facts, Json::object());
  redact_piece(component);
  redact_json(facts);
  component.facts = std::move(facts);
}

void redact_all_but_components(FactsDocument& document) {
  for (std::string* text : {&document.tool_version, &document.host, &document.started_at}) {
    redact_piece(*text);
  }
  document.topology = redact_topology(document.topology);
  redact_each(document.tasks);
  redact_each(document.not_checked);
}

FactsDocument redact(FactsDocument document) {
  redact_all_but_components(document);
  for (Component& component : document.components) redact(component);
  return document;
}

}  // namespace postflight
