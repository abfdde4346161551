// SPDX-License-Identifier: Apache-2.0
#include "discover/postgres_clusters.h"

#include <algorithm>
#include <array>
#include <set>
#include <unordered_map>

#include "base/text.h"
#include "host/files.h"
#include "host/namespaces.h"
#include "host/process_root.h"
#include "host/processes.h"
#include "host/rooted.h"

namespace postflight {
namespace {

constexpr std::string_view kDebianConfig = "/etc/postgresql";
constexpr std::size_t kPidFile = 8192;
constexpr std::size_t kConfigFile = 256 * 1024;

bool is_postgres(std::string_view name) {
  return name == "postgres" || name == "postmaster";
}

/// Servers among all processes: of that name, and not children of one.
std::vector<std::int32_t> postmasters(const std::string& root, Deadline deadline) {
  std::vector<std::int32_t> found;
  const auto pids = host::list_processes(root);
  if (!pids) return found;
  std::unordered_map<std::int32_t, std::int32_t> parents;  // of those of that name
  for (const std::int32_t pid : *pids) {
    if (deadline.passed()) break;
    const auto stat = host::read_process_stat(pid, root);
    if (stat && is_postgres(stat->name)) parents.emplace(pid, stat->parent);
  }
  for (const auto& [pid, parent] : parents) {
    if (!parents.contains(parent)) found.push_back(pid);
  }
  std::ranges::sort(found);
  return found;
}

/// The process's id in its innermost pid namespace: the last number of NSpid, proc_pid_status(5).
std::int32_t own_pid(std::int32_t pid, const std::string& root) {
  const auto status =
      host::read_head(host::under_root(root, "/proc/" + std::to_string(pid) + "/status"), 4096);
  for (const std::string_view line : split(status ? *status : std::string{}, '\n')) {
    const auto words = split_words(line);
    if (words.size() < 2 || words[0] != "NSpid:") continue;
    if (const auto number = parse_number<std::int32_t>(words.back())) return *number;
  }
  return pid;
}

/// Its data directory as it sees it. A server makes it its working directory; its arguments may
/// name the folder of its configuration instead.
std::string data_directory_of(std::int32_t pid, const std::string& root) {
  const std::string folder = host::under_root(root, "/proc/" + std::to_string(pid));
  if (auto cwd = host::read_link(folder + "/cwd")) return *std::move(cwd);
  const auto line = host::read_head(folder + "/cmdline", 4096);
  const auto words = split(line ? *line : std::string{}, '\0');
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "-D") return std::string(words[i + 1]);
  }
  return {};
}

const Service* service_held_by(std::int32_t pid, const std::vector<Service>& services) {
  const auto it = std::ranges::find_if(services, [&](const Service& service) {
    const auto* programs = service.programs.seen();
    return service.transport == Transport::tcp && programs &&
           std::ranges::find(programs->value, pid, &Program::pid) != programs->value.end();
  });
  return it == services.end() ? nullptr : &*it;
}

/// What postmaster.pid says of the server, where it is the server's own.
bool read_pid_file(PostgresCluster& cluster, const std::string& root) {
  const auto view = host::ProcessRoot::open(cluster.pid, root);
  const auto text = view ? view->read_head(cluster.data_directory + "/postmaster.pid", kPidFile)
                         : std::unexpected(view.error());
  const auto file = text ? parse_postmaster_file(*text) : std::unexpected(text.error());
  // Where it may not be read, the process itself is proof enough.
  if (!file) return file.error().code == Errc::kDenied;
  if (file->pid != own_pid(cluster.pid, root)) return false;
  cluster.data_directory = file->data_directory;
  cluster.port = file->port;
  cluster.socket_directory = file->socket_directory;
  cluster.status = file->status;
  return true;
}

void add_running(std::vector<PostgresCluster>& clusters, const std::vector<Service>& services,
                 const std::string& root, Deadline deadline) {
  for (const std::int32_t pid : postmasters(root, deadline)) {
    const auto program = host::read_program(pid, root);
    if (!program) continue;
    PostgresCluster cluster;
    cluster.pid = pid;
    cluster.cgroup = program->cgroup;
    cluster.data_directory = printable_utf8(data_directory_of(pid, root));
    const Service* service = service_held_by(pid, services);
    // One that initdb or pg_upgrade runs for a moment has neither.
    if (!read_pid_file(cluster, root) && !service) continue;
    if (service) {
      cluster.service = service->id;
      cluster.port = service->port;
    }
    clusters.push_back(std::move(cluster));
  }
}

/// First word of start.conf that is not in a comment.
std::string start_mode(const std::string& text) {
  for (const std::string_view line : split(text, '\n')) {
    const auto words = split_words(line.substr(0, line.find('#')));
    if (!words.empty()) return excerpt(words[0], 40);
  }
  return {};
}

PostgresCluster& cluster_at(std::vector<PostgresCluster>& clusters, const std::string& folder,
                            std::uint16_t port) {
  for (PostgresCluster& one : clusters) {
    const bool here = host::container_id_from_cgroup(one.cgroup).empty();
    if (here && one.data_directory == folder) return one;
  }
  PostgresCluster& added = clusters.emplace_back();
  added.data_directory = folder;
  added.port = port;
  return added;
}

