// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/lint.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fts/core/schedule/codes.h"
#include "fts/core/schedule/lint_entries.h"
#include "fts/core/schedule/phase_keys.h"
#include "fts/core/schedule/show_names.h"

namespace fts {
namespace {

using Names = std::vector<std::string>;

std::string Label(int phase) { return "phase " + std::to_string(phase); }

std::string Count(size_t n, const char* what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

class Linter {
 public:
  Linter(const YamlNode& written, const Schedule& schedule,
         const ModelDescription& model, const LintContext& context,
         Diagnostics* diags)
      : schedule_(schedule), model_(model), context_(context), diags_(diags) {
    where_ = written.where();
    if (written.is_mapping()) {
      Diagnostics already_reported;
      const PhaseKeys keys = ConvertPhaseKeys(written, &already_reported);
      for (const NumberedPhase& phase : keys.phases) {
        bodies_.push_back(phase.value);
      }
    }
    for (const Phase& phase : schedule.phases) {
      if (phase.index > schedule.max_depth) continue;
      for (const std::string& name : phase.params) {
        thawed_in_.emplace(name, phase.index);  // the first time counts
      }
    }
  }

  void Run() {
    for (const Phase& phase : schedule_.phases) {
      if (context_.match == MatchRule::kFts) LintEntriesOf(phase);
      LintKeys(phase);
    }
    LintLimits();
    LintFrozen();
    LintTied();
    LintReach();
    if (context_.restore_best && !context_.has_validation) {
      diags_->Warning(codes::kNoEffect,
                      "restore_best has no effect: without validation data "
                      "there is no best; add data.val, or remove it",
                      *context_.restore_best);
    }
  }

 private:
  YamlNode Body(const Phase& phase) const {
    const size_t i = static_cast<size_t>(phase.index);
    return i < bodies_.size() ? bodies_[i] : YamlNode();
  }

  void LintEntriesOf(const Phase& phase) {
    const YamlNode body = Body(phase);
    if (const YamlNode* list = body.Find("params")) {
      schedule_internal::LintEntries(*list, Label(phase.index), phase.params,
                                     diags_);
    }
    if (const YamlNode* list = body.Find("freeze")) {
      schedule_internal::LintEntries(*list, Label(phase.index) + ", freeze",
                                     phase.freeze, diags_);
    }
  }

  void NoEffect(const Phase& phase, const YamlNode& body, const char* key,
                const std::string& why) {
    diags_->Warning(codes::kNoEffect,
                    Label(phase.index) + ": " + key + " has no effect: " + why,
                    body.KeyWhere(key));
  }

  void LintKeys(const Phase& phase) {
    const YamlNode body = Body(phase);
    if (body.Find("lr_decay") != nullptr && phase.groups.size() == 1) {
      NoEffect(phase, body, "lr_decay",
               "all params of the phase are in one layer; remove it, or thaw "
               "more layers in the phase");
    }
    if (phase.params.empty()) {
      for (const char* key : {"lr", "lr_decay", "weight_decay"}) {
        if (body.Find(key) == nullptr) continue;
        NoEffect(phase, body, key,
                 "the phase thaws nothing, so it adds no optimizer group; "
                 "remove it");
      }
    } else if (phase.lr && *phase.lr == 0) {
      const SourceLocation where = body.KeyWhere("lr");
      diags_->Warning(codes::kZeroLr,
                      Label(phase.index) +
                          ": lr 0: what it thaws costs gradients and moments "
                          "and never moves; set an lr, or leave the phase out",
                      where.known() ? where : phase.where);
    }
  }

  // Resolve compares the epochs of phases >= 1, as FTS does, and every other
  // limit.
  void LintLimits() {
    if (schedule_.phases.empty()) return;
    const int64_t first = schedule_.phases[0].max_transition_epoch;
    if (first < 0) return;
    for (int i = 1; i < schedule_.max_depth; ++i) {
      const Phase& phase = schedule_.phases[i];
      const int64_t epoch = phase.max_transition_epoch;
      if (epoch < 0) continue;
      if (epoch > first) return;
      const SourceLocation where = Body(phase).KeyWhere("max_transition_epoch");
      diags_->Warning(
          codes::kEarlyLimit,
          Label(i) + ": max_transition_epoch " + std::to_string(epoch) +
              " is not after that of phase 0 (" + std::to_string(first) +
              "): it counts from the start of the run, so the "
              "phase may last only one epoch; raise it",
          where.known() ? where : phase.where);
      return;
    }
  }

  void LintFrozen() {
    Names frozen, beyond;
    int64_t elements = 0, all_elements = 0;
    size_t all = 0;
    std::unordered_map<std::string, int> later;
    for (const Phase& phase : schedule_.phases) {
      if (phase.index <= schedule_.max_depth) continue;
      for (const std::string& name : phase.params) later[name] = phase.index;
    }
    for (const ParameterInfo& parameter : model_.parameters) {
      if (parameter.shared_with) continue;
      ++all;
      all_elements += parameter.numel();
      if (thawed_in_.count(parameter.name) > 0) continue;
      frozen.push_back(parameter.name);
      elements += parameter.numel();
      if (later.count(parameter.name) > 0) beyond.push_back(parameter.name);
    }
    if (frozen.empty()) return;
    char share[32];
    std::snprintf(share, sizeof(share), "%.1f %%",
                  all_elements > 0 ? 100.0 * static_cast<double>(elements) /
                                         static_cast<double>(all_elements)
                                   : 0.0);
    std::string text = std::to_string(frozen.size()) + " of " +
                       Count(all, "tensor") + " (" + share +
                       " of the parameters) stay frozen for the whole run: " +
                       schedule_internal::ShowBlocks(frozen);
    if (!beyond.empty()) {
      text += "; " + std::to_string(beyond.size()) +
              " of them only because of max_depth " +
              std::to_string(schedule_.max_depth);
    }
    diags_->Warning(codes::kFrozenForever,
                    text + "; add them to a phase if they should train",
                    where_);
  }

  // [Note: tied parameters and the frozen prefix]
  // What lies below the lowest trainable parameter runs without a graph. A
  // parameter with two places in the model, trainable while something between
  // the two is frozen, takes that away: its lower place is the lowest one.
  void LintTied() {
    std::unordered_map<std::string, size_t> first;  // canonical -> place
    for (size_t i = 0; i < model_.parameters.size(); ++i) {
      const ParameterInfo& alias = model_.parameters[i];
      if (!alias.shared_with) {
        first.emplace(alias.name, i);
        continue;
      }
      const auto place = first.find(*alias.shared_with);
      const auto thaw = thawed_in_.find(*alias.shared_with);
      if (place == first.end() || thaw == thawed_in_.end()) continue;
      size_t frozen = 0;
      int until = thaw->second;  // when the last of those between thaws
      for (size_t j = place->second + 1; j < i; ++j) {
        if (model_.parameters[j].shared_with) continue;
        const auto between = thawed_in_.find(model_.parameters[j].name);
        const int phase = between == thawed_in_.end() ? schedule_.max_depth + 1
                                                      : between->second;
        if (phase <= thaw->second) continue;
        ++frozen;
        until = std::max(until, phase);
      }
      if (frozen == 0) continue;
      std::string fix = "; thaw it in " + Label(until) + ", or untie it";
      if (until > schedule_.max_depth) fix = "; leave it frozen, or untie it";
      diags_->Warning(
          codes::kTiedThaw,
          Label(thaw->second) + " thaws '" + *alias.shared_with +
              "', tied to '" + alias.name + "', while " +
              Count(frozen, "tensor") + " between the two " +
              (frozen == 1 ? "is" : "are") +
              " still frozen: gradients then run through the whole model, and "
              "no frozen prefix saves time or memory" +
              fix,
          schedule_.phases[static_cast<size_t>(thaw->second)].where);
    }
  }

  void LintReach() {
    ReachOptions options = context_.reach;
    options.early_stopping =
        !context_.epoch_transitions_only && context_.has_validation;
    const auto max_epochs =
        schedule_.max_epochs ? schedule_.max_epochs : context_.max_epochs;
    const std::vector<EarliestStart> starts =
        EarliestStarts(schedule_, options);
    for (size_t k = 1; k < starts.size(); ++k) {
      const EarliestStart& start = starts[k];
      std::string why;
      if (start.never) {
        why = "nothing ends " + Label(static_cast<int>(k) - 1) +
              "; give it a limit such as max_transition_epoch";
      } else if (max_epochs && start.epoch >= *max_epochs) {
        why = std::string(k + 1 == starts.size() ? "it" : "") +
              " begins at epoch " + std::to_string(start.epoch) +
              " at the earliest (" + start.by_epoch + "), but max_epochs is " +
              std::to_string(*max_epochs) +
              "; raise max_epochs, or let the phases before end sooner";
      } else if (context_.max_steps && start.step >= *context_.max_steps) {
        why = std::string(k + 1 == starts.size() ? "it" : "") +
              " begins at step " + std::to_string(start.step) +
              " at the earliest (" + start.by_step + "), but max_steps is " +
              std::to_string(*context_.max_steps) +
              "; raise max_steps, or let the phases before end sooner";
      } else {
        continue;
      }
      const std::string first = Label(static_cast<int>(k));
      const size_t last = starts.size() - 1;
      diags_->Warning(codes::kUnreachablePhase,
                      (k == last ? first
                                 : "phases " + std::to_string(k) + " to " +
                                       std::to_string(last)) +
                          " can never begin: " +
                          (start.never || k == last ? "" : first) + why,
                      schedule_.phases[k].where);
      return;
    }
  }

  const Schedule& schedule_;
  const ModelDescription& model_;
  const LintContext& context_;
  Diagnostics* const diags_;
  SourceLocation where_;
  std::vector<YamlNode> bodies_;  // by phase, as written
  std::unordered_map<std::string, int> thawed_in_;
};

}  // namespace

void LintSchedule(const YamlNode& written, const Schedule& schedule,
                  const ModelDescription& model, const LintContext& context,
                  Diagnostics* diags) {
  Linter(written, schedule, model, context, diags).Run();
}

}  // namespace fts
