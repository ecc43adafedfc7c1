// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/session.h"

#include <cmath>

#include "fts/capi/internal/callback.h"
#include "fts/capi/internal/options.h"
#include "fts/capi/internal/session_args.h"
#include "fts/capi/internal/text.h"
#include "fts/capi/internal/torch_handles.h"
#include "fts/core/base/status.h"
#include "fts/core/config/yaml.h"
#include "fts/core/plan/plan_json.h"

using fts::HostSession;
using fts::capi::InSession;
using fts::capi::NotNull;
using fts::capi::ToString;
using fts::capi::View;

namespace {

constexpr size_t kOptionsV1Size = 40;
static_assert(offsetof(fts_session_options, optimizer_moments) +
                      sizeof(int32_t) ==
                  sizeof(fts_session_options),
              "optimizer_moments is the last field: append after it, and read "
              "the new field in ReadSessionOptions");
constexpr size_t kStepArgsV1Size = 40;
static_assert(offsetof(fts_step_args, reserved) + sizeof(int32_t) ==
                  sizeof(fts_step_args),
              "reserved is the last field: append after it, and read the new "
              "field in ReadStepArgs");

absl::Status ReadSessionOptions(const fts_session_options* given,
                                fts::HostSessionOptions* out,
                                fts::Diagnostics* diags) {
  fts_session_options o = FTS_SESSION_OPTIONS_INIT;
  FTS_RETURN_IF_ERROR(
      fts::capi::ReadOptions(given, kOptionsV1Size, "fts_session_options", &o));
  if (o.precision.size > 0) {
    FTS_ASSIGN_OR_RETURN(
        const fts::YamlNode node,
        fts::ParseYaml(absl::StrCat("precision: ", ToString(o.precision)),
                       "fts_session_options.precision", diags));
    FTS_ASSIGN_OR_RETURN(const fts::LoopConfig config,
                         fts::ReadLoopConfig(node, diags));
    out->precision = config.precision;
  }
  switch (o.reduction) {
    case FTS_REDUCTION_UNSPECIFIED:
    case FTS_REDUCTION_MEAN:
      out->mean = true;
      break;
    case FTS_REDUCTION_SUM:
      break;
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("fts_session_options: reduction is ", o.reduction,
                       "; it must be one of the FTS_REDUCTION_ constants"));
  }
  if (o.optimizer_moments < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("fts_session_options: optimizer_moments is ",
                     o.optimizer_moments, "; it must not be negative"));
  }
  out->moments = o.optimizer_moments;
  return absl::OkStatus();
}

absl::Status ReadParameters(const fts_named_tensor* given, size_t size,
                            std::vector<fts::shard::NamedLeaf>* out) {
  if (size > 0) {
    FTS_RETURN_IF_ERROR(NotNull(given, "fts_session_create: parameters"));
  }
  for (size_t i = 0; i < size; ++i) {
    const std::string name = ToString(given[i].name);
    if (given[i].tensor == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("fts_session_create: the tensor of parameter ", i, " ('",
                       name, "') is NULL"));
    }
    out->push_back({name, given[i].tensor->value});
  }
  return absl::OkStatus();
}

absl::Status ReadTensors(fts_tensor* const* given, size_t size,
                         const char* function, std::vector<at::Tensor>* out) {
  if (size > 0) {
    FTS_RETURN_IF_ERROR(
        NotNull(given, absl::StrCat(function, ": tensors").c_str()));
  }
  out->reserve(size);
  for (size_t i = 0; i < size; ++i) {
    FTS_RETURN_IF_ERROR(
        NotNull(given[i], absl::StrCat(function, ": tensor ", i).c_str()));
    out->push_back(given[i]->value);
  }
  return absl::OkStatus();
}

absl::Status ReadAtTensors(const void* const* given, size_t size,
                           const char* function, std::vector<at::Tensor>* out) {
  if (size > 0) {
    FTS_RETURN_IF_ERROR(
        NotNull(given, absl::StrCat(function, ": tensors").c_str()));
  }
  out->reserve(size);
  for (size_t i = 0; i < size; ++i) {
    FTS_RETURN_IF_ERROR(
        NotNull(given[i], absl::StrCat(function, ": tensor ", i).c_str()));
    out->push_back(*static_cast<const at::Tensor*>(given[i]));
  }
  return absl::OkStatus();
}

