// SPDX-License-Identifier: Apache-2.0
#include "probes/testing/postgres_probe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "model/codec.h"
#include "probes/testing/probe_run.h"

namespace postflight::testing {
namespace {

namespace fs = std::filesystem;
using host::testing::PostgresServer;

PostgresFacts look(const Target& target, const Topology& topology, Duration budget,
                   const Settings& settings) {
  const auto before = MonotonicClock::now();
  const Json facts = run_on("postgres", target, Seen{topology, Evidence{}}, budget, settings);
  EXPECT_LT(MonotonicClock::now() - before, budget + Duration{700});
  for (const FactDeclaration& fact : find_probe("postgres")->facts()) {
    EXPECT_TRUE(facts.contains(fact.key)) << fact.key << " was left out";
  }
  return decode<PostgresFacts>(facts).value();
}

}  // namespace

Topology topology_of(const PostgresServer& server) {
  Topology topology;
  Service service = loopback_target("postgres", server.port()).service;
  PostgresCluster cluster;
  cluster.id = cluster.service = service.id;
  cluster.data_directory = server.data();
  cluster.pid = server.pid();
  cluster.status = "ready";
  cluster.port = server.port();
  cluster.socket_directory = server.folder();
  topology.services = {std::move(service)};
  topology.clusters = {std::move(cluster)};
  return topology;
}

PostgresFacts look_at_cluster(const Topology& topology, Duration budget, const Settings& settings) {
  const auto targets = find_probe("postgres")->plan(topology, settings);
  if (targets.size() != 1) throw std::runtime_error("one target was expected");
  return look(targets.front(), topology, budget, settings);
}

PostgresFacts look_by_url(std::uint16_t port, const std::string& role, Duration budget) {
  Settings settings;
  settings.postgres_url =
      Secret{"postgres://" + role + "@127.0.0.1:" + std::to_string(port) + "/postgres"};
  const auto targets = find_probe("postgres")->plan({}, settings);
  if (targets.size() != 1) throw std::runtime_error("one target was expected");
  return look(targets.front(), {}, budget, settings);
}

std::vector<std::string> program_folders() {
  std::vector<std::string> folders;
  if (PostgresServer::installed()) folders.emplace_back();  // stands for the machine's own
  const fs::path installed = fs::path(PF_BINARY).parent_path() / "postgres";
  std::error_code ignored;
  for (const auto& version : fs::directory_iterator(installed, ignored)) {
    const fs::path programs = version.path() / "native" / "bin";
    if (fs::exists(programs / "postgres")) folders.push_back(programs);
  }
  std::ranges::sort(folders);
  return folders;
}

}  // namespace postflight::testing
