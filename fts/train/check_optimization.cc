// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/check_optimization.h"

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fts/core/base/codes.h"
#include "fts/core/optim/lr_scheduler_factory.h"
#include "fts/core/optim/new_lr_scheduler.h"
#include "fts/core/optim/new_optimizer.h"
#include "fts/core/optim/optimizer_factory.h"
#include "fts/core/schedule/codes.h"
#include "fts/core/schedule/phase_keys.h"
#include "fts/core/scheduler/codes.h"
#include "fts/train/codes.h"

namespace fts::train {
namespace {

// What `spec` can be asked for here, beside its keywords.
void CheckMetric(const LrSchedulerSpec& spec, const std::string& what,
                 bool has_validation, Diagnostics* diags) {
  if (!has_validation) {
    diags->Error(
        codes::kNeedsValidation,
        absl::StrCat(what, " '", spec.name, "' waits for '", spec.monitor,
                     "', but there is no validation data; add "
                     "data.val, or use another lr_scheduler"),
        spec.where);
  } else if (spec.monitor != "val_loss") {
    diags->Error(
        codes::kBadValue,
        absl::StrCat(what, " '", spec.name, "' waits for '", spec.monitor,
                     "', which is not measured; monitor val_loss"),
        spec.where);
  }
}

// Walks the phases as the session will, counting groups.
class PhaseChecker {
 public:
  PhaseChecker(const RunConfig& config, const YamlNode& written,
               const Schedule& schedule, Diagnostics* diags)
      : config_(config), schedule_(schedule), diags_(diags) {
    if (written.is_mapping()) {
      Diagnostics already_reported;
      for (const NumberedPhase& phase :
           ConvertPhaseKeys(written, &already_reported).phases) {
        bodies_.push_back(phase.value);
      }
    }
    one_group_ = !config.scheduler.enforce_phase0_params;
    if (config.lr_scheduler.has_value()) {
      Diagnostics reported;
      lr_spec_ = *config.lr_scheduler;
      auto made =
          optim::MakeLrScheduler(lr_spec_.name, lr_spec_.args, &reported);
      if (made.ok()) lr_scheduler_ = *std::move(made);
    }
  }

  void Run() {
    for (const Phase& phase : schedule_.phases) {
      if (!phase.new_optimizer.is_null()) NewOptimizer(phase);
      if (one_group_) NoteUnused(phase);
      const size_t old_groups = groups_;
      AddGroups(phase);
      if (!phase.new_lr_scheduler.is_null()) {
        NewLrScheduler(phase, old_groups);
      } else if (phase.index > 0 && groups_ > old_groups &&
                 lr_scheduler_ != nullptr && lr_scheduler_->has_lambdas()) {
        without_lambdas_.push_back(absl::StrCat(phase.index));
      }
      if (!attached_ && groups_ > 0) Attach();
    }
    NoteLambdas();
  }

 private:
  size_t GroupsOf(const Phase& phase) const {
    if (phase.params.empty()) return 0;
    const size_t classes = config_.optimizer.no_decay.empty() ? 1 : 2;
    if (one_group_ || phase.groups.empty()) return classes;
    return classes * phase.groups.size();
  }

  void AddGroups(const Phase& phase) {
    if (one_group_ && groups_ > 0) return;  // extended
    groups_ += GroupsOf(phase);
  }

  // Diagnostics of one node, which reinit_* puts into every phase: once.
  void Report(const Diagnostics& found) {
    for (const Diagnostic& diagnostic : found.all()) {
      if (reported_.insert(diagnostic.ToString()).second) {
        diags_->Add(diagnostic);
      }
    }
  }

  void NewOptimizer(const Phase& phase) {
    Diagnostics found;
    const auto spec = optim::ReadNewOptimizerSpec(phase.new_optimizer, &found);
    if (spec.ok()) {
      optim::MakeOptimizer(spec->name, spec->args, &found)
          .status()
          .IgnoreError();
    }
    Report(found);
    if (!one_group_) return;
    one_group_ = false;  // a group per phase from here on
    groups_ = 0;
    for (int p = 0; p < phase.index; ++p) {
      groups_ += GroupsOf(schedule_.phases[p]);
    }
  }