fts_dtype CastOf(const std::optional<at::ScalarType>& type) {
  return type.has_value() ? fts::capi::ToDtype(*type) : fts_dtype{0, 0, 0};
}

absl::Status UnitInRange(const HostSession& session, size_t unit,
                         const char* function) {
  return fts::capi::InRange(unit, session.units().size(),
                            absl::StrCat(function, ": unit").c_str());
}

}  // namespace

namespace fts::capi {

absl::StatusOr<fts_step_args> ReadStepArgs(const fts_step_args* given) {
  fts_step_args o = FTS_STEP_ARGS_INIT;
  FTS_RETURN_IF_ERROR(ReadOptions(given, kStepArgsV1Size, "fts_step_args", &o));
  if (o.reserved != 0) {
    return absl::UnimplementedError(absl::StrCat("fts_step_args: reserved is ",
                                                 o.reserved, "; it must be 0"));
  }
  return o;
}

}  // namespace fts::capi

fts_status* fts_session_create(const fts_plan* plan,
                               const fts_schedule* schedule, fts_mesh* mesh,
                               const fts_named_tensor* parameters,
                               size_t num_parameters,
                               const fts_session_options* options,
                               fts_diagnostics** out_diagnostics,
                               fts_session** out) noexcept {
  if (out != nullptr) *out = nullptr;
  if (out_diagnostics != nullptr) *out_diagnostics = nullptr;
  fts::Diagnostics diags;
  fts_status* failed = fts::capi::TorchGuard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(plan, "fts_session_create: plan"));
    FTS_RETURN_IF_ERROR(NotNull(schedule, "fts_session_create: schedule"));
    FTS_RETURN_IF_ERROR(NotNull(mesh, "fts_session_create: mesh"));
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_session_create: out"));
    FTS_RETURN_IF_ERROR(mesh->process.Check("fts_session_create", "mesh"));
    fts::HostSessionOptions o;
    FTS_RETURN_IF_ERROR(ReadSessionOptions(options, &o, &diags));
    o.plan = plan->value;
    o.schedule = schedule->value;
    std::vector<fts::shard::NamedLeaf> leaves;
    FTS_RETURN_IF_ERROR(ReadParameters(parameters, num_parameters, &leaves));
    auto handle = std::make_unique<fts_session>();
    FTS_ASSIGN_OR_RETURN(
        handle->value, HostSession::Create(leaves, std::move(o), mesh->value));
    for (const auto& unit : handle->value->units()) {
      std::string kwargs;
      if (unit.spec != nullptr && unit.spec->options.act_ckpt.has_value()) {
        kwargs = fts::YamlToJson(unit.spec->options.act_ckpt->kwargs).dump();
      }
      handle->act_ckpt_kwargs.push_back(std::move(kwargs));
    }
    *out = handle.release();
    return absl::OkStatus();
  });
  return fts::capi::Guard([&]() -> fts_status* {
    fts::capi::PutDiagnostics(diags, out_diagnostics);
    return failed;
  });
}

void fts_session_retain(fts_session* session) noexcept {
  fts::capi::Retain(session);
}

void fts_session_release(fts_session* session) noexcept {
  fts::capi::Release(session);
}

fts_status* fts_session_load(fts_session* session) noexcept {
  return InSession(session, "fts_session_load",
                   [](HostSession& s) { return s.Load(); });
}

