// SPDX-License-Identifier: Apache-2.0
#include "probes/container_inspect.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <tuple>

#include "model/codec.h"

namespace postflight {
namespace {

constexpr std::size_t kOutputKept = 500;
constexpr std::string_view kLabel = "Config/Labels/com.docker.compose.";

/// Variables whose values tell how a container is set up and never hold a secret.
constexpr std::array<std::string_view, 10> kHarmless{
    "TZ",        "LANG",    "LC_ALL",      "PORT",      "NODE_ENV",
    "RAILS_ENV", "APP_ENV", "ENVIRONMENT", "LOG_LEVEL", "PGDATA"};

/// Docker's defaults, ContainerCreate, Healthcheck: 0 means to inherit them.
constexpr double kDefaultSeconds = 30;
constexpr std::uint64_t kDefaultRetries = 3;

bool runs(const std::string& state) {
  return state == "running" || state == "paused";
}

bool has_ended(const std::string& state) {
  return state == "exited" || state == "dead" || state == "restarting" || state == "removing";
}

std::string compose_label(std::string_view name) {
  return std::string(kLabel) + std::string(name);
}

void read_state(const EngineAnswer& answer, ContainerFacts& facts) {
  facts.state = answer.text("State/Status");
  const std::string state = answer.text_or_empty("State/Status");
  const Observed<double> nothing = Absent{answer.from("State/Status")};
  facts.started_at = answer.time("State/StartedAt");
  facts.finished_at = answer.time("State/FinishedAt");
  facts.running_seconds = runs(state) ? answer.seconds_since("State/StartedAt") : nothing;
  facts.stopped_seconds = has_ended(state) ? answer.seconds_since("State/FinishedAt") : nothing;
  facts.exit_code = has_ended(state) ? answer.number<std::int64_t>("State/ExitCode")
                                     : Observed<std::int64_t>{Absent{answer.from("State/Status")}};
  facts.error = answer.text_or_absent("State/Error");
  facts.oom_killed = answer.flag("State/OOMKilled");
  facts.pid = answer.number<std::int64_t>("State/Pid");
  if (const auto* pid = facts.pid.seen(); pid && pid->value <= 0) {
    facts.pid = Absent{pid->evidence};
  }
}

void read_identity(const EngineAnswer& answer, ContainerFacts& facts) {
  facts.id = answer.text("Id");
  facts.image = answer.text("Config/Image");
  facts.image_id = answer.text_or_absent("Image");
  facts.created_at = answer.time("Created");
  facts.working_directory = answer.text_or_absent("Config/WorkingDir");
  if (const auto* folder = facts.working_directory.seen(); folder && folder->value == "/") {
    facts.working_directory = Absent{folder->evidence};
  }
}

void read_restarts(const EngineAnswer& answer, ContainerFacts& facts) {
  facts.restart_policy = answer.text("HostConfig/RestartPolicy/Name");
  if (const auto* policy = facts.restart_policy.seen(); policy && policy->value.empty()) {
    facts.restart_policy = Seen{std::string("no"), policy->evidence};  // as older engines have it
  }
  facts.restart_limit = answer.number<std::uint64_t>("HostConfig/RestartPolicy/MaximumRetryCount");
  facts.restarts_total = answer.number<std::uint64_t>("RestartCount");
  facts.started_by = answer.text_or_absent("Config/Labels/PODMAN_SYSTEMD_UNIT");
  const auto removed = answer.flag("HostConfig/AutoRemove");
  if (removed.seen() && removed.seen()->value) {
    facts.started_by = Seen{std::string("--rm"), removed.seen()->evidence};
  }
}

void read_health_log(const EngineAnswer& answer, ContainerFacts& facts) {
  constexpr std::string_view kPath = "State/Health/Log";
  const Json* log = answer.find(kPath);
  if (!log || !log->is_array() || log->empty()) {
    facts.health_log = Absent{answer.from(kPath)};
    return;
  }
  std::vector<HealthLogEntry> entries;
  for (const Json& item : *log) {
    const EngineAnswer one{item, "", answer.now()};
    const auto code = one.number<std::int64_t>("ExitCode");
    const auto from = parse_engine_time(one.text_or_empty("Start"));
    const auto to = parse_engine_time(one.text_or_empty("End"));
    if (!code.seen() || !from || !to) {
      facts.health_log = answer.malformed(kPath);
      return;
    }
    entries.push_back({one.text_or_empty("End"), std::chrono::duration<double>(*to - *from).count(),
                       code.seen()->value,
                       excerpt(trim(one.text_or_empty("Output")), kOutputKept)});
  }
  std::ranges::reverse(entries);  // the engine has the latest one last
  facts.health_log = Seen{std::move(entries), answer.from(kPath, dump_json(log->back()))};
}

double seconds_or(const EngineAnswer& answer, std::string_view path, double fallback) {
  const Observed<double> set = answer.seconds(path);
  return set.seen() && set.seen()->value > 0 ? set.seen()->value : fallback;
}

void read_health_settings(const EngineAnswer& answer, ContainerFacts& facts) {
  const auto retries = answer.number<std::uint64_t>("Config/Healthcheck/Retries");
  const bool set = retries.seen() && retries.seen()->value > 0;
  HealthSettings settings{seconds_or(answer, "Config/Healthcheck/Interval", kDefaultSeconds),
                          seconds_or(answer, "Config/Healthcheck/Timeout", kDefaultSeconds),
                          seconds_or(answer, "Config/Healthcheck/StartPeriod", 0),
                          set ? retries.seen()->value : kDefaultRetries};
  facts.health_settings = Seen{std::vector{settings}, answer.from("Config/Healthcheck")};
}

void read_health(const EngineAnswer& answer, ContainerFacts& facts) {
  facts.health = answer.text_or_absent("State/Health/Status");
  if (const auto* health = facts.health.seen(); health && health->value == "none") {
    facts.health = Absent{health->evidence};
  }
  facts.health_failing_streak = facts.health.seen()
                                    ? answer.number<std::uint64_t>("State/Health/FailingStreak")
                                    : Observed<std::uint64_t>{Absent{answer.from("State/Health")}};
  read_health_log(answer, facts);
  const std::vector<std::string> command = answer.texts("Config/Healthcheck/Test");
  if (command.empty() || command.front() == "NONE") {
    const Absent none{answer.from("Config/Healthcheck")};
    facts.health_command = none;
    facts.health_settings = none;
    facts.health_from_image = none;
    return;
  }
  facts.health_command = Seen{command, answer.from("Config/Healthcheck/Test")};
  read_health_settings(answer, facts);
}

void add_ports(const Json& bindings, std::vector<PublishedPort>& out) {
  for (const auto& [key, list] : bindings.items()) {  // "8000/tcp": [{"HostIp": …}]
    const auto slash = key.find('/');
    const auto port = parse_number<std::uint16_t>(std::string_view(key).substr(0, slash));
    if (!port || !list.is_array()) continue;
    const std::string protocol = slash == std::string::npos ? "tcp" : key.substr(slash + 1);
    for (const Json& binding : list) {
      const EngineAnswer at{binding, "", WallTime{}};
      const auto host_port = parse_number<std::uint16_t>(at.text_or_empty("HostPort"));
      std::string address = at.text_or_empty("HostIp");
      if (address.empty()) address = "0.0.0.0";
      out.push_back({std::move(address), host_port ? *host_port : 0U, *port, protocol});
    }
  }
}

void read_ports(const EngineAnswer& answer, ContainerFacts& facts) {
  const bool running = runs(answer.text_or_empty("State/Status"));
  const std::string_view path = running ? "NetworkSettings/Ports" : "HostConfig/PortBindings";
  const Json* bindings = answer.find(path);
  std::vector<PublishedPort> ports;
  if (bindings && bindings->is_object()) add_ports(*bindings, ports);
  std::ranges::sort(ports, {}, [](const PublishedPort& port) {
    return std::tuple(port.container_port, port.protocol, port.host_address, port.host_port);
  });
  facts.ports = Seen{std::move(ports), answer.from(path)};
}

/// 172.18.0.5 and 16 give 172.18.0.0/16; empty for what is no IPv4 address.
std::string subnet_of(const std::string& address, std::int64_t prefix) {
  const auto parts = split(address, '.');
  if (parts.size() != 4 || prefix < 1 || prefix > 32) return {};
  std::uint32_t bits = 0;
  for (const auto part : parts) {
    const auto number = parse_number<std::uint16_t>(part);
    if (!number || *number > 255) return {};
    bits = bits << 8 | *number;
  }
  bits &= ~std::uint32_t{0} << (32 - prefix);
  return fmt::format("{}.{}.{}.{}/{}", bits >> 24, bits >> 16 & 255, bits >> 8 & 255, bits & 255,
                     prefix);
}

void read_networks(const EngineAnswer& answer, ContainerFacts& facts) {
  constexpr std::string_view kPath = "NetworkSettings/Networks";
  facts.network_mode = answer.text("HostConfig/NetworkMode");
  const Json* all = answer.find(kPath);
  std::vector<ContainerNetwork> networks;
  const Json nothing = Json::object();
  const Json& members = all && all->is_object() ? *all : nothing;
  for (const auto& [name, network] : members.items()) {
    const EngineAnswer in{network, "", WallTime{}};
    const std::string address = in.text_or_empty("IPAddress");
    const auto prefix = in.number<std::int64_t>("IPPrefixLen");
    const auto* length = prefix.seen();
    networks.push_back(
        {printable_utf8(name), address, length ? subnet_of(address, length->value) : std::string{},
         in.text_or_empty("Gateway"), fmt::format("{}", fmt::join(in.texts("Aliases"), ", "))});
  }
  const std::string shown = dump_json(to_json(networks));
  facts.networks = Seen{std::move(networks), answer.from(kPath, shown)};
  facts.extra_hosts =
      Seen{answer.texts("HostConfig/ExtraHosts"), answer.from("HostConfig/ExtraHosts")};
}

void read_environment(const EngineAnswer& answer, ContainerFacts& facts) {
  const std::vector<std::string> variables = answer.texts("Config/Env");
  std::vector<EnvironmentVariable> environment;
  std::string names;
  for (const std::string& variable : variables) {
    const auto equals = variable.find('=');
    std::string name = variable.substr(0, equals);
    const bool harmless = std::ranges::find(kHarmless, name) != kHarmless.end();
    std::string value = harmless && equals != std::string::npos ? variable.substr(equals + 1) : "";
    names += (names.empty() ? "" : " ") + name;
    environment.push_back({std::move(name), std::move(value)});
  }
  const Evidence from = answer.from("Config/Env", names);
  facts.environment = Seen{std::move(environment), from};
  std::vector<EnvironmentHost> hosts = hosts_in_environment(variables);
  std::string shown;
  for (const EnvironmentHost& host : hosts) {
    shown += fmt::format("{}{}: {}", shown.empty() ? "" : ", ", host.variable, host.host);
  }
  facts.environment_hosts = Seen{std::move(hosts), answer.from("Config/Env", shown)};
}

void read_mounts(const EngineAnswer& answer, ContainerFacts& facts) {
  std::vector<ContainerMount> mounts;
  const Json* list = answer.find("Mounts");
  const Json nothing = Json::array();
  for (const Json& item : list && list->is_array() ? *list : nothing) {
    const EngineAnswer mount{item, "", WallTime{}};
    const auto writable = mount.flag("RW");
    mounts.push_back({mount.text_or_empty("Type"), mount.text_or_empty("Source"),
                      mount.text_or_empty("Destination"),
                      writable.seen() && writable.seen()->value});
  }
  std::ranges::sort(mounts, {}, &ContainerMount::destination);
  facts.mounts = Seen{std::move(mounts), answer.from("Mounts")};
}

void read_compose(const EngineAnswer& answer, ContainerFacts& facts) {
  facts.compose_project = answer.text_or_absent(compose_label("project"));
  facts.compose_service = answer.text_or_absent(compose_label("service"));
  facts.compose_version = answer.text_or_absent(compose_label("version"));
  const Absent none{answer.from(compose_label("project"))};
  if (!facts.compose_project.seen()) {
    facts.compose_one_off = none;
    facts.compose_files = none;
    facts.compose_files_missing = none;
    facts.compose_service_defined = none;
    return;
  }
  const std::string one_off = compose_label("oneoff");
  facts.compose_one_off = Seen{answer.text_or_empty(one_off) == "True", answer.from(one_off)};
  const std::string label = compose_label("project.config_files");
  std::vector<std::string> files;
  const std::string list = answer.text_or_empty(label);
  for (const std::string_view file : split(list, ',')) {
    const std::filesystem::path folder = answer.text_or_empty(compose_label("project.working_dir"));
    if (!trim(file).empty()) files.push_back((folder / trim(file)).lexically_normal().string());
  }
  if (files.empty()) {
    facts.compose_files = Absent{answer.from(label)};
  } else {
    facts.compose_files = Seen{std::move(files), answer.from(label)};
  }
}

void read_limits(const EngineAnswer& answer, ContainerFacts& facts) {
  facts.memory_limit_bytes = answer.number<std::uint64_t>("HostConfig/Memory");
  if (const auto* limit = facts.memory_limit_bytes.seen(); limit && limit->value == 0) {
    facts.memory_limit_bytes = Absent{limit->evidence};
  }
  facts.log_driver = answer.text("HostConfig/LogConfig/Type");
  facts.log_limit = answer.text_or_absent("HostConfig/LogConfig/Config/max-size");
  if (!answer.find("HostConfig/LogConfig/Config")) {
    facts.log_limit = Absent{answer.from("HostConfig/LogConfig")};
  }
}

}  // namespace

const JsonSelection& inspection_members() {
  static const JsonSelection members{"Id",
                                     "Created",
                                     "State",
                                     "Image",
                                     "HostsPath",
                                     "LogPath",
                                     "RestartCount",
                                     "HostConfig/AutoRemove",
                                     "HostConfig/ExtraHosts",
                                     "HostConfig/LogConfig/Type",
                                     "HostConfig/LogConfig/Config/max-size",
                                     "HostConfig/Memory",
                                     "HostConfig/NetworkMode",
                                     "HostConfig/PortBindings",
                                     "HostConfig/RestartPolicy",
                                     "Config/Env",
                                     "Config/Healthcheck",
                                     "Config/Image",
                                     "Config/WorkingDir",
                                     "Config/Labels/PODMAN_SYSTEMD_UNIT",
                                     "Config/Labels/com.docker.compose.project",
                                     "Config/Labels/com.docker.compose.service",
                                     "Config/Labels/com.docker.compose.version",
                                     "Config/Labels/com.docker.compose.oneoff",
                                     "Config/Labels/com.docker.compose.project.working_dir",
                                     "Config/Labels/com.docker.compose.project.config_files",
                                     "Mounts/Type",
                                     "Mounts/Source",
                                     "Mounts/Destination",
                                     "Mounts/RW",
                                     "NetworkSettings/Ports",
                                     "NetworkSettings/Networks"};
  return members;
}

const JsonSelection& image_members() {
  static const JsonSelection members{"Id", "Config/Healthcheck/Test"};
  return members;
}

void read_inspection(const EngineAnswer& answer, ContainerFacts& facts) {
  read_state(answer, facts);
  read_identity(answer, facts);
  read_restarts(answer, facts);
  read_health(answer, facts);
  read_ports(answer, facts);
  read_networks(answer, facts);
  read_environment(answer, facts);
  read_mounts(answer, facts);
  read_compose(answer, facts);
  read_limits(answer, facts);
}

void read_image(const EngineAnswer& image, ContainerFacts& facts) {
  facts.image_now_id = image.text("Id");
  const auto* command = facts.health_command.seen();
  if (!command) return;
  const bool inherited = image.texts("Config/Healthcheck/Test") == command->value;
  facts.health_from_image = Seen{inherited, image.from("Config/Healthcheck/Test")};
}

ContainerPaths paths_in(const EngineAnswer& answer) {
  return {answer.text_or_empty("LogPath"), answer.text_or_empty("HostsPath")};
}

void set_gone(ContainerFacts& facts, const Evidence& evidence) {
  for_each_field<ContainerFacts>(
      facts, [&](std::string_view, auto& fact, std::string_view) { fact = Absent{evidence}; });
  facts.state = Seen{std::string("gone"), evidence};
}

}  // namespace postflight
