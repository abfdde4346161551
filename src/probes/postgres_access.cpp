// SPDX-License-Identifier: Apache-2.0
#include "probes/postgres_access.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "base/text.h"
#include "host/files.h"
#include "host/namespaces.h"
#include "host/process_root.h"
#include "host/processes.h"
#include "host/resolver.h"
#include "host/rooted.h"

namespace postflight {
namespace {

using host::PostgresAddress;

constexpr std::size_t kSmallFile = 256 * 1024;
constexpr std::string_view kPrefix = "postgres:";
constexpr const char* kUsualSockets[] = {"/var/run/postgresql", "/tmp"};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// The value of a variable in the environment a process was started with.
std::string variable_of(std::int32_t pid, std::string_view name, const std::string& root) {
  const auto text = host::read_head(
      host::under_root(root, "/proc/" + std::to_string(pid) + "/environ"), kSmallFile);
  for (const std::string_view line : split(text ? *text : std::string{}, '\0')) {
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == '=') {
      return std::string(line.substr(name.size() + 1));
    }
  }
  return {};
}

bool is_loopback_name(std::string_view host) {
  return host.empty() || host == "localhost" || host == "127.0.0.1" || host == "::1";
}

/// What several ways have in common.
class Ways {
 public:
  Ways(const ProbeContext& context, const PostgresCluster* cluster)
      : context_(context), cluster_(cluster) {}

  Result<std::vector<PostgresAddress>> all() {
    const bool is_root = ::geteuid() == 0;
    if (cluster_ && is_root) add_as_owner();
    PF_TRY(add_url());
    if (cluster_) {
      add_configured();
      add_from_environment();
      add_from_password_file();
      if (!is_root) add_as_myself();
    }
    if (ways_.empty()) return fail(Errc::kUnsupported, "there is no way into this server");
    return std::move(ways_);
  }

 private:
  /// Sockets first: they need no password where the kernel tells who comes. The folder is from
  /// postmaster.pid; where that could not be read, the usual ones.
  std::vector<std::string> socket_folders() const {
    if (!cluster_->socket_directory.empty()) return {cluster_->socket_directory};
    if (!cluster_->status.empty()) return {};  // postmaster.pid was read: it has no socket
    return {std::begin(kUsualSockets), std::end(kUsualSockets)};
  }

  PostgresAddress by_socket(const std::string& folder) const {
    return {.host = folder,
            .port = cluster_->port ? cluster_->port : std::uint16_t{5432},
            .root_pid = cluster_->pid,
            .root = context_.root};
  }

  std::optional<PostgresAddress> by_tcp() const {
    const Service& service = context_.target.service;
    if (service.listeners.empty()) return std::nullopt;
    return PostgresAddress{.host = reachable_address(preferred_listener(service).address),
                           .port = service.port,
                           .root = context_.root};
  }

  /// TCP where it listens there, else its socket.
  std::optional<PostgresAddress> by_any() const {
    if (auto tcp = by_tcp()) return tcp;
    const auto folders = socket_folders();
    return folders.empty() ? std::nullopt : std::optional{by_socket(folders.front())};
  }

  /// Peer authentication wants the role of the same name as the system's user; the images of
  /// containers trust their socket, and name the superuser in their environment.
  void add_as_owner() {
    const auto view = host::ProcessRoot::open(cluster_->pid, context_.root);
    if (!view) return;
    const auto owner = view->status(cluster_->data_directory);
    if (!owner) return;
    const auto passwd = view->read_head("/etc/passwd", kSmallFile);
    // A user namespace shifts numbers: outside it is 100999, inside 999.
    std::string user = user_name(passwd ? *passwd : std::string{}, owner->owner.uid);
    const bool contained = !host::container_id_from_cgroup(cluster_->cgroup).empty();
    const std::string wanted =
        contained ? variable_of(cluster_->pid, "POSTGRES_USER", context_.root) : "";
    if (user.empty()) user = "postgres";
    for (const std::string& folder : socket_folders()) {
      for (const std::string& name : {wanted, user, std::string("postgres")}) {
        if (name.empty()) continue;
        PostgresAddress way = by_socket(folder);
        way.user = name;
        way.become = owner->owner;
        add(std::move(way));
      }
    }
  }

