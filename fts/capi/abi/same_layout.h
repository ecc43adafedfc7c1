// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// That the structs of today hold those of earlier versions: every field in its
// place and of its type, and, where a struct does not say its own size, nothing
// more. Compiling it is the test.

#ifndef FTS_CAPI_ABI_SAME_LAYOUT_H_
#define FTS_CAPI_ABI_SAME_LAYOUT_H_

#include <type_traits>

#include "fts/capi/abi/v1_1_layout.h"
#include "fts/capi/abi/v1_2_layout.h"
#include "fts/capi/abi/v1_layout.h"
#include "fts/capi/base.h"
#include "fts/capi/buffer.h"
#include "fts/capi/communicator.h"
#include "fts/capi/config.h"
#include "fts/capi/debug.h"
#include "fts/capi/diagnostics.h"
#include "fts/capi/event.h"
#include "fts/capi/log.h"
#include "fts/capi/mesh.h"
#include "fts/capi/model.h"
#include "fts/capi/optimizer.h"
#include "fts/capi/plan.h"
#include "fts/capi/schedule.h"
#include "fts/capi/scheduler.h"
#include "fts/capi/session.h"
#include "fts/capi/status.h"
#include "fts/capi/tensor.h"
#include "fts/capi/torch.h"
#include "fts/capi/tp.h"
#include "fts/capi/tp_plan.h"
#include "fts/capi/version.h"

// Numbers must be of one type; handles, functions and structs of one size (each
// struct is compared by itself).
template <typename Old, typename New>
constexpr bool kSameType =
    std::is_arithmetic_v<Old>
        ? std::is_same_v<Old, New>
        : sizeof(Old) == sizeof(New) &&
              std::is_pointer_v<Old> == std::is_pointer_v<New> &&
              !std::is_arithmetic_v<New>;

