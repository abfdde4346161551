// SPDX-License-Identifier: Apache-2.0
#include "probes/systemd_parts.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"

namespace postflight::systemd_look {
namespace {

/// Servers whose units are looked at wherever they are installed, and the ports they are known for.
struct KnownServer {
  std::string_view pattern;
  std::array<std::uint16_t, 2> ports = {};
};
constexpr std::array kServers = {
    KnownServer{"nginx.service", {80, 443}},
    KnownServer{"apache2.service", {80, 443}},
    KnownServer{"httpd.service", {80, 443}},
    KnownServer{"caddy.service", {80, 443}},
    KnownServer{"haproxy.service"},
    KnownServer{"redis-server.service", {6379}},
    KnownServer{"redis-server@*.service"},
    KnownServer{"redis.service", {6379}},
    KnownServer{"valkey-server.service", {6379}},
    KnownServer{"mariadb.service", {3306}},
    KnownServer{"mysql.service", {3306}},
    KnownServer{"mysqld.service", {3306}},
    KnownServer{"postgresql@*.service"},
    KnownServer{"mongod.service", {27017}},
    KnownServer{"memcached.service", {11211}},
    KnownServer{"rabbitmq-server.service", {5672}},
    KnownServer{"elasticsearch.service", {9200}},
    KnownServer{"opensearch.service", {9200}},
    KnownServer{"docker.service"},
    KnownServer{"containerd.service"},
    KnownServer{"cron.service"},
    KnownServer{"crond.service"},
    KnownServer{"ssh.service", {22}},
    KnownServer{"sshd.service", {22}},
    KnownServer{"ufw.service"},
    KnownServer{"firewalld.service"},
    KnownServer{"php*-fpm.service"},
    KnownServer{"celery*.service"},
    KnownServer{"gunicorn*.service"},
    KnownServer{"uwsgi*.service"},
    KnownServer{"supervisor.service"},
};

constexpr std::array<std::string_view, 5> kLocalTypes = {"service", "timer", "socket", "path",
                                                         "mount"};
constexpr std::string_view kLocalFolder = "/etc/systemd/system/";

const KnownServer* known_server(std::string_view unit) {
  const auto it = std::ranges::find_if(
      kServers, [&](const KnownServer& one) { return glob_match(one.pattern, unit); });
  return it == kServers.end() ? nullptr : &*it;
}

std::string_view take_part(std::string_view& path) {
  const auto part = path.substr(0, path.find('/'));
  path.remove_prefix(std::min(path.size(), part.size() + 1));
  return part;
}

/// What is in it is not of this machine's systemd: a container, a virtual machine.
bool is_foreign(std::string_view part) {
  static constexpr std::array<std::string_view, 8> kFirst = {
      "docker",        "docker-*", "kubepods*", "lxc*",
      "machine.slice", "libpod*",  "crio-*",    "cri-containerd-*"};
  return std::ranges::any_of(kFirst, [&](auto pattern) { return glob_match(pattern, part); });
}

/// A unit with cgroups of its own (Delegate=yes) may hold another system; then it says nothing.
bool holds_a_system(std::string_view rest) {
  while (!rest.empty()) {
    const auto part = take_part(rest);
    if (is_foreign(part) || part.ends_with(".slice") || part.ends_with(".service")) return true;
  }
  return false;
}

Place in_user_slice(std::string_view path) {
  while (!path.empty()) {
    const auto part = take_part(path);
    if (part.starts_with("session-") && part.ends_with(".scope")) {
      return {Place::Kind::kLoginSession, std::string(part)};
    }
    if (is_foreign(part)) return {};
    if (part.starts_with("user@") || part.ends_with(".slice")) continue;
    if (part.ends_with(".service") || part.ends_with(".scope")) {
      return {Place::Kind::kUserUnit, std::string(part)};
    }
  }
  return {};
}

std::string text_at(const Json& entry, std::size_t index) {
  return entry[index].is_string() ? printable_utf8(entry[index].get<std::string>()) : std::string{};
}

/// Gathers units by name; the first reason decides how much one matters.
class Choice {
 public:
  ChosenUnit& add(const std::string& name, const char* reason) {
    const auto [at, is_new] = index_.emplace(name, units_.size());
    if (is_new) units_.push_back({name, {}, {}, nullptr});
    ChosenUnit& unit = units_[at->second];
    if (std::ranges::find(unit.reasons, reason) == unit.reasons.end()) {
      unit.reasons.emplace_back(reason);
    }
    return unit;
  }
  bool has(const std::string& name) const { return index_.contains(name); }
  std::vector<ChosenUnit> take() { return std::move(units_); }