  Result<> add_url() {
    if (context_.settings.postgres_url.empty()) return {};
    PF_TRY_ASSIGN(const PostgresUrl url,
                  parse_postgres_url(context_.settings.postgres_url.reveal()));
    if (cluster_) {
      const auto* topology = context_.topology.seen();
      if (!topology || cluster_named_by(url, topology->value) != cluster_) return {};
    }
    PF_TRY_ASSIGN(PostgresAddress way, address_of(url));
    add(std::move(way));
    return {};
  }

  Result<PostgresAddress> address_of(const PostgresUrl& url) const {
    PostgresAddress way{.host = url.host, .port = url.port, .root = context_.root};
    if (is_loopback_name(url.host)) {
      const auto local = cluster_ ? by_any() : std::nullopt;
      way.host = local ? local->host : "127.0.0.1";
      way.root_pid = local ? local->root_pid : 0;
    } else if (!way.is_socket()) {
      PF_TRY_ASSIGN(const auto addresses, host::resolve(url.host, context_.deadline));
      way.host = addresses.front();
      way.tls_name = url.host;
    }
    if (!url.user.empty()) way.user = url.user;
    way.database = !url.database.empty() ? url.database : way.user;
    way.password = url.password.empty() ? password_for(url, way) : url.password;
    if (!url.tls_mode.empty()) way.tls_mode = url.tls_mode;
    const bool verifies = way.tls_mode.starts_with("verify");
    way.tls_root =
        !url.tls_root.empty() || !verifies ? url.tls_root : "/etc/ssl/certs/ca-certificates.crt";
    return way;
  }

  void add_configured() {
    const auto credential = context_.credential();
    auto way = by_any();
    if (!credential || !way) return;
    if (!credential->username.empty()) way->user = credential->username;
    way->password = credential->password;
    add(*std::move(way));
  }

  /// PG* variables name one server; they are of no meaning for another one.
  bool environment_means_this() const {
    if (!context_.target.service.netns.empty()) return false;
    const std::string port = variable("PGPORT"), host = variable("PGHOST");
    const bool same_port =
        port.empty() ? cluster_->port == 5432 : parse_number<std::uint16_t>(port) == cluster_->port;
    return same_port && (is_loopback_name(host) || host.starts_with('/'));
  }

  void add_from_environment() {
    const std::string password = variable("PGPASSWORD"), user = variable("PGUSER");
    auto way = by_any();
    if ((password.empty() && user.empty()) || !way || !environment_means_this()) return;
    if (!user.empty()) way->user = user;
    const std::string database = variable("PGDATABASE");
    if (!database.empty()) way->database = database;
    way->password = Secret{password};
    add(*std::move(way));
  }

  /// Lines of PGPASSFILE or ~/.pgpass; none where others may read it: libpq ignores it then, too.
  std::vector<PgPassEntry> password_file() const {
    std::string path = variable("PGPASSFILE");
    if (path.empty()) path = variable("HOME") + "/.pgpass";
    const auto machine = host::ProcessRoot::open(0, context_.root);
    const auto status = machine ? machine->status(path) : std::unexpected(machine.error());
    if (!status || (status->mode & 077U) != 0) return {};
    const auto text = machine->read_head(path, kSmallFile);
    return parse_pgpass(text ? *text : std::string{});
  }

  /// For a URL that names a user and no password, as psql would find it.
  Secret password_for(const PostgresUrl& url, const PostgresAddress& way) const {
    if (const std::string password = variable("PGPASSWORD"); !password.empty()) {
      return Secret{password};
    }
    const auto fits = [](const std::string& pattern, const std::string& value) {
      return pattern == "*" || pattern == value;
    };
    const std::string host = url.host.empty() ? "localhost" : url.host;
    for (PgPassEntry& entry : password_file()) {
      if (fits(entry.host, host) && fits(entry.port, std::to_string(url.port)) &&
          fits(entry.database, way.database) && fits(entry.user, way.user)) {
        return std::move(entry.password);
      }
    }
    return Secret{};
  }

  void add_from_password_file() {
    if (!context_.target.service.netns.empty()) return;
    const std::string user = variable("PGUSER");
    for (PgPassEntry& entry : password_file()) {
      const bool host_fits = entry.host == "*" || is_loopback_name(entry.host);
      const bool port_fits =
          entry.port == "*" || parse_number<std::uint16_t>(entry.port) == cluster_->port;
      auto way = by_any();
      if (!host_fits || !port_fits || !way) continue;
      if (entry.user != "*") {
        way->user = entry.user;
      } else if (!user.empty()) {
        way->user = user;
      }
      if (entry.database != "*") way->database = entry.database;
      way->password = std::move(entry.password);
      add(*std::move(way));
      if (ways_.size() > kMostWays) return;
    }
  }

