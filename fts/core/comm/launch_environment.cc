// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/launch_environment.h"

#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "fts/core/comm/codes.h"

namespace fts::comm {
namespace {

constexpr int kMaxInt = std::numeric_limits<int>::max();
constexpr int kDefaultPort = 29500;

// Reads variables of one launcher and reports what is wrong with them.
class Reader {
 public:
  Reader(const GetEnv& get_env, Diagnostics* diags)
      : get_env_(get_env), diags_(diags) {}

  std::optional<std::string> Text(const std::string& name) const {
    if (name.empty()) return std::nullopt;
    std::optional<std::string> value = get_env_(name);
    if (value.has_value() && value->empty()) return std::nullopt;
    return value;
  }
  bool Has(const std::string& name) const { return Text(name).has_value(); }

  // nullopt when not set, or wrong (then reported).
  std::optional<int> Int(const std::string& name, int min, int max) const {
    const std::optional<std::string> text = Text(name);
    if (!text.has_value()) return std::nullopt;
    int64_t value = 0;
    if (!absl::SimpleAtoi(*text, &value)) {
      Error(absl::StrCat(name, " is '", *text, "', must be a whole number"));
      return std::nullopt;
    }
    if (value < min || value > max) {
      Error(max == kMaxInt
                ? absl::StrCat(name, " is ", value, ", must be at least ", min)
                : absl::StrCat(name, " is ", value, ", must be between ", min,
                               " and ", max));
      return std::nullopt;
    }
    return static_cast<int>(value);
  }

  // As Int(), and it is an error when it is not set.
  std::optional<int> Needed(const std::string& name, int min,
                            const std::string& because) const {
    if (!Has(name)) {
      Error(absl::StrCat(name, " is not set although ", because,
                         "; launch with torchrun, srun or mpirun, or set it"));
      return std::nullopt;
    }
    return Int(name, min, kMaxInt);
  }

  void Error(const std::string& message) const {
    diags_->Error(codes::kLaunchEnvironment, message);
  }

