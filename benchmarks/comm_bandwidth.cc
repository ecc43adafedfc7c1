// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// How long collective calls take over shared memory and over Gloo, between two
// processes (or --ranks N) of this machine, in turns:
//   tools/bazel run //benchmarks:comm_bandwidth -- [--ranks N] [--seconds S]
//       [--json]
// Prints the median over the calls of one size, of the slowest rank, and the
// ratio. Budget: shared memory at least 4 times faster from 4 to 64 MB.
#include <ATen/Parallel.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "benchmarks/opt_mode.h"
#include "fts/core/comm/gloo.h"
#include "fts/core/comm/shm/shm.h"
#include "fts/core/comm/store.h"

extern char** environ;

namespace fts {
namespace {

using comm::Communicator;
using comm::CommunicatorPtr;
using comm::EventPtr;
using comm::ReduceOp;

struct Arguments {
  int ranks = 2;
  double seconds = 0.5;  // per size, call and backend
  bool json = false;
};

[[noreturn]] void Die(const std::string& text) {
  std::fprintf(stderr, "comm_bandwidth: %s\n", text.c_str());
  std::exit(1);
}

template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (!value.ok()) Die(std::string(value.status().message()));
  return *std::move(value);
}

void OrDie(const absl::Status& status) {
  if (!status.ok()) Die(std::string(status.message()));
}

Arguments Parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--json") {
      arguments.json = true;
    } else if (name == "--ranks" && i + 1 < argc) {
      arguments.ranks = std::atoi(argv[++i]);
    } else if (name == "--seconds" && i + 1 < argc) {
      arguments.seconds = std::atof(argv[++i]);
    } else {
      Die("unknown argument " + name + "; [--ranks N] [--seconds S] [--json]");
    }
  }
  if (arguments.ranks < 2) Die("--ranks must be at least 2");
  return arguments;
}

double Now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// The largest of all ranks' numbers.
double Slowest(Communicator& comm, double mine) {
  at::Tensor number = at::full({1}, mine, at::kDouble);
  OrDie(OrDie(comm.AllReduce(number, ReduceOp::kMax))->Wait());
  return *number.const_data_ptr<double>();
}

using Call = std::function<absl::StatusOr<EventPtr>(Communicator&)>;

// Milliseconds of one call. `meet` brings the ranks together before.
double Time(Communicator& meet, Communicator& comm, const Call& call) {
  OrDie(meet.Barrier());
  const double start = Now();
  OrDie(OrDie(call(comm))->Wait());
  return Slowest(meet, Now() - start) * 1e3;
}

double Median(std::vector<double> numbers) {
  std::nth_element(numbers.begin(), numbers.begin() + numbers.size() / 2,
                   numbers.end());
  return numbers[numbers.size() / 2];
}

void Compare(const Arguments& arguments, Communicator& shm, Communicator& gloo,
             const char* name, int64_t bytes, const Call& call) {
  std::vector<double> shm_ms, gloo_ms;
  // The first of each is not counted; the number of calls is agreed on.
  const double first =
      Time(shm, gloo, call) + Time(shm, shm, call) + Time(shm, gloo, call);
  const int calls = std::clamp(
      static_cast<int>(arguments.seconds * 2e3 / Slowest(shm, first)), 5, 500);
  for (int i = 0; i < calls; ++i) {
    shm_ms.push_back(Time(shm, shm, call));
    gloo_ms.push_back(Time(shm, gloo, call));
  }
  if (shm.rank() != 0) return;
  const double ours = Median(shm_ms);
  const double theirs = Median(gloo_ms);
  if (arguments.json) {
    std::printf(
        "{\"call\": \"%s\", \"bytes\": %lld, \"ranks\": %d, \"calls\": %d, "
        "\"shm_ms\": %.4f, \"gloo_ms\": %.4f, \"ratio\": %.2f}\n",
        name, static_cast<long long>(bytes), shm.size(), calls, ours, theirs,
        theirs / ours);
  } else {
    std::printf("%-14s %9.3f MB %10.4f ms %10.4f ms %7.1fx %s\n", name,
                static_cast<double>(bytes) / (1 << 20), ours, theirs,
                theirs / ours,
                bytes < (4 << 20)    ? ""
                : theirs / ours >= 4 ? "budget 4x: met"
                                     : "budget 4x: MISSED");
  }
  std::fflush(stdout);
}

