// SPDX-License-Identifier: Apache-2.0
// What a probe is: plain, synchronous code that looks at one target and records facts.
//
// A probe runs in a process of its own that is killed at its deadline, so it may use any blocking
// library. It must never write, restart or configure anything on the machine it looks at.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/secret.h"
#include "model/component.h"
#include "model/settings.h"
#include "model/topology.h"

namespace postflight {

/// What one task looks at.
struct Target {
  std::string component_id;  ///< KIND:ENDPOINT, unique in a run.
  std::string name;          ///< For people: "Redis 127.0.0.1:6379 (redis-server)".
  Service service;           ///< The service to talk to; without listeners where there is none.
  std::string public_name;   ///< A public DNS name to look at instead of a service.
};

/// A fact a probe declares: key, meaning, type.
struct FactDeclaration {
  std::string_view key;
  std::string_view doc;
  bool required = false;
  Json (*schema)() = nullptr;  ///< Made when asked for: those of all facts take a megabyte.
  Result<void> (*check)(const Json&) = nullptr;  ///< Whether JSON reads back as this fact.
};

/// A user name and password for a target; both empty where none is configured.
struct Credential {
  std::string username;
  Secret password;
};

/// What a probe is given. Valid for the time of one run().
struct ProbeContext {
  const Target& target;
  const Observed<Topology>& topology;  ///< Unknown where discovery failed or is not needed.
  const Settings& settings;
  Deadline deadline;
  std::string root =
      "/";  ///< Where /proc, /sys and the files of the machine are found; tests re-root it.

  /// Evidence read just now.
  Evidence evidence(std::string source, std::string_view raw) const;

  /// The credential that postflight.yaml names for this target. kNotFound where there is none,
  /// kDenied or kUnreachable where there is one that could not be read.
  Result<Credential> credential() const;
};

/// Where recorded facts go: the pipe to the supervisor, or a test.
class FactSink {
 public:
  virtual ~FactSink() = default;
  virtual void put(std::string_view key, std::string_view json) = 0;
};

/// The public face of a probe. One constant per probe, named in probes.list.
struct ProbeSpec {
  std::string_view id;
  std::string_view kind;
  std::string_view summary;
  Duration budget;
  bool needs_topology;  ///< False lets it start beside discovery.
  const std::vector<FactDeclaration>& (*facts)();
  std::vector<Target> (*plan)(const Topology&, const Settings&);
  void (*run)(const ProbeContext&, FactSink&);
  /// Id of the probe whose tasks announce the components of this one (probes/part.h); such a probe
  /// only declares facts: `plan` and `run` are null, `budget` is unused.
  std::string_view announced_by = {};
};

/// All probes in the order of probes.list.
std::span<const ProbeSpec* const> all_probes();

/// The probe with this id, or nullptr.
const ProbeSpec* find_probe(std::string_view id);

/// The Unknown that a failed operation amounts to.
Unknown unknown_from(const Error& error);

}  // namespace postflight
