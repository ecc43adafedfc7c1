// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Frozen: the structs of version 1.0 with their sizes and offsets on 64-bit
// Linux. Never edit what stands here; a struct that is new in 1.N gets a file
// of its own.

#ifndef FTS_CAPI_ABI_V1_LAYOUT_H_
#define FTS_CAPI_ABI_V1_LAYOUT_H_

#include <cstddef>
#include <cstdint>

namespace v1 {

struct String {
  const char* data;
  size_t size;
};
static_assert(sizeof(String) == 16);

// ---- Structs that grow at the end -------------------------------------------

struct ScheduleOptions {
  size_t struct_size;
  const void* next;
  int32_t epoch_transitions_only;
  int32_t max_depth;
  int32_t has_base_max_lr;
  int32_t match;
  double base_max_lr;
  int64_t max_epochs;
};
static_assert(sizeof(ScheduleOptions) == 48);

struct SchedulerOptions {
  size_t struct_size;
  const void* next;
  int32_t epoch_transitions_only;
  int32_t restore_best;
  int32_t has_early_stopping;
  int32_t mode;
  String monitor;
  int64_t patience;
  double min_delta;
  int32_t check_finite;
  int32_t has_stopping_threshold;
  double stopping_threshold;
  double divergence_threshold;
  int32_t has_divergence_threshold;
  int32_t best_mode;
  String best_monitor;
  int64_t max_steps;
  int32_t has_validation;
  int32_t reserved;
};
static_assert(sizeof(SchedulerOptions) == 128);

struct PhaseArgs {
  size_t struct_size;
  int32_t phase;
  int32_t has_lr;
  double lr;
};
static_assert(sizeof(PhaseArgs) == 24);

struct BestArgs {
  size_t struct_size;
  int32_t phase;
  int64_t epoch;
  double metric;
};
static_assert(sizeof(BestArgs) == 32);

struct MetricArgs {
  size_t struct_size;
  String name;
  double* value;
};
static_assert(sizeof(MetricArgs) == 32);

struct SchedulerCallbacks {
  size_t struct_size;
  const void* next;
  void* user_data;
  void (*destroy)(void*);
  void* functions[8];
};
static_assert(sizeof(SchedulerCallbacks) == 96);

// ---- Structs that stay as they are ------------------------------------------

struct Diagnostic {
  int32_t severity;
  String code;
  String message;
  String file;
  int32_t line;
  int32_t column;
};
static_assert(sizeof(Diagnostic) == 64);

struct ModuleInfo {
  String name;
  String class_name;
  int32_t container;
};
static_assert(sizeof(ModuleInfo) == 40);

struct ParameterInfo {
  String name;
  const int64_t* shape;
  size_t rank;
  String dtype;
  String shared_with;
};
static_assert(sizeof(ParameterInfo) == 64);

struct PhaseInfo {
  int32_t index;
  int32_t has_lr;
  double lr;
  int64_t max_transition_epoch;
  size_t num_params;
  size_t num_freeze;
};
static_assert(sizeof(PhaseInfo) == 40);

struct UnitInfo {
  String module;
  int32_t is_root;
  int32_t reshard;
  int64_t num_elements;
  size_t num_parameters;
};
static_assert(sizeof(UnitInfo) == 40);

struct Effect {
  int32_t kind;
  int32_t phase;
  int32_t has_lr;
  int32_t has_best;
  double lr;
  double best_metric;
  int64_t best_epoch;
  int32_t best_phase;
  String cause;
  String text;
};
static_assert(sizeof(Effect) == 80);

}  // namespace v1

#endif  // FTS_CAPI_ABI_V1_LAYOUT_H_
