// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Sharded training in a loop of the caller's: the engine holds weights and
// gradients as the plan says, the caller owns model, loss, loop and, if it
// likes, the optimizer.
//
//   create, load
//   scheduler events (fts_session_get_callbacks wires them up)
//   per step:
//     forward: around each unit pre_forward, post_forward
//     backward: torch's autograd runs the engine's hooks; without autograd,
//               gather, compute, release, add_gradients
//     complete_gradients   sums over the ranks
//     [clip]
//     begin_update, update shards (or fts_optimizer_step), finish_update
//
// Every rank makes the same calls in the same order; calls that talk to other
// ranks block, and say so.
// Handle: confined, except that unit boundaries may be called from threads on
// which the caller's backward runs, one at a time. Not for a forked child.

#ifndef FTS_CAPI_SESSION_H_
#define FTS_CAPI_SESSION_H_

#include "fts/capi/base.h"
#include "fts/capi/diagnostics.h"
#include "fts/capi/mesh.h"
#include "fts/capi/plan.h"
#include "fts/capi/schedule.h"
#include "fts/capi/scheduler.h"
#include "fts/capi/status.h"
#include "fts/capi/tensor.h"

FTS_EXTERN_C_BEGIN

typedef struct fts_session fts_session;

// A parameter of the model: the tensor stays the caller's, and becomes a view
// of the engine's memory, of the same identity and shape. One that the plan
// splits along tp (tp_plan.h) gets the shape of this rank's part.
typedef struct fts_named_tensor {
  fts_string name;
  fts_tensor* tensor;
} fts_named_tensor;

typedef int32_t fts_reduction;
enum {
  FTS_REDUCTION_UNSPECIFIED = 0,  // FTS_REDUCTION_MEAN
  FTS_REDUCTION_MEAN = 1,         // over ranks, as PyTorch's wrappers do
  FTS_REDUCTION_SUM = 2           // divide the loss by the whole step's count
};

typedef struct fts_session_options {
  size_t struct_size;
  const void* next;
  // YAML: 32-true, bf16-mixed, bf16-true or {param, reduce, output}; empty:
  // 32-true.
  fts_string precision;
  fts_reduction reduction;    // of gradients
  int32_t optimizer_moments;  // state per element that the optimizer will keep
} fts_session_options;

#define FTS_SESSION_OPTIONS_INIT \
  { sizeof(fts_session_options), NULL, {NULL, 0}, FTS_REDUCTION_UNSPECIFIED, 2 }

// parameters: all of the model, in the order of its description, from which
// plan and schedule were resolved. From here on the engine decides about
// requires_grad. options may be NULL. Blocks. Errors: INVALID_ARGUMENT naming a
// parameter that is missing or of another shape, those of communicators.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_create(
    const fts_plan* plan, const fts_schedule* schedule, fts_mesh* mesh,
    const fts_named_tensor* parameters, size_t num_parameters,
    const fts_session_options* options, fts_diagnostics** out_diagnostics,
    fts_session** out) FTS_NOEXCEPT;
// \since 1.1
FTS_API void fts_session_retain(fts_session* session) FTS_NOEXCEPT;
// With the last owner sharded parameters leave memory: reading them is an error
// from then on.
// \since 1.1
FTS_API void fts_session_release(fts_session* session) FTS_NOEXCEPT;

// Takes this rank's part of every parameter's values of before create, which
// must be equal on all ranks. Once, before anything below. Blocks.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_load(fts_session* session)
    FTS_NOEXCEPT;
// Writes dst (1-D, any floating dtype) from elements [begin, end) of the whole
// named parameter, row-major. Returns NULL or an error that load_from then
// returns. Called on the calling thread.
typedef fts_status* (*fts_load_fn)(fts_string name, int64_t begin, int64_t end,
                                   const fts_tensor* dst, void* user_data);
// The same with values from elsewhere, also later on: parts that this rank
// does not hold are not asked for. Blocks.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_load_from(
    fts_session* session, fts_load_fn fn, void* user_data) FTS_NOEXCEPT;
// Empty when weights stand in memory that the ranks share; else why they are
// gathered unit by unit. Lives as long as the session.
// \since 1.1
FTS_API fts_string fts_session_why_gathered(const fts_session* session)
    FTS_NOEXCEPT;

// ---- Units ------------------------------------------------------------------

