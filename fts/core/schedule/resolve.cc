// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/resolve.h"

#include <algorithm>
#include <string>
#include <utility>

#include "fts/core/base/codes.h"
#include "fts/core/schedule/codes.h"
#include "fts/core/schedule/phase_fields.h"
#include "fts/core/schedule/phase_keys.h"
#include "fts/core/schedule/reinit.h"
#include "fts/core/schedule/select.h"

namespace fts {
namespace {

std::string Label(const NumberedPhase& phase) {
  return "phase " + std::to_string(phase.number);
}

// Everything of one phase that does not depend on the others.
Phase ReadPhase(const NumberedPhase& given, int index,
                const ResolveOptions& options, ParameterSelector* selector,
                Diagnostics* diags) {
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
  const YamlNode* params = body.Find("params");
  if (params != nullptr) phase.params = selector->Select(*params, label);
  if (params == nullptr || (params->is_sequence() && params->items().empty())) {
    diags->Warning(
        codes::kEmptyPhase,
        label +
            " has no params: it thaws nothing and adds no "
            "optimizer group",
        params == nullptr ? given.key.where() : body.KeyWhere("params"));
  }
  phase.max_transition_epoch = ReadMaxTransitionEpoch(body, label, diags);
  phase.lr =
      ReadLr(body, index, label, options.base_max_lr, given.key.where(), diags);
  phase.new_optimizer = ReadNewOptimizer(body, index, label, diags);
  phase.new_lr_scheduler = ReadNewLrScheduler(body, index, label, diags);
  phase.criteria = ReadCriteria(body, label, diags);
  return phase;
}

// The place of max_transition_epoch, else of the phase's key.
SourceLocation EpochWhere(const NumberedPhase& given) {
  const SourceLocation where = given.value.KeyWhere("max_transition_epoch");
  return where.known() ? where : given.key.where();
}

// The rules over the epochs of all phases.
void CheckEpochs(const PhaseKeys& keys, const ResolveOptions& options,
                 Schedule* schedule, Diagnostics* diags) {
  int64_t watermark = -1;  // largest epoch so far over phases >= 1, as in FTS
  for (size_t i = 0; i < schedule->phases.size(); ++i) {
    const Phase& phase = schedule->phases[i];
    const NumberedPhase& given = keys.phases[i];
    const int64_t epoch = phase.max_transition_epoch;
    if (options.epoch_transitions_only && epoch < 0) {
      diags->Error(codes::kEpochRequired,
                   Label(given) +
                       " sets no max_transition_epoch, which every phase needs "
                       "under epoch_transitions_only; add it",
                   EpochWhere(given));
    }
    if (i == 0) continue;
    if (epoch >= 0 && epoch <= watermark) {
      diags->Warning(codes::kEarlyTransition,
                     Label(given) + ": max_transition_epoch " +
                         std::to_string(epoch) +
                         " is not after that of an earlier phase (" +
                         std::to_string(watermark) +
                         "); the phase may last only one epoch",
                     EpochWhere(given));
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
                 EpochWhere(last));
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
  Schedule out;
  out.max_epochs = options.max_epochs;
  for (const NumberedPhase& given : keys.phases) {
    const int index = static_cast<int>(out.phases.size());
    out.phases.push_back(ReadPhase(given, index, options, &selector, diags));
  }
  if (!out.phases.empty()) CheckEpochs(keys, options, &out, diags);
  if (diags->num_errors() > errors_before) return diags->status();
  const int last = static_cast<int>(out.phases.size()) - 1;
  out.max_depth =
      options.max_depth < 0 ? last : std::min(options.max_depth, last);
  return out;
}

}  // namespace fts
