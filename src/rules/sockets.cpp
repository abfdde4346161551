// SPDX-License-Identifier: Apache-2.0
// Judges who listens where. Addresses alone decide here; what firewalls let through is not known
// yet, and every sentence says so. Pure. Source: listen(2), tcp(7), Docker Engine documentation,
// "Protect the Docker daemon socket".
#include "probes/sockets.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "rules/commands.h"
#include "rules/family.h"

namespace postflight::rules {
namespace {

/// A queue of this size or more counts as full a little before its end.
constexpr std::uint32_t kLargeQueue = 100;
constexpr double kFullPart = 0.9;
constexpr std::uint16_t kDnsPort = 53;

bool is_reachable_from_outside(Exposure exposure) {
  return exposure >= Exposure::local;
}

/// Evidence on one service in the words of `ss -ltn`.
Evidence line_of(const ListeningService& service, const Evidence& from) {
  std::string excerpt;
  for (const std::string& address : service.addresses) {
    excerpt += (excerpt.empty() ? "" : ", ") + address + " port " + std::to_string(service.port);
  }
  if (service.backlog > 0) {
    excerpt += ", Recv-Q " + std::to_string(service.backlog) + " Send-Q " +
               std::to_string(service.backlog_limit);
  }
  return {from.source, excerpt + (service.program.empty() ? "" : " (" + service.program + ")"),
          from.at};
}

/// "redis-server (redis)", or what of it is known; its address where nothing is.
std::string called(const ListeningService& service) {
  if (service.program.empty() && service.protocol.empty()) return service.endpoint;
  if (service.program.empty() || service.program == service.protocol) return service.protocol;
  return service.protocol.empty() ? service.program
                                  : service.program + " (" + service.protocol + ")";
}

bool listens_everywhere(const ListeningService& service) {
  return service.exposure == Exposure::wildcard;
}

/// A client that is told "localhost" meets one of them on IPv4 and the other on IPv6.
bool share_localhost(const ListeningService& a, const ListeningService& b) {
  const auto at = [](const ListeningService& service, const char* address) {
    return std::ranges::find(service.addresses, address) != service.addresses.end();
  };
  return (at(a, "127.0.0.1") && at(b, "::1")) || (at(a, "::1") && at(b, "127.0.0.1"));
}

FindingDraft draft(Severity severity, const ListeningService& service, const Evidence& from,
                   const JudgeContext& context) {
  return FindingDraft{severity}
      .about(service.endpoint)
      .arg("service", called(service))
      .arg("port", service.port)
      .arg("ss", in_network_of(service_at(context, service.endpoint), {"ss"}))
      .because(line_of(service, from));
}

/// Runs `judge_one` over all services of the machine's own and other namespaces.
template <class JudgeOne>
Verdicts for_each_service(const SocketsFacts& f, JudgeOne&& judge_one) {
  return f.services.visit(
      [&](const Seen<std::vector<ListeningService>>& seen) {
        Verdicts verdicts;
        for (const ListeningService& service : seen.value)
          judge_one(service, seen.evidence, verdicts);
        return verdicts;
      },
      [](const Absent&) { return silent(); },
      [](const Unknown& unknown) -> Verdicts { return unknown; });
}

/// Severity follows reach: without a global address only the local network can come.
Verdicts data_service_exposed(const SocketsFacts& f, const JudgeContext& c) {
  return judge_from(
      [&](const std::vector<ListeningService>& services, const std::vector<std::string>& global) {
        Verdicts verdicts;
        for (const ListeningService& service : services) {
          const bool control = service.protocol == "docker-api";  // has a rule of its own
          if (!service.data_service || control || !service.netns.empty()) continue;
          if (!is_reachable_from_outside(service.exposure)) continue;
          const bool anybody = service.exposure == Exposure::global ||
                               (service.exposure == Exposure::wildcard && !global.empty());
          verdicts.findings.push_back(draft(anybody ? Severity::warning : Severity::info, service,
                                            f.services.seen()->evidence, c));
        }
        return verdicts;
      },
      f.services, f.global_addresses);
}

/// Whoever can talk to it is root on this machine; there is no password to protect it.
Verdicts docker_api_exposed(const SocketsFacts& f, const JudgeContext& c) {
  return for_each_service(
      f, [&](const ListeningService& service, const Evidence& from, Verdicts& out) {
        const bool plain = service.protocol == "docker-api" && service.port == 2375;
        if (plain && is_reachable_from_outside(service.exposure)) {
          out.findings.push_back(draft(Severity::critical, service, from, c));
        }
      });
}

/// The kernel turns the next client away once more wait than may (sk_acceptq_is_full). A short
/// queue is filled by one burst, so only a long one counts before that.
bool is_full(const ListeningService& service) {
  if (service.backlog_limit == 0) return false;
  const bool nearly =
      service.backlog_limit >= kLargeQueue && service.backlog >= kFullPart * service.backlog_limit;
  return nearly || service.backlog > service.backlog_limit;
}

Verdicts backlog_full(const SocketsFacts& f, const JudgeContext& c) {
  return for_each_service(
      f, [&](const ListeningService& service, const Evidence& from, Verdicts& out) {
        if (!is_full(service)) return;
        FindingDraft found = draft(Severity::critical, service, from, c)
                                 .arg("backlog", std::min(service.backlog, service.backlog_limit))
                                 .arg("limit", service.backlog_limit);
        const std::int32_t pid = pid_of(service_at(c, service.endpoint));
        if (pid > 0) found.arg("pid", pid);
        out.findings.push_back(std::move(found));
      });
}

Verdicts connections_dropped(const SocketsFacts& f, const JudgeContext&) {
  return judge_from(
      [](std::uint64_t dropped) -> Verdicts {
        if (dropped == 0) return silent();
        return FindingDraft{Severity::info}.arg("dropped", dropped);
      },
      f.listen_overflows_total);
}

/// The two of `services` that a client may take for one another, if there are. Programs that are
/// each bound to an address of their own were put there on purpose; so are resolvers on the port of
/// DNS.
using Pair = std::pair<const ListeningService*, const ListeningService*>;
std::optional<Pair> mistakable(const std::vector<const ListeningService*>& services) {
  for (const ListeningService* a : services) {
    for (const ListeningService* b : services) {
      if (a->program.empty() || b->program.empty() || a->program >= b->program) continue;
      if (listens_everywhere(*a) || listens_everywhere(*b) || share_localhost(*a, *b))
        return Pair{a, b};
    }
  }
  return std::nullopt;
}

/// Two programs on one port of one namespace: which of them a client meets depends on the address
/// it uses. The classic after a move into a container: the old one still holds loopback.
Verdicts port_shared(const SocketsFacts& f, const JudgeContext& c) {
  return f.services.visit(
      [&](const Seen<std::vector<ListeningService>>& seen) {
        std::map<std::pair<std::string, std::uint16_t>, std::vector<const ListeningService*>>
            by_port;
        for (const ListeningService& service : seen.value) {
          const bool by_design = service.transport == Transport::udp || service.port == kDnsPort;
          if (!by_design) by_port[{service.netns, service.port}].push_back(&service);
        }
        Verdicts verdicts;
        for (const auto& [port, services] : by_port) {
          const auto pair = mistakable(services);
          if (!pair) continue;
          const auto& [one, other] = *pair;
          verdicts.findings.push_back(draft(Severity::warning, *one, seen.evidence, c)
                                          .arg("program", one->program)
                                          .arg("first", one->addresses)
                                          .arg("other", other->program)
                                          .arg("second", other->addresses)
                                          .because(line_of(*other, seen.evidence)));
        }
        return verdicts;
      },
      [](const Absent&) { return silent(); },
      [](const Unknown& unknown) -> Verdicts { return unknown; });
}

Verdicts program_file_replaced(const SocketsFacts& f, const JudgeContext& c) {
  return for_each_service(
      f, [&](const ListeningService& service, const Evidence& from, Verdicts& out) {
        if (!service.executable_deleted) return;
        FindingDraft found = draft(Severity::info, service, from, c);
        const std::string unit = restartable_unit_of(service_at(c, service.endpoint));
        if (!unit.empty()) found.arg("unit", unit);
        out.findings.push_back(std::move(found));
      });
}

struct SocketsRules {
  static constexpr std::array rules{
      Rule<SocketsFacts>{"sockets/data-service-exposed", &data_service_exposed},
      Rule<SocketsFacts>{"sockets/docker-api-exposed", &docker_api_exposed},
      Rule<SocketsFacts>{"sockets/backlog-full", &backlog_full},
      Rule<SocketsFacts>{"sockets/connections-dropped", &connections_dropped},
      Rule<SocketsFacts>{"sockets/port-shared", &port_shared},
      Rule<SocketsFacts>{"sockets/program-file-replaced", &program_file_replaced},
  };
  static constexpr std::array<FunctionalTest<SocketsFacts>, 0> tests{};
  static constexpr std::array explains{
      Explains{"sockets/docker-api-exposed", "sockets/data-service-exposed"},
  };
};

}  // namespace

extern const RuleFamily sockets;
const RuleFamily sockets = define_family<SocketsFacts, SocketsRules>("sockets", "sockets");

}  // namespace postflight::rules
