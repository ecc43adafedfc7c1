// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/schedule.h"

#include <cmath>

#include "fts/capi/internal/guard.h"
#include "fts/capi/internal/handles.h"
#include "fts/capi/internal/options.h"
#include "fts/capi/internal/text.h"
#include "fts/core/base/status.h"
#include "fts/core/config/yaml.h"
#include "fts/core/plan/plan_json.h"
#include "fts/core/schedule/generate.h"
#include "fts/core/schedule/resolve.h"
#include "fts/core/schedule/schedule_json.h"

using fts::capi::Guard;
using fts::capi::InRange;
using fts::capi::NotNull;
using fts::capi::View;

namespace {

constexpr size_t kV1Size = 48;
static_assert(offsetof(fts_schedule_options, max_epochs) + sizeof(int64_t) ==
                  sizeof(fts_schedule_options),
              "max_epochs is the last field: append after it, and read the new "
              "field below");

absl::StatusOr<fts::ResolveOptions> ReadResolveOptions(
    const fts_schedule_options* given) {
  fts_schedule_options o = FTS_SCHEDULE_OPTIONS_INIT;
  FTS_RETURN_IF_ERROR(
      fts::capi::ReadOptions(given, kV1Size, "fts_schedule_options", &o));
  fts::ResolveOptions out;
  out.epoch_transitions_only = o.epoch_transitions_only != 0;
  if (o.max_depth < -1) {
    return absl::InvalidArgumentError(
        absl::StrCat("fts_schedule_options: max_depth is ", o.max_depth,
                     "; it must be at least -1"));
  }
  out.max_depth = o.max_depth;
  if (o.has_base_max_lr == 0) {
    out.base_max_lr.reset();
  } else if (!std::isfinite(o.base_max_lr) || o.base_max_lr < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("fts_schedule_options: base_max_lr is ", o.base_max_lr,
                     "; it must be a number of at least 0"));
  } else {
    out.base_max_lr = o.base_max_lr;
  }
  switch (o.match) {
    case FTS_MATCH_UNSPECIFIED:
    case FTS_MATCH_PREFIX:
      break;
    case FTS_MATCH_FULL:
      out.match = fts::MatchRule::kFull;
      break;
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("fts_schedule_options: match is ", o.match,
                       "; it must be one of the FTS_MATCH_ constants"));
  }
  if (o.max_epochs == 0 || o.max_epochs < -1) {
    return absl::InvalidArgumentError(
        absl::StrCat("fts_schedule_options: max_epochs is ", o.max_epochs,
                     "; it must be at least 1, or -1 for none"));
  }
  if (o.max_epochs > 0) out.max_epochs = o.max_epochs;
  return out;
}

absl::Status GetName(const fts_schedule* schedule, size_t phase, size_t i,
                     std::vector<std::string> fts::Phase::*names,
                     const char* what, fts_string* out) {
  *out = fts_str("");
  FTS_RETURN_IF_ERROR(InRange(phase, fts_schedule_num_phases(schedule), what));
  const auto& list = schedule->value.phases[phase].*names;
  FTS_RETURN_IF_ERROR(InRange(i, list.size(), what));
  *out = View(list[i]);
  return absl::OkStatus();
}

fts::Json OrNull(const std::optional<double>& value) {
  return value.has_value() ? fts::Json(*value) : fts::Json();
}

std::string PhaseJson(const fts::Phase& phase) {
  fts::Json out;
  out["phase"] = phase.index;
  out["params"] = phase.params;
  out["freeze"] = phase.freeze;
  out["lr"] = OrNull(phase.lr);
  out["weight_decay"] = OrNull(phase.weight_decay);
  out["clip_grad_norm"] = OrNull(phase.clip_grad_norm);
  out["groups"] = fts::Json::array();
  for (const fts::PhaseGroup& group : phase.groups) {
    fts::Json one;
    one["name"] = group.name;
    one["lr_scale"] = group.lr_scale;
    one["params"] = group.params;
    out["groups"].push_back(std::move(one));
  }
  out["new_optimizer"] = fts::YamlToJson(phase.new_optimizer);
  out["new_lr_scheduler"] = fts::YamlToJson(phase.new_lr_scheduler);
  return fts::DumpJson(out);
}

}  // namespace

fts_status* fts_schedule_resolve(const fts_model* model, fts_string yaml,
                                 fts_string name,
                                 const fts_schedule_options* options,
                                 fts_diagnostics** out_diagnostics,
                                 fts_schedule** out) noexcept {
  if (out != nullptr) *out = nullptr;
  if (out_diagnostics != nullptr) *out_diagnostics = nullptr;
  return Guard([&]() -> fts_status* {
    absl::Status bad = NotNull(model, "fts_schedule_resolve: model");
    bad.Update(NotNull(out, "fts_schedule_resolve: out"));
    if (!bad.ok()) return fts::capi::MakeStatus(bad);
    const auto resolve = ReadResolveOptions(options);
    if (!resolve.ok()) return fts::capi::MakeStatus(resolve.status());

    fts::Diagnostics diags;
    const auto written = fts::ParseYaml(fts::capi::ToString(yaml),
                                        fts::capi::ToString(name), &diags);
    absl::StatusOr<fts::Schedule> schedule = absl::UnknownError("");
    if (!written.ok()) {
      schedule = written.status();
    } else {
      schedule = fts::ResolveSchedule(*written, model->value, *resolve, &diags);
    }
    fts::capi::PutDiagnostics(diags, out_diagnostics);
    if (!schedule.ok()) {
      return fts::capi::MakeStatus(schedule.status(), diags);
    }
    *out = new fts_schedule(*std::move(schedule), std::move(diags));
    return nullptr;
  });
}