typedef struct fts_session_unit {
  fts_string module;  // the first of its modules; "" for the root
  size_t num_modules;
  // Casts of the unit's mp_policy, for the caller to apply: floating inputs
  // before pre_forward, outputs after post_forward. bits 0: none.
  fts_dtype input_dtype;
  fts_dtype output_dtype;
  // Activation checkpointing that the plan asks for, for the caller to apply
  // inside the boundary: "" for none, or the mode; kwargs as JSON.
  fts_string act_ckpt;
  fts_string act_ckpt_kwargs;
} fts_session_unit;

// 0 for NULL.
// \since 1.1
FTS_API size_t fts_session_num_units(const fts_session* session) FTS_NOEXCEPT;
// Errors: OUT_OF_RANGE.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_get_unit(
    const fts_session* session, size_t unit,
    fts_session_unit* out) FTS_NOEXCEPT;
// Name of module i of a unit: those between whose calls it is in memory.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_get_unit_module(
    const fts_session* session, size_t unit, size_t i,
    fts_string* out) FTS_NOEXCEPT;

// Before the forward of module `module` of a unit: its weights come into
// memory. inputs: every tensor that the module is given. Blocks.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_pre_forward(
    fts_session* session, size_t unit, fts_tensor* const* inputs,
    size_t num_inputs) FTS_NOEXCEPT;
// After it. outputs: every tensor that the module returned.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_post_forward(
    fts_session* session, size_t unit, size_t module,
    fts_tensor* const* outputs, size_t num_outputs) FTS_NOEXCEPT;
// The same two for at::Tensor* (torch.h) without handles: entries are the
// addresses of at::Tensor objects, alive during the call, of the LibTorch that
// gave the session its parameters by fts_tensor_from_at.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_pre_forward_at(
    fts_session* session, size_t unit, const void* const* at_inputs,
    size_t num_inputs) FTS_NOEXCEPT;
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_post_forward_at(
    fts_session* session, size_t unit, size_t module,
    const void* const* at_outputs, size_t num_outputs) FTS_NOEXCEPT;

// For gradients made by hand: a unit's weights into memory, and out of it.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_gather(fts_session* session,
                                                     size_t unit) FTS_NOEXCEPT;
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_release_unit(
    fts_session* session, size_t unit) FTS_NOEXCEPT;
// Adds gradients[k], of the shape of parameter parameters[k] (its place in
// create), to what is there. All of a unit's in one call where possible, units
// in one order on all ranks. Blocks. Errors: OUT_OF_RANGE, INVALID_ARGUMENT
// (shape), FAILED_PRECONDITION (the parameter is frozen).
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_add_gradients(
    fts_session* session, const size_t* parameters,
    fts_tensor* const* gradients, size_t size) FTS_NOEXCEPT;

// ---- Steps ------------------------------------------------------------------

// Before the forward of one of several backwards of a step. May be left out;
// under `accumulation: unsharded` it says which one is the last.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_begin_micro_step(
    fts_session* session, int32_t last) FTS_NOEXCEPT;
// Around forwards without gradients.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_begin_evaluation(
    fts_session* session) FTS_NOEXCEPT;
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_end_evaluation(
    fts_session* session) FTS_NOEXCEPT;

// Token cross entropy of the logits that the model returned, for hosts of
// LibTorch with its tag and at::Tensor addresses as in tp.h: logits [..., n] in
// any floating dtype and labels [...], int64, of which -100 is left out. Under
// loss_parallel n is this rank's part of the vocabulary and ranks along tp
// call it together. The sum, a float32 scalar in autograd's graph, and the
// count of labels, an int64 one, are assigned to live at::Tensor objects.
// Blocks. Errors: INVALID_ARGUMENT, FAILED_PRECONDITION (tags differ), those of
// communicators.
// \since 1.2
FTS_NODISCARD FTS_API fts_status* fts_session_token_loss_at(
    fts_session* session, fts_string tag, const void* at_logits,
    const void* at_labels, void* at_out_sum, void* at_out_count) FTS_NOEXCEPT;

typedef struct fts_step_args {
  size_t struct_size;
  const void* next;
  double loss;           // this rank's; 0 where it is not known
  double seconds;        // of the run so far; rank 0's counts
  int32_t check_finite;  // a loss or norm that is not finite is an error
  int32_t reserved;      // 0
} fts_step_args;

