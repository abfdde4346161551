// SPDX-License-Identifier: Apache-2.0
// How long it takes to look inside a database, beside psql that only counts the rows of its tables.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>

#include "child.h"
#include "host/testing/postgres_server.h"
#include "probes/database_look.h"

namespace postflight::bench {
namespace {

using host::testing::PostgresServer;

class NoSink : public FactSink {
 public:
  void put(std::string_view, std::string_view) override {}
};

/// Tables as applications have them: a key with a sequence, a unique text, some rows.
void make_tables(const PostgresServer& server, std::int64_t count) {
  for (std::int64_t first = 0; first < count; first += 500) {
    server.sql(fmt::format(
        "do $$ begin for i in {} .. {} loop execute format('create table t_%s (id serial primary "
        "key, name text unique); insert into t_%s (name) select g from generate_series(1, 20) g', "
        "i, i); end loop; end $$",
        first, std::min(first + 500, count) - 1));
  }
  server.sql("analyze");
}

double look_seconds(const PostgresServer& server) {
  const Deadline deadline{Duration{60'000}};
  auto client =
      host::PostgresClient::connect({.host = server.folder(), .port = server.port()}, deadline);
  if (!client) std::abort();
  const Target target;
  const Observed<Topology> topology;
  const Settings settings;
  NoSink sink;
  Recorder<DatabaseFacts> recorder{sink};
  const auto before = MonotonicClock::now();
  look_at_database(*client, {target, topology, settings, deadline}, recorder);
  const auto* estimated = recorder.facts.tables_estimated.seen();
  if (!estimated || estimated->value != 0) std::abort();
  return std::chrono::duration<double>(MonotonicClock::now() - before).count();
}

/// All facts of one database, every row counted, and psql's time for counting alone.
void inside_a_database(benchmark::State& state) {
  if (!PostgresServer::installed()) return state.SkipWithError("no PostgreSQL server is installed");
  const PostgresServer server("max_locks_per_transaction = 1024");
  make_tables(server, state.range(0));
  std::string counts;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    counts += fmt::format("select count(*) from t_{}; ", i);
  }
  double psql = 0, ours = 0;
  for (auto _ : state) {
    const double seconds = look_seconds(server);
    state.SetIterationTime(seconds);
    ours += seconds;
    psql += run_child(server.psql(counts)).total_seconds;
  }
  state.counters["part_of_psql_counting_alone"] = ours / psql;
}
BENCHMARK(inside_a_database)
    ->Name("inside a database")
    ->Arg(64)
    ->Arg(2000)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace postflight::bench
