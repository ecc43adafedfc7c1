// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/tp_plan.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "fts/capi/internal/guard.h"
#include "fts/capi/internal/handles.h"
#include "fts/core/base/status.h"
#include "fts/core/plan/tp_plan.h"

using fts::TpLayout;
using fts::TpPlan;
using fts::TpRule;
using fts::capi::Guard;
using fts::capi::InRange;
using fts::capi::NotNull;
using fts::capi::View;

namespace {

fts_placement PlacementOf(const TpLayout& layout) {
  if (!layout.has_value()) return {FTS_PLACEMENT_KIND_UNSPECIFIED, 0};
  if (layout->is_shard()) {
    return {FTS_PLACEMENT_KIND_SHARD, static_cast<int32_t>(layout->dim())};
  }
  return {layout->is_partial() ? FTS_PLACEMENT_KIND_PARTIAL
                               : FTS_PLACEMENT_KIND_REPLICATE,
          0};
}

fts_placement PlacementAt(const std::vector<TpLayout>& list, size_t i) {
  return PlacementOf(i < list.size() ? list[i] : std::nullopt);
}

fts_tp_style StyleOf(fts::TpStyle style) {
  switch (style) {
    case fts::TpStyle::kColwise:
      return FTS_TP_STYLE_COLWISE;
    case fts::TpStyle::kRowwise:
      return FTS_TP_STYLE_ROWWISE;
    case fts::TpStyle::kSequence:
      return FTS_TP_STYLE_SEQUENCE;
    case fts::TpStyle::kPrepareInput:
      return FTS_TP_STYLE_PREPARE_INPUT;
    case fts::TpStyle::kPrepareOutput:
      return FTS_TP_STYLE_PREPARE_OUTPUT;
    case fts::TpStyle::kPrepareInputOutput:
      return FTS_TP_STYLE_PREPARE_INPUT_OUTPUT;
  }
  return FTS_TP_STYLE_UNSPECIFIED;
}

// Calls body(plan's tp_plan) where the plan is there.
template <typename Body>
fts_status* OfPlan(const fts_plan* plan, const char* function,
                   const Body& body) noexcept {
  return Guard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(
        NotNull(plan, absl::StrCat(function, ": plan").c_str()));
    return body(plan->value.tp);
  });
}

// Place i of two lists of a rule, of which one may be shorter.
using List = std::vector<TpLayout> TpRule::*;
fts_status* Pair(const fts_plan* plan, size_t rule, size_t i, List first,
                 List second, fts_placement* out_first,
                 fts_placement* out_second, const char* function) noexcept {
  if (out_first != nullptr) *out_first = {};
  if (out_second != nullptr) *out_second = {};
  return OfPlan(plan, function, [&](const TpPlan& tp) -> absl::Status {
    FTS_RETURN_IF_ERROR(InRange(rule, tp.rules.size(),
                                absl::StrCat(function, ": rule").c_str()));
    const auto& one = tp.rules[rule].*first;
    const auto& other = tp.rules[rule].*second;
    FTS_RETURN_IF_ERROR(InRange(i, std::max(one.size(), other.size()),
                                absl::StrCat(function, ": tensor").c_str()));
    if (out_first != nullptr) *out_first = PlacementAt(one, i);
    if (out_second != nullptr) *out_second = PlacementAt(other, i);
    return absl::OkStatus();
  });
}

}  // namespace

fts_status* fts_plan_get_tp(const fts_plan* plan, fts_tp_info* out) noexcept {
  constexpr char kName[] = "fts_plan_get_tp";
  if (out != nullptr) *out = {};
  return OfPlan(plan, kName, [&](const TpPlan& tp) -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_plan_get_tp: out"));
    out->size = static_cast<int32_t>(tp.size);
    out->loss_parallel = tp.loss_parallel ? 1 : 0;
    out->sequence_parallel = tp.sequence_parallel ? 1 : 0;
    out->loss_module = View(tp.loss_module);
    out->num_rules = tp.rules.size();
    out->num_parameters = tp.parameters.size();
    return absl::OkStatus();
  });
}

fts_status* fts_plan_get_tp_rule(const fts_plan* plan, size_t i,
                                 fts_tp_rule* out) noexcept {
  constexpr char kName[] = "fts_plan_get_tp_rule";
  if (out != nullptr) *out = {};
  return OfPlan(plan, kName, [&](const TpPlan& tp) -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_plan_get_tp_rule: out"));
    FTS_RETURN_IF_ERROR(
        InRange(i, tp.rules.size(), "fts_plan_get_tp_rule: rule"));
    const TpRule& rule = tp.rules[i];
    out->module = View(rule.module);
    out->class_name = View(rule.class_name);
    out->style = StyleOf(rule.style);
    out->use_local_output = rule.use_local_output ? 1 : 0;
    out->whole = rule.whole;
    out->num_inputs = std::max(rule.input.size(), rule.compute.size());
    out->num_outputs = std::max(rule.output.size(), rule.result.size());
    return absl::OkStatus();
  });
}

fts_status* fts_plan_get_tp_input(const fts_plan* plan, size_t rule, size_t i,
                                  fts_placement* out_comes,
                                  fts_placement* out_works) noexcept {
  return Pair(plan, rule, i, &TpRule::input, &TpRule::compute, out_comes,
              out_works, "fts_plan_get_tp_input");
}

fts_status* fts_plan_get_tp_output(const fts_plan* plan, size_t rule, size_t i,
                                   fts_placement* out_made,
                                   fts_placement* out_leaves) noexcept {
  return Pair(plan, rule, i, &TpRule::output, &TpRule::result, out_made,
              out_leaves, "fts_plan_get_tp_output");
}

fts_status* fts_plan_get_tp_parameter(const fts_plan* plan, size_t i,
                                      fts_tp_parameter* out) noexcept {
  constexpr char kName[] = "fts_plan_get_tp_parameter";
  if (out != nullptr) *out = {};
  return OfPlan(plan, kName, [&](const TpPlan& tp) -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_plan_get_tp_parameter: out"));
    FTS_RETURN_IF_ERROR(InRange(i, tp.parameters.size(),
                                "fts_plan_get_tp_parameter: parameter"));
    const auto found =
        std::next(tp.parameters.begin(), static_cast<std::ptrdiff_t>(i));
    out->name = View(found->first);
    out->placement = PlacementOf(found->second.placement);
    out->partial_gradient = found->second.partial_gradient ? 1 : 0;
    return absl::OkStatus();
  });
}

fts_status* fts_tp_chunk(int64_t whole, int32_t parts, int32_t index,
                         int64_t* out_begin, int64_t* out_size) noexcept {
  if (out_begin != nullptr) *out_begin = 0;
  if (out_size != nullptr) *out_size = 0;
  return Guard([&]() -> absl::Status {
    if (whole < 0 || whole > (int64_t{1} << 56)) {
      return absl::InvalidArgumentError(
          absl::StrCat("fts_tp_chunk: whole is ", whole, ", which is no size"));
    }
    if (parts < 1 || index < 0 || index >= parts) {
      return absl::InvalidArgumentError(
          absl::StrCat("fts_tp_chunk: index ", index, " of ", parts,
                       " parts; it must be from 0 to less than their number"));
    }
    const fts::TpChunk chunk = fts::ChunkOf(whole, parts, index);
    if (out_begin != nullptr) *out_begin = chunk.begin;
    if (out_size != nullptr) *out_size = chunk.size;
    return absl::OkStatus();
  });
}