#define FTS_STEP_ARGS_INIT \
  { sizeof(fts_step_args), NULL, 0.0, 0.0, 1, 0 }

typedef struct fts_step_info {
  double loss;       // mean or sum over ranks, as the session's reduction
  double grad_norm;  // global L2 over what trains, before clipping
  double seconds;    // rank 0's
} fts_step_info;

// After the last backward of a step. args may be NULL, out too. A second call
// in one step returns the first one's numbers. Blocks. Errors:
// FAILED_PRECONDITION when loss or norm is not finite, naming where that began,
// when ranks ran their units in different order, or when a parameter was moved;
// after any error the step's gradients are dropped and nothing was updated.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_complete_gradients(
    fts_session* session, const fts_step_args* args,
    fts_step_info* out) FTS_NOEXCEPT;
// Scales the gradients of a completed step to at most that norm.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_clip(
    fts_session* session, double max_norm) FTS_NOEXCEPT;
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_begin_update(fts_session* session)
    FTS_NOEXCEPT;
// Gradients go, the new weights are what is gathered next. Blocks.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_finish_update(
    fts_session* session) FTS_NOEXCEPT;
// Whether this rank has gradients that no update has used.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_has_gradients(
    const fts_session* session, int32_t* out) FTS_NOEXCEPT;
// Drops them, and whatever else a step that failed has left.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_reset_step(fts_session* session)
    FTS_NOEXCEPT;

// ---- Shards -----------------------------------------------------------------

// This rank's part of a parameter: what an optimizer updates.
typedef struct fts_shard_info {
  int64_t begin;  // of the flattened parameter; of this rank's part along tp
  int64_t size;   // may be 0
  int32_t trainable;
  int32_t has_gradient;
} fts_shard_info;

// Place of a parameter by its name. Errors: NOT_FOUND.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_find_parameter(
    const fts_session* session, fts_string name, size_t* out) FTS_NOEXCEPT;
// out_value: a 1-D view, the same memory until the parameter thaws or freezes;
// out_gradient: NULL unless the step's gradients are complete and some rank had
// one. Either may be NULL when it is not wanted. Errors: OUT_OF_RANGE.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_get_shard(
    fts_session* session, size_t parameter, fts_shard_info* out_info,
    fts_tensor** out_value, fts_tensor** out_gradient) FTS_NOEXCEPT;
// Around writes to shards by the caller, outside of an update. Blocks.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_begin_write(fts_session* session)
    FTS_NOEXCEPT;
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_end_write(fts_session* session)
    FTS_NOEXCEPT;

// Calls fn with the whole of every parameter on every rank, on the host, alive
// during the call. An error that it returns ends the walk. Collective; blocks.
typedef fts_status* (*fts_full_fn)(fts_string name, const fts_tensor* value,
                                   void* user_data);
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_for_each_full(
    fts_session* session, fts_full_fn fn, void* user_data) FTS_NOEXCEPT;

// ---- Phases -----------------------------------------------------------------

// What a scheduler asks for; fts_session_get_callbacks calls them in its order.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_thaw(fts_session* session,
                                                   int32_t phase) FTS_NOEXCEPT;
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_freeze(
    fts_session* session, int32_t phase) FTS_NOEXCEPT;
// Values, and the state of an fts_optimizer where there is one.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_save_best(fts_session* session)
    FTS_NOEXCEPT;
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_restore_best(fts_session* session)
    FTS_NOEXCEPT;
// A value for callbacks->metric of get_callbacks, the same on every rank.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_set_metric(
    fts_session* session, fts_string name, double value) FTS_NOEXCEPT;
// Callbacks for fts_scheduler_create that do the above, and what an
// fts_optimizer of this session must do. They own the session until they are
// destroyed. Pass them on at once.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_get_callbacks(
    fts_session* session, fts_scheduler_callbacks* out) FTS_NOEXCEPT;

// What this rank holds and has moved since the phase began, in bytes.
typedef struct fts_session_use {
  int64_t bytes_gathered;
  int64_t frozen_bytes_gathered;
  int64_t bytes_reduced;
  int64_t gradient_bytes;  // largest
  int64_t moment_bytes;    // of an fts_optimizer
  int64_t peak_bytes;
} fts_session_use;
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_session_get_use(
    const fts_session* session, fts_session_use* out) FTS_NOEXCEPT;

FTS_EXTERN_C_END

#endif  // FTS_CAPI_SESSION_H_
