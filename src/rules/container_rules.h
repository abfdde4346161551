// SPDX-License-Identifier: Apache-2.0
// What the files of the family `container` share. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "probes/container.h"
#include "rules/commands.h"
#include "rules/rule.h"

namespace postflight::rules {

/// "web" of "container:web" and of "container:web@/run/podman/podman.sock".
std::string container_name(const JudgeContext& context);

/// The first words of a command to the container's engine: "docker", "podman", or either with the
/// socket it is to ask.
Words engine_words(const ContainerFacts& facts);

/// The first words of a command to the Compose project of a container: program, project, files.
/// Empty where Compose did not make it, or where its files are not there any more.
Words compose_words(const ContainerFacts& facts);

/// Begins a finding with what most sentences and commands name: {container}, {engine}, and where
/// Compose made it {compose}, {service} and {file}; otherwise {alone}, the engine's words again.
FindingDraft container_draft(Severity severity, const ContainerFacts& facts,
                             const JudgeContext& context);

/// Names of the other containers of this engine whose fact `key` fulfils `is_alike`, and of this
/// one, in the order of the report.
std::vector<std::string> containers_with(const JudgeContext& context, std::string_view key,
                                         bool (*is_alike)(const Json& fact, const Json& own));

/// The last line of the container's log as far as it was read; "—" where there is none.
std::string last_line_of(const ContainerFacts& facts);

/// What listens over TCP in the container's own network namespace, and whether that is known at
/// all. The engine's own resolver at 127.0.0.11 is left out.
struct InnerPorts {
  bool known = false;
  std::vector<std::uint32_t> ports;
  std::vector<std::uint32_t> open_ports;  ///< Those of them that listen beyond loopback.
  std::vector<std::string> endpoints;     ///< "0.0.0.0:8000"
  bool has(std::uint32_t port) const;
  /// True where connections that the engine passes on to this port are accepted.
  bool takes(std::uint32_t port) const;
};
InnerPorts inner_ports(const ContainerFacts& facts, const JudgeContext& context);

Verdicts restart_loop(const ContainerFacts& f, const JudgeContext& c);
Verdicts start_failed(const ContainerFacts& f, const JudgeContext& c);
Verdicts exited(const ContainerFacts& f, const JudgeContext& c);
Verdicts oom_killed(const ContainerFacts& f, const JudgeContext& c);
Verdicts not_restarted(const ContainerFacts& f, const JudgeContext& c);
Verdicts paused(const ContainerFacts& f, const JudgeContext& c);
Verdicts dead(const ContainerFacts& f, const JudgeContext& c);

Verdicts unhealthy(const ContainerFacts& f, const JudgeContext& c);
Verdicts health_check_wrong_path(const ContainerFacts& f, const JudgeContext& c);
Verdicts health_check_tool_missing(const ContainerFacts& f, const JudgeContext& c);
Verdicts health_check_refused(const ContainerFacts& f, const JudgeContext& c);
Verdicts health_check_too_slow(const ContainerFacts& f, const JudgeContext& c);

Verdicts stale_mount(const ContainerFacts& f, const JudgeContext& c);
Verdicts file_replaced(const ContainerFacts& f, const JudgeContext& c);
Verdicts log_without_limit(const ContainerFacts& f, const JudgeContext& c);
Verdicts compose_file_gone(const ContainerFacts& f, const JudgeContext& c);
Verdicts not_in_compose_file(const ContainerFacts& f, const JudgeContext& c);

Verdicts image_drift(const ContainerFacts& f, const JudgeContext& c);
Verdicts older_than_engine(const ContainerFacts& f, const JudgeContext& c);
Verdicts host_name_unknown(const ContainerFacts& f, const JudgeContext& c);
Verdicts port_not_listening(const ContainerFacts& f, const JudgeContext& c);
Verdicts port_claimed_twice(const ContainerFacts& f, const JudgeContext& c);

}  // namespace postflight::rules
