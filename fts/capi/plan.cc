// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/plan.h"

#include "fts/capi/internal/guard.h"
#include "fts/capi/internal/handles.h"
#include "fts/capi/internal/text.h"
#include "fts/core/base/status.h"
#include "fts/core/config/yaml.h"
#include "fts/core/plan/plan_json.h"
#include "fts/core/plan/plan_text.h"
#include "fts/core/plan/resolve_plan.h"

using fts::capi::Guard;
using fts::capi::NotNull;
using fts::capi::View;

namespace {

// What the three texts of a plan have in common.
template <typename ToText>
fts_status* Text(const fts_plan* plan, fts_buffer** out, const char* function,
                 const ToText& to_text) noexcept {
  return Guard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(out, absl::StrCat(function, ": out").c_str()));
    *out = nullptr;
    FTS_RETURN_IF_ERROR(
        NotNull(plan, absl::StrCat(function, ": plan").c_str()));
    *out = new fts_buffer(to_text(*plan));
    return absl::OkStatus();
  });
}

}  // namespace

fts_status* fts_plan_resolve(const fts_model* model,
                             const fts_schedule* schedule, fts_string yaml,
                             fts_string name, fts_diagnostics** out_diagnostics,
                             fts_plan** out) noexcept {
  if (out != nullptr) *out = nullptr;
  if (out_diagnostics != nullptr) *out_diagnostics = nullptr;
  return Guard([&]() -> fts_status* {
    absl::Status bad = NotNull(model, "fts_plan_resolve: model");
    bad.Update(NotNull(out, "fts_plan_resolve: out"));
    if (!bad.ok()) return fts::capi::MakeStatus(bad);
    fts::Diagnostics diags;
    const auto written = fts::ParseYaml(fts::capi::ToString(yaml),
                                        fts::capi::ToString(name), &diags);
    absl::StatusOr<fts::Plan> plan = absl::UnknownError("");
    if (!written.ok()) {
      plan = written.status();
    } else {
      fts::PlanOptions options;
      options.schedule = schedule == nullptr ? nullptr : &schedule->value;
      plan = fts::ResolvePlan(*written, model->value, options, &diags);
    }
    fts::capi::PutDiagnostics(diags, out_diagnostics);
    if (!plan.ok()) return fts::capi::MakeStatus(plan.status(), diags);
    *out = new fts_plan(*std::move(plan), std::move(diags));
    return nullptr;
  });
}

void fts_plan_retain(fts_plan* plan) noexcept { fts::capi::Retain(plan); }

void fts_plan_release(fts_plan* plan) noexcept { fts::capi::Release(plan); }

size_t fts_plan_num_units(const fts_plan* plan) noexcept {
  return plan == nullptr ? 0 : plan->value.units.size();
}

fts_status* fts_plan_get_unit(const fts_plan* plan, size_t i,
                              fts_unit_info* out) noexcept {
  return Guard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_plan_get_unit: out"));
    *out = {};
    FTS_RETURN_IF_ERROR(NotNull(plan, "fts_plan_get_unit: plan"));
    const auto& units = plan->value.units;
    FTS_RETURN_IF_ERROR(
        fts::capi::InRange(i, units.size() + 1, "fts_plan_get_unit: unit"));
    const fts::UnitSpec& unit =
        i < units.size() ? units[i] : plan->value.remainder;
    out->module = View(unit.module);
    out->is_root = unit.is_root ? 1 : 0;
    out->reshard = unit.reshard ? 1 : 0;
    for (const fts::SegmentSpec& segment : unit.segments) {
      out->num_elements += segment.numel;
      out->num_parameters += segment.parameters.size();
    }
    return absl::OkStatus();
  });
}

fts_status* fts_plan_to_json(const fts_plan* plan, fts_buffer** out) noexcept {
  return Text(plan, out, "fts_plan_to_json", [](const fts_plan& p) {
    return fts::PlanToJson(p.value, p.diagnostics);
  });
}

fts_status* fts_plan_to_full_json(const fts_plan* plan,
                                  fts_buffer** out) noexcept {
  return Text(plan, out, "fts_plan_to_full_json", [](const fts_plan& p) {
    return fts::FullPlanToJson(p.value, p.diagnostics);
  });
}

fts_status* fts_plan_to_text(const fts_plan* plan, fts_buffer** out) noexcept {
  return Text(plan, out, "fts_plan_to_text",
              [](const fts_plan& p) { return fts::PlanToText(p.value); });
}
