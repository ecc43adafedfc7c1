// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Frozen: the structs that are new in version 1.1, with their sizes on 64-bit
// Linux. Never edit what stands here, once 1.1 is released.

#ifndef FTS_CAPI_ABI_V1_1_LAYOUT_H_
#define FTS_CAPI_ABI_V1_1_LAYOUT_H_

#include "fts/capi/abi/v1_layout.h"

namespace v1_1 {

// ---- Structs that grow at the end -------------------------------------------

struct LogEntry {
  size_t struct_size;
  int32_t level;
  int32_t line;
  v1::String code;
  v1::String message;
  v1::String file;
  int32_t column;
  int32_t reserved;
};
static_assert(sizeof(LogEntry) == 72);

struct MeshOptions {
  size_t struct_size;
  const void* next;
  int64_t timeout_ms;
  int32_t dp_replicate;
  int32_t reserved;
};
static_assert(sizeof(MeshOptions) == 32);

struct SessionOptions {
  size_t struct_size;
  const void* next;
  v1::String precision;
  int32_t reduction;
  int32_t optimizer_moments;
};
static_assert(sizeof(SessionOptions) == 40);

struct StepArgs {
  size_t struct_size;
  const void* next;
  double loss;
  double seconds;
  int32_t check_finite;
  int32_t reserved;
};
static_assert(sizeof(StepArgs) == 40);

// ---- Structs that stay as they are ------------------------------------------

struct Dtype {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
};
static_assert(sizeof(Dtype) == 4);

struct Device {
  int32_t type;
  int32_t id;
};
static_assert(sizeof(Device) == 8);

struct ConfigText {
  v1::String yaml;
  v1::String name;
};
static_assert(sizeof(ConfigText) == 32);

struct ConfigInfo {
  int32_t kind;
  int32_t line;
  v1::String file;
  v1::String text;
  int64_t integer;
  double number;
  size_t size;
  int32_t has_number;
  int32_t column;
};
static_assert(sizeof(ConfigInfo) == 72);

struct GroupInfo {
  v1::String name;
  double lr;
  double initial_lr;
  double weight_decay;
};
static_assert(sizeof(GroupInfo) == 40);

struct NamedTensor {
  v1::String name;
  void* tensor;
};
static_assert(sizeof(NamedTensor) == 24);

struct SessionUnit {
  v1::String module;
  size_t num_modules;
  Dtype input_dtype;
  Dtype output_dtype;
  v1::String act_ckpt;
  v1::String act_ckpt_kwargs;
};
static_assert(sizeof(SessionUnit) == 64);

struct StepInfo {
  double loss;
  double grad_norm;
  double seconds;
};
static_assert(sizeof(StepInfo) == 24);

struct ShardInfo {
  int64_t begin;
  int64_t size;
  int32_t trainable;
  int32_t has_gradient;
};
static_assert(sizeof(ShardInfo) == 24);

struct SessionUse {
  int64_t bytes_gathered;
  int64_t frozen_bytes_gathered;
  int64_t bytes_reduced;
  int64_t gradient_bytes;
  int64_t moment_bytes;
  int64_t peak_bytes;
};
static_assert(sizeof(SessionUse) == 48);

struct TensorInfo {
  void* data;
  const int64_t* shape;
  const int64_t* strides;
  size_t rank;
  int64_t num_elements;
  Dtype dtype;
  Device device;
  int32_t requires_grad;
  int32_t reserved;
};
static_assert(sizeof(TensorInfo) == 64);

}  // namespace v1_1

#endif  // FTS_CAPI_ABI_V1_1_LAYOUT_H_
