// SPDX-License-Identifier: Apache-2.0
// Judges one container: does it run, is it healthy, does it hold what it should. Pure. Source:
// Docker documentation, "Start containers automatically", "Bind mounts"; Dockerfile reference,
// HEALTHCHECK; Compose specification.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "rules/container_rules.h"
#include "rules/family.h"

namespace postflight::rules {
namespace {

constexpr std::string_view kKind = "container:";
constexpr std::string_view kDocker = "docker:";
constexpr std::size_t kShortId = 12;
constexpr std::string_view kEngineResolver = "127.0.0.11";

void add(Words& words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
}

}  // namespace

std::string container_name(const JudgeContext& context) {
  std::string_view id = context.component.id;
  if (id.starts_with(kKind)) id.remove_prefix(kKind.size());
  return std::string(id.substr(0, id.find('@')));
}

Words engine_words(const ContainerFacts& facts) {
  const auto* engine = facts.engine.seen();
  std::string_view socket = engine ? std::string_view(engine->value) : std::string_view{};
  if (socket.starts_with(kDocker)) socket.remove_prefix(kDocker.size());
  if (socket.ends_with("podman.sock")) {
    if (socket == "/run/podman/podman.sock") return {"podman"};
    return {"podman", "--url", "unix://" + std::string(socket)};
  }
  if (socket.empty() || socket == "/run/docker.sock" || socket == "/var/run/docker.sock") {
    return {"docker"};
  }
  return {"docker", "-H", "unix://" + std::string(socket)};
}

Words compose_words(const ContainerFacts& facts) {
  const auto* project = facts.compose_project.seen();
  const auto* files = facts.compose_files.seen();
  const auto* missing = facts.compose_files_missing.seen();
  if (!project || !files || files->value.empty() || (missing && !missing->value.empty())) return {};
  const auto* version = facts.compose_version.seen();
  Words words;
  if (version && version->value.starts_with("1.")) {
    words = {"docker-compose"};  // a program of its own before version 2
  } else {
    words = engine_words(facts);
    words.emplace_back("compose");
  }
  add(words, {"-p", project->value});
  for (const std::string& file : files->value) add(words, {"-f", file});
  return words;
}

FindingDraft container_draft(Severity severity, const ContainerFacts& facts,
                             const JudgeContext& context) {
  FindingDraft draft{severity};
  draft.arg("container", container_name(context)).arg("engine", engine_words(facts));
  const Words compose = compose_words(facts);
  const auto* service = facts.compose_service.seen();
  if (compose.empty() || !service) return std::move(draft.arg("alone", engine_words(facts)));
  draft.arg("compose", compose).arg("service", service->value);
  draft.arg("file", facts.compose_files.seen()->value.front());
  return draft;
}

std::vector<std::string> containers_with(const JudgeContext& context, std::string_view key,
                                         bool (*is_alike)(const Json& fact, const Json& own)) {
  std::vector<std::string> names;
  const auto own = context.component.facts.find(key);
  if (own == context.component.facts.end()) return {container_name(context)};
  for (const Component& other : context.document.components) {
    if (other.kind != context.component.kind) continue;
    const auto fact = other.facts.find(key);
    const bool alike =
        other.id == context.component.id || (fact != other.facts.end() && is_alike(*fact, *own));
    if (!alike) continue;
    names.push_back(container_name({context.document, other, context.thresholds}));
  }
  return names;
}

std::string last_line_of(const ContainerFacts& facts) {
  const auto* log = facts.last_log.seen();
  if (!log) return "—";
  const std::string_view text = trim(log->value);
  return excerpt(text.substr(text.rfind('\n') + 1), 160);
}

bool InnerPorts::has(std::uint32_t port) const {
  return std::ranges::find(ports, port) != ports.end();
}

bool InnerPorts::takes(std::uint32_t port) const {
  return std::ranges::find(open_ports, port) != open_ports.end();
}

InnerPorts inner_ports(const ContainerFacts& facts, const JudgeContext& context) {
  const auto* topology = context.document.topology.seen();
  const auto* id = facts.id.seen();
  if (!topology || !id) return {};
  const std::string label = id->value.substr(0, kShortId);
  const auto& spaces = topology->value.namespaces;
  const auto space = std::ranges::find(spaces, label, &NetworkNamespace::label);
  // Without a look into it, nothing listening there means nothing.
  if (space == spaces.end() || !space->services.seen()) return {};
  InnerPorts inner{.known = true, .ports = {}, .open_ports = {}, .endpoints = {}};
  for (const Service& service : topology->value.services) {
    if (service.netns != label || service.transport != Transport::tcp) continue;
    for (const Listener& listener : service.listeners) {
      if (listener.address == kEngineResolver) continue;
      inner.ports.push_back(service.port);
      if (listener.exposure != Exposure::loopback) inner.open_ports.push_back(service.port);
      inner.endpoints.push_back(format_endpoint(listener.address, service.port));
    }
  }
  return inner;
}

namespace {

struct ContainerRules {
  static constexpr std::array rules{
      Rule<ContainerFacts>{"container/oom-killed", &oom_killed},
      Rule<ContainerFacts>{"container/start-failed", &start_failed},
      Rule<ContainerFacts>{"container/restart-loop", &restart_loop},
      Rule<ContainerFacts>{"container/exited", &exited},
      Rule<ContainerFacts>{"container/paused", &paused},
      Rule<ContainerFacts>{"container/dead", &dead},
      Rule<ContainerFacts>{"container/host-name-unknown", &host_name_unknown},
      Rule<ContainerFacts>{"container/port-not-listening", &port_not_listening},
      Rule<ContainerFacts>{"container/stale-mount", &stale_mount},
      Rule<ContainerFacts>{"container/file-replaced", &file_replaced},
      Rule<ContainerFacts>{"container/unhealthy", &unhealthy},
      Rule<ContainerFacts>{"container/health-check-wrong-path", &health_check_wrong_path},
      Rule<ContainerFacts>{"container/health-check-tool-missing", &health_check_tool_missing},
      Rule<ContainerFacts>{"container/health-check-refused", &health_check_refused},
      Rule<ContainerFacts>{"container/health-check-too-slow", &health_check_too_slow},
      Rule<ContainerFacts>{"container/port-claimed-twice", &port_claimed_twice},
      Rule<ContainerFacts>{"container/not-restarted", &not_restarted},
      Rule<ContainerFacts>{"container/log-without-limit", &log_without_limit},
      Rule<ContainerFacts>{"container/image-drift", &image_drift},
      Rule<ContainerFacts>{"container/older-than-engine", &older_than_engine},
      Rule<ContainerFacts>{"container/compose-file-gone", &compose_file_gone},
      Rule<ContainerFacts>{"container/not-in-compose-file", &not_in_compose_file},
  };
  static constexpr std::array<FunctionalTest<ContainerFacts>, 0> tests{};
  static constexpr std::array explains{
      Explains{"container/oom-killed", "container/restart-loop"},
      Explains{"container/oom-killed", "container/exited"},
      Explains{"container/oom-killed", "container/unhealthy"},
      Explains{"container/stale-mount", "container/unhealthy"},
      Explains{"container/stale-mount", "container/older-than-engine"},
      Explains{"container/host-name-unknown", "container/unhealthy"},
      Explains{"container/host-name-unknown", "container/restart-loop"},
      Explains{"container/port-claimed-twice", "container/start-failed"},
      Explains{"container/port-claimed-twice", "container/exited"},
      Explains{"container/not-in-compose-file", "container/exited"},
  };
};

}  // namespace

extern const RuleFamily container;
const RuleFamily container =
    define_family<ContainerFacts, ContainerRules>("container", "container");

}  // namespace postflight::rules
