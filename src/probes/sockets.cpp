// SPDX-License-Identifier: Apache-2.0
#include "probes/sockets.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "discover/classify.h"
#include "host/files.h"
#include "probes/recorder.h"

namespace postflight {
namespace {

ListeningService describe(const Service& service) {
  ListeningService out;
  out.endpoint = service.id;
  out.transport = service.transport;
  out.port = service.port;
  out.netns = service.netns;
  out.protocol = service.guess.protocol;
  out.data_service = is_data_service(service);
  if (const auto* programs = service.programs.seen(); programs && !programs->value.empty()) {
    out.program = programs->value.front().name;
    out.executable_deleted = std::ranges::any_of(programs->value, &Program::executable_deleted);
  }
  for (const Listener& listener : service.listeners) {
    out.addresses.push_back(listener.address);
    out.exposure = std::max(out.exposure, listener.exposure);
    if (listener.backlog >= out.backlog) {
      out.backlog = listener.backlog, out.backlog_limit = listener.backlog_limit;
    }
  }
  return out;
}

class SocketsLook {
 public:
  SocketsLook(const ProbeContext& context, Recorder<SocketsFacts>& recorder)
      : context_(context), recorder_(recorder), facts_(recorder.facts) {}

  void look() {
    facts_.listen_overflows_total = overflows();
    context_.topology.visit([&](const Seen<Topology>& seen) { take(seen.value); },
                            [&](const Absent&) {},
                            [&](const Unknown& unknown) { recorder_.give_up(unknown); });
  }

 private:
  void take(const Topology& topology) {
    if (const Unknown* own = own_sockets_unseen(topology)) return recorder_.give_up(*own);
    std::vector<ListeningService> services;
    for (const Service& service : topology.services) services.push_back(describe(service));
    const auto unknown_owners = std::ranges::count_if(
        topology.services, [](const Service& s) { return s.programs.unknown(); });
    const Evidence from =
        context_.evidence("sock_diag(7) in every network namespace, /proc/PID/fd",
                          fmt::format("{} services in {} namespaces", services.size(),
                                      topology.namespaces.size() + 1));
    facts_.services = Seen{std::move(services), from};
    facts_.owners_unknown = Seen{static_cast<std::uint64_t>(unknown_owners), from};
    facts_.namespaces = namespaces_of(topology, from);
    facts_.global_addresses = Seen{
        topology.global_addresses,
        context_.evidence("getifaddrs(3)", fmt::format("{}", fmt::join(topology.addresses, " ")))};
  }

  /// Discovery's way to say that not even the sockets of the machine's own namespace could be
  /// listed.
  static const Unknown* own_sockets_unseen(const Topology& topology) {
    const auto it = std::ranges::find(topology.namespaces, std::string(), &NetworkNamespace::label);
    return it == topology.namespaces.end() ? nullptr : it->services.unknown();
  }

  /// One namespace that could not be entered leaves the whole list unknown: a list with a silent
  /// gap would read as complete.
  static Observed<std::vector<std::string>> namespaces_of(const Topology& topology,
                                                          const Evidence& from) {
    std::vector<std::string> labels;
    for (const NetworkNamespace& ns : topology.namespaces) {
      if (const auto* unknown = ns.services.unknown()) {
        return Unknown{unknown->why, fmt::format("{}: {}", ns.label, unknown->detail)};
      }
      labels.push_back(ns.label);
    }
    return Seen{std::move(labels), from};
  }

  Observed<std::uint64_t> overflows() const {
    const std::string path = context_.root + "proc/net/netstat";
    const auto text = host::read_file(path);
    if (!text) return unknown_from(text.error());
    const auto count = netstat_counter(*text, "TcpExt", "ListenOverflows");
    if (!count && count.error().code == Errc::kNotFound) {
      return Unknown{Why::unsupported, count.error().what};
    }
    if (!count) return unknown_from(count.error());
    return Seen{*count, context_.evidence("/proc/net/netstat",
                                          fmt::format("TcpExt ListenOverflows {}", *count))};
  }

  const ProbeContext& context_;
  Recorder<SocketsFacts>& recorder_;
  SocketsFacts& facts_;
};

void look(const ProbeContext& context, Recorder<SocketsFacts>& recorder) {
  SocketsLook{context, recorder}.look();
}

std::vector<Target> plan(const Topology&, const Settings&) {
  return {{"sockets", "Listening sockets", {}, ""}};
}

}  // namespace

Result<std::uint64_t> netstat_counter(std::string_view text, std::string_view group,
                                      std::string_view name) {
  const std::string head = std::string(group) + ":";
  std::vector<std::string_view> names;
  for (const auto line : split(text, '\n')) {
    if (!line.starts_with(head)) continue;
    const auto words = split_words(line);
    if (names.empty()) {
      names = words;
      continue;
    }
    const auto column = std::ranges::find(names, name) - names.begin();
    if (column == std::ssize(names)) break;
    if (words.size() != names.size())
      return fail(Errc::kMalformed, "/proc/net/netstat: lines differ in length");
    const auto value = parse_number<std::uint64_t>(words[static_cast<std::size_t>(column)]);
    if (!value) return fail(Errc::kMalformed, "/proc/net/netstat: not a number");
    return *value;
  }
  return fail(Errc::kNotFound, fmt::format("/proc/net/netstat has no {} {}", group, name));
}

namespace probes {

extern const ProbeSpec sockets;
const ProbeSpec sockets{.id = "sockets",
                        .kind = "sockets",
                        .summary =
                            "Who listens where, in every network namespace, and from where it "
                            "can be reached as far as addresses tell.",
                        .budget = std::chrono::seconds{3},
                        .needs_topology = true,
                        .facts = &declare_facts<SocketsFacts>,
                        .plan = &plan,
                        .run = &run_probe<SocketsFacts, &look>};

}  // namespace probes
}  // namespace postflight
