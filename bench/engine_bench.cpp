// SPDX-License-Identifier: Apache-2.0
// 500 recorded answers about containers: read to facts and to what is sent to the supervisor,
// beside reading them whole with nlohmann's DOM and with Boost.JSON.
#include <benchmark/benchmark.h>

#include <boost/json.hpp>
#include <fstream>
#include <sstream>

#include "probes/container_inspect.h"
#include "probes/recorder.h"

namespace postflight::bench {
namespace {

constexpr int kContainers = 500;

const std::string& recorded() {
  static const std::string text = [] {
    std::stringstream out;
    out << std::ifstream(PF_TESTDATA "/container/healthy-20.10.json").rdbuf();
    return out.str();
  }();
  return text;
}

class NullSink : public FactSink {
 public:
  void put(std::string_view, std::string_view json) override { bytes += json.size(); }
  std::size_t bytes = 0;
};

void to_facts(benchmark::State& state) {
  std::size_t bytes = 0;
  for (auto _ : state) {
    for (int i = 0; i < kContainers; ++i) {
      NullSink sink;
      Recorder<ContainerFacts> recorder{sink};
      const auto json = select_json(recorded(), inspection_members());
      read_inspection({*json, "GET /containers/web/json", wall_now()}, recorder.facts);
      recorder.flush();
      bytes += sink.bytes;
    }
  }
  state.counters["sent_bytes_each"] =
      static_cast<double>(bytes) / static_cast<double>(state.iterations() * kContainers);
}
BENCHMARK(to_facts)->Name("500 containers, to facts and out")->Unit(benchmark::kMillisecond);

void selected(benchmark::State& state) {
  for (auto _ : state) {
    for (int i = 0; i < kContainers; ++i) {
      benchmark::DoNotOptimize(select_json(recorded(), inspection_members()));
    }
  }
}
BENCHMARK(selected)->Name("500 containers, selected members")->Unit(benchmark::kMillisecond);

void whole(benchmark::State& state) {
  for (auto _ : state) {
    for (int i = 0; i < kContainers; ++i) benchmark::DoNotOptimize(parse_json(recorded()));
  }
}
BENCHMARK(whole)->Name("500 containers, nlohmann, whole")->Unit(benchmark::kMillisecond);

void boost_whole(benchmark::State& state) {
  for (auto _ : state) {
    for (int i = 0; i < kContainers; ++i) {
      benchmark::DoNotOptimize(boost::json::parse(recorded()));
    }
  }
}
BENCHMARK(boost_whole)->Name("500 containers, Boost.JSON, whole")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace postflight::bench
