// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The options of one plan entry: checked, brought to one form, laid over the
// defaults, and read into UnitOptions.
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_UNIT_OPTIONS_H_
#define FTS_CORE_PLAN_UNIT_OPTIONS_H_

#include <string>

#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"
#include "fts/core/plan/plan.h"

namespace fts {

// Checks the mapping `options` (null counts as an empty one) of `owner`
// ("fsdp_default_kwargs", "fsdp_plan entry 'model.output'") and returns the
// same keys with every value in its one form:
//   reshard_after_forward: true, false, a whole number from 1, null
//   act_ckpt: {mode, kwargs}, or null for off. Written as a mode, [mode],
//     [mode, {kwargs}], {mode, kwargs}, null or false. An unknown mode becomes
//     composable, with a warning.
//   cpu_offload_policy, offload_policy: {} or {pin_memory}; null for off
//   mp_policy: {param_dtype, reduce_dtype, output_dtype, cast_forward_inputs}
//   shard_placement: {dim}
//   ignored_params: a list of names or patterns
//   one_unit: true or false
//   reshard_after_backward: true or false
//   forward_prefetch, backward_prefetch: a list of modules
// Keys that fail are left out. All problems go to `diags`.
YamlNode CheckOptions(const YamlNode& options, const std::string& owner,
                      Diagnostics* diags);

// `entry` laid over `defaults`, key by key; both from CheckOptions.
// cpu_offload_policy and offload_policy stand for the same thing, so either
// takes the place of the other.
YamlNode OverlayOptions(const YamlNode& defaults, const YamlNode& entry);

// Reads a mapping made by CheckOptions or OverlayOptions.
UnitOptions ReadOptions(const YamlNode& written);

}  // namespace fts

#endif  // FTS_CORE_PLAN_UNIT_OPTIONS_H_
