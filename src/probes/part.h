// SPDX-License-Identifier: Apache-2.0
// Components that a task finds while it looks at another one: the containers of an engine, the
// databases of a cluster, the units of a service manager. One conversation looks at all of them,
// and each of them is a component of its own in the report (docs/adr/0014).
#pragma once

#include <string>
#include <string_view>

#include "probes/probe.h"

namespace postflight {

/// What a task announces before it looks closer, so that a part whose turn never came stands in the
/// report as unknown.
struct Part {
  std::string probe;         ///< Id of the ProbeSpec that declares its facts.
  std::string component_id;  ///< KIND:NAME, unique in a run.
  std::string name;          ///< For people.
};
// clang-format off
PF_DESCRIBE(Part,
  (probe, "Id of the probe that declares the part's facts."),
  (component_id, "KIND:NAME, unique in a run."),
  (name, "How people call it."))
// clang-format on

/// Key under which a part is announced; no fact can have this name.
inline constexpr std::string_view kPartKey = "!part";

/// Stands between the id of a part and the key of its fact; neither can hold it.
inline constexpr char kPartSeparator = '\x1f';

/// Carries the facts of one part through its task's sink. Announces the part when it is made, with
/// control characters and broken UTF-8 in its names replaced: a database may be called anything.
///
///   PartSink sink{task, {"container", "container:web", "web"}};
///   Recorder<ContainerFacts> recorder{sink};
class PartSink : public FactSink {
 public:
  PartSink(FactSink& task, Part part);
  void put(std::string_view key, std::string_view json) override;

 private:
  FactSink& task_;
  std::string prefix_;
};

}  // namespace postflight