#define FTS_SAME_FIELD(Old, New, field)                                    \
  static_assert(offsetof(Old, field) == offsetof(New, field) &&            \
                    kSameType<decltype(Old::field), decltype(New::field)>, \
                #New "::" #field " is not as in " #Old)
// A field that had another name, such as one that was reserved.
#define FTS_SAME_PLACE(Old, was, New, is)                             \
  static_assert(offsetof(Old, was) == offsetof(New, is) &&            \
                    kSameType<decltype(Old::was), decltype(New::is)>, \
                #New "::" #is " is not as " #was " in " #Old)
#define FTS_SAME_SIZE(Old, New) \
  static_assert(sizeof(Old) == sizeof(New), #New " is not as large as " #Old)

// ---- Version 1.0 ------------------------------------------------------------

// fts_string
FTS_SAME_SIZE(v1::String, fts_string);
FTS_SAME_FIELD(v1::String, fts_string, data);
FTS_SAME_FIELD(v1::String, fts_string, size);

// fts_diagnostic
FTS_SAME_SIZE(v1::Diagnostic, fts_diagnostic);
FTS_SAME_FIELD(v1::Diagnostic, fts_diagnostic, severity);
FTS_SAME_FIELD(v1::Diagnostic, fts_diagnostic, code);
FTS_SAME_FIELD(v1::Diagnostic, fts_diagnostic, message);
FTS_SAME_FIELD(v1::Diagnostic, fts_diagnostic, file);
FTS_SAME_FIELD(v1::Diagnostic, fts_diagnostic, line);
FTS_SAME_FIELD(v1::Diagnostic, fts_diagnostic, column);

// fts_module_info
FTS_SAME_SIZE(v1::ModuleInfo, fts_module_info);
FTS_SAME_FIELD(v1::ModuleInfo, fts_module_info, name);
FTS_SAME_FIELD(v1::ModuleInfo, fts_module_info, class_name);
FTS_SAME_FIELD(v1::ModuleInfo, fts_module_info, container);

// fts_parameter_info
FTS_SAME_SIZE(v1::ParameterInfo, fts_parameter_info);
FTS_SAME_FIELD(v1::ParameterInfo, fts_parameter_info, name);
FTS_SAME_FIELD(v1::ParameterInfo, fts_parameter_info, shape);
FTS_SAME_FIELD(v1::ParameterInfo, fts_parameter_info, rank);
FTS_SAME_FIELD(v1::ParameterInfo, fts_parameter_info, dtype);
FTS_SAME_FIELD(v1::ParameterInfo, fts_parameter_info, shared_with);

// fts_schedule_options
FTS_SAME_FIELD(v1::ScheduleOptions, fts_schedule_options, struct_size);
FTS_SAME_FIELD(v1::ScheduleOptions, fts_schedule_options, next);
FTS_SAME_FIELD(v1::ScheduleOptions, fts_schedule_options,
               epoch_transitions_only);
FTS_SAME_FIELD(v1::ScheduleOptions, fts_schedule_options, max_depth);
FTS_SAME_FIELD(v1::ScheduleOptions, fts_schedule_options, has_base_max_lr);
FTS_SAME_FIELD(v1::ScheduleOptions, fts_schedule_options, match);
FTS_SAME_FIELD(v1::ScheduleOptions, fts_schedule_options, base_max_lr);
FTS_SAME_FIELD(v1::ScheduleOptions, fts_schedule_options, max_epochs);

// fts_phase_info
FTS_SAME_SIZE(v1::PhaseInfo, fts_phase_info);
FTS_SAME_FIELD(v1::PhaseInfo, fts_phase_info, index);
FTS_SAME_FIELD(v1::PhaseInfo, fts_phase_info, has_lr);
FTS_SAME_FIELD(v1::PhaseInfo, fts_phase_info, lr);
FTS_SAME_FIELD(v1::PhaseInfo, fts_phase_info, max_transition_epoch);
FTS_SAME_FIELD(v1::PhaseInfo, fts_phase_info, num_params);
FTS_SAME_FIELD(v1::PhaseInfo, fts_phase_info, num_freeze);

// fts_unit_info
FTS_SAME_SIZE(v1::UnitInfo, fts_unit_info);
FTS_SAME_FIELD(v1::UnitInfo, fts_unit_info, module);
FTS_SAME_FIELD(v1::UnitInfo, fts_unit_info, is_root);
FTS_SAME_FIELD(v1::UnitInfo, fts_unit_info, reshard);
FTS_SAME_FIELD(v1::UnitInfo, fts_unit_info, num_elements);
FTS_SAME_FIELD(v1::UnitInfo, fts_unit_info, num_parameters);

// fts_scheduler_options
FTS_SAME_FIELD(v1::SchedulerOptions, fts_scheduler_options, struct_size);
FTS_SAME_FIELD(v1::SchedulerOptions, fts_scheduler_options, next);
FTS_SAME_FIELD(v1::SchedulerOptions, fts_scheduler_options,
               epoch_transitions_only);
FTS_SAME_FIELD(v1::SchedulerOptions, fts_scheduler_options, restore_best);
FTS_SAME_FIELD(v1::SchedulerOptions, fts_scheduler_options, has_early_stopping);
FTS_SAME_FIELD(v1::SchedulerOptions, fts_scheduler_options, mode);
FTS_SAME_FIELD(v1::SchedulerOptions, fts_scheduler_options, monitor);
FTS_SAME_FIELD(v1::SchedulerOptions, fts_scheduler_options, patience);
FTS_SAME_FIELD(v1::SchedulerOptions, fts_scheduler_options, min_delta);
FTS_SAME_FIELD(v1::SchedulerOptions, fts_scheduler_options, check_finite);
FTS_SAME_FIELD(v1::SchedulerOptions, fts_scheduler_options,
               has_stopping_threshold);
FTS_SAME_FIELD(v1::SchedulerOptions, fts_scheduler_options, stopping_threshold);
FTS_SAME_FIELD(v1::SchedulerOptions, fts_scheduler_options,
               divergence_threshold);
FTS_SAME_FIELD(v1::SchedulerOptions, fts_scheduler_options,
               has_divergence_threshold);
FTS_SAME_FIELD(v1::SchedulerOptions, fts_scheduler_options, best_mode);
FTS_SAME_FIELD(v1::SchedulerOptions, fts_scheduler_options, best_monitor);
FTS_SAME_FIELD(v1::SchedulerOptions, fts_scheduler_options, max_steps);
FTS_SAME_FIELD(v1::SchedulerOptions, fts_scheduler_options, has_validation);
FTS_SAME_FIELD(v1::SchedulerOptions, fts_scheduler_options, reserved);

// fts_phase_args
FTS_SAME_FIELD(v1::PhaseArgs, fts_phase_args, struct_size);
FTS_SAME_FIELD(v1::PhaseArgs, fts_phase_args, phase);
FTS_SAME_FIELD(v1::PhaseArgs, fts_phase_args, has_lr);
FTS_SAME_FIELD(v1::PhaseArgs, fts_phase_args, lr);

// fts_best_args
FTS_SAME_FIELD(v1::BestArgs, fts_best_args, struct_size);
FTS_SAME_FIELD(v1::BestArgs, fts_best_args, phase);
FTS_SAME_FIELD(v1::BestArgs, fts_best_args, epoch);
FTS_SAME_FIELD(v1::BestArgs, fts_best_args, metric);

// fts_metric_args
FTS_SAME_FIELD(v1::MetricArgs, fts_metric_args, struct_size);
FTS_SAME_FIELD(v1::MetricArgs, fts_metric_args, name);
FTS_SAME_FIELD(v1::MetricArgs, fts_metric_args, value);

// fts_scheduler_callbacks
FTS_SAME_FIELD(v1::SchedulerCallbacks, fts_scheduler_callbacks, struct_size);
FTS_SAME_FIELD(v1::SchedulerCallbacks, fts_scheduler_callbacks, next);
FTS_SAME_FIELD(v1::SchedulerCallbacks, fts_scheduler_callbacks, user_data);
FTS_SAME_FIELD(v1::SchedulerCallbacks, fts_scheduler_callbacks, destroy);
static_assert(offsetof(v1::SchedulerCallbacks, functions) ==
              offsetof(fts_scheduler_callbacks, thaw));
static_assert(
    std::is_same_v<decltype(fts_scheduler_callbacks::thaw), fts_phase_fn>);
static_assert(offsetof(fts_scheduler_callbacks, freeze) ==
              offsetof(fts_scheduler_callbacks, thaw) + sizeof(void*));
static_assert(offsetof(fts_scheduler_callbacks, add_group) ==
              offsetof(fts_scheduler_callbacks, freeze) + sizeof(void*));
static_assert(offsetof(fts_scheduler_callbacks, replace_optimizer) ==
              offsetof(fts_scheduler_callbacks, add_group) + sizeof(void*));
static_assert(offsetof(fts_scheduler_callbacks, replace_lr_scheduler) ==
              offsetof(fts_scheduler_callbacks, replace_optimizer) +
                  sizeof(void*));
static_assert(offsetof(fts_scheduler_callbacks, save_best) ==
              offsetof(fts_scheduler_callbacks, replace_lr_scheduler) +
                  sizeof(void*));
static_assert(offsetof(fts_scheduler_callbacks, restore_best) ==
              offsetof(fts_scheduler_callbacks, save_best) + sizeof(void*));
static_assert(offsetof(fts_scheduler_callbacks, metric) ==
              offsetof(fts_scheduler_callbacks, restore_best) + sizeof(void*));

// fts_effect
FTS_SAME_SIZE(v1::Effect, fts_effect);
FTS_SAME_FIELD(v1::Effect, fts_effect, kind);
FTS_SAME_FIELD(v1::Effect, fts_effect, phase);
FTS_SAME_FIELD(v1::Effect, fts_effect, has_lr);
FTS_SAME_FIELD(v1::Effect, fts_effect, has_best);
FTS_SAME_FIELD(v1::Effect, fts_effect, lr);
FTS_SAME_FIELD(v1::Effect, fts_effect, best_metric);
FTS_SAME_FIELD(v1::Effect, fts_effect, best_epoch);
FTS_SAME_FIELD(v1::Effect, fts_effect, best_phase);
FTS_SAME_FIELD(v1::Effect, fts_effect, cause);
FTS_SAME_FIELD(v1::Effect, fts_effect, text);

// ---- Version 1.1 ------------------------------------------------------------

// fts_dtype
FTS_SAME_SIZE(v1_1::Dtype, fts_dtype);
FTS_SAME_FIELD(v1_1::Dtype, fts_dtype, code);
FTS_SAME_FIELD(v1_1::Dtype, fts_dtype, bits);
FTS_SAME_FIELD(v1_1::Dtype, fts_dtype, lanes);

// fts_device
FTS_SAME_SIZE(v1_1::Device, fts_device);
FTS_SAME_FIELD(v1_1::Device, fts_device, type);
FTS_SAME_FIELD(v1_1::Device, fts_device, id);

// fts_config_text
FTS_SAME_SIZE(v1_1::ConfigText, fts_config_text);
FTS_SAME_FIELD(v1_1::ConfigText, fts_config_text, yaml);
FTS_SAME_FIELD(v1_1::ConfigText, fts_config_text, name);

// fts_config_info
FTS_SAME_SIZE(v1_1::ConfigInfo, fts_config_info);
FTS_SAME_FIELD(v1_1::ConfigInfo, fts_config_info, kind);
FTS_SAME_FIELD(v1_1::ConfigInfo, fts_config_info, line);
FTS_SAME_FIELD(v1_1::ConfigInfo, fts_config_info, file);
FTS_SAME_FIELD(v1_1::ConfigInfo, fts_config_info, text);
FTS_SAME_FIELD(v1_1::ConfigInfo, fts_config_info, integer);
FTS_SAME_FIELD(v1_1::ConfigInfo, fts_config_info, number);
FTS_SAME_FIELD(v1_1::ConfigInfo, fts_config_info, size);
FTS_SAME_FIELD(v1_1::ConfigInfo, fts_config_info, has_number);
FTS_SAME_FIELD(v1_1::ConfigInfo, fts_config_info, column);

// fts_log_entry
FTS_SAME_FIELD(v1_1::LogEntry, fts_log_entry, struct_size);
FTS_SAME_FIELD(v1_1::LogEntry, fts_log_entry, level);
FTS_SAME_FIELD(v1_1::LogEntry, fts_log_entry, line);
FTS_SAME_FIELD(v1_1::LogEntry, fts_log_entry, code);
FTS_SAME_FIELD(v1_1::LogEntry, fts_log_entry, message);
FTS_SAME_FIELD(v1_1::LogEntry, fts_log_entry, file);
FTS_SAME_FIELD(v1_1::LogEntry, fts_log_entry, column);
FTS_SAME_FIELD(v1_1::LogEntry, fts_log_entry, reserved);

// fts_mesh_options
FTS_SAME_FIELD(v1_1::MeshOptions, fts_mesh_options, struct_size);
FTS_SAME_FIELD(v1_1::MeshOptions, fts_mesh_options, next);
FTS_SAME_FIELD(v1_1::MeshOptions, fts_mesh_options, timeout_ms);
FTS_SAME_FIELD(v1_1::MeshOptions, fts_mesh_options, dp_replicate);
FTS_SAME_PLACE(v1_1::MeshOptions, reserved, fts_mesh_options, tp);

// fts_group_info
FTS_SAME_SIZE(v1_1::GroupInfo, fts_group_info);
FTS_SAME_FIELD(v1_1::GroupInfo, fts_group_info, name);
FTS_SAME_FIELD(v1_1::GroupInfo, fts_group_info, lr);
FTS_SAME_FIELD(v1_1::GroupInfo, fts_group_info, initial_lr);
FTS_SAME_FIELD(v1_1::GroupInfo, fts_group_info, weight_decay);

// fts_named_tensor
FTS_SAME_SIZE(v1_1::NamedTensor, fts_named_tensor);
FTS_SAME_FIELD(v1_1::NamedTensor, fts_named_tensor, name);
FTS_SAME_FIELD(v1_1::NamedTensor, fts_named_tensor, tensor);

// fts_session_options
FTS_SAME_FIELD(v1_1::SessionOptions, fts_session_options, struct_size);
FTS_SAME_FIELD(v1_1::SessionOptions, fts_session_options, next);
FTS_SAME_FIELD(v1_1::SessionOptions, fts_session_options, precision);
FTS_SAME_FIELD(v1_1::SessionOptions, fts_session_options, reduction);
FTS_SAME_FIELD(v1_1::SessionOptions, fts_session_options, optimizer_moments);

// fts_session_unit
FTS_SAME_SIZE(v1_1::SessionUnit, fts_session_unit);
FTS_SAME_FIELD(v1_1::SessionUnit, fts_session_unit, module);
FTS_SAME_FIELD(v1_1::SessionUnit, fts_session_unit, num_modules);
FTS_SAME_FIELD(v1_1::SessionUnit, fts_session_unit, input_dtype);
FTS_SAME_FIELD(v1_1::SessionUnit, fts_session_unit, output_dtype);
FTS_SAME_FIELD(v1_1::SessionUnit, fts_session_unit, act_ckpt);
FTS_SAME_FIELD(v1_1::SessionUnit, fts_session_unit, act_ckpt_kwargs);

// fts_step_args
FTS_SAME_FIELD(v1_1::StepArgs, fts_step_args, struct_size);
FTS_SAME_FIELD(v1_1::StepArgs, fts_step_args, next);
FTS_SAME_FIELD(v1_1::StepArgs, fts_step_args, loss);
FTS_SAME_FIELD(v1_1::StepArgs, fts_step_args, seconds);
FTS_SAME_FIELD(v1_1::StepArgs, fts_step_args, check_finite);
FTS_SAME_FIELD(v1_1::StepArgs, fts_step_args, reserved);

// fts_step_info
FTS_SAME_SIZE(v1_1::StepInfo, fts_step_info);
FTS_SAME_FIELD(v1_1::StepInfo, fts_step_info, loss);
FTS_SAME_FIELD(v1_1::StepInfo, fts_step_info, grad_norm);
FTS_SAME_FIELD(v1_1::StepInfo, fts_step_info, seconds);

// fts_shard_info
FTS_SAME_SIZE(v1_1::ShardInfo, fts_shard_info);
FTS_SAME_FIELD(v1_1::ShardInfo, fts_shard_info, begin);
FTS_SAME_FIELD(v1_1::ShardInfo, fts_shard_info, size);
FTS_SAME_FIELD(v1_1::ShardInfo, fts_shard_info, trainable);
FTS_SAME_FIELD(v1_1::ShardInfo, fts_shard_info, has_gradient);

// fts_session_use
FTS_SAME_SIZE(v1_1::SessionUse, fts_session_use);
FTS_SAME_FIELD(v1_1::SessionUse, fts_session_use, bytes_gathered);
FTS_SAME_FIELD(v1_1::SessionUse, fts_session_use, frozen_bytes_gathered);
FTS_SAME_FIELD(v1_1::SessionUse, fts_session_use, bytes_reduced);
FTS_SAME_FIELD(v1_1::SessionUse, fts_session_use, gradient_bytes);
FTS_SAME_FIELD(v1_1::SessionUse, fts_session_use, moment_bytes);
FTS_SAME_FIELD(v1_1::SessionUse, fts_session_use, peak_bytes);

// fts_tensor_info
FTS_SAME_SIZE(v1_1::TensorInfo, fts_tensor_info);
FTS_SAME_FIELD(v1_1::TensorInfo, fts_tensor_info, data);
FTS_SAME_FIELD(v1_1::TensorInfo, fts_tensor_info, shape);
FTS_SAME_FIELD(v1_1::TensorInfo, fts_tensor_info, strides);
FTS_SAME_FIELD(v1_1::TensorInfo, fts_tensor_info, rank);
FTS_SAME_FIELD(v1_1::TensorInfo, fts_tensor_info, num_elements);
FTS_SAME_FIELD(v1_1::TensorInfo, fts_tensor_info, dtype);
FTS_SAME_FIELD(v1_1::TensorInfo, fts_tensor_info, device);
FTS_SAME_FIELD(v1_1::TensorInfo, fts_tensor_info, requires_grad);
FTS_SAME_FIELD(v1_1::TensorInfo, fts_tensor_info, reserved);

// ---- Version 1.2 ------------------------------------------------------------

// fts_plan_options
FTS_SAME_FIELD(v1_2::PlanOptions, fts_plan_options, struct_size);
FTS_SAME_FIELD(v1_2::PlanOptions, fts_plan_options, next);
FTS_SAME_FIELD(v1_2::PlanOptions, fts_plan_options, tp);
FTS_SAME_FIELD(v1_2::PlanOptions, fts_plan_options, reserved);

// fts_tp_convert_options
FTS_SAME_FIELD(v1_2::TpConvertOptions, fts_tp_convert_options, struct_size);
FTS_SAME_FIELD(v1_2::TpConvertOptions, fts_tp_convert_options, next);
FTS_SAME_FIELD(v1_2::TpConvertOptions, fts_tp_convert_options, from);
FTS_SAME_FIELD(v1_2::TpConvertOptions, fts_tp_convert_options, to);
FTS_SAME_FIELD(v1_2::TpConvertOptions, fts_tp_convert_options, whole);
FTS_SAME_FIELD(v1_2::TpConvertOptions, fts_tp_convert_options, label);

// fts_placement
FTS_SAME_SIZE(v1_2::Placement, fts_placement);
FTS_SAME_FIELD(v1_2::Placement, fts_placement, kind);
FTS_SAME_FIELD(v1_2::Placement, fts_placement, dim);

// fts_tp_layout
FTS_SAME_SIZE(v1_2::TpLayout, fts_tp_layout);
FTS_SAME_FIELD(v1_2::TpLayout, fts_tp_layout, value);
FTS_SAME_FIELD(v1_2::TpLayout, fts_tp_layout, gradient);

// fts_tp_info
FTS_SAME_SIZE(v1_2::TpInfo, fts_tp_info);
FTS_SAME_FIELD(v1_2::TpInfo, fts_tp_info, size);
FTS_SAME_FIELD(v1_2::TpInfo, fts_tp_info, loss_parallel);
FTS_SAME_FIELD(v1_2::TpInfo, fts_tp_info, sequence_parallel);
FTS_SAME_FIELD(v1_2::TpInfo, fts_tp_info, reserved);
FTS_SAME_FIELD(v1_2::TpInfo, fts_tp_info, loss_module);
FTS_SAME_FIELD(v1_2::TpInfo, fts_tp_info, num_rules);
FTS_SAME_FIELD(v1_2::TpInfo, fts_tp_info, num_parameters);

// fts_tp_rule
FTS_SAME_SIZE(v1_2::TpRule, fts_tp_rule);
FTS_SAME_FIELD(v1_2::TpRule, fts_tp_rule, module);
FTS_SAME_FIELD(v1_2::TpRule, fts_tp_rule, class_name);
FTS_SAME_FIELD(v1_2::TpRule, fts_tp_rule, style);
FTS_SAME_FIELD(v1_2::TpRule, fts_tp_rule, use_local_output);
FTS_SAME_FIELD(v1_2::TpRule, fts_tp_rule, whole);
FTS_SAME_FIELD(v1_2::TpRule, fts_tp_rule, num_inputs);
FTS_SAME_FIELD(v1_2::TpRule, fts_tp_rule, num_outputs);

// fts_tp_parameter
FTS_SAME_SIZE(v1_2::TpParameter, fts_tp_parameter);
FTS_SAME_FIELD(v1_2::TpParameter, fts_tp_parameter, name);
FTS_SAME_FIELD(v1_2::TpParameter, fts_tp_parameter, placement);
FTS_SAME_FIELD(v1_2::TpParameter, fts_tp_parameter, partial_gradient);
FTS_SAME_FIELD(v1_2::TpParameter, fts_tp_parameter, reserved);

#endif  // FTS_CAPI_ABI_SAME_LAYOUT_H_
