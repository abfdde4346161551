// SPDX-License-Identifier: Apache-2.0
#include "rules/commands.h"

#include <algorithm>
#include <string_view>

namespace postflight::rules {
namespace {

constexpr std::size_t kIdDigits = 64;  // of a container, in its cgroup
constexpr std::size_t kIdShown = 12;   // as docker ps shows it

const Program* first_program(const Service* service) {
  const auto* programs = service ? service->programs.seen() : nullptr;
  return programs && !programs->value.empty() ? &programs->value.front() : nullptr;
}

std::string last_of_cgroup(const Service* service) {
  const Program* program = first_program(service);
  return program ? program->cgroup.substr(program->cgroup.rfind('/') + 1) : std::string{};
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

std::string unit_of(const Service* service) {
  const std::string unit = last_of_cgroup(service);
  return unit.ends_with(".service") && container_of(service).empty() ? unit : std::string{};
}

bool is_published_by_docker(const Service* service) {
  return program_of(service) == "docker-proxy";
}

Words in_container_of(const Service* service, Words words) {
  const std::string id = container_of(service);
  return id.empty() ? words : joined({"docker", "exec", id}, std::move(words));
}

Words in_network_of(const Service* service, Words words) {
  if (!service || service->netns_pid == 0) return words;
  return joined({"nsenter", "-t", std::to_string(service->netns_pid), "-n"}, std::move(words));
}

/// Web servers write what went wrong into files of their own, not into the journal.
Words log_command(const Service* service, const std::string& lines) {
  const std::string id = container_of(service), program = program_of(service);
  if (!id.empty()) return {"docker", "logs", "--tail", lines, id};
  if (program == "nginx" || program == "apache2") {
    return {"tail", "-n", lines, "/var/log/" + program + "/error.log"};
  }
  const std::string unit = unit_of(service);
  if (!unit.empty()) return {"journalctl", "-u", unit, "-n", lines, "--no-pager"};
  return {"journalctl", "-p", "warning", "-n", lines, "--no-pager"};
}

}  // namespace postflight::rules
