// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Who this process is among the ranks of a launched job, from the variables
// that torchrun, srun and mpirun set. No torch, no network: rendezvous.h
// connects.
//
// Threads: reads the environment; pure otherwise.
#ifndef FTS_CORE_COMM_LAUNCH_ENVIRONMENT_H_
#define FTS_CORE_COMM_LAUNCH_ENVIRONMENT_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"

namespace fts::comm {

struct LaunchEnvironment {
  // False: no launcher's variables are set, and this is rank 0 of 1.
  bool launched = false;
  // "torchrun", "srun", "mpirun", or "environment" for RANK and WORLD_SIZE set
  // by something else; "none".
  std::string launcher = "none";
  int rank = 0;
  int world_size = 1;
  int local_rank = 0;
  int local_world_size = 1;  // ranks on this machine, where known, else 1
  std::string master_addr = "127.0.0.1";
  int master_port = 0;  // 0 only in a world of one
  // Restarts of the job so far: keys of an earlier attempt are not reused.
  int attempt = 0;
  // torchrun's agent already serves the store on master_port; no rank does.
  bool agent_serves_store = false;
  // A socket that already listens on master_port, handed down by our own
  // launcher to rank 0 (FTS_MASTER_LISTEN_FD), so that no one else can take
  // the port in between.
  std::optional<int> listen_fd;
};

// nullopt: not set. An empty value counts as not set.
using GetEnv =
    std::function<std::optional<std::string>(const std::string& name)>;

// The process environment.
GetEnv ProcessEnvironment();

// [Note: launchers]
//
// RANK and WORLD_SIZE win over anything a cluster manager sets (torchrun under
// srun sets both). Else Open MPI's OMPI_COMM_WORLD_*, else Slurm's, the latter
// only inside a step (SLURM_STEP_ID), since a batch script without srun sees
// SLURM_NTASKS too. MASTER_ADDR and MASTER_PORT always win; where they are
// missing, srun's first node and mpirun's single machine are known, and the
// port is derived from the job id.
//
// Errors (all that can be found, code launch_environment): a variable that is
// not a number or out of range, one that is missing beside its partners, ranks
// that contradict sizes. Each names the variables and what they hold.
absl::StatusOr<LaunchEnvironment> ReadLaunchEnvironment(const GetEnv& get_env,
                                                        Diagnostics* diags);

// True for localhost, 127.0.0.0/8 and ::1.
bool IsLoopback(const std::string& host);

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_LAUNCH_ENVIRONMENT_H_
