// SPDX-License-Identifier: Apache-2.0
// What a user waits for, beside the native tool that does the nearest thing, in one run.
#include <benchmark/benchmark.h>

#include <algorithm>

#include "base/json.h"
#include "child.h"
#include "discover/discover.h"

namespace postflight::bench {
namespace {

constexpr std::size_t kManyListeners = 10'000;

/// A check that gives its report as JSON, and the facts it saved.
struct CheckWithFacts {
  ChildTimes times;
  Json facts;

  CheckWithFacts()
      : times(run_child({PF_BINARY, "check", "--format", "json", "--save-facts", "/dev/fd/1"})),
        facts(parse_json(times.out.substr(0, times.out.find("\n}\n{") + 2)).value()) {}

  double slowest_task_seconds() const {
    double slowest = 0;
    for (const Json& task : facts.at("tasks")) {
      slowest = std::max(slowest, task.at("wall_seconds").get<double>());
    }
    return slowest;
  }
  double supervisor_bytes() const { return facts.at("supervisor_memory_bytes").get<double>(); }
};

/// Start to first output of a check, and how much longer the whole takes than its slowest task.
void check(benchmark::State& state) {
  double overhead = 0, private_bytes = 0, peak = 0, slowest_last = 0;
  for (auto _ : state) {
    const ChildTimes text = run_child({PF_BINARY, "check"});
    state.SetIterationTime(text.first_byte_seconds);
    const CheckWithFacts json;
    for (const Json& task : json.facts.at("tasks")) {
      peak = std::max(peak, task.at("peak_memory_bytes").get<double>());
    }
    const double slowest = json.slowest_task_seconds();
    overhead = std::max(overhead, json.times.total_seconds - slowest);
    slowest_last = std::max(slowest_last, slowest);
    private_bytes = std::max(private_bytes, json.supervisor_bytes());
  }
  state.counters["worst_total_minus_slowest_task_ms"] = overhead * 1e3;
  state.counters["slowest_task_ms"] = slowest_last * 1e3;
  state.counters["supervisor_private_MiB"] = private_bytes / (1 << 20);
  state.counters["largest_task_peak_MiB"] = peak / (1 << 20);
}
BENCHMARK(check)->Name("first output of check")->UseManualTime()->Unit(benchmark::kMillisecond);

/// With a thousand services to ask: how long the report takes once the last task has ended, two
/// documents of ten megabytes written, and what it all costs.
void check_many(benchmark::State& state) {
  const Children servers = redis_servers(1000, 10);
  double observing = 0, private_bytes = 0, components = 0;
  for (auto _ : state) {
    const CheckWithFacts json;
    const double took = json.facts.at("duration_seconds").get<double>();
    state.SetIterationTime(json.times.total_seconds - took);
    observing = std::max(observing, took);
    private_bytes = std::max(private_bytes, json.supervisor_bytes());
    components = static_cast<double>(json.facts.at("components").size());
  }
  state.counters["components"] = components;
  state.counters["observing_s"] = observing;
  state.counters["supervisor_private_MiB"] = private_bytes / (1 << 20);
}
BENCHMARK(check_many)
    ->Name("1,000 services: last task to end of check")
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

void discover_many(benchmark::State& state) {
  const Children many = listeners(kManyListeners, 10);
  std::size_t found = 0;
  for (auto _ : state) found = discover({}).services.size();
  state.counters["services"] = static_cast<double>(found);
}
BENCHMARK(discover_many)
    ->Name("10,000 listeners with owners: discover()")
    ->Unit(benchmark::kMillisecond);

void ss_many(benchmark::State& state) {
  const Children many = listeners(kManyListeners, 10);
  for (auto _ : state) state.SetIterationTime(run_child({"ss", "-ltnp"}).total_seconds);
}
BENCHMARK(ss_many)
    ->Name("10,000 listeners with owners: ss -ltnp")
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace postflight::bench

BENCHMARK_MAIN();