fts_status* fts_session_load_from(fts_session* session, fts_load_fn fn,
                                  void* user_data) noexcept {
  return InSession(
      session, "fts_session_load_from", [&](HostSession& s) -> absl::Status {
        FTS_RETURN_IF_ERROR(NotNull(reinterpret_cast<const void*>(fn),
                                    "fts_session_load_from: fn"));
        return s.Load([&](const std::string& name, int64_t begin, int64_t end,
                          at::Tensor dst) -> absl::Status {
          // A handle of its own: the callback may keep it.
          auto* tensor = new fts_tensor(std::move(dst));
          const absl::Status status =
              fts::capi::CallBack("fn of fts_session_load_from", fn, View(name),
                                  begin, end, tensor, user_data);
          fts_tensor_release(tensor);
          return status;
        });
      });
}

fts_string fts_session_why_gathered(const fts_session* session) noexcept {
  return session == nullptr ? fts_string{"", 0}
                            : View(session->value->why_not_bound());
}

size_t fts_session_num_units(const fts_session* session) noexcept {
  return session == nullptr ? 0 : session->value->units().size();
}

fts_status* fts_session_get_unit(const fts_session* session, size_t unit,
                                 fts_session_unit* out) noexcept {
  constexpr char kName[] = "fts_session_get_unit";
  return InSession(session, kName, [&](HostSession& s) -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_session_get_unit: out"));
    *out = {};
    FTS_RETURN_IF_ERROR(UnitInRange(s, unit, kName));
    const HostSession::UnitInfo& info = s.units()[unit];
    out->module = View(info.unit->module());
    out->num_modules = info.unit->modules().size();
    out->input_dtype = CastOf(info.casts.inputs);
    out->output_dtype = CastOf(info.casts.outputs);
    if (info.spec != nullptr && info.spec->options.act_ckpt.has_value()) {
      out->act_ckpt = View(info.spec->options.act_ckpt->mode);
      out->act_ckpt_kwargs = View(session->act_ckpt_kwargs[unit]);
    }
    return absl::OkStatus();
  });
}

fts_status* fts_session_get_unit_module(const fts_session* session, size_t unit,
                                        size_t i, fts_string* out) noexcept {
  constexpr char kName[] = "fts_session_get_unit_module";
  return InSession(session, kName, [&](HostSession& s) -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_session_get_unit_module: out"));
    *out = {};
    FTS_RETURN_IF_ERROR(UnitInRange(s, unit, kName));
    const auto& modules = s.units()[unit].unit->modules();
    FTS_RETURN_IF_ERROR(fts::capi::InRange(
        i, modules.size(), "fts_session_get_unit_module: module"));
    *out = View(modules[i]);
    return absl::OkStatus();
  });
}

fts_status* fts_session_pre_forward(fts_session* session, size_t unit,
                                    fts_tensor* const* inputs,
                                    size_t num_inputs) noexcept {
  constexpr char kName[] = "fts_session_pre_forward";
  return InSession(session, kName, [&](HostSession& s) -> absl::Status {
    std::vector<at::Tensor> tensors;
    FTS_RETURN_IF_ERROR(ReadTensors(inputs, num_inputs, kName, &tensors));
    return s.PreForward(unit, tensors);
  });
}

fts_status* fts_session_post_forward(fts_session* session, size_t unit,
                                     size_t module, fts_tensor* const* outputs,
                                     size_t num_outputs) noexcept {
  constexpr char kName[] = "fts_session_post_forward";
  return InSession(session, kName, [&](HostSession& s) -> absl::Status {
    std::vector<at::Tensor> tensors;
    FTS_RETURN_IF_ERROR(ReadTensors(outputs, num_outputs, kName, &tensors));
    return s.PostForward(unit, static_cast<int>(module), tensors);
  });
}

fts_status* fts_session_pre_forward_at(fts_session* session, size_t unit,
                                       const void* const* at_inputs,
                                       size_t num_inputs) noexcept {
  constexpr char kName[] = "fts_session_pre_forward_at";
  return InSession(session, kName, [&](HostSession& s) -> absl::Status {
    std::vector<at::Tensor> tensors;
    FTS_RETURN_IF_ERROR(ReadAtTensors(at_inputs, num_inputs, kName, &tensors));
    return s.PreForward(unit, tensors);
  });
}

