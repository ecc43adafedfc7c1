// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Collective calls over tensors of the caller's: every rank makes the same ones
// in the same order. Each returns an event at once; results may be read when
// waiting for it returned success. Tensors are 1-D, contiguous, on the host or
// the mesh's device; a call keeps them until its event has ended, and until
// then nobody writes what it reads or reads what it writes. Errors, of the
// call: INVALID_ARGUMENT, nothing done. Of the event: UNAVAILABLE (a peer is
// gone, or the mesh was aborted), DEADLINE_EXCEEDED (a peer did not take part),
// INTERNAL; each names operation and rank. Handle: confined.

#ifndef FTS_CAPI_COMMUNICATOR_H_
#define FTS_CAPI_COMMUNICATOR_H_

#include "fts/capi/base.h"
#include "fts/capi/event.h"
#include "fts/capi/status.h"
#include "fts/capi/tensor.h"

FTS_EXTERN_C_BEGIN

typedef struct fts_communicator fts_communicator;

typedef int32_t fts_reduce_op;
enum {
  FTS_REDUCE_OP_UNSPECIFIED = 0,  // FTS_REDUCE_OP_SUM
  FTS_REDUCE_OP_SUM = 1,
  FTS_REDUCE_OP_MAX = 2
};

// \since 1.1
FTS_API void fts_communicator_retain(fts_communicator* comm) FTS_NOEXCEPT;
// \since 1.1
FTS_API void fts_communicator_release(fts_communicator* comm) FTS_NOEXCEPT;
// 0 of 1 for NULL.
// \since 1.1
FTS_API int32_t fts_communicator_rank(const fts_communicator* comm)
    FTS_NOEXCEPT;
// \since 1.1
FTS_API int32_t fts_communicator_size(const fts_communicator* comm)
    FTS_NOEXCEPT;

// In place: full has size * n elements, of which rank r's input is
// [r * n, (r + 1) * n); afterwards it holds every rank's.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_communicator_all_gather(
    fts_communicator* comm, const fts_tensor* full,
    fts_event** out) FTS_NOEXCEPT;
// input has size * n elements, output n: this rank's slice of the reduction.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_communicator_reduce_scatter(
    fts_communicator* comm, const fts_tensor* input, const fts_tensor* output,
    fts_reduce_op op, fts_event** out) FTS_NOEXCEPT;
// In place.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_communicator_all_reduce(
    fts_communicator* comm, const fts_tensor* tensor, fts_reduce_op op,
    fts_event** out) FTS_NOEXCEPT;
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_communicator_broadcast(
    fts_communicator* comm, const fts_tensor* tensor, int32_t root,
    fts_event** out) FTS_NOEXCEPT;

FTS_EXTERN_C_END

#endif  // FTS_CAPI_COMMUNICATOR_H_
