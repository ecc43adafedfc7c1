// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/launch_environment.h"

#include <stdlib.h>

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "fts/train/codes.h"

namespace fts::train {
namespace {

constexpr int kDefaultPort = 29500;

// The names that one launcher uses. Rank and size must both be set; a set of
// another launcher is looked at only when neither is.
struct Family {
  const char* name;
  const char* rank;
  const char* size;
  const char* local_rank;
  const char* local_size;
  const char* needs;     // must be set too, else the family counts as absent
  bool default_address;  // MASTER_ADDR and MASTER_PORT may be left out
};

constexpr Family kFamilies[] = {
    {"torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE",
     nullptr, false},
    {"mpirun (Open MPI)", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
     "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE", nullptr, true},
    {"mpirun (PMI)", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID",
     "MPI_LOCALNRANKS", nullptr, true},
    // A batch script has SLURM_PROCID too, but is not a task of a step.
    {"srun", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", nullptr,
     "SLURM_STEP_ID", true},
};

class Reader {
 public:
  Reader(const EnvLookup& env, Diagnostics* diags) : env_(env), diags_(diags) {}

  // The number in variable `name`, in [low, high]; nullopt when unset or bad.
  std::optional<int> Number(const char* name, int low, int high) {
    if (name == nullptr) return std::nullopt;
    const std::optional<std::string> text = env_(name);
    if (!text.has_value()) return std::nullopt;
    int value = 0;
    if (!absl::SimpleAtoi(*text, &value) || value < low || value > high) {
      Error(absl::StrCat(name, " is '", *text, "'; it must be a number from ",
                         low, " to ", high));
      return std::nullopt;
    }
    return value;
  }

  void Error(const std::string& text) {
    diags_->Error(codes::kBadLaunchEnvironment,
                  absl::StrCat("launch environment: ", text));
  }

 private:
  const EnvLookup& env_;
  Diagnostics* diags_;
};

constexpr int kMaxRanks = 1 << 20;

LaunchEnvironment Read(const Family& family, const EnvLookup& env,
                       Reader* reader) {
  LaunchEnvironment launch;
  for (auto [set, unset] : {std::pair(family.rank, family.size),
                            std::pair(family.size, family.rank)}) {
    if (env(set).has_value() && !env(unset).has_value()) {
      reader->Error(absl::StrCat(set, " is set but ", unset,
                                 " is not; set both (", family.name,
                                 ") or neither"));
      return launch;
    }
  }
  launch.world_size =
      reader->Number(family.size, 1, kMaxRanks).value_or(kMaxRanks);
  launch.rank = reader->Number(family.rank, 0, kMaxRanks).value_or(0);
  if (launch.rank >= launch.world_size) {
    reader->Error(absl::StrCat(family.rank, " is ", launch.rank, " but ",
                               family.size, " is ", launch.world_size,
                               "; ranks count from 0"));
  }
  const auto local_rank = reader->Number(family.local_rank, 0, kMaxRanks);
  const auto local_size = reader->Number(family.local_size, 1, kMaxRanks);
  launch.local_rank = local_rank.value_or(launch.rank);
  launch.local_world_size = local_size.value_or(launch.world_size);

  const auto port = reader->Number("MASTER_PORT", 1, 65535);
  const auto address = env("MASTER_ADDR");
  launch.master_port = port.value_or(kDefaultPort);
  launch.master_addr = address.value_or("127.0.0.1");
  if (launch.world_size == 1) return launch;
  const bool one_host =
      launch.local_world_size == launch.world_size &&
      (family.local_size != nullptr || env("SLURM_NNODES") == std::string("1"));
  if (!address.has_value() && !(family.default_address && one_host)) {
    reader->Error(absl::StrCat(
        "MASTER_ADDR is not set and ", family.size, " is ", launch.world_size,
        "; set it to the host name or address of rank 0"));
  }
  if (!env("MASTER_PORT").has_value() && !family.default_address) {
    reader->Error(absl::StrCat("MASTER_PORT is not set and ", family.size,
                               " is ", launch.world_size,
                               "; set it to a free port on rank 0's host"));
  }
  return launch;
}

}  // namespace

EnvLookup ProcessEnvironment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

absl::StatusOr<std::optional<LaunchEnvironment>> ReadLaunchEnvironment(
    const EnvLookup& env, Diagnostics* diags) {
  for (const Family& family : kFamilies) {
    if (!env(family.rank).has_value() && !env(family.size).has_value()) {
      continue;
    }
    if (family.needs != nullptr && !env(family.needs).has_value()) continue;
    Diagnostics found;
    Reader reader(env, &found);
    const LaunchEnvironment launch = Read(family, env, &reader);
    for (const Diagnostic& diagnostic : found.all()) diags->Add(diagnostic);
    if (!found.ok()) return found.status();
    return std::optional<LaunchEnvironment>(launch);
  }
  return std::optional<LaunchEnvironment>();
}

void ExportLaunchEnvironment(const LaunchEnvironment& launch) {
  auto set = [](const char* name, const std::string& value) {
    setenv(name, value.c_str(), /*overwrite=*/1);
  };
  set("RANK", absl::StrCat(launch.rank));
  set("WORLD_SIZE", absl::StrCat(launch.world_size));
  set("LOCAL_RANK", absl::StrCat(launch.local_rank));
  set("LOCAL_WORLD_SIZE", absl::StrCat(launch.local_world_size));
  set("MASTER_ADDR", launch.master_addr);
  set("MASTER_PORT", absl::StrCat(launch.master_port));
}

}  // namespace fts::train