fts_status* fts_schedule_generate(const fts_model* model, fts_generate_by by,
                                  int32_t phases, fts_buffer** out) noexcept {
  if (out != nullptr) *out = nullptr;
  return Guard([&]() -> fts_status* {
    absl::Status bad = NotNull(model, "fts_schedule_generate: model");
    bad.Update(NotNull(out, "fts_schedule_generate: out"));
    if (!bad.ok()) return fts::capi::MakeStatus(bad);
    fts::YamlNode made;
    std::string how;
    switch (by) {
      case FTS_GENERATE_BY_UNSPECIFIED:
      case FTS_GENERATE_BY_PAIRS:
        made = fts::GenerateImplicitSchedule(model->value);
        how = "by pairs";
        break;
      case FTS_GENERATE_BY_BLOCKS: {
        fts::Diagnostics diags;
        auto blocks = fts::GenerateBlockSchedule(model->value, phases, &diags);
        if (!blocks.ok()) {
          return fts::capi::MakeStatus(blocks.status(), diags);
        }
        made = *std::move(blocks);
        how = absl::StrCat("by blocks in ", phases, " phases");
        break;
      }
      case FTS_GENERATE_BY_DEPTH:
        made = fts::GenerateDepthSchedule(model->value);
        how = "by depth";
        break;
      default:
        return fts::capi::MakeStatus(absl::InvalidArgumentError(absl::StrCat(
            "fts_schedule_generate: by is ", by,
            "; it must be one of the FTS_GENERATE_BY_ constants")));
    }
    *out = new fts_buffer(fts::AnnotateSchedule(made, model->value, how));
    return nullptr;
  });
}

void fts_schedule_retain(fts_schedule* schedule) noexcept {
  fts::capi::Retain(schedule);
}

void fts_schedule_release(fts_schedule* schedule) noexcept {
  fts::capi::Release(schedule);
}

size_t fts_schedule_num_phases(const fts_schedule* schedule) noexcept {
  return schedule == nullptr ? 0 : schedule->value.phases.size();
}

int32_t fts_schedule_max_depth(const fts_schedule* schedule) noexcept {
  return schedule == nullptr ? -1 : schedule->value.max_depth;
}

int64_t fts_schedule_max_epochs(const fts_schedule* schedule) noexcept {
  return schedule == nullptr ? -1 : schedule->value.max_epochs.value_or(-1);
}

fts_status* fts_schedule_get_phase(const fts_schedule* schedule, size_t phase,
                                   fts_phase_info* out) noexcept {
  return Guard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_schedule_get_phase: out"));
    *out = {};
    FTS_RETURN_IF_ERROR(InRange(phase, fts_schedule_num_phases(schedule),
                                "fts_schedule_get_phase: phase"));
    const fts::Phase& p = schedule->value.phases[phase];
    out->index = p.index;
    out->has_lr = p.lr.has_value() ? 1 : 0;
    out->lr = p.lr.value_or(0);
    out->max_transition_epoch = p.max_transition_epoch;
    out->num_params = p.params.size();
    out->num_freeze = p.freeze.size();
    return absl::OkStatus();
  });
}

fts_status* fts_schedule_get_param(const fts_schedule* schedule, size_t phase,
                                   size_t i, fts_string* out) noexcept {
  return Guard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_schedule_get_param: out"));
    return GetName(schedule, phase, i, &fts::Phase::params,
                   "fts_schedule_get_param: index", out);
  });
}

fts_status* fts_schedule_get_freeze(const fts_schedule* schedule, size_t phase,
                                    size_t i, fts_string* out) noexcept {
  return Guard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_schedule_get_freeze: out"));
    return GetName(schedule, phase, i, &fts::Phase::freeze,
                   "fts_schedule_get_freeze: index", out);
  });
}

fts_status* fts_schedule_phase_to_json(const fts_schedule* schedule,
                                       size_t phase,
                                       fts_buffer** out) noexcept {
  return Guard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_schedule_phase_to_json: out"));
    *out = nullptr;
    FTS_RETURN_IF_ERROR(
        NotNull(schedule, "fts_schedule_phase_to_json: schedule"));
    FTS_RETURN_IF_ERROR(
        fts::capi::InRange(phase, schedule->value.phases.size(),
                           "fts_schedule_phase_to_json: phase"));
    *out = new fts_buffer(PhaseJson(schedule->value.phases[phase]));
    return absl::OkStatus();
  });
}

fts_status* fts_schedule_to_json(const fts_schedule* schedule,
                                 fts_buffer** out) noexcept {
  return Guard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_schedule_to_json: out"));
    *out = nullptr;
    FTS_RETURN_IF_ERROR(NotNull(schedule, "fts_schedule_to_json: schedule"));
    *out = new fts_buffer(
        fts::ScheduleToJson(schedule->value, schedule->diagnostics));
    return absl::OkStatus();
  });
}

fts_status* fts_schedule_to_yaml(const fts_schedule* schedule,
                                 fts_buffer** out) noexcept {
  return Guard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_schedule_to_yaml: out"));
    *out = nullptr;
    FTS_RETURN_IF_ERROR(NotNull(schedule, "fts_schedule_to_yaml: schedule"));
    *out = new fts_buffer(fts::ScheduleToYaml(schedule->value));
    return absl::OkStatus();
  });
}
