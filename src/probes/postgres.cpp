// SPDX-License-Identifier: Apache-2.0
#include "probes/postgres.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/namespaces.h"
#include "probes/postgres_access.h"
#include "probes/postgres_look.h"
#include "probes/recorder.h"

namespace postflight {
namespace {

/// What of the time a look at the memory may still have.
constexpr Duration kLeftForMemory{50};

std::string name_of(const PostgresCluster& cluster) {
  const std::string container = host::container_id_from_cgroup(cluster.cgroup);
  const std::string what = !cluster.debian_name.empty() ? "PostgreSQL " + cluster.debian_name
                                                        : std::string("PostgreSQL");
  if (cluster.service.empty()) return fmt::format("{} ({})", what, cluster.data_directory);
  return fmt::format("{} {}{}", what, cluster.service,
                     container.empty() ? "" : " (container " + container + ")");
}

std::vector<Target> plan(const Topology& topology, const Settings& settings) {
  std::vector<Target> targets;
  for (const PostgresCluster& cluster : topology.clusters) {
    Target target{"postgres:" + cluster.id, name_of(cluster), {}, ""};
    const auto service = std::ranges::find(topology.services, cluster.service, &Service::id);
    if (service != topology.services.end()) target.service = *service;
    targets.push_back(std::move(target));
  }
  if (settings.postgres_url.empty()) return targets;
  const auto url = parse_postgres_url(settings.postgres_url.reveal());
  if (url && !cluster_named_by(*url, topology)) {
    targets.push_back({"postgres:" + url->endpoint(), "PostgreSQL " + url->endpoint(), {}, ""});
  }
  return targets;
}

/// SELECT 1 over the open connection.
void ask_for_an_answer(PostgresAsk& ask, PostgresFacts& facts) {
  const auto before = MonotonicClock::now();
  const auto rows = ask("SELECT 1 AS one");
  const std::chrono::duration<double> took = MonotonicClock::now() - before;
  if (!rows) {
    facts.answers = unknown_from(rows.error());
    return;
  }
  const bool right = PostgresRow{*rows, 0}.text("one") == "1";
  facts.answers = Seen{right, ask.from("SELECT 1", *rows)};
  facts.answer_seconds = Seen{took.count(), ask.from("SELECT 1", *rows)};
}

/// The parts in the order of their weight: what is known is sent after each of them.
void look_through(PostgresView& view, Recorder<PostgresFacts>& recorder) {
  ask_for_an_answer(view.ask, view.facts);
  recorder.flush();
  for (const auto part :
       {look_at_settings, look_at_sessions, look_at_access, look_at_safety, look_at_databases}) {
    part(view);
    recorder.flush();
  }
}

void give_up(Recorder<PostgresFacts>& recorder, const Error& error) {
  recorder.give_up(unknown_from(error));
}

/// Nothing runs there: that is knowledge, and all else does not apply.
void tell_that_nothing_runs(const ProbeContext& context, const PostgresCluster& cluster,
                            Recorder<PostgresFacts>& recorder) {
  const Evidence nobody = context.evidence(cluster.data_directory + "/postmaster.pid, /proc",
                                           "no server runs on this data directory");
  recorder.facts.answers = Seen{false, nobody};
  for_each_field<PostgresFacts>(recorder.facts,
                                [&](std::string_view, auto& fact, std::string_view) {
                                  if (fact.unknown() && fact.unknown()->why == Why::not_planned)
                                    fact = Absent{nobody};
                                });
}

void look(const ProbeContext& context, Recorder<PostgresFacts>& recorder) {
  const PostgresCluster* cluster = cluster_of(context);
  PostgresFacts& facts = recorder.facts;
  if (cluster) {
    look_from_outside(context, *cluster, facts);
    if (cluster->pid == 0) return tell_that_nothing_runs(context, *cluster, recorder);
    recorder.flush();
  }
  std::string sqlstate;
  auto client = enter_postgres(context, cluster, sqlstate);
  if (!client) {
    if (!sqlstate.empty()) {
      facts.refusal = Seen{sqlstate, context.evidence("connecting", client.error().what)};
    }
    if (cluster) look_at_memory(context, *cluster, facts);
    return give_up(recorder, client.error());
  }
  {
    PostgresAsk ask{*client, context};
    facts.refusal = Absent{ask.from("connecting", "let in as " + client->user())};
    PostgresView view{ask, facts, cluster};
    look_through(view, recorder);
  }
  if (cluster && context.deadline.left() > kLeftForMemory) look_at_memory(context, *cluster, facts);
  recorder.give_up({Why::unsupported, "a server elsewhere does not tell"});
  look_into_databases(context, *std::move(client), recorder);
}

}  // namespace

namespace probes {
extern const ProbeSpec postgres;
const ProbeSpec postgres{
    .id = "postgres",
    .kind = "postgres",
    .summary =
        "Does each PostgreSQL cluster answer, for whom and from where; is its data safe; is there "
        "room; will it start again.",
    .budget = std::chrono::seconds{9},
    .needs_topology = true,
    .facts = &declare_facts<PostgresFacts>,
    .plan = &plan,
    .run = &run_probe<PostgresFacts, look>,
};
}  // namespace probes

}  // namespace postflight