 private:
  std::vector<ChosenUnit> units_;
  std::map<std::string, std::size_t> index_;
};

void choose_listening(const Topology& topology, Choice& choice) {
  for (const Service& service : topology.services) {
    const auto* programs = service.programs.seen();
    if (!programs) continue;
    std::set<std::string> units;
    for (const Program& program : programs->value) {
      const Place place = place_of(program.cgroup);
      if (place.kind == Place::Kind::kUnit) units.insert(place.unit);
    }
    for (const std::string& unit : units) {
      // In the networks of its containers an engine answers for their names only.
      if (!service.netns.empty() && makes_addresses(unit)) continue;
      choice.add(unit, "listens").services.push_back(&service);
    }
  }
}

void choose_clusters(const Topology& topology, Choice& choice) {
  for (const PostgresCluster& cluster : topology.clusters) {
    std::string unit = cluster.debian_name;  // "15/main"
    if (const auto slash = unit.find('/'); slash != std::string::npos) {
      unit = "postgresql@" + unit.replace(slash, 1, "-") + ".service";
    } else if (const Place place = place_of(cluster.cgroup); place.kind == Place::Kind::kUnit) {
      unit = place.unit;
    }
    if (!unit.empty()) choice.add(unit, "cluster").cluster = &cluster;
  }
}

bool is_template(std::string_view name) {
  return name.find("@.") != std::string_view::npos;
}

void choose_known_servers(const std::vector<ListedUnit>& listed, const UnitFolders& folders,
                          Choice& choice) {
  for (const auto& [name, file] : folders.files()) {
    // A link to another name is an alias, and what is masked is not meant to run.
    if (!known_server(name) || is_template(name) || !file.link_target.empty()) continue;
    choice.add(name, "server");
  }
  for (const ListedUnit& unit : listed) {
    const bool is_there = unit.load_state == "loaded" || unit.active_state == "active";
    if (is_there && known_server(unit.name)) choice.add(unit.name, "server");
  }
}

/// Written by an administrator; snapd, too, puts its files there.
void choose_local(const std::vector<ListedUnit>& listed, const UnitFolders& folders,
                  Choice& choice) {
  const auto is_local = [&](const std::string& name) {
    const auto found = folders.files().find(name);
    return found != folders.files().end() && found->second.link_target.empty() &&
           found->second.path.starts_with(kLocalFolder) && !name.starts_with("snap") &&
           std::ranges::find(kLocalTypes, unit_type(name)) != kLocalTypes.end();
  };
  for (const auto& [name, file] : folders.files()) {
    if (!is_template(name) && is_local(name)) choice.add(name, "local");
  }
  for (const ListedUnit& unit : listed) {
    if (const std::string from = template_of(unit.name); !from.empty() && is_local(from)) {
      choice.add(unit.name, "local");
    }
  }
}

}  // namespace

Place place_of(std::string_view cgroup) {
  std::string_view path = cgroup;
  if (!path.starts_with('/')) return {};
  path.remove_prefix(1);
  if (path.starts_with("user.slice/")) return in_user_slice(path);
  while (!path.empty()) {
    const auto part = take_part(path);
    if (is_foreign(part) || part == "..") return {};
    if (part.ends_with(".slice")) continue;
    const bool unit = part.ends_with(".service") || part.ends_with(".socket") ||
                      part.ends_with(".mount") || part.ends_with(".swap");
    if (!unit || holds_a_system(path)) return {};
    return {Place::Kind::kUnit, std::string(part)};
  }
  return {};
}

Result<std::vector<ListedUnit>> parse_unit_list(const Json& reply) {
  constexpr std::size_t kFields = 10;
  if (!reply.is_array()) return fail(Errc::kMalformed, "ListUnits gives no list");
  std::vector<ListedUnit> units;
  units.reserve(reply.size());
  for (const Json& entry : reply) {
    if (!entry.is_array() || entry.size() != kFields || !entry[0].is_string()) {
      return fail(Errc::kMalformed, "ListUnits: " + excerpt(dump_json(entry), 80));
    }
    units.push_back({text_at(entry, 0), text_at(entry, 1), text_at(entry, 2), text_at(entry, 3),
                     text_at(entry, 4)});
  }
  return units;
}

std::vector<ChosenUnit> choose_units(const Topology* topology,
                                     const std::vector<ListedUnit>& listed,
                                     const UnitFolders& folders) {
  Choice choice;
  if (topology) {
    choose_listening(*topology, choice);
    choose_clusters(*topology, choice);
    for (const ContainerEngine& engine : topology->engines) {
      const std::string name = engine.flavour + ".service";
      if (folders.files().contains(name)) choice.add(name, "engine");
    }
  }
  for (const ListedUnit& unit : listed) {
    if (unit.active_state == "failed") choice.add(unit.name, "failed");
  }
  choose_known_servers(listed, folders, choice);
  choose_local(listed, folders, choice);
  return choice.take();
}

std::vector<std::uint16_t> ports_of_server(std::string_view unit) {
  std::vector<std::uint16_t> ports;
  const KnownServer* server = known_server(unit);
  for (const std::uint16_t port : server ? server->ports : std::array<std::uint16_t, 2>{}) {
    if (port != 0) ports.push_back(port);
  }
  return ports;
}

bool makes_addresses(std::string_view unit) {
  static constexpr std::array<std::string_view, 12> kMakers = {
      "docker.service",   "containerd.service",       "podman*.service",
      "libvirtd.service", "virtnetworkd.*",           "lxc-net.service",
      "lxd*.service",     "incus*.service",           "snap.lxd.*",
      "k3s*.service",     "systemd-networkd.service", "NetworkManager.service"};
  return std::ranges::any_of(kMakers, [&](auto pattern) { return glob_match(pattern, unit); });
}

}  // namespace postflight::systemd_look
