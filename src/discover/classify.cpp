// SPDX-License-Identifier: Apache-2.0
// Looks the tables up. The order is: exceptions, programs that speak one thing, runtimes, ports.
#include "discover/classify.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/text.h"
#include "discover/classify_tables.h"

namespace postflight {
namespace {

using namespace classify_tables;

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/') + 1);
}

/// Compares first letters first: no pattern begins with a wildcard, and most names differ there.
bool is_like(std::string_view pattern, std::string_view name) {
  return !name.empty() && name[0] == pattern[0] && glob_match(pattern, name);
}

/// The two names of a program that patterns are held against.
struct Names {
  std::string_view process;
  std::string_view file;

  explicit Names(const Program& program)
      : process(program.name), file(base_name(program.executable)) {}
  bool match(std::string_view pattern) const {
    return is_like(pattern, process) || is_like(pattern, file);
  }
};

/// "master" is too common a name to stand for Postfix alone.
bool is_postfix_master(const Program& program) {
  return program.name == "master" && program.executable.find("postfix") != std::string_view::npos;
}

const ProgramRule* find_rule(const Program& program) {
  const Names names{program};
  const auto it = std::ranges::find_if(
      kPrograms, [&](const ProgramRule& rule) { return names.match(rule.program); });
  return it == kPrograms.end() ? nullptr : &*it;
}

const PortRule* find_port(std::span<const PortRule> rules, std::uint16_t port) {
  const auto it = std::ranges::find(rules, port, &PortRule::port);
  return it == rules.end() ? nullptr : &*it;
}

/// A server of Java, Python and the like that its command line gives away.
std::string_view by_command_line(const Program& program) {
  const auto it = std::ranges::find_if(kCommandLines, [&](const CommandLineRule& rule) {
    return program.command_line.find(rule.part) != std::string::npos;
  });
  return it == kCommandLines.end() ? std::string_view{} : it->protocol;
}

/// A Redis in cluster mode also listens on its port plus 10000, for a binary protocol of its own;
/// its title, "redis-server *:6379 [cluster]", tells which port is the real one.
bool is_cluster_bus(const Program& program, std::uint16_t port) {
  return port > 10000 && program.command_line.find("[cluster]") != std::string::npos &&
         program.command_line.find(":" + std::to_string(port)) == std::string::npos;
}

Guess by_port(std::uint16_t port) {
  const PortRule* rule = find_port(kPorts, port);
  if (!rule) return {};
  return {std::string(rule->protocol), "port " + std::to_string(port), false};
}

Guess by_rule(const ProgramRule& rule, const Program& program, std::uint16_t port) {
  const std::string basis = "program " + program.name;
  if (const PortRule* exception = find_port(rule.exceptions, port)) {
    return {std::string(exception->protocol), basis, rule.certain};
  }
  if (is_cluster_bus(program, port)) return {"", basis, false};
  // A proxy may carry anything: a port that belongs to another protocol outweighs its habit, and on
  // a port of no known use it may as well speak TLS or pass a stream through.
  const PortRule* usual = find_port(kPorts, port);
  if (rule.carries_anything && usual && !usual->protocol.starts_with("http")) {
    return {std::string(usual->protocol), "port " + std::to_string(port), false};
  }
  const bool certain = rule.certain && (usual || !rule.carries_anything);
  return {std::string(rule.protocol), basis, certain};
}

/// An application server: the port says more than "python3" does.
Guess by_runtime(const Program& program, std::uint16_t port) {
  if (Guess guess = by_port(port); !guess.protocol.empty()) return guess;
  const std::string_view known = by_command_line(program);
  return {std::string(known.empty() ? "http" : known), "program " + program.name, false};
}

bool is_runtime(const Program& program) {
  const Names names{program};
  return std::ranges::any_of(kRuntimes, [&](std::string_view name) { return names.match(name); });
}

/// By what the tables know of the program itself, if anything.
std::optional<Guess> by_known_program(const Program& program, std::uint16_t port) {
  if (is_postfix_master(program)) return Guess{"smtp", "program " + program.name, true};
  if (const ProgramRule* rule = find_rule(program)) return by_rule(*rule, program, port);
  return std::nullopt;
}

bool are_alike(const Program& a, const Program& b) {
  return a.name == b.name && a.executable == b.executable;
}

Guess guess_for(std::span<const Program> programs, std::uint16_t port) {
  // Of several holders the one that the tables know says most. Workers are like the first one: what
  // the tables do not know of it, they do not know of them.
  const Program* last = nullptr;
  for (const Program& program : programs) {
    if (last && are_alike(*last, program)) continue;
    last = &program;
    if (auto guess = by_known_program(program, port)) return *std::move(guess);
  }
  if (!programs.empty() && is_runtime(programs.front())) return by_runtime(programs.front(), port);
  return by_port(port);
}

/// nginx on UDP 443 is QUIC, which no probe speaks: only protocols with a UDP form stay.
bool fits(std::string_view protocol, Transport transport) {
  const bool has_udp = std::ranges::find(kOverUdp, protocol) != kOverUdp.end();
  if (transport == Transport::udp) return has_udp;
  return std::ranges::find(kOnlyUdp, protocol) == kOnlyUdp.end();
}

}  // namespace

Guess guess_protocol(std::span<const Program> programs, Transport transport, std::uint16_t port) {
  Guess guess = guess_for(programs, port);
  if (guess.protocol.empty() || !fits(guess.protocol, transport)) return {};
  return guess;
}

bool is_data_service(std::string_view protocol) {
  return std::ranges::find(kDataProtocols, protocol) != kDataProtocols.end();
}

bool is_data_service(const Service& service) {
  if (is_data_service(service.guess.protocol)) return true;
  if (service.guess.protocol != "http" && service.guess.protocol != "grpc" &&
      service.guess.protocol != "https") {
    return false;
  }
  const auto* programs = service.programs.seen();
  const bool published =
      programs && !programs->value.empty() && programs->value.front().name == "docker-proxy";
  if (programs && !published) {
    return std::ranges::any_of(programs->value, [](const Program& program) {
      const Names names{program};
      return std::ranges::any_of(kDataPrograms,
                                 [&](std::string_view name) { return names.match(name); }) ||
             program.command_line.find("org.elasticsearch") != std::string::npos;
    });
  }
  return std::ranges::find(kDataPortsOverHttp, service.port) != kDataPortsOverHttp.end();
}

}  // namespace postflight