 private:
  const GetEnv& get_env_;
  Diagnostics* const diags_;
};

// The names under which a launcher passes the four numbers; empty if it does
// not.
struct Names {
  std::string rank, world_size, local_rank, local_world_size;
};

// Reports a number that its size does not allow.
void CheckBelow(const Reader& reader, const std::string& what, int value,
                const std::string& size_name, int size) {
  if (value < size) return;
  reader.Error(absl::StrCat(what, " is ", value, " but ", size_name, " is ",
                            size, "; ", what, " must be between 0 and ",
                            size - 1));
}

void ReadNumbers(const Reader& reader, const Names& names,
                 LaunchEnvironment* env) {
  const std::optional<int> rank =
      reader.Needed(names.rank, 0, absl::StrCat(names.world_size, " is"));
  const std::optional<int> world =
      reader.Needed(names.world_size, 1, absl::StrCat(names.rank, " is"));
  if (rank.has_value()) env->rank = *rank;
  if (world.has_value()) env->world_size = *world;
  if (rank.has_value() && world.has_value()) {
    CheckBelow(reader, names.rank, *rank, names.world_size, *world);
  }
  const std::optional<int> local_world =
      reader.Int(names.local_world_size, 1, kMaxInt);
  const std::optional<int> local_rank =
      reader.Int(names.local_rank, 0, kMaxInt);
  if (local_world.has_value()) {
    env->local_world_size = *local_world;
    if (world.has_value() && *local_world > *world) {
      reader.Error(absl::StrCat(names.local_world_size, " is ", *local_world,
                                " but ", names.world_size, " is ", *world,
                                "; one machine cannot have more ranks than the "
                                "job"));
    }
  }
  if (local_rank.has_value()) {
    env->local_rank = *local_rank;
    if (local_world.has_value()) {
      CheckBelow(reader, names.local_rank, *local_rank, names.local_world_size,
                 *local_world);
    } else if (world.has_value()) {
      CheckBelow(reader, names.local_rank, *local_rank, names.world_size,
                 *world);
    }
  }
}

// "node[03-05,9],x" -> "node03"; "a,b" -> "a".
std::string FirstHost(const std::string& list) {
  const size_t end = list.find_first_of("[,");
  std::string host = list.substr(0, end);
  if (end == std::string::npos || list[end] == ',') return host;
  const size_t stop = list.find_first_of("-,]", end + 1);
  return host + list.substr(end + 1, stop - end - 1);
}

// The same on all ranks of a job, and rarely that of another job.
int PortFromJob(const std::string& job) {
  uint32_t hash = 2166136261u;
  for (unsigned char c : job) hash = (hash ^ c) * 16777619u;
  return 20000 + static_cast<int>(hash % 10000);
}

// Where the ranks meet. `address` and `port` are what the launcher implies, if
// anything.
void ReadMaster(const Reader& reader, const std::string& address, int port,
                LaunchEnvironment* env) {
  const std::optional<std::string> set_address = reader.Text("MASTER_ADDR");
  const std::optional<int> set_port = reader.Int("MASTER_PORT", 1, 65535);
  env->master_addr = set_address.value_or(address);
  env->master_port = set_port.value_or(port);
  if (env->world_size == 1) {
    if (env->master_addr.empty()) env->master_addr = "127.0.0.1";
    return;
  }
  if (env->master_addr.empty()) {
    reader.Error(absl::StrCat(
        "MASTER_ADDR is not set although the job has ", env->world_size,
        " ranks; set it to the host of rank 0, on every rank"));
  }
  if (env->master_port == 0 && !reader.Has("MASTER_PORT")) {
    reader.Error(absl::StrCat(
        "MASTER_PORT is not set although the job has ", env->world_size,
        " ranks; set it to a free port of rank 0's host, on every rank"));
  }
}

// Without a local rank it follows from the rank when all ranks are here.
void InferLocalRank(const Reader& reader, const std::string& name,
                    LaunchEnvironment* env) {
  if (reader.Has(name) || env->world_size == 1) return;
  if (env->master_addr.empty()) return;  // reported
  if (IsLoopback(env->master_addr)) {
    env->local_rank = env->rank;
    env->local_world_size = env->world_size;
    return;
  }
  reader.Error(absl::StrCat(name, " is not set although MASTER_ADDR '",
                            env->master_addr,
                            "' is another machine's or may be; set it to the "
                            "rank's place on its machine, from 0"));
}

void ReadTorch(const Reader& reader, LaunchEnvironment* env) {
  ReadNumbers(reader, {"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"},
              env);
  ReadMaster(reader, "", 0, env);
  env->launcher = "environment";
  if (reader.Has("TORCHELASTIC_RUN_ID")) env->launcher = "torchrun";
  env->attempt =
      reader.Int("TORCHELASTIC_RESTART_COUNT", 0, kMaxInt).value_or(0);
  env->agent_serves_store =
      absl::AsciiStrToLower(
          reader.Text("TORCHELASTIC_USE_AGENT_STORE").value_or("")) == "true";
  if (env->rank == 0)
    env->listen_fd = reader.Int("FTS_MASTER_LISTEN_FD", 0, kMaxInt);
  InferLocalRank(reader, "LOCAL_RANK", env);
}

void ReadOpenMpi(const Reader& reader, LaunchEnvironment* env) {
  env->launcher = "mpirun";
  ReadNumbers(reader,
              {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
               "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"},
              env);
  const bool one_machine = env->local_world_size == env->world_size;
  const std::optional<std::string> job = reader.Text("PMIX_NAMESPACE");
  ReadMaster(reader, one_machine ? "127.0.0.1" : "",
             job.has_value() ? PortFromJob(*job) : kDefaultPort, env);
  InferLocalRank(reader, "OMPI_COMM_WORLD_LOCAL_RANK", env);
}

void ReadSlurm(const Reader& reader, LaunchEnvironment* env) {
  env->launcher = "srun";
  const std::string size_name = reader.Has("SLURM_STEP_NUM_TASKS")
                                    ? "SLURM_STEP_NUM_TASKS"
                                    : "SLURM_NTASKS";
  // Slurm's ranks per node are a list like "4(x2)": not needed.
  ReadNumbers(reader, {"SLURM_PROCID", size_name, "SLURM_LOCALID", ""}, env);
  std::string nodes = reader.Text("SLURM_STEP_NODELIST").value_or("");
  if (nodes.empty()) nodes = reader.Text("SLURM_JOB_NODELIST").value_or("");
  ReadMaster(
      reader, FirstHost(nodes),
      PortFromJob(absl::StrCat(reader.Text("SLURM_JOB_ID").value_or(""), ".",
                               reader.Text("SLURM_STEP_ID").value_or(""))),
      env);
  InferLocalRank(reader, "SLURM_LOCALID", env);
}

}  // namespace

GetEnv ProcessEnvironment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

absl::StatusOr<LaunchEnvironment> ReadLaunchEnvironment(const GetEnv& get_env,
                                                        Diagnostics* diags) {
  const Reader reader(get_env, diags);
  LaunchEnvironment env;
  env.launched = true;
  if (reader.Has("RANK") || reader.Has("WORLD_SIZE")) {
    ReadTorch(reader, &env);
  } else if (reader.Has("OMPI_COMM_WORLD_RANK") ||
             reader.Has("OMPI_COMM_WORLD_SIZE")) {
    ReadOpenMpi(reader, &env);
  } else if (reader.Has("SLURM_STEP_ID") && reader.Has("SLURM_PROCID")) {
    ReadSlurm(reader, &env);
  } else {
    env.launched = false;
    if (reader.Has("LOCAL_RANK")) {
      reader.Error(absl::StrCat("LOCAL_RANK is set ('",
                                *reader.Text("LOCAL_RANK"),
                                "') but RANK and WORLD_SIZE are not; set all "
                                "of them or none"));
    }
  }
  if (!diags->ok()) return diags->status();
  return env;
}

bool IsLoopback(const std::string& host) {
  return host == "localhost" || host == "::1" || absl::StartsWith(host, "127.");
}

}  // namespace fts::comm