  /// Without root: as the role that has the caller's own name, where the server trusts or asks who
  /// comes.
  void add_as_myself() {
    const auto passwd = host::read_head(host::under_root(context_.root, "/etc/passwd"), kSmallFile);
    const std::string user = user_name(passwd ? *passwd : std::string{}, ::geteuid());
    for (const std::string& folder : socket_folders()) {
      PostgresAddress way = by_socket(folder);
      way.root_pid = 0;
      if (!user.empty()) way.user = user;
      add(std::move(way));
    }
  }

  void add(PostgresAddress way) {
    const bool known = std::ranges::any_of(ways_, [&](const PostgresAddress& one) {
      return one.host == way.host && one.user == way.user && one.password.empty() &&
             way.password.empty();
    });
    if (!known) ways_.push_back(std::move(way));
  }

  static constexpr std::size_t kMostWays = 8;
  const ProbeContext& context_;
  const PostgresCluster* cluster_;
  std::vector<PostgresAddress> ways_;
};

/// Tries one way; where the database "postgres" was dropped, template1 is always there.
Result<host::PostgresClient> try_way(host::PostgresAddress way, const ProbeContext& context,
                                     std::string& sqlstate) {
  const bool elsewhere = !way.is_socket() && context.target.service.netns_pid != 0;
  if (elsewhere) {
    PF_TRY(host::enter_network_namespace(context.target.service.netns_pid, context.root));
  }
  auto client = host::PostgresClient::connect(way, context.deadline, &sqlstate);
  const bool is_default = way.database == "postgres";
  if (client || client.error().code != Errc::kNotFound || sqlstate.empty() || !is_default) {
    return client;
  }
  way.database = "template1";
  return host::PostgresClient::connect(way, context.deadline, &sqlstate);
}

}  // namespace

const PostgresCluster* cluster_of(const ProbeContext& context) {
  const auto* topology = context.topology.seen();
  const std::string_view id = context.target.component_id;
  if (!topology || !id.starts_with(kPrefix)) return nullptr;
  const auto& clusters = topology->value.clusters;
  const auto it =
      std::ranges::find(clusters, std::string(id.substr(kPrefix.size())), &PostgresCluster::id);
  return it == clusters.end() ? nullptr : &*it;
}

const PostgresCluster* cluster_named_by(const PostgresUrl& url, const Topology& topology) {
  const auto is_own = [&](const std::string& host) {
    return is_loopback_name(host) ||
           std::ranges::find(topology.addresses, host) != topology.addresses.end();
  };
  for (const PostgresCluster& cluster : topology.clusters) {
    if (cluster.pid == 0 || cluster.port != url.port) continue;
    if (url.host.starts_with('/')) {
      if (url.host == cluster.socket_directory) return &cluster;
      continue;
    }
    const bool here = cluster.service.find('@') == std::string::npos &&
                      host::container_id_from_cgroup(cluster.cgroup).empty();
    if (here && is_own(url.host)) return &cluster;
  }
  // What Docker publishes here leads to a cluster in a container.
  for (const Service& service : topology.services) {
    const bool leads = service.port == url.port && service.netns.empty() &&
                       !service.forwards_to.empty() && is_own(url.host);
    const auto behind =
        std::ranges::find(topology.clusters, service.forwards_to, &PostgresCluster::service);
    if (leads && behind != topology.clusters.end()) return &*behind;
  }
  return nullptr;
}

Result<std::vector<host::PostgresAddress>> ways_in(const ProbeContext& context,
                                                   const PostgresCluster* cluster) {
  return Ways{context, cluster}.all();
}

Result<host::PostgresClient> enter_postgres(const ProbeContext& context,
                                            const PostgresCluster* cluster, std::string& sqlstate) {
  PF_TRY_ASSIGN(const auto ways, ways_in(context, cluster));
  std::optional<Error> first;
  for (const host::PostgresAddress& way : ways) {
    auto client = try_way(way, context, sqlstate);
    if (client) return client;
    const Errc code = client.error().code;
    if (!first || first->code == Errc::kNotFound) first = client.error();
    // A missing socket: perhaps it is in the next usual place.
    if (code != Errc::kDenied && code != Errc::kNotFound) return client;
  }
  return std::unexpected(*std::move(first));
}

}  // namespace postflight
