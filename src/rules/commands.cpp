// SPDX-License-Identifier: Apache-2.0
#include "rules/commands.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace postflight::rules {
namespace {

constexpr std::size_t kIdDigits = 64;  // of a container, in its cgroup
constexpr std::size_t kIdShown = 12;   // as docker ps shows it

/// Restarting one of these stops or cuts off much else. Names of programs end after 15 characters.
constexpr std::array<std::string_view, 4> kCarryingUnits{"docker.service", "containerd.service",
                                                         "dbus.service", "dbus-broker.service"};
constexpr std::array<std::string_view, 6> kCarryingPrograms{
    "docker-proxy", "dockerd", "containerd", "dbus-daemon", "dbus-broker", "dbus-broker-lau"};

const Program* first_program(const Service* service) {
  const auto* programs = service ? service->programs.seen() : nullptr;
  return programs && !programs->value.empty() ? &programs->value.front() : nullptr;
}

/// What is left of `path` behind its first part, which is returned.
std::string_view take_part(std::string_view& path) {
  const auto part = path.substr(0, path.find('/'));
  path.remove_prefix(std::min(path.size(), part.size() + 1));
  return part;
}

bool is_one_of(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

Words joined(Words first, Words second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

}  // namespace

const Service* service_at(const JudgeContext& context, const std::string& endpoint) {
  const auto* topology = context.document.topology.seen();
  if (!topology) return nullptr;
  const auto it = std::ranges::find(topology->value.services, endpoint, &Service::id);
  return it == topology->value.services.end() ? nullptr : &*it;
}

const Service* service_of(const JudgeContext& context) {
  const std::string& id = context.component.id;  // "redis:127.0.0.1:6379@web"
  return service_at(context, id.substr(id.find(':') + 1));
}

std::string program_of(const Service* service) {
  const Program* program = first_program(service);
  return program ? program->name : std::string{};
}

std::int32_t pid_of(const Service* service) {
  const Program* program = first_program(service);
  return program ? program->pid : 0;
}

/// "/docker/ID" where Docker makes cgroups itself, "docker-ID.scope" where systemd makes them.
std::string container_of(const Service* service) {
  const Program* program = first_program(service);
  if (!program) return {};
  for (const std::string_view before : {"/docker/", "/docker-"}) {
    const auto at = program->cgroup.find(before);
    if (at == std::string::npos) continue;
    const std::string id = program->cgroup.substr(at + before.size(), kIdDigits);
    const bool whole =
        id.size() == kIdDigits && id.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (whole) return id.substr(0, kIdShown);
  }
  return {};
}

std::string container_called(const JudgeContext& context, const Service* service) {
  const std::string id = container_of(service);
  if (id.empty()) return id;
  for (const Component& component : context.document.components) {
    if (component.kind != "container" || !component.facts.is_object()) continue;
    const auto fact = component.facts.find("id");
    if (fact == component.facts.end() || !fact->is_object()) continue;
    const auto value = fact->find("value");
    if (value == fact->end() || !value->is_string()) continue;
    if (!value->get_ref<const std::string&>().starts_with(id)) continue;
    const std::string_view name = std::string_view(component.id).substr(component.id.find(':') + 1);
    // Behind "@" stands an engine that is not the first: its containers need the id.
    return name.find('@') == std::string_view::npos ? std::string(name) : id;
  }
  return id;
}

/// Any other path leads to a unit of the same name that is not this machine's:
/// "/lxc.payload.web/system.slice/nginx.service", "/user.slice/…/app.slice/docker.service".
std::string unit_of(const Service* service) {
  const Program* program = first_program(service);
  std::string_view path = program ? program->cgroup : std::string_view{};
  if (!path.starts_with("/system.slice/")) return {};
  path.remove_prefix(1);
  std::string_view part = take_part(path);
  while (part == "system.slice" || (part.starts_with("system-") && part.ends_with(".slice"))) {
    part = take_part(path);
  }
  return part.ends_with(".service") && path.empty() ? std::string(part) : std::string{};
}

std::string restartable_unit_of(const Service* service) {
  const std::string unit = unit_of(service);
  const bool carries_others =
      is_one_of(kCarryingUnits, unit) || is_one_of(kCarryingPrograms, program_of(service));
  return carries_others ? std::string{} : unit;
}

bool is_of_another_system(const Service* service) {
  const Program* program = first_program(service);
  std::string_view path = program ? program->cgroup : std::string_view{};
  if (!path.empty()) path.remove_prefix(1);
  const std::string_view first = take_part(path);
  return first.starts_with("lxc") || first == "machine.slice" || first == "..";
}

bool is_published_by_docker(const Service* service) {
  return program_of(service) == "docker-proxy";
}

Words in_container_of(const Service* service, Words words) {
  const std::string id = container_of(service);
  return id.empty() ? words : joined({"docker", "exec", id}, std::move(words));
}

Words in_container_of(const JudgeContext& context, const Service* service, Words words) {
  const std::string name = container_called(context, service);
  return name.empty() ? words : joined({"docker", "exec", name}, std::move(words));
}

Words in_network_of(const Service* service, Words words) {
  if (!service || service->netns_pid == 0) return words;
  return joined({"nsenter", "-t", std::to_string(service->netns_pid), "-n"}, std::move(words));
}

/// Web servers write what went wrong into files of their own, not into the journal.
Words log_command(const Service* service, const std::string& lines) {
  const std::string id = container_of(service), program = program_of(service);
  if (is_published_by_docker(service) || is_of_another_system(service)) return {};
  if (!id.empty()) return {"docker", "logs", "--tail", lines, id};
  if (program == "nginx" || program == "apache2") {
    return {"tail", "-n", lines, "/var/log/" + program + "/error.log"};
  }
  const std::string unit = unit_of(service);
  if (!unit.empty()) return {"journalctl", "-u", unit, "-n", lines, "--no-pager"};
  return {"journalctl", "-p", "warning", "-n", lines, "--no-pager"};
}

Words log_command(const JudgeContext& context, const Service* service, const std::string& lines) {
  Words words = log_command(service, lines);
  const std::string id = container_of(service);
  if (!id.empty()) std::ranges::replace(words, id, container_called(context, service));
  return words;
}

}  // namespace postflight::rules
