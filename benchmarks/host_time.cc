// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// CPU time that sharding adds per unit and pass: 32 units of 9 parameters, rank
// 0 of 8 over the fake communicator, forward and backward apart, against the
// same model without sharding, in turns:
//   tools/bazel run --config=opt //benchmarks:host_time -- [STEPS] [--json]
// The units' copies of some 40 KB are in it. Budget: 50 us per unit and pass.
#include <ATen/Parallel.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/bench_llama.h"
#include "benchmarks/opt_mode.h"
#include "fts/core/comm/fake.h"

namespace fts::benchmarks {
namespace {

constexpr int kWorld = 8;

// Microseconds of this process on a CPU: what others run does not count.
double Now() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return 1e6 * static_cast<double>(t.tv_sec) +
         1e-3 * static_cast<double>(t.tv_nsec);
}

double Median(std::vector<double> numbers) {
  std::nth_element(numbers.begin(), numbers.begin() + numbers.size() / 2,
                   numbers.end());
  return numbers[numbers.size() / 2];
}

[[noreturn]] void Die(const absl::Status& status) {
  std::fprintf(stderr, "host_time: %s\n",
               std::string(status.message()).c_str());
  std::exit(1);
}

template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (!value.ok()) Die(value.status());
  return *std::move(value);
}

struct Times {
  std::vector<double> forward, backward;
};

void Pass(const BenchShape& shape, llama::Llama& model, Times* times) {
  const double start = Now();
  const at::Tensor loss = BenchLoss(shape, model, 0, 1);
  const double middle = Now();
  loss.backward();
  times->forward.push_back(middle - start);
  times->backward.push_back(Now() - middle);
}

int Main(int argc, char** argv) {
  if (!MayPrintNumbers()) return 1;
  at::set_num_threads(1);
  int steps = 200;
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    if (std::string(argv[i]) == "--json") {
      json = true;
    } else {
      steps = std::max(1, std::atoi(argv[i]));
    }
  }
  const BenchShape shape = OrDie(ShapeNamed("H"));
  llama::Llama plain(shape.config);
  FillParameters(shape, &plain);
  comm::FakeOptions fake;
  fake.size = kWorld;
  const Ranks ranks(OrDie(comm::MakeFake(fake)), OrDie(comm::MakeFake(fake)));
  const auto sharded =
      OrDie(SessionBench::Create(shape, ranks, "unplanned: shard\n"));
  for (int phase = 0; phase < 3; ++phase) {
    const absl::Status status = sharded->BeginPhase(phase);
    if (!status.ok()) Die(status);
  }
  Times without, with;
  for (int i = 0; i < steps; ++i) {
    Pass(shape, plain, &without);
    for (auto& [name, tensor] : plain.NamedParameters()) {
      tensor.mutable_grad() = at::Tensor();
    }
    Pass(shape, sharded->model(), &with);
    const absl::Status status = sharded->session().engine().CompleteGradients();
    if (!status.ok()) Die(status);
    sharded->session().engine().FinishStep();
  }
  const double units =
      static_cast<double>(sharded->session().engine().units().size());
  const double forward =
      (Median(with.forward) - Median(without.forward)) / units;
  const double backward =
      (Median(with.backward) - Median(without.backward)) / units;
  if (json) {
    std::printf(
        "{\"units\": %.0f, \"plain_forward_us\": %.1f, "
        "\"plain_backward_us\": %.1f, \"forward_us_per_unit\": %.2f, "
        "\"backward_us_per_unit\": %.2f}\n",
        units, Median(without.forward), Median(without.backward), forward,
        backward);
    return 0;
  }
  std::printf("%.0f units, plain forward %.0f us, backward %.0f us\n", units,
              Median(without.forward), Median(without.backward));
  for (const auto& [name, us] :
       {std::pair<const char*, double>{"forward", forward},
        {"backward", backward}}) {
    std::printf("%-9s %7.1f us per unit   budget 50 us: %s\n", name, us,
                us <= 50 ? "met" : "MISSED");
  }
  return 0;
}

}  // namespace
}  // namespace fts::benchmarks

int main(int argc, char** argv) { return fts::benchmarks::Main(argc, argv); }