  void NewLrScheduler(const Phase& phase, size_t old_groups) {
    Diagnostics found;
    const auto spec =
        optim::ReadNewLrSchedulerSpec(phase.new_lr_scheduler, &found);
    if (spec.ok()) {
      optim::CheckInitPgLrs(*spec, old_groups, groups_ - old_groups,
                            absl::StrCat("phase ", phase.index), &found);
      lr_spec_ = spec->scheduler;
      auto made = optim::MakeLrScheduler(lr_spec_.name, lr_spec_.args, &found);
      if (made.ok()) {
        lr_scheduler_ = *std::move(made);
        if (lr_scheduler_->needs_metric()) {
          CheckMetric(lr_spec_, "new_lr_scheduler",
                      config_.data.val.has_value(), &found);
        }
        attached_ = false;
      }
    }
    Report(found);
  }

  void Attach() {
    attached_ = true;
    if (lr_scheduler_ == nullptr) return;
    const absl::Status status = lr_scheduler_->CheckGroupCount(groups_);
    if (!status.ok()) {
      diags_->Error(codes::kBadValue, std::string(status.message()),
                    lr_spec_.where);
    }
  }

  // What one group for everything makes no use of.
  void NoteUnused(const Phase& phase) {
    const size_t i = static_cast<size_t>(phase.index);
    if (i >= bodies_.size()) return;
    for (const char* key : {"lr", "weight_decay", "lr_decay"}) {
      if (bodies_[i].Find(key) == nullptr) continue;
      if (i == 0 && std::string(key) == "lr") continue;  // reported: phase0_lr
      diags_->Warning(
          codes::kNoEffect,
          absl::StrCat("phase ", i, ": ", key,
                       " has no effect: with enforce_phase0_params: false one "
                       "optimizer group holds every phase, at the optimizer's "
                       "own values; remove one of the two"),
          bodies_[i].KeyWhere(key));
    }
  }

  void NoteLambdas() {
    if (without_lambdas_.empty() || config_.scheduler.apply_lambdas_new_pgs) {
      return;
    }
    diags_->Warning(
        codes::kLambdasNotApplied,
        absl::StrCat("the groups of phase",
                     without_lambdas_.size() > 1 ? "s" : "", " ",
                     absl::StrJoin(without_lambdas_, ", "),
                     " start at the phase's lr as it is: the lr lambdas are "
                     "not applied to new groups at once; set "
                     "scheduler.apply_lambdas_new_pgs: true to apply them"),
        lr_spec_.where);
  }

  const RunConfig& config_;
  const Schedule& schedule_;
  Diagnostics* const diags_;
  std::vector<YamlNode> bodies_;  // of the phases as written
  bool one_group_ = false;
  size_t groups_ = 0;
  std::unique_ptr<optim::LrScheduler> lr_scheduler_;  // in force
  LrSchedulerSpec lr_spec_;
  bool attached_ = false;
  std::vector<std::string> without_lambdas_;
  std::set<std::string> reported_;
};

}  // namespace

void CheckRunOptimization(const RunConfig& config, Diagnostics* diags) {
  optim::MakeOptimizer(config.optimizer.name, config.optimizer.args, diags)
      .status()
      .IgnoreError();
  if (!config.lr_scheduler.has_value()) return;
  const LrSchedulerSpec& spec = *config.lr_scheduler;
  const auto scheduler = optim::MakeLrScheduler(spec.name, spec.args, diags);
  if (scheduler.ok() && (*scheduler)->needs_metric()) {
    CheckMetric(spec, "lr_scheduler", config.data.val.has_value(), diags);
  }
}

void CheckPhaseOptimization(const RunConfig& config, const YamlNode& written,
                            const Schedule& schedule, Diagnostics* diags) {
  PhaseChecker(config, written, schedule, diags).Run();
}

}  // namespace fts::train