fts_status* fts_session_post_forward_at(fts_session* session, size_t unit,
                                        size_t module,
                                        const void* const* at_outputs,
                                        size_t num_outputs) noexcept {
  constexpr char kName[] = "fts_session_post_forward_at";
  return InSession(session, kName, [&](HostSession& s) -> absl::Status {
    std::vector<at::Tensor> tensors;
    FTS_RETURN_IF_ERROR(
        ReadAtTensors(at_outputs, num_outputs, kName, &tensors));
    return s.PostForward(unit, static_cast<int>(module), tensors);
  });
}

fts_status* fts_session_gather(fts_session* session, size_t unit) noexcept {
  return InSession(session, "fts_session_gather",
                   [&](HostSession& s) { return s.Gather(unit); });
}

fts_status* fts_session_release_unit(fts_session* session,
                                     size_t unit) noexcept {
  return InSession(session, "fts_session_release_unit",
                   [&](HostSession& s) { return s.Release(unit); });
}

fts_status* fts_session_add_gradients(fts_session* session,
                                      const size_t* parameters,
                                      fts_tensor* const* gradients,
                                      size_t size) noexcept {
  constexpr char kName[] = "fts_session_add_gradients";
  return InSession(session, kName, [&](HostSession& s) -> absl::Status {
    if (size == 0) return absl::OkStatus();
    FTS_RETURN_IF_ERROR(
        NotNull(parameters, "fts_session_add_gradients: parameters"));
    std::vector<at::Tensor> tensors;
    FTS_RETURN_IF_ERROR(ReadTensors(gradients, size, kName, &tensors));
    return s.AddGradients({parameters, parameters + size}, tensors);
  });
}

fts_status* fts_session_begin_micro_step(fts_session* session,
                                         int32_t last) noexcept {
  return InSession(session, "fts_session_begin_micro_step",
                   [&](HostSession& s) {
                     s.BeginMicroStep(last != 0);
                     return absl::OkStatus();
                   });
}

fts_status* fts_session_begin_evaluation(fts_session* session) noexcept {
  return InSession(session, "fts_session_begin_evaluation", [](HostSession& s) {
    s.BeginEvaluation();
    return absl::OkStatus();
  });
}

fts_status* fts_session_end_evaluation(fts_session* session) noexcept {
  return InSession(session, "fts_session_end_evaluation", [](HostSession& s) {
    s.EndEvaluation();
    return absl::OkStatus();
  });
}

fts_status* fts_session_complete_gradients(fts_session* session,
                                           const fts_step_args* args,
                                           fts_step_info* out) noexcept {
  if (out != nullptr) *out = {};
  return InSession(
      session, "fts_session_complete_gradients",
      [&](HostSession& s) -> absl::Status {
        FTS_ASSIGN_OR_RETURN(const fts_step_args o,
                             fts::capi::ReadStepArgs(args));
        FTS_ASSIGN_OR_RETURN(
            const fts::HostStep step,
            s.CompleteGradients(o.loss, o.seconds, o.check_finite != 0));
        if (out != nullptr) *out = {step.loss, step.grad_norm, step.seconds};
        return absl::OkStatus();
      });
}

fts_status* fts_session_clip(fts_session* session, double max_norm) noexcept {
  return InSession(session, "fts_session_clip",
                   [&](HostSession& s) { return s.Clip(max_norm); });
}

fts_status* fts_session_begin_update(fts_session* session) noexcept {
  return InSession(session, "fts_session_begin_update",
                   [](HostSession& s) { return s.BeginUpdate(); });
}

fts_status* fts_session_finish_update(fts_session* session) noexcept {
  return InSession(session, "fts_session_finish_update",
                   [](HostSession& s) { return s.FinishUpdate(); });
}

fts_status* fts_session_has_gradients(const fts_session* session,
                                      int32_t* out) noexcept {
  return InSession(
      session, "fts_session_has_gradients",
      [&](HostSession& s) -> absl::Status {
        FTS_RETURN_IF_ERROR(NotNull(out, "fts_session_has_gradients: out"));
        *out = s.HasGradients() ? 1 : 0;
        return absl::OkStatus();
      });
}

