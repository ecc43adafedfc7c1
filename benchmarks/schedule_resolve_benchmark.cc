// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// How long a schedule takes to read, resolve and explain, by the number of
// names, of phases, and of both. Budget: 10,000 names x 200 phases of patterns
// resolve in under 0.5 s.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>

#include "benchmarks/opt_mode.h"
#include "benchmarks/schedule_input.h"
#include "fts/core/config/yaml.h"
#include "fts/core/plan/resolve_plan.h"
#include "fts/core/plan/timeline.h"
#include "fts/core/schedule/lint.h"
#include "fts/core/schedule/resolve.h"

namespace fts::benchmarks {
namespace {

// A file's text parsed; the program ends where that fails.
YamlNode Parse(const std::string& text) {
  Diagnostics diags;
  auto yaml = ParseYaml(text, "s.yaml", &diags);
  if (!yaml.ok()) std::abort();
  return *std::move(yaml);
}

void BM_ReadYaml(benchmark::State& state) {
  const std::string text = LargeSchedule(state.range(0), state.range(1));
  for (auto _ : state) benchmark::DoNotOptimize(Parse(text));
  state.SetComplexityN(state.range(0));
}

void BM_Resolve(benchmark::State& state) {
  const ModelDescription model = LargeModel(state.range(0));
  const YamlNode yaml = Parse(LargeSchedule(state.range(0), state.range(1)));
  for (auto _ : state) {
    Diagnostics diags;
    const auto schedule = ResolveSchedule(yaml, model, {}, &diags);
    if (!schedule.ok()) state.SkipWithError("the schedule does not resolve");
  }
  state.SetComplexityN(state.range(0));
}

// Linter, plan and timeline of a schedule that is resolved.
void BM_Explain(benchmark::State& state) {
  const ModelDescription model = LargeModel(state.range(0));
  const YamlNode yaml = Parse(LargeSchedule(state.range(0), state.range(1)));
  Diagnostics diags;
  const auto schedule = ResolveSchedule(yaml, model, {}, &diags);
  if (!schedule.ok()) std::abort();
  for (auto _ : state) {
    LintSchedule(yaml, *schedule, model, {}, &diags);
    PlanOptions options;
    options.schedule = &*schedule;
    const auto plan = ResolvePlan(YamlNode(), model, options, &diags);
    benchmark::DoNotOptimize(MakeTimeline(*schedule, model, *plan, {}));
  }
  state.SetComplexityN(state.range(0));
}

// Entries are three for every ten names.
void Sizes(benchmark::internal::Benchmark* b) {
  b->Unit(benchmark::kMillisecond)->ArgNames({"names", "phases"});
  for (const int names : {1000, 10000, 100000}) b->Args({names, 10});
  for (const int phases : {1, 50, 200, 1000}) b->Args({10000, phases});
}

BENCHMARK(BM_ReadYaml)->Apply(Sizes);
BENCHMARK(BM_Resolve)->Apply(Sizes);
BENCHMARK(BM_Explain)->Apply(Sizes);

}  // namespace
}  // namespace fts::benchmarks

int main(int argc, char** argv) {
  if (!fts::benchmarks::MayPrintNumbers()) return 1;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
