// SPDX-License-Identifier: Apache-2.0
// Does the container fit what is around it: its image, its engine, its ports, the hosts it is told?
// Pure. Source: Docker documentation, "Port publishing", "docker run --add-host"; Engine API.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "rules/container_rules.h"

namespace postflight::rules {
namespace {

constexpr double kSettledSeconds = 30;
constexpr std::array<std::string_view, 2> kHostNames{"host.docker.internal",
                                                     "host.containers.internal"};

/// "sha256:4b96…" and "4b96…" are one id.
std::string_view bare_id(std::string_view id) {
  constexpr std::string_view kHash = "sha256:";
  return id.starts_with(kHash) ? id.substr(kHash.size()) : id;
}

bool has_settled(const ContainerFacts& f) {
  const auto* health = f.health.seen();
  const auto* running = f.running_seconds.seen();
  if (health && health->value == "healthy") return true;
  return running && running->value >= kSettledSeconds && !(health && health->value == "starting");
}

bool is_every_address(const std::string& address) {
  return address.empty() || address == "0.0.0.0" || address == "::";
}

bool collide(const PublishedPort& a, const PublishedPort& b) {
  const bool same_address = a.host_address == b.host_address || is_every_address(a.host_address) ||
                            is_every_address(b.host_address);
  return a.host_port != 0 && a.host_port == b.host_port && a.protocol == b.protocol && same_address;
}

/// A program of the machine, not a forwarder of Docker, that listens at this port.
const Service* holder_of(const PublishedPort& port, const JudgeContext& c) {
  const auto* topology = c.document.topology.seen();
  if (!topology) return nullptr;
  for (const Service& service : topology->value.services) {
    const bool same = service.netns.empty() && service.port == port.host_port &&
                      service.transport == Transport::tcp && port.protocol == "tcp";
    if (!same || is_published_by_docker(&service)) continue;
    for (const Listener& listener : service.listeners) {
      if (collide(port, {listener.address, service.port, 0, "tcp"})) return &service;
    }
  }
  return nullptr;
}

/// Name of a running container that has published this port; empty where there is none.
std::string other_holder(const PublishedPort& port, const JudgeContext& c) {
  for (const Component& other : c.document.components) {
    if (other.kind != "container" || other.id == c.component.id) continue;
    const auto state = other.facts.find("state");
    const auto ports = other.facts.find("ports");
    if (state == other.facts.end() || ports == other.facts.end()) continue;
    if (state->value("value", "") != "running" || !ports->contains("value")) continue;
    for (const Json& item : ports->at("value")) {
      if (!item.is_object()) continue;
      const PublishedPort theirs{item.value("host_address", ""), item.value("host_port", 0U), 0,
                                 item.value("protocol", "")};
      if (collide(port, theirs)) return container_name({c.document, other, c.thresholds});
    }
  }
  return {};
}

}  // namespace

/// One fault for all containers of one image. Worth knowing only: a newer image may wait on
/// purpose.
Verdicts image_drift(const ContainerFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& state, const std::string& image, const std::string& own,
          const std::string& now) -> Verdicts {
        if (state != "running" || bare_id(own) == bare_id(now)) return silent();
        FindingDraft draft = container_draft(Severity::info, f, c)
                                 .arg("image", image)
                                 .arg("own", std::string(bare_id(own).substr(0, 12)))
                                 .arg("now", std::string(bare_id(now).substr(0, 12)));
        std::vector<std::string> alike;
        for (const Component& other : c.document.components) {
          if (other.kind != c.component.kind || !other.facts.is_object()) continue;
          const auto value = [&](const char* key) {
            const auto fact = other.facts.find(key);
            return fact == other.facts.end() ? std::string{} : fact->value("value", std::string{});
          };
          if (value("image") == image && value("image_id") == own && value("state") == "running") {
            alike.push_back(container_name({c.document, other, c.thresholds}));
          }
        }
        draft.arg("count", alike.size()).arg("containers", alike).fault = image + " " + own;
        return draft;
      },
      f.state, f.image, f.image_id, f.image_now_id);
}

Verdicts older_than_engine(const ContainerFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& state, bool older) -> Verdicts {
        if (state != "running" || !older) return silent();
        FindingDraft draft = container_draft(Severity::info, f, c);
        const auto* created = f.created_at.seen();
        draft.arg("created", created ? Json(created->value.substr(0, 10)) : Json());
        draft.fault = "engine";
        return draft;
      },
      f.state, f.created_before_upgrade);
}

Verdicts host_name_unknown(const ContainerFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& state, const std::vector<EnvironmentHost>& hosts,
          const std::vector<std::string>& known) -> Verdicts {
        if (state != "running" && state != "restarting") return silent();
        for (const EnvironmentHost& host : hosts) {
          const bool special = std::ranges::find(kHostNames, host.host) != kHostNames.end();
          if (!special || std::ranges::find(known, host.host) != known.end()) continue;
          return container_draft(Severity::critical, f, c)
              .arg("host", host.host)
              .arg("variable", host.variable)
              .arg("entry", host.host + ":host-gateway");
        }
        return silent();
      },
      f.state, f.environment_hosts, f.hosts_file_names);
}

/// The engine passes connections on to a port at which nobody waits.
Verdicts port_not_listening(const ContainerFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& state, const std::vector<PublishedPort>& ports) -> Verdicts {
        const bool any = std::ranges::any_of(
            ports, [](const PublishedPort& port) { return port.protocol == "tcp"; });
        if (state != "running" || !any || !has_settled(f)) return silent();
        const InnerPorts inner = inner_ports(f, c);
        if (!inner.known) {
          return Unknown{Why::unsupported, "nobody looked at what listens in the container"};
        }
        Verdicts out;
        std::vector<std::uint32_t> told;
        const bool some = std::ranges::any_of(ports, [&](const PublishedPort& port) {
          return port.protocol == "tcp" && inner.takes(port.container_port);
        });
        for (const PublishedPort& port : ports) {
          const bool again = std::ranges::find(told, port.container_port) != told.end();
          if (port.protocol != "tcp" || again || inner.takes(port.container_port)) continue;
          told.push_back(port.container_port);
          out.findings.push_back(
              container_draft(some ? Severity::warning : Severity::critical, f, c)
                  .arg("host_port", std::to_string(port.host_port))
                  .arg("container_port", std::to_string(port.container_port))
                  .arg("listening", inner.endpoints)
                  .arg("pid", f.pid.seen() ? Json(f.pid.seen()->value) : Json())
                  .about(std::to_string(port.container_port)));
        }
        return out;
      },
      f.state, f.ports);
}

/// A container that does not run now, will be started with its engine or by hand, and finds its
/// port taken: what is left over from before a migration.
Verdicts port_claimed_twice(const ContainerFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::string& state, const std::vector<PublishedPort>& ports,
          const std::string& policy) -> Verdicts {
        const bool stands = state == "exited" || state == "created";
        if (!stands || (policy != "always" && policy != "unless-stopped")) return silent();
        for (const PublishedPort& port : ports) {
          const std::string container = other_holder(port, c);
          const Service* service = container.empty() ? holder_of(port, c) : nullptr;
          if (container.empty() && !service) continue;
          return container_draft(Severity::warning, f, c)
              .arg("port", std::to_string(port.host_port))
              .arg("holder", container.empty() ? program_of(service) : container)
              .arg("policy", policy)
              .arg("always", policy == "always" ? 1 : 0);
        }
        return silent();
      },
      f.state, f.ports, f.restart_policy);
}

}  // namespace postflight::rules
