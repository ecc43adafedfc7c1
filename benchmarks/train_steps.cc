// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Step times and memory of one process through the three phases of a bench
// model, plain or by a session; run by vs_fsdp2.py and tp_step.py, which start
// the ranks:
//   train_steps plain|session|restore T|S STEPS [tp=N] [KEY: VALUE]...
// where so many ranks share layers, the keys are further ones of
// strategy_adapter_cfg, and `restore` is a session that begins a phase with the
// best weights so far.
// Ranks come from the environment (RANK, WORLD_SIZE, ...). Prints one JSON
// object: per phase the milliseconds of the transition into it, of every step
// and those on a CPU, the peak of proportional memory in two further steps
// without what the process had before its model, and what the engine's ledger
// says.
#include <ATen/Parallel.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "benchmarks/bench_llama.h"
#include "benchmarks/opt_mode.h"
#include "fts/core/comm/launch_environment.h"

namespace fts::benchmarks {
namespace {

constexpr int kMemorySteps = 2;

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

// The peak of this process's proportional memory (shared pages divided by those
// who map them) while it lives, in MiB: sampled, which costs time.
class PssWatch {
 public:
  PssWatch() : thread_([this] { Run(); }) {}
  double Stop() {
    stop_ = true;
    thread_.join();
    return peak_;
  }

 private:
  void Run() {
    while (!stop_) {
      peak_ = std::max(peak_, ProcMib("/proc/self/smaps_rollup", "Pss"));
      std::this_thread::sleep_for(std::chrono::microseconds(500));
    }
  }
  std::atomic<bool> stop_{false};
  double peak_ = 0;
  std::thread thread_;
};

int Main(int argc, char** argv) {
  if (!MayPrintNumbers()) return 1;
  if (argc < 4) {
    Die(
        absl::InvalidArgumentError("plain|session|restore T|S STEPS [tp=N] "
                                   "[KEY: VALUE]..."));
  }
  at::set_num_threads(1);
  const std::string kind = argv[1];
  const bool plain_run = kind == "plain";
  const BenchShape shape = OrDie(ShapeNamed(argv[2]));
  const int steps = std::max(2, std::atoi(argv[3]));
  std::string strategy;
  int tp = 1;
  for (int i = 4; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg.rfind("tp=", 0) == 0) {
      tp = std::atoi(arg.c_str() + 3);
    } else {
      strategy += arg + "\n";
    }
  }
  Diagnostics diags;
  const auto launch =
      OrDie(comm::ReadLaunchEnvironment(comm::ProcessEnvironment(), &diags));
  Ranks ranks = OrDie(Ranks::Connect(launch));
  if (tp != 1) OrDie(ranks.SplitTp(tp));
  const double base = ProcMib("/proc/self/smaps_rollup", "Pss");
  std::unique_ptr<PlainBench> plain;
  std::unique_ptr<SessionBench> session;
  if (plain_run) {
    plain = std::make_unique<PlainBench>(shape);
  } else {
    session =
        OrDie(SessionBench::Create(shape, ranks, strategy, kind == "restore"));
  }
  std::string out;
  char text[256];
  for (int phase = 0; phase < 3; ++phase) {
    OrDie(ranks.Barrier());
    const double begin = Now();
    if (plain_run) {
      plain->BeginPhase(phase);
    } else {
      OrDie(session->BeginPhase(phase));
    }
    const double transition = Now() - begin;
    std::string times, cpu_times;
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
    }
    // Not timed: the same once more, for memory.
    PssWatch watch;
    for (int i = 0; i < kMemorySteps; ++i) {
      if (plain_run) {
        plain->Step(ranks.rank());
      } else {
        OrDie(session->Step());
      }
    }
    const double peak = watch.Stop();
    PhaseUse use;
    if (!plain_run) {
      use = OrDie(session->session().EndPhaseUse());
      OrDie(session->EndPhase(phase));
    }
    std::snprintf(text, sizeof text,
                  "%s{\"transition_ms\": %.3f, \"peak_mib\": %.1f, "
                  "\"ledger_mib\": %.2f, \"gathered_mib\": %.2f, "
                  "\"ms\": [",
                  phase == 0 ? "" : ", ", transition, peak - base,
                  use.peak_bytes / 1048576.0, use.bytes_gathered / 1048576.0);
    out += text + times + "], \"cpu_ms\": [" + cpu_times + "]}";
  }
  std::printf("{\"base_mib\": %.1f, \"phases\": [%s]}\n", base, out.c_str());
  return 0;
}

}  // namespace
}  // namespace fts::benchmarks

int main(int argc, char** argv) { return fts::benchmarks::Main(argc, argv); }
