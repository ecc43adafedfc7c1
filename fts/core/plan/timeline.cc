// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/timeline.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/plan/tp_local.h"

namespace fts {
namespace {

class Teller {
 public:
  Teller(const Schedule& schedule, const ModelDescription& model,
         const Plan& plan, const TimelineOptions& options)
      : schedule_(schedule), options_(options) {
    for (const ParameterInfo& parameter : model.parameters) {
      if (parameter.shared_with) continue;
      numel_.emplace(parameter.name, parameter.numel());
      out_.total_parameters += parameter.numel();
    }
    starts_ = EarliestStarts(schedule, options.reach);
    if (plan.tp.active()) out_.tp = plan.tp.size;
    bytes_ =
        PhaseMemory(TpLocalPlan(plan, ShapesOf(model), 0),
                    static_cast<int>(schedule.phases.size()), options.memory);
  }

  Timeline Run() {
    out_.options = options_;
    for (const Phase& phase : schedule_.phases) {
      out_.phases.push_back(Tell(phase));
    }
    return std::move(out_);
  }

 private:
  int64_t Numel(const std::string& name) const {
    const auto found = numel_.find(name);
    return found == numel_.end() ? 0 : found->second;
  }

  TimelinePhase Tell(const Phase& phase) {
    TimelinePhase out;
    out.phase = phase.index;
    out.runs = phase.index <= schedule_.max_depth;
    for (const std::string& name : phase.params) {
      out.thawed_parameters += Numel(name);
    }
    for (const std::string& name : phase.freeze) {
      out.frozen_parameters += Numel(name);
    }
    out.thawed_tensors = static_cast<int64_t>(phase.params.size());
    out.frozen_tensors = static_cast<int64_t>(phase.freeze.size());
    if (!out.runs) return out;
    trainable_tensors_ += out.thawed_tensors - out.frozen_tensors;
    trainable_parameters_ += out.thawed_parameters - out.frozen_parameters;
    out.trainable_tensors = trainable_tensors_;
    out.trainable_parameters = trainable_parameters_;
    const size_t index = static_cast<size_t>(phase.index);
    if (index < starts_.size()) out.begins = starts_[index];
    for (const PhaseGroup& group : phase.groups) AddGroups(phase, group, &out);
    out.ends =
        phase.index == schedule_.max_depth ? RunEnds(phase) : PhaseEnds(phase);
    out.changes = Changes(phase);
    if (index < bytes_.size()) out.bytes = bytes_[index];
    return out;
  }

  // One group, or two with no_decay: the decaying ones first.
  void AddGroups(const Phase& phase, const PhaseGroup& from,
                 TimelinePhase* out) const {
    TimelineGroup decay, plain;
    decay.name = plain.name = from.name;
    decay.lr_scale = plain.lr_scale = from.lr_scale;
    const std::optional<double> lr = phase.index == 0 ? options_.lr : phase.lr;
    if (lr) decay.lr = plain.lr = *lr * from.lr_scale;
    decay.weight_decay =
        phase.weight_decay ? phase.weight_decay : options_.weight_decay;
    plain.weight_decay = 0;
    plain.no_decay = true;
    for (const std::string& name : from.params) {
      const bool excluded =
          std::any_of(options_.no_decay.begin(), options_.no_decay.end(),
                      [&](const std::string& part) {
                        return name.find(part) != std::string::npos;
                      });
      TimelineGroup& group = excluded ? plain : decay;
      ++group.tensors;
      group.parameters += Numel(name);
    }
    out->groups.push_back(std::move(decay));
    if (!options_.no_decay.empty()) out->groups.push_back(std::move(plain));
  }

  TimelineEnd EarlyStopping(const Phase& phase) const {
    const PhaseCriteria& criteria = phase.criteria;
    const int64_t patience =
        criteria.patience.value_or(options_.reach.patience);
    const bool own = criteria.best_score ? *criteria.best_score == "per_phase"
                                         : options_.reach.best_score_per_phase;
    return {"early_stopping", static_cast<double>(patience),
            absl::StrCat("early stopping ", own ? "per phase " : "",
                         "(patience ", patience, ")")};
  }

  std::vector<TimelineEnd> PhaseEnds(const Phase& phase) const {
    std::vector<TimelineEnd> out;
    if (options_.reach.early_stopping) out.push_back(EarlyStopping(phase));
    const auto add = [&out](const char* by, auto value) {
      out.push_back(
          {by, static_cast<double>(value), absl::StrCat(by, " ", value)});
    };
    if (phase.max_transition_epoch >= 0) {
      add("epoch", phase.max_transition_epoch);
    }
    const PhaseCriteria& criteria = phase.criteria;
    if (criteria.max_transition_step) {
      add("step", *criteria.max_transition_step);
    }
    if (criteria.max_transition_tokens) {
      add("tokens", *criteria.max_transition_tokens);
      out.back().text =
          absl::StrCat(*criteria.max_transition_tokens, " tokens");
    }
    if (criteria.max_transition_time) {
      add("seconds", *criteria.max_transition_time);
      out.back().text = absl::StrCat(*criteria.max_transition_time, " seconds");
    }
    return out;
  }

  std::vector<TimelineEnd> RunEnds(const Phase& phase) const {
    std::vector<TimelineEnd> out;
    if (options_.reach.early_stopping) out.push_back(EarlyStopping(phase));
    const auto max_epochs =
        schedule_.max_epochs ? schedule_.max_epochs : options_.max_epochs;
    if (max_epochs) {
      out.push_back({"max_epochs", static_cast<double>(*max_epochs),
                     absl::StrCat("max_epochs ", *max_epochs)});
    }
    if (options_.max_steps) {
      out.push_back({"max_steps", static_cast<double>(*options_.max_steps),
                     absl::StrCat("max_steps ", *options_.max_steps)});
    }
    return out;
  }

  static std::vector<std::string> Changes(const Phase& phase) {
    std::vector<std::string> out;
    const auto name = [](const YamlNode& node, const char* init) {
      const YamlNode* found = node.Find(init);
      const YamlNode* path =
          found != nullptr ? found->Find("class_path") : nullptr;
      return path != nullptr ? path->text() : std::string("?");
    };
    if (!phase.new_optimizer.is_null()) {
      out.push_back("new optimizer " +
                    name(phase.new_optimizer, "optimizer_init"));
    }
    if (!phase.new_lr_scheduler.is_null()) {
      out.push_back("new LR scheduler " +
                    name(phase.new_lr_scheduler, "lr_scheduler_init"));
    }
    if (phase.clip_grad_norm) {
      out.push_back(absl::StrCat("clip_grad_norm ", *phase.clip_grad_norm));
    }
    return out;
  }

  const Schedule& schedule_;
  const TimelineOptions& options_;
  std::unordered_map<std::string, int64_t> numel_;
  std::vector<EarliestStart> starts_;
  std::vector<RankBytes> bytes_;
  int64_t trainable_tensors_ = 0, trainable_parameters_ = 0;
  Timeline out_;
};

}  // namespace

Timeline MakeTimeline(const Schedule& schedule, const ModelDescription& model,
                      const Plan& plan, const TimelineOptions& options) {
  return Teller(schedule, model, plan, options).Run();
}

}  // namespace fts
