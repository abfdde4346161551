// SPDX-License-Identifier: Apache-2.0
// discover, plan and observe: everything that touches the machine, from nothing to a facts
// document.
#pragma once

#include <functional>
#include <string>

#include "engine/supervisor.h"
#include "model/component.h"
#include "model/settings.h"
#include "probes/probe.h"

namespace postflight {

struct ObserveOptions {
  Settings settings;
  std::string root = "/";  ///< Where /proc, /sys and /etc of the machine are found.
  Execution execution = Execution::forked;
  bool keep_stderr = false;
  /// Called as each task ends, and once with the number of planned tasks after planning.
  std::function<void(const TaskRecord&)> on_task;
  std::function<void(std::size_t)> on_planned;
};

struct Observation {
  FactsDocument document;  ///< Redacted.
  bool interrupted = false;
};

/// Looks at the machine within settings.timeout. Never fails as a whole: what could not be seen
/// stands in the document as unknown.
Observation observe(const ObserveOptions& options);

/// Discovery alone, in a process of its own, for `postflight discover`. Redacted.
FactsDocument discover_only(const ObserveOptions& options);

}  // namespace postflight
