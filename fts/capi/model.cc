// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/model.h"

#include "fts/capi/internal/guard.h"
#include "fts/capi/internal/handles.h"
#include "fts/capi/internal/text.h"
#include "fts/core/base/status.h"

using fts::capi::Guard;
using fts::capi::InRange;
using fts::capi::NotNull;
using fts::capi::View;

fts_status* fts_model_parse(fts_string json, fts_string name,
                            fts_diagnostics** out_diagnostics,
                            fts_model** out) noexcept {
  if (out != nullptr) *out = nullptr;
  if (out_diagnostics != nullptr) *out_diagnostics = nullptr;
  return Guard([&]() -> fts_status* {
    if (auto* bad =
            fts::capi::MakeStatus(NotNull(out, "fts_model_parse: out"))) {
      return bad;
    }
    fts::Diagnostics diags;
    auto model = fts::ParseModelDescription(fts::capi::ToString(json),
                                            fts::capi::ToString(name), &diags);
    fts::capi::PutDiagnostics(diags, out_diagnostics);
    if (!model.ok()) return fts::capi::MakeStatus(model.status(), diags);
    *out = new fts_model(*std::move(model));
    return nullptr;
  });
}

void fts_model_retain(fts_model* model) noexcept { fts::capi::Retain(model); }

void fts_model_release(fts_model* model) noexcept { fts::capi::Release(model); }

size_t fts_model_num_modules(const fts_model* model) noexcept {
  return model == nullptr ? 0 : model->value.modules.size();
}

fts_status* fts_model_get_module(const fts_model* model, size_t i,
                                 fts_module_info* out) noexcept {
  return Guard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_model_get_module: out"));
    *out = {};
    FTS_RETURN_IF_ERROR(InRange(i, fts_model_num_modules(model),
                                "fts_model_get_module: module"));
    const fts::ModuleInfo& info = model->value.modules[i];
    out->name = View(info.name);
    out->class_name = View(info.class_name);
    out->container = info.container ? 1 : 0;
    return absl::OkStatus();
  });
}

size_t fts_model_num_parameters(const fts_model* model) noexcept {
  return model == nullptr ? 0 : model->value.parameters.size();
}

fts_status* fts_model_get_parameter(const fts_model* model, size_t i,
                                    fts_parameter_info* out) noexcept {
  return Guard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_model_get_parameter: out"));
    *out = {};
    FTS_RETURN_IF_ERROR(InRange(i, fts_model_num_parameters(model),
                                "fts_model_get_parameter: parameter"));
    const fts::ParameterInfo& info = model->value.parameters[i];
    out->name = View(info.name);
    out->shape = info.shape.data();
    out->rank = info.shape.size();
    out->dtype = View(info.dtype);
    out->shared_with = info.shared_with ? View(*info.shared_with) : fts_str("");
    return absl::OkStatus();
  });
}

fts_status* fts_model_to_json(const fts_model* model,
                              fts_buffer** out) noexcept {
  return Guard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_model_to_json: out"));
    *out = nullptr;
    FTS_RETURN_IF_ERROR(NotNull(model, "fts_model_to_json: model"));
    *out = new fts_buffer(fts::ModelDescriptionToJson(model->value));
    return absl::OkStatus();
  });
}
