// SPDX-License-Identifier: Apache-2.0
#include "probes/docker_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "probes/engine_answer.h"
#include "probes/probe.h"

namespace postflight {
namespace {

constexpr std::size_t kShortId = 12;
constexpr double kSettledSeconds = 600;

/// An id becomes part of a path, so it may hold nothing that means something there.
bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= 128 &&
         id.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

/// Of "/web" and "/other/alias", which a link makes, the first is its own.
std::string name_of(const std::vector<std::string>& names, const std::string& id) {
  for (std::string_view name : names) {
    if (name.starts_with('/')) name.remove_prefix(1);
    if (!name.empty() && name.find('/') == std::string_view::npos) return std::string(name);
  }
  return id.substr(0, kShortId);
}

std::string interface_of(const EngineAnswer& network) {
  if (network.text_or_empty("Driver") != "bridge") return {};
  const Json* options = network.find("Options");
  const auto named = options && options->is_object()
                         ? options->find("com.docker.network.bridge.name")
                         : Json::const_iterator{};
  if (options && options->is_object() && named != options->end() && named->is_string()) {
    return printable_utf8(named->get_ref<const std::string&>());
  }
  const std::string id = network.text_or_empty("Id");
  return is_id(id) ? "br-" + id.substr(0, kShortId) : std::string{};
}

void add_network(const Json& json, std::vector<EngineNetwork>& out) {
  const EngineAnswer network{json, "", WallTime{}};
  const auto internal = network.flag("Internal");
  EngineNetwork entry{
      network.text_or_empty("Name"), network.text_or_empty("Driver"),          {}, {},
      interface_of(network),         internal.seen() && internal.seen()->value};
  const Json* subnets = network.find("IPAM/Config");
  if (!subnets || !subnets->is_array() || subnets->empty()) {
    out.push_back(std::move(entry));
    return;
  }
  for (const Json& item : *subnets) {
    const EngineAnswer subnet{item, "", WallTime{}};
    entry.subnet = subnet.text_or_empty("Subnet");
    entry.gateway = subnet.text_or_empty("Gateway");
    out.push_back(entry);
  }
}

}  // namespace

const JsonSelection& list_members() {
  static const JsonSelection members{"Id", "Names", "State", "Status"};
  return members;
}

const JsonSelection& version_members() {
  static const JsonSelection members{"Version", "Platform/Name", "Components/Name"};
  return members;
}

const JsonSelection& info_members() {
  static const JsonSelection members{"LiveRestoreEnabled", "DockerRootDir",  "Driver",
                                     "LoggingDriver",      "IPv4Forwarding", "Warnings"};
  return members;
}

const JsonSelection& network_members() {
  static const JsonSelection members{
      "Name", "Id", "Driver", "IPAM/Config", "Internal", "Options/com.docker.network.bridge.name"};
  return members;
}

Result<std::vector<ListedContainer>> parse_container_list(const Json& answer) {
  if (!answer.is_array()) return fail(Errc::kMalformed, "GET /containers/json gave no list");
  std::vector<ListedContainer> containers;
  for (const Json& item : answer) {
    const EngineAnswer one{item, "", WallTime{}};
    const std::string id = one.text_or_empty("Id");
    if (!is_id(id)) {
      return fail(Errc::kMalformed,
                  "GET /containers/json: an entry without an id: " + excerpt(dump_json(item), 80));
    }
    containers.push_back({id, name_of(one.texts("Names"), id), one.text_or_empty("State"),
                          one.text_or_empty("Status")});
  }
  std::ranges::sort(containers, {}, &ListedContainer::name);
  return containers;
}

std::vector<ContainerCount> count_by_state(const std::vector<ListedContainer>& containers) {
  std::map<std::string, std::uint64_t> counts;
  for (const ListedContainer& container : containers) ++counts[container.state];
  std::vector<ContainerCount> out;
  for (const auto& [state, count] : counts) out.push_back({state, count});
  return out;
}

std::string shown_counts(const std::vector<ContainerCount>& counts) {
  std::string out;
  for (const ContainerCount& count : counts) {
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", count.state, count.containers);
  }
  return out.empty() ? "[]" : out;
}

void read_version(const Result<Json>& answer, const std::string& source, DockerFacts& facts) {
  if (!answer) {
    facts.version = unknown_from(answer.error());
    facts.engine = unknown_from(answer.error());
    return;
  }
  const EngineAnswer version{*answer, source, wall_now()};
  facts.version = version.text("Version");
  std::string name = version.text_or_empty("Platform/Name");
  const Json* parts = version.find("Components");
  if (name.empty() && parts && parts->is_array() && !parts->empty()) {
    // Docker calls its own first component just "Engine".
    name = EngineAnswer{parts->front(), "", WallTime{}}.text_or_empty("Name");
    if (name == "Engine") name = "Docker Engine";
  }
  if (name.empty()) {
    facts.engine = version.missing("Components");
  } else {
    facts.engine = Seen{name, version.from("Components")};
  }
}

void read_info(const Result<Json>& answer, const std::string& source, DockerFacts& facts) {
  if (!answer) {
    const Unknown why = unknown_from(answer.error());
    facts.live_restore = why;
    facts.data_root = why;
    facts.storage_driver = why;
    facts.logging_driver = why;
    facts.ip_forwarding = why;
    facts.warnings = why;
    return;
  }
  const EngineAnswer info{*answer, source, wall_now()};
  facts.live_restore = info.flag("LiveRestoreEnabled");
  facts.data_root = info.text("DockerRootDir");
  facts.storage_driver = info.text("Driver");
  facts.logging_driver = info.text("LoggingDriver");
  facts.ip_forwarding = info.flag("IPv4Forwarding");
  std::vector<std::string> warnings = info.texts("Warnings");
  facts.warnings = Seen{std::move(warnings), info.from("Warnings")};
}

void read_networks(const Result<Json>& answer, const std::string& source, DockerFacts& facts) {
  if (!answer || !answer->is_array()) {
    facts.networks =
        answer ? Unknown{Why::malformed, source + " gave no list"} : unknown_from(answer.error());
    return;
  }
  std::vector<EngineNetwork> networks;
  for (const Json& item : *answer) add_network(item, networks);
  std::ranges::stable_sort(networks, {}, &EngineNetwork::name);
  std::string shown;
  for (const EngineNetwork& network : networks) {
    shown += fmt::format("{}{} {}", shown.empty() ? "" : ", ", network.name, network.subnet);
  }
  facts.networks =
      Seen{std::move(networks), Evidence{source, excerpt(shown), format_rfc3339(wall_now())}};
}

bool is_in_trouble(const ContainerFacts& facts) {
  const auto* state = facts.state.seen();
  const auto* code = facts.exit_code.seen();
  const auto* restarts = facts.restarts_total.seen();
  const auto* running = facts.running_seconds.seen();
  if (!state) return false;
  const bool failed = code && code->value != 0;
  if (state->value == "restarting" || state->value == "dead" || failed) return true;
  return restarts && restarts->value > 0 && running && running->value < kSettledSeconds;
}

std::string last_lines(std::string_view text, std::size_t limit) {
  text = trim(text);
  if (text.size() > limit) {
    text.remove_prefix(text.size() - limit);
    const auto line = text.find('\n');
    if (line != std::string_view::npos) text.remove_prefix(line + 1);
  }
  return printable_utf8(text);
}

}  // namespace postflight
