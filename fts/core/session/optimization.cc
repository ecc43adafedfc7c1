// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/optimization.h"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/optim/lr_scheduler_factory.h"
#include "fts/core/optim/new_lr_scheduler.h"
#include "fts/core/optim/new_optimizer.h"
#include "fts/core/optim/optimizer_factory.h"

namespace fts {
namespace {

absl::Status InPhase(int phase, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(
      status.code(),
      absl::StrCat("phase ", phase, ": ", std::string(status.message())));
}

}  // namespace

Optimization::Optimization(OptimizationOptions options,
                           shard::ShardEngine* engine)
    : options_(std::move(options)), engine_(engine) {}

absl::StatusOr<std::unique_ptr<Optimization>> Optimization::Create(
    OptimizationOptions options, shard::ShardEngine* engine,
    Diagnostics* diags) {
  std::unique_ptr<Optimization> made(
      new Optimization(std::move(options), engine));
  const OptimizationOptions& o = made->options_;
  FTS_RETURN_IF_ERROR(made->MakeOptimizer(o.optimizer, diags));
  if (o.lr_scheduler.has_value()) {
    FTS_ASSIGN_OR_RETURN(made->lr_scheduler_,
                         optim::MakeLrScheduler(o.lr_scheduler->name,
                                                o.lr_scheduler->args, diags));
    made->lr_spec_ = o.lr_scheduler;
  }
  made->one_group_ = !o.enforce_phase0_params;
  for (const auto& segment : engine->segments()) {
    made->flats_.push_back(std::make_shared<SegmentFlat>(segment));
  }
  made->thawed_at_.assign(made->flats_.size(), -1);
  return made;
}

absl::Status Optimization::MakeOptimizer(const OptimizerSpec& spec,
                                         Diagnostics* diags) {
  FTS_ASSIGN_OR_RETURN(optim::OptimizerConfig made,
                       optim::MakeOptimizer(spec.name, spec.args, diags));
  optimizer_ = std::move(made.optimizer);
  base_lr_ = made.lr;
  weight_decay_ = made.weight_decay;
  return absl::OkStatus();
}

std::optional<double> Optimization::clip_grad_norm(int phase) const {
  const std::optional<double>& own =
      options_.schedule.phases[phase].clip_grad_norm;
  return own.has_value() ? own : options_.clip_grad_norm;
}

std::vector<Optimization::Source> Optimization::SourcesOf(int phase) const {
  const Phase& from = options_.schedule.phases[phase];
  Source source;
  source.phase = phase;
  source.everything = one_group_;
  std::vector<PhaseGroup> groups = from.groups;
  if (one_group_ || groups.empty()) {
    PhaseGroup whole;
    whole.params = from.params;
    groups = {std::move(whole)};
  }
  std::vector<Source> out;
  for (PhaseGroup& group : groups) {
    source.group = std::move(group);
    if (options_.optimizer.no_decay.empty()) {
      source.extents = optim::ExtentClass::kAll;
      out.push_back(source);
      continue;
    }
    source.extents = optim::ExtentClass::kDecay;
    out.push_back(source);
    source.extents = optim::ExtentClass::kNoDecay;
    out.push_back(source);
  }
  return out;
}

optim::ParameterSet Optimization::SetOf(const Source& source) const {
  if (source.everything ||
      options_.schedule.phases[source.phase].groups.size() < 2) {
    return std::nullopt;
  }
  const std::unordered_set<std::string> wanted(source.group.params.begin(),
                                               source.group.params.end());
  const std::vector<std::string>& names = engine_->parameter_names();
  std::vector<bool> set(names.size());
  for (size_t i = 0; i < names.size(); ++i) set[i] = wanted.count(names[i]) > 0;
  return set;
}

Optimization::Members Optimization::MembersOf(const Source& source,
                                              const optim::ParameterSet& set,
                                              std::optional<int> phase) const {
  const auto takes = [&](const shard::Leaf& leaf) {
    const bool right_class =
        source.extents == optim::ExtentClass::kAll ||
        leaf.decay() == (source.extents == optim::ExtentClass::kDecay);
    return right_class && (!set.has_value() || (*set)[leaf.index()]);
  };
  Members members;
  for (size_t i = 0; i < flats_.size(); ++i) {
    const shard::Segment& segment = flats_[i]->segment();
    if (!segment.trainable()) continue;
    if (phase.has_value() && thawed_at_[i] != *phase) continue;
    // By leaves, not by this rank's part of them: the same on every rank.
    const auto& leaves = segment.leaves();
    if (std::any_of(leaves.begin(), leaves.end(),
                    [&](const auto& leaf) { return takes(*leaf); })) {
      members.push_back(flats_[i]);
    }
  }
  return members;
}

absl::Status Optimization::AddGroup(const Source& source,
                                    std::optional<double> lr) {
  optim::GroupOptions group;
  group.name = source.everything ? std::string("all phases")
                                 : absl::StrCat("phase ", source.phase);
  if (!source.group.name.empty()) {
    absl::StrAppend(&group.name, " ", source.group.name);
  }
  group.lr = lr.value_or(base_lr_) * source.group.lr_scale;
  const std::optional<double>& decay =
      options_.schedule.phases[source.phase].weight_decay;
  group.weight_decay =
      source.everything ? weight_decay_ : decay.value_or(weight_decay_);
  group.extents = source.extents;
  if (source.extents == optim::ExtentClass::kNoDecay) {
    group.name += " no_decay";
    group.weight_decay = 0;
  }
  group.parameters = SetOf(source);
  std::optional<int> phase;
  if (!source.everything) phase = source.phase;
  FTS_RETURN_IF_ERROR(
      optimizer_->AddGroup(group, MembersOf(source, group.parameters, phase))
          .status());
  sources_.push_back(source);
  return absl::OkStatus();
}

absl::Status Optimization::AddGroups(int phase, std::optional<double> lr) {
  for (size_t i = 0; i < flats_.size(); ++i) {
    if (!flats_[i]->segment().spec().thaws_at(phase)) continue;
    thawed_at_[i] = phase;
    live_.push_back(flats_[i]);
  }
  if (one_group_ && !sources_.empty()) {
    for (size_t i = 0; i < sources_.size(); ++i) {
      FTS_RETURN_IF_ERROR(optimizer_->ExtendGroup(
          static_cast<int>(i), MembersOf(sources_[i], std::nullopt, phase)));
    }
    CountMoments();
    return absl::OkStatus();
  }
  for (const Source& source : SourcesOf(phase)) {
    FTS_RETURN_IF_ERROR(AddGroup(source, one_group_ ? std::nullopt : lr));
  }
  CountMoments();
  return TellLrScheduler(options_.apply_lambdas_new_pgs);
}

// Groups were added: the first ones start the scheduler.
absl::Status Optimization::TellLrScheduler(bool apply_lambdas) {
  if (lr_scheduler_ == nullptr) return absl::OkStatus();
  if (lr_attached_) return lr_scheduler_->OnGroupsAdded(apply_lambdas);
  lr_attached_ = true;
  return lr_scheduler_->Attach(optimizer_->mutable_groups());
}

std::vector<std::shared_ptr<SegmentFlat>> Optimization::Remove(int phase) {
  std::vector<std::shared_ptr<SegmentFlat>> removed;
  std::vector<const optim::FlatParameter*> members;
  for (const auto& flat : live_) {
    if (!flat->segment().spec().freezes_at(phase)) continue;
    removed.push_back(flat);
    members.push_back(flat.get());
  }
  optimizer_->Remove(members);
  live_.erase(std::remove_if(live_.begin(), live_.end(),
                             [phase](const auto& flat) {
                               return flat->segment().spec().freezes_at(phase);
                             }),
              live_.end());
  CountMoments();
  return removed;
}

absl::Status Optimization::ReplaceOptimizer(int phase) {
  Diagnostics diags;
  const auto spec = optim::ReadNewOptimizerSpec(
      options_.schedule.phases[phase].new_optimizer, &diags);
  if (!spec.ok()) return InPhase(phase, spec.status());
  const std::vector<double> rates = optim::LearningRates(optimizer_->groups());
  optimizer_.reset();  // its moments go before the new ones come
  CountMoments();
  FTS_RETURN_IF_ERROR(InPhase(phase, MakeOptimizer(*spec, &diags)));

  std::vector<Source> sources = std::exchange(sources_, {});
  if (one_group_) {
    one_group_ = false;
    sources.clear();
    for (int p = 0; p < phase; ++p) {
      if (options_.schedule.phases[p].params.empty()) continue;
      for (Source& source : SourcesOf(p)) sources.push_back(std::move(source));
    }
  }
  for (const Source& source : sources) {
    FTS_RETURN_IF_ERROR(
        AddGroup(source, options_.schedule.phases[source.phase].lr));
  }
  std::vector<optim::Group>& groups = *optimizer_->mutable_groups();
  for (size_t i = 0; i < std::min(rates.size(), groups.size()); ++i) {
    groups[i].lr = rates[i];
  }
  CountMoments();
  if (!lr_attached_) return absl::OkStatus();
  lr_scheduler_->Rebind(&groups);
  return lr_scheduler_->OnGroupsAdded();  // those of phases, after one_group_
}

absl::Status Optimization::ReplaceLrScheduler(int phase) {
  Diagnostics diags;
  const auto spec = optim::ReadNewLrSchedulerSpec(
      options_.schedule.phases[phase].new_lr_scheduler, &diags);
  if (!spec.ok()) return InPhase(phase, spec.status());
  auto made = optim::MakeLrScheduler(spec->scheduler.name, spec->scheduler.args,
                                     &diags);
  if (!made.ok()) return InPhase(phase, made.status());
  lr_scheduler_ = *std::move(made);
  lr_spec_ = spec->scheduler;
  lr_attached_ = true;
  optim::PrepareGroupsForNewScheduler(optimizer_->mutable_groups(), *spec);
  return InPhase(phase, lr_scheduler_->Attach(optimizer_->mutable_groups()));
}

absl::Status Optimization::AfterStep(int64_t step_in_epoch) {
  if (!lr_attached_ || lr_scheduler_->needs_metric() ||
      lr_spec_->interval != LrSchedulerSpec::Interval::kStep ||
      !optim::LrStepIsDue(step_in_epoch, lr_spec_->frequency)) {
    return absl::OkStatus();
  }
  return lr_scheduler_->Step();
}

absl::Status Optimization::AfterEpoch(int64_t epoch) {
  if (!lr_attached_ || lr_scheduler_->needs_metric() ||
      lr_spec_->interval != LrSchedulerSpec::Interval::kEpoch ||
      !optim::LrStepIsDue(epoch, lr_spec_->frequency)) {
    return absl::OkStatus();
  }
  return lr_scheduler_->Step();
}

bool Optimization::NeedsMetric(int64_t epoch) const {
  return lr_attached_ && lr_scheduler_->needs_metric() &&
         optim::LrStepIsDue(epoch, lr_spec_->frequency);
}

absl::Status Optimization::AfterValidation(double metric) {
  return lr_scheduler_->StepMetric(metric);
}

void Optimization::CountMoments() {
  const int64_t bytes = optimizer_ == nullptr ? 0 : optimizer_->StateBytes();
  engine_->ledger().Add(shard::Holding::kMoments, bytes - moment_bytes_);
  moment_bytes_ = bytes;
}

}  // namespace fts
