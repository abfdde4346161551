// SPDX-License-Identifier: Apache-2.0
// Why a health check fails, from what it printed. Pure. Source: Dockerfile reference, HEALTHCHECK;
// curl(1), EXIT CODES; the words of curl, wget, Python, Node and runc.
#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "rules/container_rules.h"

namespace postflight::rules {
namespace {

constexpr std::size_t kOutputShown = 160;

enum class Ailment { tool_missing, not_found, refused, too_slow, other };

bool holds_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(
      words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

Ailment ailment_of(const HealthLogEntry& last) {
  const std::string_view out = last.output;
  // A folder that is gone stands in the way of every command; the tool itself may well be there.
  if (holds_one_of(out, {"outside of container mount namespace", "chdir to cwd"})) {
    return Ailment::other;
  }
  if (holds_one_of(out, {"exceeded timeout"})) return Ailment::too_slow;
  const bool not_started =
      out.find("exec failed") != std::string_view::npos &&
      holds_one_of(out, {"executable file not found", "no such file or directory"});
  if (not_started || last.exit_code == 127) return Ailment::tool_missing;
  if (holds_one_of(out, {"error: 404", "404 Not Found", "Error 404", "status code 404",
                         "HTTP/1.1 404", "HTTP/2 404"})) {
    return Ailment::not_found;
  }
  if (holds_one_of(out, {"Connection refused", "connection refused", "Failed to connect",
                         "ECONNREFUSED", "can't connect", "Could not connect"})) {
    return Ailment::refused;
  }
  return Ailment::other;
}

/// A URL in the command of a health check.
struct Asked {
  std::string url;
  std::string host;
  std::string path;
  std::uint32_t port = 80;
};

std::optional<Asked> asked_by(const std::vector<std::string>& command) {
  for (const std::string& word : command) {
    const auto at = word.find("http");
    if (at == std::string::npos) continue;
    const std::string_view rest = std::string_view(word).substr(at);
    const std::string_view url = rest.substr(0, rest.find_first_of(" \t\"'`|;)\\"));
    const auto colon = url.find("://");
    if (colon == std::string_view::npos) continue;
    const std::string_view after = url.substr(colon + 3);
    const auto slash = std::min(after.size(), after.find_first_of("/?"));
    const std::string_view authority = after.substr(0, slash);
    const auto port_at = authority.rfind(':');
    Asked asked{.url = std::string(url),
                .host = std::string(authority.substr(0, port_at)),
                .path = std::string(after.substr(slash)),
                .port = colon == 5 ? 443U : 80U};
    if (asked.path.empty()) asked.path = "/";
    if (port_at != std::string_view::npos) {
      const auto port = parse_number<std::uint16_t>(authority.substr(port_at + 1));
      if (!port) continue;
      asked.port = *port;
    }
    return asked;
  }
  return std::nullopt;
}

bool belongs_to(const Service* service, const ContainerFacts& f) {
  const auto* id = f.id.seen();
  const auto* ports = f.ports.seen();
  if (!service || !id) return false;
  const std::string own = container_of(service);
  if (!own.empty()) return id->value.starts_with(own);
  return is_published_by_docker(service) && ports &&
         std::ranges::any_of(ports->value, [&](const PublishedPort& port) {
           return port.protocol == "tcp" && port.host_port == service->port;
         });
}

/// " (/api/v1/health: 200)" where the probe of web servers found a path that is healthy.
std::string healthy_path(const ContainerFacts& f, const JudgeContext& c) {
  for (const Component& component : c.document.components) {
    if (component.kind != "http" || !component.facts.is_object()) continue;
    const auto path = component.facts.find("health_path");
    const auto status = component.facts.find("health_status");
    if (path == component.facts.end() || status == component.facts.end()) continue;
    if (!path->contains("value") || status->value("value", 0) != 200) continue;
    const Service* service = service_at(c, component.id.substr(component.id.find(':') + 1));
    if (!belongs_to(service, f) || !path->at("value").is_string()) continue;
    return " (" + path->at("value").get<std::string>() + ": 200)";
  }
  return {};
}

/// "grpc_health_probe" of `exec: "grpc_health_probe": executable file not found`, "curl" of
/// "/bin/sh: 1: curl: not found"; else the first word that was to be executed.
std::string missing_tool(const std::vector<std::string>& command, std::string_view output) {
  constexpr std::string_view kExec = "exec: \"";
  if (const auto at = output.find(kExec); at != std::string_view::npos) {
    const std::string_view name = output.substr(at + kExec.size());
    return std::string(name.substr(0, name.find('"')));
  }
  for (const std::string_view ending : {": not found", ": command not found"}) {
    const auto at = output.find(ending);
    if (at == std::string_view::npos) continue;
    const std::string_view before = output.substr(0, at);
    return std::string(trim(before.substr(before.find_last_of(":\n") + 1)));
  }
  return command.size() > 1 ? std::string(command[1].substr(0, command[1].find(' '))) : "";
}

/// The command as one line, without the word that says how it is executed.
std::string shown_command(const std::vector<std::string>& command) {
  std::string out;
  for (std::size_t i = 1; i < command.size(); ++i) out += (i > 1 ? " " : "") + command[i];
  return excerpt(out, kOutputShown);
}

/// Calls `rule` with the last check of a container that runs and is called unhealthy for `wanted`.
template <class Make>
Verdicts for_ailment(Ailment wanted, const ContainerFacts& f, Make&& make) {
  return judge_from(
      [&](const std::string& state, const std::string& health) -> Verdicts {
        if (state != "running" || health != "unhealthy") return silent();
        return judge_from(
            [&](const std::vector<HealthLogEntry>& log,
                const std::vector<std::string>& command) -> Verdicts {
              if (log.empty() || ailment_of(log.front()) != wanted) return silent();
              return make(log.front(), command);
            },
            f.health_log, f.health_command);
      },
      f.state, f.health);
}

FindingDraft health_draft(Severity severity, const HealthLogEntry& last,
                          const std::vector<std::string>& command, const ContainerFacts& f,
                          const JudgeContext& c) {
  const auto* inherited = f.health_from_image.seen();
  return container_draft(severity, f, c)
      .arg("streak", shown(f.health_failing_streak))
      .arg("output", last.output.empty() ? "—" : excerpt(last.output, kOutputShown))
      .arg("code", last.exit_code)
      .arg("command", shown_command(command))
      .arg("inherited", inherited && inherited->value ? 1 : 0);
}

}  // namespace

Verdicts unhealthy(const ContainerFacts& f, const JudgeContext& c) {
  const auto draft = [&](const HealthLogEntry& last, const std::vector<std::string>& command) {
    return health_draft(Severity::warning, last, command, f, c);
  };
  const bool without_words = f.health_log.absent() || f.health_command.absent();
  if (!without_words) return for_ailment(Ailment::other, f, draft);
  return judge_from(
      [&](const std::string& state, const std::string& health) -> Verdicts {
        if (state != "running" || health != "unhealthy") return silent();
        return draft({}, {});
      },
      f.state, f.health);
}

Verdicts health_check_wrong_path(const ContainerFacts& f, const JudgeContext& c) {
  return for_ailment(Ailment::not_found, f,
                     [&](const HealthLogEntry& last, const std::vector<std::string>& command) {
                       const auto asked = asked_by(command);
                       return health_draft(Severity::warning, last, command, f, c)
                           .arg("path", asked ? asked->path : shown_command(command))
                           .arg("works", healthy_path(f, c));
                     });
}

Verdicts health_check_tool_missing(const ContainerFacts& f, const JudgeContext& c) {
  return for_ailment(Ailment::tool_missing, f,
                     [&](const HealthLogEntry& last, const std::vector<std::string>& command) {
                       return health_draft(Severity::warning, last, command, f, c)
                           .arg("tool", missing_tool(command, last.output))
                           .arg("works", healthy_path(f, c));
                     });
}

/// Three causes look alike: nothing listens, it listens elsewhere, or "localhost" led to ::1 while
/// the program listens on IPv4 only.
Verdicts health_check_refused(const ContainerFacts& f, const JudgeContext& c) {
  return for_ailment(Ailment::refused, f,
                     [&](const HealthLogEntry& last, const std::vector<std::string>& command) {
                       const auto asked = asked_by(command);
                       const InnerPorts inner = inner_ports(f, c);
                       const bool here = asked && inner.known && inner.has(asked->port);
                       const bool elsewhere = inner.known && !here && !inner.ports.empty();
                       const bool down = inner.known && inner.ports.empty();
                       return health_draft(
                                  here || elsewhere ? Severity::warning : Severity::critical, last,
                                  command, f, c)
                           .arg("here", here ? 1 : 0)
                           .arg("elsewhere", elsewhere ? 1 : 0)
                           .arg("down", down ? 1 : 0)
                           .arg("ports", inner.endpoints);
                     });
}

Verdicts health_check_too_slow(const ContainerFacts& f, const JudgeContext& c) {
  return for_ailment(Ailment::too_slow, f,
                     [&](const HealthLogEntry& last, const std::vector<std::string>& command) {
                       const auto* settings = f.health_settings.seen();
                       const bool known = settings && !settings->value.empty();
                       return health_draft(Severity::warning, last, command, f, c)
                           .arg("limit",
                                known ? Json(settings->value.front().timeout_seconds) : Json());
                     });
}

}  // namespace postflight::rules
