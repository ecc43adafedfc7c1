// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Step times and memory of one process through the three phases of a bench
// model, plain or by a session; run by vs_fsdp2.py, which starts the ranks:
//   train_steps plain|session T|S STEPS [--shard-rest]
// Ranks come from the environment (RANK, WORLD_SIZE, ...). Prints one JSON
// object: per phase the milliseconds of every step and those on a CPU, the peak
// of resident memory (VmHWM, from the phase's start), proportional memory
// between two steps (Pss), both without what the process had before its model,
// and what the engine's ledger says.
#include <ATen/Parallel.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/bench_llama.h"
#include "benchmarks/opt_mode.h"
#include "fts/core/comm/launch_environment.h"

namespace fts::benchmarks {
namespace {

double Now() {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Milliseconds of all threads of this process on a CPU.
double CpuNow() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return 1e3 * static_cast<double>(t.tv_sec) +
         1e-6 * static_cast<double>(t.tv_nsec);
}

[[noreturn]] void Die(const absl::Status& status) {
  std::fprintf(stderr, "train_steps: %s\n",
               std::string(status.message()).c_str());
  std::exit(1);
}

void OrDie(const absl::Status& status) {
  if (!status.ok()) Die(status);
}

template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (!value.ok()) Die(value.status());
  return *std::move(value);
}

// A line "Key:   123 kB" of a /proc file, in MiB.
double ProcMib(const char* file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.rfind(key + ":", 0) == 0) {
      return std::atof(line.c_str() + key.size() + 1) / 1024;
    }
  }
  return 0;
}

void RestartPeak() { std::ofstream("/proc/self/clear_refs") << "5"; }

int Main(int argc, char** argv) {
  if (!MayPrintNumbers()) return 1;
  if (argc < 4) {
    Die(absl::InvalidArgumentError("plain|session T|S STEPS [--shard-rest]"));
  }
  at::set_num_threads(1);
  const bool plain_run = std::string(argv[1]) == "plain";
  const BenchShape shape = OrDie(ShapeNamed(argv[2]));
  const int steps = std::max(2, std::atoi(argv[3]));
  const bool shard_rest = argc > 4;
  Diagnostics diags;
  const auto launch =
      OrDie(comm::ReadLaunchEnvironment(comm::ProcessEnvironment(), &diags));
  const Ranks ranks = OrDie(Ranks::Connect(launch));
  const double base = ProcMib("/proc/self/smaps_rollup", "Pss");
  std::unique_ptr<PlainBench> plain;
  std::unique_ptr<SessionBench> session;
  if (plain_run) {
    plain = std::make_unique<PlainBench>(shape);
  } else {
    session = OrDie(SessionBench::Create(shape, ranks, shard_rest));
  }
  std::string out;
  char text[256];
  for (int phase = 0; phase < 3; ++phase) {
    OrDie(ranks.Barrier());
    RestartPeak();
    if (plain_run) {
      plain->BeginPhase(phase);
    } else {
      OrDie(session->BeginPhase(phase));
    }
    std::string times, cpu_times;
    double pss = 0;
    for (int i = 0; i < steps; ++i) {
      const double start = Now(), cpu_start = CpuNow();
      if (plain_run) {
        plain->Step(ranks.rank());
      } else {
        OrDie(session->Step());
      }
      std::snprintf(text, sizeof text, "%s%.3f", i == 0 ? "" : ", ",
                    Now() - start);
      times += text;
      std::snprintf(text, sizeof text, "%s%.3f", i == 0 ? "" : ", ",
                    CpuNow() - cpu_start);
      cpu_times += text;
      if (i == steps / 2) pss = ProcMib("/proc/self/smaps_rollup", "Pss");
    }
    PhaseUse use;
    if (!plain_run) use = OrDie(session->session().EndPhaseUse());
    std::snprintf(text, sizeof text,
                  "%s{\"hwm_mib\": %.1f, \"pss_mib\": %.1f, \"ledger_mib\": "
                  "%.2f, \"gathered_mib\": %.2f, \"ms\": [",
                  phase == 0 ? "" : ", ",
                  ProcMib("/proc/self/status", "VmHWM") - base, pss - base,
                  use.peak_bytes / 1048576.0, use.bytes_gathered / 1048576.0);
    out += text + times + "], \"cpu_ms\": [" + cpu_times + "]}";
  }
  std::printf("{\"base_mib\": %.1f, \"phases\": [%s]}\n", base, out.c_str());
  return 0;
}

}  // namespace
}  // namespace fts::benchmarks

int main(int argc, char** argv) { return fts::benchmarks::Main(argc, argv); }
