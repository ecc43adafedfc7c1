// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Frozen: the structs that are new in version 1.2, with their sizes on 64-bit
// Linux. Never edit what stands here, once 1.2 is released.

#ifndef FTS_CAPI_ABI_V1_2_LAYOUT_H_
#define FTS_CAPI_ABI_V1_2_LAYOUT_H_

#include "fts/capi/abi/v1_layout.h"

namespace v1_2 {

// ---- Structs that stay as they are ------------------------------------------

struct Placement {
  int32_t kind;
  int32_t dim;
};
static_assert(sizeof(Placement) == 8);

struct TpLayout {
  Placement value;
  Placement gradient;
};
static_assert(sizeof(TpLayout) == 16);

struct TpInfo {
  int32_t size;
  int32_t loss_parallel;
  int32_t sequence_parallel;
  int32_t reserved;
  v1::String loss_module;
  size_t num_rules;
  size_t num_parameters;
};
static_assert(sizeof(TpInfo) == 48);

struct TpRule {
  v1::String module;
  v1::String class_name;
  int32_t style;
  int32_t use_local_output;
  int64_t whole;
  size_t num_inputs;
  size_t num_outputs;
};
static_assert(sizeof(TpRule) == 64);

struct TpParameter {
  v1::String name;
  Placement placement;
  int32_t partial_gradient;
  int32_t reserved;
};
static_assert(sizeof(TpParameter) == 32);

// ---- Structs that grow at the end -------------------------------------------

struct PlanOptions {
  size_t struct_size;
  const void* next;
  int32_t tp;
  int32_t reserved;
};
static_assert(sizeof(PlanOptions) == 24);

struct TpConvertOptions {
  size_t struct_size;
  const void* next;
  TpLayout from;
  TpLayout to;
  int64_t whole;
  v1::String label;
};
static_assert(sizeof(TpConvertOptions) == 72);

}  // namespace v1_2

#endif  // FTS_CAPI_ABI_V1_2_LAYOUT_H_
