// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A tp_plan as it was resolved: which modules take part in tensor parallelism,
// how their tensors lie along the mesh's tp dimension where they enter and
// leave, and how each parameter is split. A host that calls its modules itself
// applies the rules around them with the functions of tp.h; a session splits
// the parameters. docs/tensor_parallel.md explains the styles.
// Everything is of the plan's handle (plan.h), which is immutable.

#ifndef FTS_CAPI_TP_PLAN_H_
#define FTS_CAPI_TP_PLAN_H_

#include "fts/capi/base.h"
#include "fts/capi/plan.h"
#include "fts/capi/status.h"

FTS_EXTERN_C_BEGIN

// How one tensor lies along tp.
typedef int32_t fts_placement_kind;
enum {
  FTS_PLACEMENT_KIND_UNSPECIFIED = 0,  // nothing is said: left as it is
  FTS_PLACEMENT_KIND_REPLICATE = 1,    // whole on every rank
  FTS_PLACEMENT_KIND_SHARD = 2,        // a part of dimension dim per rank
  FTS_PLACEMENT_KIND_PARTIAL = 3       // one term of a sum per rank
};
typedef struct fts_placement {
  fts_placement_kind kind;
  int32_t dim;  // of a SHARD; negative: counted from the end
} fts_placement;

typedef int32_t fts_tp_style;
enum {
  FTS_TP_STYLE_UNSPECIFIED = 0,
  FTS_TP_STYLE_COLWISE = 1,
  FTS_TP_STYLE_ROWWISE = 2,
  FTS_TP_STYLE_SEQUENCE = 3,
  FTS_TP_STYLE_PREPARE_INPUT = 4,
  FTS_TP_STYLE_PREPARE_OUTPUT = 5,
  FTS_TP_STYLE_PREPARE_INPUT_OUTPUT = 6
};

typedef struct fts_tp_info {
  int32_t size;  // ranks along tp; with 1 there is nothing to do
  int32_t loss_parallel;
  int32_t sequence_parallel;
  int32_t reserved;        // 0
  fts_string loss_module;  // whose split results are the logits; "" for none
  size_t num_rules;
  size_t num_parameters;
} fts_tp_info;

// Errors: INVALID_ARGUMENT.
// \since 1.2
FTS_NODISCARD FTS_API fts_status* fts_plan_get_tp(
    const fts_plan* plan, fts_tp_info* out) FTS_NOEXCEPT;

// What is done around the forward of one module.
typedef struct fts_tp_rule {
  fts_string module;
  fts_string class_name;
  fts_tp_style style;
  int32_t use_local_output;  // of torch's styles; here tensors are plain
  int64_t whole;             // features or vocabulary over all ranks; or 0
  size_t num_inputs;         // tensor arguments of which something is said
  size_t num_outputs;        // and results
} fts_tp_rule;

// Rule i, in the model's order. Errors: OUT_OF_RANGE.
// \since 1.2
FTS_NODISCARD FTS_API fts_status* fts_plan_get_tp_rule(
    const fts_plan* plan, size_t i, fts_tp_rule* out) FTS_NOEXCEPT;
// Tensor argument i of a rule's module: how it comes, and how the module works
// on it. Either may be NULL. Errors: OUT_OF_RANGE.
// \since 1.2
FTS_NODISCARD FTS_API fts_status* fts_plan_get_tp_input(
    const fts_plan* plan, size_t rule, size_t i, fts_placement* out_comes,
    fts_placement* out_works) FTS_NOEXCEPT;
// Result i of it: how the module makes it, and how it leaves.
// \since 1.2
FTS_NODISCARD FTS_API fts_status* fts_plan_get_tp_output(
    const fts_plan* plan, size_t rule, size_t i, fts_placement* out_made,
    fts_placement* out_leaves) FTS_NOEXCEPT;

// A parameter along tp. One that is not among them is whole on every rank, and
// so is its gradient.
typedef struct fts_tp_parameter {
  fts_string name;
  fts_placement placement;   // SHARD, or REPLICATE with a partial gradient
  int32_t partial_gradient;  // 1: a rank's gradient is one term of a sum
  int32_t reserved;          // 0
} fts_tp_parameter;

// Parameter i, by name. Errors: OUT_OF_RANGE.
// \since 1.2
FTS_NODISCARD FTS_API fts_status* fts_plan_get_tp_parameter(
    const fts_plan* plan, size_t i, fts_tp_parameter* out) FTS_NOEXCEPT;

// Elements [*out_begin, *out_begin + *out_size) of a dimension of `whole` that
// rank `index` of `parts` holds: equal chunks of the size rounded up, the last
// ones shorter. Errors: INVALID_ARGUMENT.
// \since 1.2
FTS_NODISCARD FTS_API fts_status* fts_tp_chunk(int64_t whole, int32_t parts,
                                               int32_t index,
                                               int64_t* out_begin,
                                               int64_t* out_size) FTS_NOEXCEPT;

FTS_EXTERN_C_END

#endif  // FTS_CAPI_TP_PLAN_H_
