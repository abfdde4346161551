// SPDX-License-Identifier: Apache-2.0
#include "probes/@NAME@.h"

#include "base/text.h"
#include "host/namespaces.h"
#include "host/tcp.h"
#include "probes/recorder.h"
#include "probes/service_target.h"

namespace postflight {
namespace {

constexpr std::size_t kLongestGreeting = 512;
constexpr Duration kGreetingTime{500};

Observed<std::string> greeting_of(host::TcpStream& stream, const ProbeContext& context) {
  const auto bytes = stream.read_some(kLongestGreeting, context.deadline.within(kGreetingTime));
  if (!bytes && bytes.error().code == Errc::kTimeout) {
    return Absent{context.evidence(stream.peer(), "it says nothing by itself")};
  }
  if (!bytes) return unknown_from(bytes.error());
  const auto line = parse_@NAME@_greeting(*bytes);
  if (!line) return unknown_from(line.error());
  return Seen{*line, context.evidence(stream.peer(), *line)};
}

Result<void> talk(const ProbeContext& context, Recorder<@TYPE@Facts>& recorder) {
  const Service& service = context.target.service;
  if (service.netns_pid != 0) PF_TRY(host::enter_network_namespace(service.netns_pid));
  const std::string address = reachable_address(preferred_listener(service).address);
  PF_TRY_ASSIGN(host::TcpStream stream,
                host::TcpStream::connect(address, service.port, context.deadline));
  recorder.facts.accepts = Seen{true, context.evidence(stream.peer(), "connected")};
  recorder.flush();
  recorder.facts.greeting = greeting_of(stream, context);
  return {};
}

void look(const ProbeContext& context, Recorder<@TYPE@Facts>& recorder) {
  if (const auto done = talk(context, recorder); !done) {
    recorder.give_up(unknown_from(done.error()));
  }
}

std::vector<Target> plan(const Topology& topology, const Settings&) {
  return targets_for(topology, "@NAME@", "@TYPE@", {"@NAME@"});
}

}  // namespace

Result<std::string> parse_@NAME@_greeting(std::string_view bytes) {
  const auto line = trim(bytes.substr(0, bytes.find('\n')));
  if (line.empty() || line.size() >= kLongestGreeting) {
    return fail(Errc::kMalformed, "the greeting holds no line: " + excerpt(bytes, 40));
  }
  return printable_utf8(line);
}

namespace probes {

extern const ProbeSpec @NAME@;
const ProbeSpec @NAME@{.id = "@NAME@",
                       .kind = "@NAME@",
                       .summary = "@TYPE@: is it there, and how does it greet.",
                       .budget = std::chrono::seconds{2},
                       .needs_topology = true,
                       .facts = &declare_facts<@TYPE@Facts>,
                       .plan = &plan,
                       .run = &run_probe<@TYPE@Facts, &look>};

}  // namespace probes
}  // namespace postflight
