// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Who launched this process, and as which rank of how many.
// Reads what torchrun (`--no-python`), our own launcher, srun and mpirun set.
// Threads: reading is safe; ExportLaunchEnvironment before any thread starts.
#ifndef FTS_TRAIN_LAUNCH_ENVIRONMENT_H_
#define FTS_TRAIN_LAUNCH_ENVIRONMENT_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"

namespace fts::train {

struct LaunchEnvironment {
  int rank = 0;
  int world_size = 1;
  int local_rank = 0;
  int local_world_size = 1;
  std::string master_addr = "127.0.0.1";
  int master_port = 29500;
};

// nullopt for an unset variable.
using EnvLookup =
    std::function<std::optional<std::string>(const std::string& name)>;
EnvLookup ProcessEnvironment();

// nullopt when nothing of a launcher is set: then a run with more than one rank
// starts its own (launcher.h). Looked at in this order:
//   RANK, WORLD_SIZE            [LOCAL_RANK, LOCAL_WORLD_SIZE]
//   OMPI_COMM_WORLD_RANK, _SIZE [_LOCAL_RANK, _LOCAL_SIZE]      (Open MPI)
//   PMI_RANK, PMI_SIZE          [MPI_LOCALRANKID, _LOCALNRANKS] (MPICH, Intel)
//   SLURM_PROCID, SLURM_NTASKS  [SLURM_LOCALID]    (inside an srun step only)
// MASTER_ADDR and MASTER_PORT go with all of them. They may be left out for one
// rank; under mpirun and srun MASTER_PORT defaults to 29500 and MASTER_ADDR,
// when all ranks are on this host, to 127.0.0.1.
// Errors: bad_launch_environment (half a set, not a number, rank >= size).
absl::StatusOr<std::optional<LaunchEnvironment>> ReadLaunchEnvironment(
    const EnvLookup& env, Diagnostics* diags);

// Sets RANK WORLD_SIZE LOCAL_RANK LOCAL_WORLD_SIZE MASTER_ADDR MASTER_PORT in
// this process, so that what reads only those sees any launcher.
void ExportLaunchEnvironment(const LaunchEnvironment& launch);

}  // namespace fts::train

#endif  // FTS_TRAIN_LAUNCH_ENVIRONMENT_H_
