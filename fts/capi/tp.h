// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What a host does around its modules under a tp_plan (tp_plan.h): tensors that
// change how they lie along the mesh's tp dimension, embeddings and losses over
// a vocabulary that its ranks share. Every rank along tp makes the same calls
// in the same order, and so does its backward; with one rank nothing is moved.
//
// Functions that end in _at are for hosts of LibTorch: they take the addresses
// of at::Tensor objects of the LibTorch whose tag they are given (torch.h), and
// results have their place in autograd's graph. The others take handles and
// know nothing of a graph: a host that makes its gradients by hand converts
// them the other way round.
// Calls block. Threads: as the mesh's; backward may run on autograd's.
// Errors of all: INVALID_ARGUMENT (a shape, a dtype, a number out of range),
// FAILED_PRECONDITION (tags differ), those of communicator.h.

#ifndef FTS_CAPI_TP_H_
#define FTS_CAPI_TP_H_

#include "fts/capi/base.h"
#include "fts/capi/mesh.h"
#include "fts/capi/status.h"
#include "fts/capi/tensor.h"
#include "fts/capi/tp_plan.h"

FTS_EXTERN_C_BEGIN

// How a tensor lies, and how the gradient does that comes back for it. They
// differ where every rank has the same value and goes on with its own part of
// the weights: REPLICATE, with a gradient that is PARTIAL. A gradient that is
// UNSPECIFIED lies as the value; that of a PARTIAL value is REPLICATE.
typedef struct fts_tp_layout {
  fts_placement value;
  fts_placement gradient;
} fts_tp_layout;

typedef struct fts_tp_convert_options {
  size_t struct_size;
  const void* next;
  fts_tp_layout from;
  fts_tp_layout to;
  // Size of the whole of a split dimension that ranks do not share evenly
  // (fts_tp_chunk); 0: they do.
  int64_t whole;
  fts_string label;  // for errors: the module that it is done for
} fts_tp_convert_options;

#define FTS_TP_CONVERT_OPTIONS_INIT                                           \
  {                                                                           \
    sizeof(fts_tp_convert_options), NULL, {{0, 0}, {0, 0}}, {{0, 0}, {0, 0}}, \
        0, {                                                                  \
      NULL, 0                                                                 \
    }                                                                         \
  }

// Moves a tensor from one layout to another:
//   REPLICATE -> SHARD  slice            PARTIAL -> REPLICATE  all-reduce
//   SHARD -> REPLICATE  all-gather       PARTIAL -> SHARD      reduce-scatter
//   SHARD -> SHARD      all-to-all       to PARTIAL            rank 0 keeps it
// and its gradient, in backward, from to.gradient to from.gradient. Both values
// must be given. at_out points to a live at::Tensor, which the result is
// assigned to.
// \since 1.2
FTS_NODISCARD FTS_API fts_status* fts_tp_convert_at(
    fts_mesh* mesh, fts_string tag, const void* at_tensor,
    const fts_tp_convert_options* options, void* at_out) FTS_NOEXCEPT;
// For two kinds of readers at once: at_out_handed becomes REPLICATE, for what
// does the same on every rank, and at_out_shared REPLICATE with a gradient that
// is PARTIAL, for what goes on with its own part of the weights. One gather
// makes both; backward takes one collective for each that was read. Where no
// graph is made they are one tensor. options->to is not looked at.
// \since 1.2
FTS_NODISCARD FTS_API fts_status* fts_tp_convert_for_readers_at(
    fts_mesh* mesh, fts_string tag, const void* at_tensor,
    const fts_tp_convert_options* options, void* at_out_handed,
    void* at_out_shared) FTS_NOEXCEPT;
// Values alone. The result may share the tensor's memory.
// \since 1.2
FTS_NODISCARD FTS_API fts_status* fts_tp_convert(
    fts_mesh* mesh, const fts_tensor* tensor,
    const fts_tp_convert_options* options, fts_tensor** out) FTS_NOEXCEPT;

// Rows of a table of `vocabulary` rows by their numbers, of which weight
// [chunk, dim] is this rank's part (fts_tp_chunk). ids: int64, the same on
// every rank. The result [ids..., dim] is PARTIAL: zero where a row is
// another's. The weight's gradient has this rank's rows only.
// \since 1.2
FTS_NODISCARD FTS_API fts_status* fts_tp_embedding_at(
    fts_mesh* mesh, fts_string tag, const void* at_ids, const void* at_weight,
    int64_t vocabulary, void* at_out) FTS_NOEXCEPT;
// \since 1.2
FTS_NODISCARD FTS_API fts_status* fts_tp_embedding(
    fts_mesh* mesh, const fts_tensor* ids, const fts_tensor* weight,
    int64_t vocabulary, fts_tensor** out) FTS_NOEXCEPT;

// Cross entropy of logits [..., chunk] that hold this rank's part of a
// vocabulary, with labels [...], int64; -100 is left out. Sum, a float32
// scalar, and count of the labels, an int64 one, are the same on every rank.
// label: for errors.
// \since 1.2
FTS_NODISCARD FTS_API fts_status* fts_tp_cross_entropy_at(
    fts_mesh* mesh, fts_string tag, const void* at_logits,
    const void* at_labels, int64_t vocabulary, fts_string label,
    void* at_out_sum, void* at_out_count) FTS_NOEXCEPT;
// out_gradient: that of the sum, for this rank's logits; may be NULL, as may
// the numbers.
// \since 1.2
FTS_NODISCARD FTS_API fts_status* fts_tp_cross_entropy(
    fts_mesh* mesh, const fts_tensor* logits, const fts_tensor* labels,
    int64_t vocabulary, fts_string label, double* out_sum, int64_t* out_count,
    fts_tensor** out_gradient) FTS_NOEXCEPT;

FTS_EXTERN_C_END

#endif  // FTS_CAPI_TP_H_
