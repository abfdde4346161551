// SPDX-License-Identifier: Apache-2.0
// Carries a probe's facts from its struct to the supervisor, as early as they are known, so that a
// task that is killed at its deadline still leaves behind what it had seen.
#pragma once

#include <map>

#include "model/codec.h"
#include "probes/probe.h"

namespace postflight {

/// Owns the facts of one run. Fill `facts`, call flush() after each step that learned something.
template <class Facts>
class Recorder {
 public:
  explicit Recorder(FactSink& sink) : sink_(sink) {}

  Facts facts;

  /// Sends every fact that was set or changed since it was last sent.
  void flush() {
    for_each_field<Facts>(facts, [this](std::string_view key, const auto& fact, std::string_view) {
      if (fact.unknown() && fact.unknown()->why == Why::not_planned) return;
      send(key, dump_json(to_json(fact)));
    });
  }

  /// Where the parts of this component go (probes/part.h).
  FactSink& sink() { return sink_; }

  /// Gives every fact that is still open this reason, and sends it.
  void give_up(const Unknown& reason) {
    for_each_field<Facts>(facts, [&](std::string_view, auto& fact, std::string_view) {
      if (fact.unknown() && fact.unknown()->why == Why::not_planned) fact = reason;
    });
    flush();
  }

 private:
  void send(std::string_view key, std::string json) {
    std::string& last = sent_[key];
    if (last == json) return;
    sink_.put(key, json);
    last = std::move(json);
  }

  FactSink& sink_;
  std::map<std::string_view, std::string> sent_;
};

/// The declarations of a facts struct, from its PF_DESCRIBE. Made once: they are asked for with
/// every component, and a machine may have thousands.
template <class Facts>
const std::vector<FactDeclaration>& declare_facts() {
  static const std::vector<FactDeclaration> kDeclarations = [] {
    std::vector<FactDeclaration> declarations;
    Facts facts;
    for_each_field<Facts>(facts, [&](std::string_view key, const auto& fact, std::string_view doc) {
      using Field = std::remove_cvref_t<decltype(fact)>;
      declarations.push_back({key, doc, codec_detail::ObservedTraits<Field>::kRequired,
                              &schema_of<Field>, +[](const Json& json) -> Result<void> {
                                Field read;
                                return from_json(json, read, "fact");
                              }});
    });
    return declarations;
  }();
  return kDeclarations;
}

/// Runs a typed probe against a sink; what it leaves open is sent as unknown, never dropped.
template <class Facts, void (*Look)(const ProbeContext&, Recorder<Facts>&)>
void run_probe(const ProbeContext& context, FactSink& sink) {
  Recorder<Facts> recorder{sink};
  Look(context, recorder);
  recorder.flush();
}

}  // namespace postflight