void RunRank(const Arguments& arguments, int rank, const std::string& path) {
  at::set_num_threads(1);
  const comm::StorePtr store =
      OrDie(comm::OpenFileStore(path, arguments.ranks));
  comm::GlooOptions gloo_options;
  gloo_options.host = "127.0.0.1";
  const CommunicatorPtr gloo = OrDie(comm::MakeGloo(
      store->Prefixed("gloo"), rank, arguments.ranks, gloo_options));
  const CommunicatorPtr shm =
      OrDie(comm::MakeShm(store->Prefixed("shm"), rank, arguments.ranks));
  if (rank == 0 && !arguments.json) {
    std::printf("%d ranks, float32, median of the slowest rank\n", shm->size());
    std::printf("%-14s %12s %13s %13s %8s\n", "call", "size", "shm", "gloo",
                "ratio");
  }
  for (int64_t bytes = 64 << 10; bytes <= 64 << 20; bytes *= 4) {
    const int64_t numel = bytes / 4 / shm->size() * shm->size();
    at::Tensor full = at::ones({numel});
    at::Tensor part = at::ones({numel / shm->size()});
    Compare(arguments, *shm, *gloo, "all_gather", bytes,
            [&](Communicator& comm) { return comm.AllGatherInPlace(full); });
    Compare(arguments, *shm, *gloo, "reduce_scatter", bytes,
            [&](Communicator& comm) {
              return comm.ReduceScatter(full, part, ReduceOp::kSum);
            });
    // The maximum, because sums of sums grow without end.
    Compare(arguments, *shm, *gloo, "all_reduce", bytes,
            [&](Communicator& comm) {
              return comm.AllReduce(full, ReduceOp::kMax);
            });
  }
}

// This program again, as rank `rank`.
pid_t StartRank(char** argv, int rank, const std::string& path) {
  std::vector<std::string> variables = {
      "COMM_BANDWIDTH_RANK=" + std::to_string(rank),
      "COMM_BANDWIDTH_STORE=" + path};
  std::vector<char*> env;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    env.push_back(*variable);
  }
  for (std::string& variable : variables) env.push_back(&variable[0]);
  env.push_back(nullptr);
  pid_t pid = 0;
  if (posix_spawn(&pid, "/proc/self/exe", nullptr, nullptr, argv, env.data()) !=
      0) {
    Die("cannot start rank " + std::to_string(rank));
  }
  return pid;
}

int Main(int argc, char** argv) {
  const Arguments arguments = Parse(argc, argv);
  if (!benchmarks::MayPrintNumbers()) return 1;
  if (const char* rank = std::getenv("COMM_BANDWIDTH_RANK")) {
    RunRank(arguments, std::atoi(rank), std::getenv("COMM_BANDWIDTH_STORE"));
    return 0;
  }
  char folder[] = "/tmp/comm_bandwidth.XXXXXX";
  if (mkdtemp(folder) == nullptr) Die("cannot make a folder in /tmp");
  const std::string path = std::string(folder) + "/store";
  std::vector<pid_t> pids;
  for (int rank = 0; rank < arguments.ranks; ++rank) {
    pids.push_back(StartRank(argv, rank, path));
  }
  int code = 0;
  for (const pid_t pid : pids) {
    int status = 0;
    waitpid(pid, &status, 0);
    if (status != 0) code = 1;
  }
  unlink(path.c_str());
  rmdir(folder);
  return code;
}

}  // namespace
}  // namespace fts

int main(int argc, char** argv) { return fts::Main(argc, argv); }
