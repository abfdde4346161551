// SPDX-License-Identifier: Apache-2.0
#include "probes/testing/probe_run.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <stdexcept>

#include "host/file_descriptor.h"

namespace postflight::testing {
namespace {

class JsonSink : public FactSink {
 public:
  void put(std::string_view key, std::string_view json) override {
    facts[std::string(key)] = parse_json(json).value();
  }
  Json facts = Json::object();
};

}  // namespace

Target loopback_target(std::string_view kind, std::uint16_t port) {
  Target target;
  target.service.id = "127.0.0.1:" + std::to_string(port);
  target.service.port = port;
  target.service.listeners = {{.address = "127.0.0.1"}};
  target.service.guess = {std::string(kind), "the test", true};
  target.component_id = std::string(kind) + ":" + target.service.id;
  target.name = target.component_id;
  return target;
}

Json run_on(std::string_view id, const Target& target, const Observed<Topology>& topology,
            Duration budget, const Settings& settings) {
  const ProbeSpec* probe = find_probe(id);
  if (!probe) throw std::invalid_argument("no such probe: " + std::string(id));
  JsonSink sink;
  probe->run({target, topology, settings, Deadline{budget}}, sink);
  return std::move(sink.facts);
}

Json run_on_port(std::string_view id, std::uint16_t port, Duration budget,
                 const Settings& settings) {
  const Target target = loopback_target(id, port);
  return run_on(id, target, Seen{Topology{.services = {target.service}}, Evidence{}}, budget,
                settings);
}

std::uint16_t unused_port() {
  const host::FileDescriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  // Bound and never listened on: once closed, nobody else is handed this port soon.
  if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw std::runtime_error("no port to be had on loopback");
  }
  return ntohs(address.sin_port);
}

}  // namespace postflight::testing