fts_status* fts_session_reset_step(fts_session* session) noexcept {
  return InSession(session, "fts_session_reset_step", [](HostSession& s) {
    s.ResetStep();
    return absl::OkStatus();
  });
}

fts_status* fts_session_find_parameter(const fts_session* session,
                                       fts_string name, size_t* out) noexcept {
  return InSession(
      session, "fts_session_find_parameter",
      [&](HostSession& s) -> absl::Status {
        FTS_RETURN_IF_ERROR(NotNull(out, "fts_session_find_parameter: out"));
        const std::string wanted = ToString(name);
        const auto found = s.FindParameter(wanted);
        if (!found.has_value()) {
          return absl::NotFoundError(absl::StrCat(
              "fts_session_find_parameter: the model has no parameter '",
              wanted, "'"));
        }
        *out = static_cast<size_t>(*found);
        return absl::OkStatus();
      });
}

fts_status* fts_session_get_shard(fts_session* session, size_t parameter,
                                  fts_shard_info* out_info,
                                  fts_tensor** out_value,
                                  fts_tensor** out_gradient) noexcept {
  if (out_info != nullptr) *out_info = {};
  if (out_value != nullptr) *out_value = nullptr;
  if (out_gradient != nullptr) *out_gradient = nullptr;
  return InSession(
      session, "fts_session_get_shard", [&](HostSession& s) -> absl::Status {
        FTS_ASSIGN_OR_RETURN(const HostSession::Shard shard,
                             s.ShardOf(static_cast<int64_t>(parameter)));
        if (out_info != nullptr) {
          out_info->begin = shard.begin;
          out_info->size = shard.value.numel();
          out_info->trainable = shard.trainable ? 1 : 0;
          out_info->has_gradient = shard.grad.defined() ? 1 : 0;
        }
        if (out_value != nullptr) *out_value = new fts_tensor(shard.value);
        if (out_gradient != nullptr && shard.grad.defined()) {
          *out_gradient = new fts_tensor(shard.grad);
        }
        return absl::OkStatus();
      });
}

fts_status* fts_session_begin_write(fts_session* session) noexcept {
  return InSession(session, "fts_session_begin_write",
                   [](HostSession& s) { return s.BeginWrite(); });
}

fts_status* fts_session_end_write(fts_session* session) noexcept {
  return InSession(session, "fts_session_end_write",
                   [](HostSession& s) { return s.EndWrite(); });
}

fts_status* fts_session_for_each_full(fts_session* session, fts_full_fn fn,
                                      void* user_data) noexcept {
  return InSession(
      session, "fts_session_for_each_full",
      [&](HostSession& s) -> absl::Status {
        FTS_RETURN_IF_ERROR(NotNull(reinterpret_cast<const void*>(fn),
                                    "fts_session_for_each_full: fn"));
        return s.ForEachFull([&](const std::string& name,
                                 const at::Tensor& value) -> absl::Status {
          auto* tensor = new fts_tensor(value);
          const absl::Status status =
              fts::capi::CallBack("fn of fts_session_for_each_full", fn,
                                  View(name), tensor, user_data);
          fts_tensor_release(tensor);
          return status;
        });
      });
}

fts_status* fts_session_get_use(const fts_session* session,
                                fts_session_use* out) noexcept {
  return InSession(
      session, "fts_session_get_use", [&](HostSession& s) -> absl::Status {
        FTS_RETURN_IF_ERROR(NotNull(out, "fts_session_get_use: out"));
        const fts::shard::Ledger& ledger = s.engine().ledger();
        out->bytes_gathered = ledger.gathered.bytes;
        out->frozen_bytes_gathered = ledger.frozen_gathered.bytes;
        out->bytes_reduced = ledger.reduced.bytes + ledger.all_reduced.bytes;
        out->gradient_bytes = ledger.peak(fts::shard::Holding::kGradient);
        out->moment_bytes = ledger.now(fts::shard::Holding::kMoments);
        out->peak_bytes = ledger.peak_total();
        return absl::OkStatus();
      });
}
