// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/plan.h"

#include "fts/capi/internal/guard.h"
#include "fts/capi/internal/handles.h"
#include "fts/capi/internal/options.h"
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

constexpr size_t kOptionsV12Size = 24;
static_assert(offsetof(fts_plan_options, reserved) + sizeof(int32_t) ==
                  sizeof(fts_plan_options),
              "reserved is the last field: append after it, and read the new "
              "field in ReadPlanOptions");

absl::Status ReadPlanOptions(const fts_plan_options* given,
                             fts::PlanOptions* out) {
  fts_plan_options o = FTS_PLAN_OPTIONS_INIT;
  FTS_RETURN_IF_ERROR(
      fts::capi::ReadOptions(given, kOptionsV12Size, "fts_plan_options", &o));
  if (o.tp < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "fts_plan_options: tp is ", o.tp,
        "; it is the number of ranks along the mesh's tp dimension, 1 or "
        "more"));
  }
  if (o.reserved != 0) {
    return absl::UnimplementedError(absl::StrCat(
        "fts_plan_options: reserved is ", o.reserved, "; it must be 0"));
  }
  out->tp = o.tp;
  return absl::OkStatus();
}

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
  return fts_plan_resolve_with(model, schedule, yaml, name, nullptr,
                               out_diagnostics, out);
}

fts_status* fts_plan_resolve_with(const fts_model* model,
                                  const fts_schedule* schedule, fts_string yaml,
                                  fts_string name,
                                  const fts_plan_options* given,
                                  fts_diagnostics** out_diagnostics,
                                  fts_plan** out) noexcept {
  if (out != nullptr) *out = nullptr;
  if (out_diagnostics != nullptr) *out_diagnostics = nullptr;
  return Guard([&]() -> fts_status* {
    absl::Status bad = NotNull(model, "fts_plan_resolve: model");
    bad.Update(NotNull(out, "fts_plan_resolve: out"));
    fts::PlanOptions options;
    bad.Update(ReadPlanOptions(given, &options));
    if (!bad.ok()) return fts::capi::MakeStatus(bad);
    fts::Diagnostics diags;
    const auto written = fts::ParseYaml(fts::capi::ToString(yaml),
                                        fts::capi::ToString(name), &diags);
    absl::StatusOr<fts::Plan> plan = absl::UnknownError("");
    if (!written.ok()) {
      plan = written.status();
    } else {
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
