// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The ranks of a run and how they share the work: groups of tp ranks that share
// the work of layers and see the same batches (tp.h); of these groups,
// dp_replicate copies of the model, each sharded over the remaining ones.
// Rank = (replica * shards + shard) * tp + tp rank. Handle: confined;
// fts_mesh_abort from any thread. A forked child must not use its parent's
// mesh: every call then fails with FTS_CODE_FAILED_PRECONDITION.

#ifndef FTS_CAPI_MESH_H_
#define FTS_CAPI_MESH_H_

#include "fts/capi/base.h"
#include "fts/capi/communicator.h"
#include "fts/capi/status.h"

FTS_EXTERN_C_BEGIN

typedef struct fts_mesh fts_mesh;

typedef struct fts_mesh_options {
  size_t struct_size;
  const void* next;
  int64_t timeout_ms;    // of one collective call
  int32_t dp_replicate;  // must divide the number of ranks over tp
  int32_t tp;            // must divide the number of ranks; 0: 1. Since 1.2
} fts_mesh_options;

#define FTS_MESH_OPTIONS_INIT \
  { sizeof(fts_mesh_options), NULL, 600000, 1, 0 }

// Joins the ranks that the launcher's variables describe: RANK, WORLD_SIZE,
// MASTER_ADDR and MASTER_PORT as torchrun sets them, or srun's or mpirun's; one
// rank alone when there are none. Blocks until all are there. Ranks of one host
// share memory where they can, others take Gloo; FTS_COMM=shm|gloo forces one.
// options may be NULL. Errors: INVALID_ARGUMENT for a variable that is wrong,
// FAILED_PRECONDITION (the port is in use), DEADLINE_EXCEEDED naming the ranks
// that are missing.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_mesh_create(
    const fts_mesh_options* options, fts_mesh** out) FTS_NOEXCEPT;
// The same over the ranks of a process group that this process has already,
// found by the name under which c10d registered it (in Python
// torch.distributed.group.WORLD.group_name). Only its ranks and its store are
// used; collectives run on communicators of our own. All its ranks make their
// calls in one order. Errors: NOT_FOUND besides.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_mesh_join(fts_string group_name,
                                                const fts_mesh_options* options,
                                                fts_mesh** out) FTS_NOEXCEPT;
// \since 1.1
FTS_API void fts_mesh_retain(fts_mesh* mesh) FTS_NOEXCEPT;
// \since 1.1
FTS_API void fts_mesh_release(fts_mesh* mesh) FTS_NOEXCEPT;

// Of all ranks. 0 of 1 for NULL.
// \since 1.1
FTS_API int32_t fts_mesh_rank(const fts_mesh* mesh) FTS_NOEXCEPT;
// \since 1.1
FTS_API int32_t fts_mesh_size(const fts_mesh* mesh) FTS_NOEXCEPT;

// Replaces each number by its sum, or largest, over all ranks; the same bits
// everywhere. Blocks. Errors: those of communicator.h.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_mesh_sum(fts_mesh* mesh, double* numbers,
                                               size_t size) FTS_NOEXCEPT;
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_mesh_max(fts_mesh* mesh, double* numbers,
                                               size_t size) FTS_NOEXCEPT;
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_mesh_barrier(fts_mesh* mesh) FTS_NOEXCEPT;
// Lets peers that wait for this rank go, with an error that holds the reason.
// There is no way back.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_mesh_abort(
    fts_mesh* mesh, fts_string reason) FTS_NOEXCEPT;

typedef int32_t fts_mesh_dim;
enum {
  FTS_MESH_DIM_UNSPECIFIED = 0,  // FTS_MESH_DIM_ALL
  FTS_MESH_DIM_ALL = 1,
  FTS_MESH_DIM_DP_SHARD = 2,      // ranks that share one copy of the model
  FTS_MESH_DIM_DP_REPLICATE = 3,  // ranks that hold the same part of it
  FTS_MESH_DIM_TP = 4,            // ranks that share the work of its layers
  FTS_MESH_DIM_DP = 5             // ranks with batches of their own: 2 and 3
};
// This rank among its peers along a dimension, and how many they are; either
// may be NULL. Errors: INVALID_ARGUMENT.
// \since 1.2
FTS_NODISCARD FTS_API fts_status* fts_mesh_get_dim(
    fts_mesh* mesh, fts_mesh_dim dim, int32_t* out_rank,
    int32_t* out_size) FTS_NOEXCEPT;
// A communicator of this rank's peers along a dimension, for tensors of the
// caller's own. Its calls are among the mesh's: all ranks make them in one
// order. Errors: INVALID_ARGUMENT.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_mesh_get_communicator(
    fts_mesh* mesh, fts_mesh_dim dim, fts_communicator** out) FTS_NOEXCEPT;

FTS_EXTERN_C_END

#endif  // FTS_CAPI_MESH_H_
