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

struct SchedulerCallbacks {
  size_t struct_size;
  const void* next;
  void* user_data;
  void (*destroy)(void*);
  void* functions[8];
};
static_assert(sizeof(SchedulerCallbacks) == 96);

}  // namespace v1

#endif  // FTS_CAPI_ABI_V1_LAYOUT_H_
