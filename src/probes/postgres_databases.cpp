// SPDX-License-Identifier: Apache-2.0
// The databases of a cluster, one connection after the other: each is a component of its own, whose
// facts another file looks for.
#include <algorithm>
#include <memory>

#include "probes/database_look.h"
#include "probes/part.h"
#include "probes/postgres_look.h"
#include "probes/recorder.h"

namespace postflight {
namespace {

constexpr std::string_view kMaintenance = "postgres";
constexpr std::string_view kRelation = " on relation ";

/// One database on its way into the report.
struct DatabasePart {
  std::string name;
  PartSink sink;
  Recorder<DatabaseFacts> recorder;

  DatabasePart(FactSink& task, Part part, std::string database)
      : name(std::move(database)), sink(task, part), recorder(sink) {}
};

/// The database that every cluster has for maintenance is worth looking into only where somebody
/// has put tables there.
bool has_tables(PostgresAsk& ask) {
  if (ask.client().database() != kMaintenance) return true;
  const auto rows = ask(
      "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN "
      "('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' LIMIT 1");
  return !rows || !rows->rows.empty();
}

/// Oids in a list, as the server reads it.
std::string oids_of(const std::vector<PostgresSession>& sessions, const std::string& database) {
  std::string oids;
  for (const PostgresSession& one : sessions) {
    const auto at = one.lock.find(kRelation);
    if (one.database != database || at == std::string::npos) continue;
    oids += (oids.empty() ? "" : ",") + one.lock.substr(at + kRelation.size());
  }
  return oids;
}

/// Only in its own database a locked relation has a name.
void name_locked_relations(PostgresAsk& ask, PostgresFacts& facts) {
  const auto* seen = facts.transactions.seen();
  if (!seen) return;
  const std::string& database = ask.client().database();
  const std::string oids = oids_of(seen->value, database);
  if (oids.empty()) return;
  const auto rows =
      ask("SELECT oid, oid::regclass::text AS name FROM pg_class WHERE oid = ANY (('{' || $1 || "
          "'}')::oid[])",
          {oids});
  if (!rows) return;  // the number stays
  auto named = *seen;
  for (std::size_t i = 0; i < rows->rows.size(); ++i) {
    const PostgresRow row{*rows, i};
    for (PostgresSession& one : named.value) {
      if (one.database != database ||
          !one.lock.ends_with(std::string(kRelation) + row.text("oid"))) {
        continue;
      }
      one.lock = one.lock.substr(0, one.lock.find(kRelation)) + " on " + row.text("name");
    }
  }
  facts.transactions = std::move(named);
}

void look_into(DatabasePart& part, const ProbeContext& context, host::PostgresAddress address,
               Recorder<PostgresFacts>& cluster) {
  address.database = part.name;
  auto client = host::PostgresClient::connect(address, context.deadline);
  if (!client) return part.recorder.give_up(unknown_from(client.error()));
  PostgresAsk ask{*client, context};
  name_locked_relations(ask, cluster.facts);
  cluster.flush();
  look_at_database(*client, context, part.recorder);
  part.recorder.flush();
}

}  // namespace

void look_into_databases(const ProbeContext& context, host::PostgresClient client,
                         Recorder<PostgresFacts>& recorder) {
  const auto* databases = recorder.facts.databases.seen();
  if (!databases) return;
  const std::string_view id = context.target.component_id;
  const std::string cluster(id.substr(id.find(':') + 1));
  bool with_maintenance = false;
  {
    PostgresAsk ask{client, context};
    with_maintenance = client.database() == kMaintenance && has_tables(ask);
  }
  std::vector<std::unique_ptr<DatabasePart>> parts;
  for (const PostgresDatabase& one : databases->value) {  // the largest first
    const bool left_out = one.name == kMaintenance && !with_maintenance;
    if (!one.allows_connections || left_out) continue;
    Part part{"database", "database:" + cluster + "/" + one.name,
              fmt::format("{} ({})", one.name, context.target.name)};
    parts.push_back(std::make_unique<DatabasePart>(recorder.sink(), std::move(part), one.name));
  }
  const host::PostgresAddress address = client.address();
  {
    const host::PostgresClient closed = std::move(client);
  }  // never two connections at once
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Duration left = context.deadline.left();
    const bool is_last = i + 1 == parts.size();
    const ProbeContext share{context.target, context.topology, context.settings,
                             context.deadline.within(is_last ? left : left / 2), context.root};
    look_into(*parts[i], share, address, recorder);
  }
}

}  // namespace postflight
