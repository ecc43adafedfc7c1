// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/internal/callback_ports.h"

#include "absl/strings/str_cat.h"
#include "fts/capi/internal/callback.h"
#include "fts/capi/internal/text.h"
#include "fts/core/base/status.h"

namespace fts::capi {

absl::Status CallbackPorts::Call(const char* name, fts_phase_fn fn, int phase,
                                 std::optional<double> lr) {
  if (fn == nullptr) return absl::OkStatus();
  fts_phase_args args = {};
  args.struct_size = sizeof args;
  args.phase = phase;
  args.has_lr = lr.has_value() ? 1 : 0;
  args.lr = lr.value_or(0);
  return CallBack(name, fn, &args, callbacks_.user_data);
}

absl::Status CallbackPorts::Call(const char* name, fts_best_fn fn,
                                 const BestRecord& best) {
  if (fn == nullptr) return absl::OkStatus();
  fts_best_args args = {};
  args.struct_size = sizeof args;
  args.phase = best.phase;
  args.epoch = best.epoch;
  args.metric = best.metric;
  return CallBack(name, fn, &args, callbacks_.user_data);
}

absl::Status CallbackPorts::Thaw(int phase) {
  return Call("thaw", callbacks_.thaw, phase);
}

absl::Status CallbackPorts::Freeze(int phase) {
  return Call("freeze", callbacks_.freeze, phase);
}

absl::Status CallbackPorts::AddGroup(int phase, std::optional<double> lr) {
  return Call("add_group", callbacks_.add_group, phase, lr);
}

absl::Status CallbackPorts::ReplaceOptimizer(int phase) {
  return Call("replace_optimizer", callbacks_.replace_optimizer, phase);
}

absl::Status CallbackPorts::ReplaceLrScheduler(int phase) {
  return Call("replace_lr_scheduler", callbacks_.replace_lr_scheduler, phase);
}

absl::Status CallbackPorts::SaveBest(const BestRecord& best) {
  return Call("save_best", callbacks_.save_best, best);
}

absl::Status CallbackPorts::RestoreBest(const BestRecord& best) {
  return Call("restore_best", callbacks_.restore_best, best);
}

absl::StatusOr<double> CallbackPorts::Value(const std::string& name) {
  if (callbacks_.metric == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("the scheduler needs the metric '", name,
                     "' and has no metric callback; set "
                     "fts_scheduler_callbacks.metric"));
  }
  double value = 0;
  fts_metric_args args = {};
  args.struct_size = sizeof args;
  args.name = View(name);
  args.value = &value;
  FTS_RETURN_IF_ERROR(
      CallBack("metric", callbacks_.metric, &args, callbacks_.user_data));
  return value;
}

}  // namespace fts::capi