/// /etc/postgresql/VERSION/NAME, one cluster each.
void add_debian(std::vector<PostgresCluster>& clusters, const host::ProcessRoot& machine) {
  const auto versions = machine.list_folder(std::string(kDebianConfig));
  if (!versions) return;
  for (const std::string& version : *versions) {
    const std::string folder = std::string(kDebianConfig) + "/" + version;
    const auto names = machine.list_folder(folder);
    if (!names) continue;
    for (const std::string& name : *names) {
      const std::string config = folder + "/" + name;
      const auto text = machine.read_head(config + "/postgresql.conf", kConfigFile);
      if (!text) continue;
      std::string data = setting_in_file(*text, "data_directory");
      if (data.empty()) data = "/var/lib/postgresql/" + version + "/" + name;
      const auto port = parse_number<std::uint16_t>(setting_in_file(*text, "port"));
      PostgresCluster& cluster = cluster_at(clusters, printable_utf8(data), port ? *port : 5432);
      cluster.debian_name = printable_utf8(version + "/" + name);
      const auto start = machine.read_head(config + "/start.conf", 4096);
      if (start) cluster.start = start_mode(*start);
      if (cluster.start.empty() && start) cluster.start = "auto";  // the default of pg_ctlcluster
    }
  }
}

/// Data directories where packages of other systems put them.
void add_usual_places(std::vector<PostgresCluster>& clusters, const host::ProcessRoot& machine) {
  std::vector<std::string> places = {"/var/lib/pgsql/data", "/var/lib/postgres/data"};
  if (const auto versions = machine.list_folder("/var/lib/pgsql")) {
    for (const std::string& version : *versions) {
      if (version != "data") places.push_back("/var/lib/pgsql/" + version + "/data");
    }
  }
  for (const std::string& place : places) {
    if (!machine.status(place + "/PG_VERSION")) continue;
    const auto text = machine.read_head(place + "/postgresql.conf", kConfigFile);
    const auto port =
        parse_number<std::uint16_t>(setting_in_file(text ? *text : std::string{}, "port"));
    cluster_at(clusters, place, port ? *port : 5432);
  }
}

/// Two containers may each have a cluster at the same path.
void name_all(std::vector<PostgresCluster>& clusters) {
  std::set<std::string> taken;
  for (PostgresCluster& cluster : clusters) {
    cluster.id = cluster.service.empty() ? cluster.data_directory : cluster.service;
    const std::string container = host::container_id_from_cgroup(cluster.cgroup);
    if (cluster.service.empty() && !container.empty()) cluster.id += "@" + container;
    if (!taken.insert(cluster.id).second) {
      cluster.id += "#" + std::to_string(cluster.pid);
      taken.insert(cluster.id);
    }
  }
}

/// The word or the quoted text a value begins with; '' within quotes is one quote.
std::string unquoted(std::string_view value) {
  if (!value.starts_with('\'')) return std::string(value.substr(0, value.find_first_of(" \t#")));
  std::string text;
  for (std::size_t i = 1; i < value.size(); ++i) {
    if (value[i] == '\'') {
      ++i;  // the second of two stands for one
      if (i == value.size() || value[i] != '\'') break;
    }
    text += value[i];
  }
  return text;
}

}  // namespace

Result<PostmasterFile> parse_postmaster_file(std::string_view text) {
  const auto lines = split(text, '\n');
  const auto line = [&](std::size_t number) {
    return number < lines.size() ? trim(lines[number]) : std::string_view{};
  };
  const auto pid = parse_number<std::int32_t>(line(0));
  if (!pid || *pid <= 0) return fail(Errc::kMalformed, "postmaster.pid names no process");
  const auto port = parse_number<std::uint16_t>(line(3));
  return PostmasterFile{*pid, excerpt(line(1), 4096), port ? *port : std::uint16_t{0},
                        excerpt(line(4), 4096), excerpt(line(7), 40)};
}

std::string setting_in_file(std::string_view text, std::string_view name) {
  std::string found;
  for (std::string_view line : split(text, '\n')) {
    line = trim(line);
    const auto end = line.find_first_of(" \t=");
    if (end == std::string_view::npos || line.substr(0, end) != name) continue;
    std::string_view value = trim(line.substr(end));
    if (value.starts_with('=')) value = trim(value.substr(1));
    found = unquoted(value);
  }
  return found;
}

std::vector<PostgresCluster> find_postgres_clusters(const std::vector<Service>& services,
                                                    const std::string& root, Deadline deadline) {
  std::vector<PostgresCluster> clusters;
  add_running(clusters, services, root, deadline);
  if (const auto machine = host::ProcessRoot::open(0, root)) {
    add_debian(clusters, *machine);
    add_usual_places(clusters, *machine);
  }
  name_all(clusters);
  std::ranges::sort(clusters, {}, &PostgresCluster::id);
  return clusters;
}

}  // namespace postflight
