// SPDX-License-Identifier: Apache-2.0
#include "rules/psql.h"

#include <algorithm>
#include <array>

namespace postflight::rules {
namespace {

constexpr std::uint16_t kUsualPort = 5432;

/// Where Debian and the upstream sources put sockets: psql looks there by itself.
constexpr std::array<std::string_view, 3> kUsualFolders{"", "/var/run/postgresql",
                                                        "/run/postgresql"};

/// "CLUSTER/NAME" or "CLUSTER", of "database:CLUSTER/NAME" or "postgres:CLUSTER".
std::string_view behind_kind(const JudgeContext& context) {
  const std::string_view id = context.component.id;
  return id.substr(id.find(':') + 1);
}

/// The container of a cluster, which may listen on no port that would be a service.
std::string container_of_cluster(const PostgresCluster& cluster) {
  Service service;
  service.programs = Seen{std::vector{Program{.name = "postgres", .cgroup = cluster.cgroup}}, {}};
  return container_of(&service);
}

}  // namespace

const PostgresCluster* cluster_of(const JudgeContext& context) {
  const auto* topology = context.document.topology.seen();
  if (!topology) return nullptr;
  const std::string_view rest = behind_kind(context);
  const auto names = [&](const PostgresCluster& cluster) {
    return rest == cluster.id || rest.starts_with(cluster.id + "/");
  };
  const auto it = std::ranges::find_if(topology->value.clusters, names);
  return it == topology->value.clusters.end() ? nullptr : &*it;
}

std::string database_of(const JudgeContext& context) {
  const std::string_view rest = behind_kind(context);
  const PostgresCluster* cluster = cluster_of(context);
  const auto slash = cluster ? cluster->id.size() : rest.find('/');
  return slash < rest.size() ? std::string(rest.substr(slash + 1)) : std::string{};
}

Words psql_words(const JudgeContext& context, const std::string& role) {
  const PostgresCluster* cluster = cluster_of(context);
  const std::string container = cluster ? container_of_cluster(*cluster) : std::string{};
  Words words;
  if (container.empty()) {
    words = {"runuser", "-u", "postgres", "--", "psql"};
  } else {
    words = {"docker", "exec", container, "psql", "-U", role.empty() ? "postgres" : role};
  }
  if (cluster && cluster->port != 0 && cluster->port != kUsualPort) {
    words.insert(words.end(), {"-p", std::to_string(cluster->port)});
  }
  const bool usual = !cluster || std::ranges::find(kUsualFolders, cluster->socket_directory) !=
                                     kUsualFolders.end();
  if (!usual) words.insert(words.end(), {"-h", cluster->socket_directory});
  words.insert(words.end(), {"-d", database_of(context)});
  return words;
}

Words psql_words(const JudgeContext& context, const std::string& role,
                 const std::vector<std::string>& statements) {
  Words words = psql_words(context, role);
  for (const std::string& statement : statements) words.insert(words.end(), {"-c", statement});
  return words;
}

std::string sql_literal(std::string_view text) {
  // The form with E stands for itself whatever standard_conforming_strings says.
  const bool escapes = text.find('\\') != std::string_view::npos;
  std::string literal = escapes ? "E'" : "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') literal += c;
    literal += c;
  }
  return literal + "'";
}

}  // namespace postflight::rules
