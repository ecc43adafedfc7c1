// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/resolve.h"

#include <algorithm>
#include <string>
#include <utility>

#include "fts/core/base/codes.h"
#include "fts/core/schedule/codes.h"
#include "fts/core/schedule/groups.h"
#include "fts/core/schedule/phase_fields.h"
#include "fts/core/schedule/phase_keys.h"
#include "fts/core/schedule/reinit.h"
#include "fts/core/schedule/select.h"

namespace fts {
namespace {

std::string Label(const NumberedPhase& phase) {
  return "phase " + std::to_string(phase.number);
}

// What the phase freezes and thaws, and what that leaves.
void ReadParameters(const YamlNode& body, const NumberedPhase& given,
                    ParameterSelector* selector, Phase* phase,
                    Diagnostics* diags) {
  const std::string label = Label(given);
  const int errors_before = diags->num_errors();
  const YamlNode* freeze = body.Find("freeze");
  const bool freezes = freeze != nullptr && !freeze->items().empty();
  if (freezes && phase->index == 0) {
    diags->Error(codes::kPhase0Freeze,
                 label +
                     ": freeze is not possible in the first phase, which "
                     "begins with everything frozen; leave out of its params "
                     "what it should not train",
                 body.KeyWhere("freeze"));
  } else if (freeze != nullptr) {
    phase->freeze = selector->Freeze(*freeze, label);
  }
  const YamlNode* params = body.Find("params");
  if (params != nullptr) phase->params = selector->Select(*params, label);
  const bool no_params =
      params == nullptr || (params->is_sequence() && params->items().empty());
  if (no_params && !freezes) {
    diags->Warning(
        codes::kEmptyPhase,
        label +
            " has no params: it thaws nothing and adds no "
            "optimizer group",
        params == nullptr ? given.key.where() : body.KeyWhere("params"));
  }
  if (freezes && selector->num_trainable() == 0 &&
      diags->num_errors() == errors_before) {
    diags->Error(codes::kNothingTrainable,
                 label +
                     " freezes all that is trainable and thaws nothing; freeze "
                     "less, or give it params",
                 body.KeyWhere("freeze"));
  }
}

// One phase. In order: what a phase may freeze depends on those before.
Phase ReadPhase(const NumberedPhase& given, int index,
                const ResolveOptions& options, const PhaseGrouper& grouper,
                ParameterSelector* selector, Diagnostics* diags) {
  const std::string label = Label(given);
  Phase phase;
  phase.index = index;
  phase.where = given.key.where();
  const YamlNode& body = given.value;
  if (!body.is_mapping()) {
    diags->Error(
        codes::kBadType,
        label + " must be a mapping with params, got " + DescribeYaml(body) +
            (body.is_null() ? "; write {params: []} for a phase that thaws "
                              "nothing"
                            : "; write params: [...] under it"),
        given.key.where());
    return phase;
  }
  CheckPhaseKeys(body, label, diags);
  ReadParameters(body, given, selector, &phase, diags);
  phase.lr_decay = ReadLrDecay(body, label, diags);
  phase.groups = grouper.Groups(phase.params, phase.lr_decay);
  phase.weight_decay = ReadWeightDecay(body, label, diags);
  phase.clip_grad_norm = ReadClipGradNorm(body, label, diags);
  phase.max_transition_epoch = ReadMaxTransitionEpoch(body, label, diags);
  phase.lr =
      ReadLr(body, index, label, options.base_max_lr, given.key.where(), diags);
  phase.new_optimizer = ReadNewOptimizer(body, index, label, diags);
  phase.new_lr_scheduler = ReadNewLrScheduler(body, index, label, diags);
  phase.criteria = ReadCriteria(body, label, diags);
  return phase;
}

// The place of the key, else of the phase's own.
SourceLocation KeyWhere(const NumberedPhase& given, const char* key) {
  const SourceLocation where = given.value.KeyWhere(key);
  return where.known() ? where : given.key.where();
}

// Without early stopping, something else must end every phase.
void CheckEpochOnly(const PhaseKeys& keys, const Schedule& schedule,
                    Diagnostics* diags) {
  for (size_t i = 0; i < schedule.phases.size(); ++i) {
    const Phase& phase = schedule.phases[i];
    const PhaseCriteria& criteria = phase.criteria;
    if (phase.max_transition_epoch >= 0 || criteria.max_transition_step ||
        criteria.max_transition_tokens || criteria.max_transition_time) {
      continue;
    }
    diags->Error(codes::kEpochRequired,
                 Label(keys.phases[i]) +
                     " sets no max_transition_epoch, _step, _tokens or _time; "
                     "under epoch_transitions_only every phase needs one of "
                     "them, add it",
                 KeyWhere(keys.phases[i], "max_transition_epoch"));
  }
}

void EarlyTransition(const NumberedPhase& given, const char* key,
                     const std::string& limit, const std::string& before,
                     const char* least, Diagnostics* diags) {
  diags->Warning(codes::kEarlyTransition,
                 Label(given) + ": " + key + " " + limit +
                     " is not after that of an earlier phase (" + before +
                     "); the phase may last only one " + least,
                 KeyWhere(given, key));
}

// FTS's rules over the epochs of all phases.
void CheckEpochs(const PhaseKeys& keys, Schedule* schedule,
                 Diagnostics* diags) {
  constexpr char kKey[] = "max_transition_epoch";
  int64_t watermark = -1;  // largest epoch so far over phases >= 1, as in FTS
  for (size_t i = 1; i < schedule->phases.size(); ++i) {
    const int64_t epoch = schedule->phases[i].max_transition_epoch;
    if (epoch >= 0 && epoch <= watermark) {
      EarlyTransition(keys.phases[i], kKey, std::to_string(epoch),
                      std::to_string(watermark), "epoch", diags);
    }
    watermark = std::max(watermark, epoch);
  }
  const NumberedPhase& last = keys.phases.back();
  const int64_t last_epoch = schedule->phases.back().max_transition_epoch;
  if (last_epoch < 0) return;
  std::string effect;
  if (!schedule->max_epochs) {
    effect = "it has no effect";
  } else if (*schedule->max_epochs < watermark) {
    effect = "max_epochs is raised from " +
             std::to_string(*schedule->max_epochs) + " to " +
             std::to_string(watermark);
    schedule->max_epochs = watermark;
  } else {
    effect = "max_epochs stays " + std::to_string(*schedule->max_epochs);
  }
  diags->Warning(codes::kFinalTransitionEpoch,
                 Label(last) + ": max_transition_epoch " +
                     std::to_string(last_epoch) +
                     " of the last phase does not end the run; " + effect +
                     "; set max_epochs instead",
                 KeyWhere(last, kKey));
}

// The same for a limit that FTS does not have. `limit` reads it.
template <typename Limit>
void CheckLimits(const PhaseKeys& keys, const Schedule& schedule,
                 const char* key, Limit limit, Diagnostics* diags) {
  const NumberedPhase* largest = nullptr;
  for (size_t i = 0; i < schedule.phases.size(); ++i) {
    const NumberedPhase& given = keys.phases[i];
    const auto& value = limit(schedule.phases[i].criteria);
    if (!value) continue;
    const std::string text = given.value.Find(key)->text();
    if (i + 1 == schedule.phases.size()) {
      diags->Warning(codes::kFinalTransitionLimit,
                     Label(given) + ": " + key + " " + text +
                         " of the last phase has no effect: it does not end "
                         "the run; set trainer.max_steps or max_epochs instead",
                     KeyWhere(given, key));
      continue;
    }
    const auto* before =
        largest == nullptr
            ? nullptr
            : &limit(schedule.phases[largest - keys.phases.data()].criteria);
    if (before != nullptr && *value <= **before) {
      EarlyTransition(given, key, text, largest->value.Find(key)->text(),
                      "step", diags);
    } else {
      largest = &given;
    }
  }
}

void CheckTransitions(const PhaseKeys& keys, const ResolveOptions& options,
                      Schedule* schedule, Diagnostics* diags) {
  if (options.epoch_transitions_only) CheckEpochOnly(keys, *schedule, diags);
  CheckEpochs(keys, schedule, diags);
  using C = PhaseCriteria;
  CheckLimits(
      keys, *schedule, "max_transition_step",
      [](const C& c) -> auto& { return c.max_transition_step; }, diags);
  CheckLimits(
      keys, *schedule, "max_transition_tokens",
      [](const C& c) -> auto& { return c.max_transition_tokens; }, diags);
  CheckLimits(
      keys, *schedule, "max_transition_time",
      [](const C& c) -> auto& { return c.max_transition_time; }, diags);
}

}  // namespace

absl::StatusOr<Schedule> ResolveSchedule(const YamlNode& schedule,
                                         const ModelDescription& model,
                                         const ResolveOptions& options,
                                         Diagnostics* diags) {
  const int errors_before = diags->num_errors();
  if (options.max_depth < -1) {
    diags->Error(codes::kOutOfRange,
                 "max_depth must be -1 (all phases) or a phase number, got " +
                     std::to_string(options.max_depth));
  }
  if (options.max_epochs && *options.max_epochs < 0) {
    diags->Error(codes::kOutOfRange, "max_epochs must not be negative, got " +
                                         std::to_string(*options.max_epochs));
  }
  const PhaseKeys keys = ConvertPhaseKeys(schedule, diags);
  ParameterSelector selector(model, options.match, diags);
  const PhaseGrouper grouper(model);
  Schedule out;
  out.max_epochs = options.max_epochs;
  for (const NumberedPhase& given : keys.phases) {
    const int index = static_cast<int>(out.phases.size());
    out.phases.push_back(
        ReadPhase(given, index, options, grouper, &selector, diags));
  }
  if (!out.phases.empty()) CheckTransitions(keys, options, &out, diags);
  if (diags->num_errors() > errors_before) return diags->status();
  const int last = static_cast<int>(out.phases.size()) - 1;
  out.max_depth =
      options.max_depth < 0 ? last : std::min(options.max_depth, last);
  return out;
}

}  // namespace fts
