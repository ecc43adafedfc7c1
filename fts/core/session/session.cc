// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/session.h"

#include <ATen/ops/scalar_tensor.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/optim/clip.h"
#include "fts/core/plan/optimizer_moments.h"
#include "fts/core/plan/segments.h"
#include "fts/core/session/guarded.h"
#include "fts/core/session/make_engine.h"
#include "fts/core/shard/tensor_util.h"

namespace fts {
namespace {

void ForEachSegment(const Plan& plan,
                    const std::function<void(const SegmentSpec&)>& fn) {
  for (const UnitSpec& unit : plan.units) {
    for (const SegmentSpec& segment : unit.segments) fn(segment);
  }
  for (const SegmentSpec& segment : plan.remainder.segments) fn(segment);
}

}  // namespace

Session::~Session() {
  attachments_.Detach();
  local_.Unobserve();
}

absl::StatusOr<std::unique_ptr<Session>> Session::Create(
    const SessionModel& model, SessionOptions options, const Ranks& ranks,
    Diagnostics* diags) {
  RestoreParameters restore(options.plan, model.parameters);
  std::unique_ptr<Session> session(new Session(ranks));
  session->options_ = std::move(options);
  const SessionOptions& o = session->options_;

  FTS_ASSIGN_OR_RETURN(session->local_,
                       LocalModel::Create(o.plan, model.parameters, ranks));
  const LocalModel& local = session->local_;
  // Before all others, which then stand around it: weights are gathered before
  // the tensors that meet them are converted, and recomputed conversions are
  // conversions again.
  if (local.tp() != nullptr) {
    FTS_ASSIGN_OR_RETURN(
        session->styles_,
        tp::AttachStyles(o.plan.tp, model.modules, local.tp()->group()));
  }
  FTS_ASSIGN_OR_RETURN(MadeEngine made, MakeEngine(local.plan(), o.precision,
                                                   model.parameters, ranks));
  session->engine_ = std::move(made.engine);
  session->why_not_bound_ = std::move(made.why_not_bound);
  local.ObserveBy(session->engine_.get());
  if (o.precision.output.has_value()) {
    FTS_ASSIGN_OR_RETURN(session->output_dtype_,
                         shard::DtypeFromName(*o.precision.output));
  }
  FTS_ASSIGN_OR_RETURN(
      session->attachments_,
      AttachModules(local.plan(), *session->engine_, model.modules, diags));
  const auto moments =
      MomentsByPhase(o.schedule, o.optimizer.name, o.optimizer.args);
  session->resident_ = ResidentByPhase(
      local.largest(), static_cast<int>(o.schedule.phases.size()), o.precision,
      ranks, *session->engine_, moments.value_or(std::vector<int>()));
  OptimizationOptions optimization;
  optimization.schedule = o.schedule;
  optimization.optimizer = o.optimizer;
  optimization.lr_scheduler = o.lr_scheduler;
  optimization.clip_grad_norm = o.clip_grad_norm;
  optimization.apply_lambdas_new_pgs = o.apply_lambdas_new_pgs;
  optimization.enforce_phase0_params = o.enforce_phase0_params;
  FTS_ASSIGN_OR_RETURN(session->optimization_,
                       Optimization::Create(std::move(optimization),
                                            session->engine_.get(), diags));

  SchedulerPorts ports;
  ports.parameters = session.get();
  ports.optimizer = session.get();
  ports.snapshot = session.get();
  ports.metrics = session.get();
  session->driver_ = std::make_unique<SchedulerDriver>(o.scheduler, ports);
  restore.Cancel();
  return session;
}

absl::Status Session::Load(const shard::RangeLoader& loader) {
  FTS_RETURN_IF_ERROR(engine_->Load(local_.Loader(loader)));
  // From here on, so that a validation before phase 0 gathers once too.
  if (!resident_.empty()) engine_->PlaceFrozen(resident_[0]);
  return absl::OkStatus();
}

absl::StatusOr<double> Session::LocalGradients(
    int64_t micro_steps,
    const std::function<absl::StatusOr<at::Tensor>(int64_t)>& loss) {
  double sum = 0;
  for (int64_t k = 0; k < micro_steps; ++k) {
    FTS_RETURN_IF_ERROR(Guarded(*engine_, [&]() -> absl::Status {
      c10::AutoGradMode grad(true);
      engine_->BeginMicroStep(k + 1 == micro_steps);
      FTS_ASSIGN_OR_RETURN(at::Tensor value, loss(k));
      if (value.requires_grad()) value.backward();
      sum += value.item<double>();
      return absl::OkStatus();
    }));
  }
  return sum;
}

absl::Status Session::CheckStyles() {
  if (styles_ == nullptr) return absl::OkStatus();
  for (const std::string& module : styles_->TakeUncalled()) {
    for (const auto& segment : engine_->segments()) {
      for (const auto& leaf : segment->leaves()) {
        if (!leaf->used || OwnerOf(leaf->name()) != module) continue;
        return absl::FailedPreconditionError(absl::StrCat(
            "parameter '", leaf->name(), "' got a gradient, but its module '",
            module,
            "' was not called in this step, so nothing was done of what the "
            "tp_plan says of it. A model written without fts::nn must call "
            "every module of the tp_plan through its nn::Mirror "
            "(docs/attach.md)"));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status Session::NotFinite(const shard::StepSummary& summary,
                                double local_loss, bool updated) {
  FTS_ASSIGN_OR_RETURN(const std::string where,
                       engine_->ExplainNonfinite(local_loss));
  const bool loss = !std::isfinite(summary.loss);
  return absl::FailedPreconditionError(absl::StrCat(
      "the ", loss ? "training loss" : "gradient norm", " is ",
      loss ? summary.loss : summary.grad_norm,
      updated ? "; it was seen after the update, so the weights are lost: go "
                "back to a saved state"
              : "; nothing was updated",
      ". First not finite: ", where,
      ". Lower the learning rate, set trainer.clip_grad_norm, or look at the "
      "data",
      options_.plan.engine.find_nonfinite
          ? ""
          : "; strategy_adapter_cfg.find_nonfinite: true finds the tensor that "
            "began it"));
}

absl::StatusOr<StepResult> Session::TrainStep(
    int64_t micro_steps,
    const std::function<absl::StatusOr<at::Tensor>(int64_t)>& loss) {
  absl::StatusOr<StepResult> result = RunStep(micro_steps, loss);
  if (!result.ok()) {
    engine_->ResetStep();
    if (styles_ != nullptr) styles_->TakeUncalled();
  }
  return result;
}

absl::StatusOr<StepResult> Session::RunStep(
    int64_t micro_steps,
    const std::function<absl::StatusOr<at::Tensor>(int64_t)>& loss) {
  FTS_RETURN_IF_ERROR(engine_->CheckPlaces());
  FTS_ASSIGN_OR_RETURN(const double local, LocalGradients(micro_steps, loss));
  FTS_RETURN_IF_ERROR(attachments_.CheckCalls());
  FTS_RETURN_IF_ERROR(CheckStyles());
  StepResult result;
  FTS_RETURN_IF_ERROR(Guarded(*engine_, [&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(engine_->CompleteGradients());
    if (engine_->bound()) return UpdateBound(local, &result);
    optim::FlatParameters all, counting;
    for (const auto& flat : optimization_->flats()) {
      all.push_back(flat);
      if (engine_->CountsInNorm(flat->segment())) counting.push_back(flat);
    }
    const double clock =
        options_.clock && ranks_.world_rank() == 0 ? options_.clock() : 0;
    FTS_ASSIGN_OR_RETURN(
        const shard::StepSummary summary,
        engine_->Synchronize(
            local, optim::LocalSquaredNorm(counting).item<double>(), clock));
    if (!std::isfinite(summary.loss) || !std::isfinite(summary.grad_norm)) {
      return NotFinite(summary, local);
    }
    result.loss = summary.loss;
    result.grad_norm = summary.grad_norm;
    result.lr = optim::LearningRates(optimizer().groups());
    if (const auto clip = optimization_->clip_grad_norm(driver_->phase())) {
      const at::Tensor norm = at::scalar_tensor(summary.grad_norm, at::kDouble);
      optim::ScaleGradients(all, optim::ClipCoefficient(norm, *clip));
    }
    FTS_RETURN_IF_ERROR(optimization_->optimizer().Step(summary.used));
    engine_->FinishStep();
    if (options_.clock) seconds_ = summary.seconds;
    return absl::OkStatus();
  }));
  return result;
}

at::Tensor Session::CastOutput(const at::Tensor& output) const {
  return output_dtype_.has_value() ? output.to(*output_dtype_) : output;
}

absl::Status Session::Evaluate(const std::function<absl::Status()>& body) {
  FTS_RETURN_IF_ERROR(engine_->CheckPlaces());
  const absl::Status status = Guarded(*engine_, [&]() -> absl::Status {
    c10::AutoGradMode grad(false);
    engine_->BeginEvaluation();
    return body();
  });
  engine_->EndEvaluation();
  // A forward that threw left its units gathered.
  if (!status.ok()) engine_->ResetStep();
  return status;
}

absl::StatusOr<Outcome> Session::RunStart() {
  return WithNotes(driver_->RunStart());
}

absl::StatusOr<Outcome> Session::EpochStart(int64_t epoch) {
  step_in_epoch_ = 0;
  return WithNotes(driver_->EpochStart(epoch));
}

absl::StatusOr<Outcome> Session::StepStart(int64_t step, int64_t tokens) {
  return WithNotes(driver_->StepStart(step, tokens, seconds_));
}

absl::StatusOr<Outcome> Session::StepEnd(int64_t step) {
  FTS_ASSIGN_OR_RETURN(Outcome outcome, WithNotes(driver_->StepEnd(step)));
  FTS_RETURN_IF_ERROR(optimization_->AfterStep(step_in_epoch_++));
  return outcome;
}

absl::StatusOr<Outcome> Session::ValidationEnd(int64_t epoch) {
  FTS_ASSIGN_OR_RETURN(Outcome outcome,
                       WithNotes(driver_->ValidationEnd(epoch)));
  if (epoch >= 0 && optimization_->NeedsMetric(epoch)) {
    FTS_ASSIGN_OR_RETURN(const double metric, Value(optimization_->monitor()));
    FTS_RETURN_IF_ERROR(optimization_->AfterValidation(metric));
  }
  return outcome;
}

absl::StatusOr<Outcome> Session::EpochEnd(int64_t epoch) {
  FTS_ASSIGN_OR_RETURN(Outcome outcome, WithNotes(driver_->EpochEnd(epoch)));
  FTS_RETURN_IF_ERROR(optimization_->AfterEpoch(epoch));
  return outcome;
}

absl::StatusOr<Outcome> Session::WithNotes(absl::StatusOr<Outcome> outcome) {
  for (std::string& text : std::exchange(notes_, {})) {
    if (!outcome.ok()) break;
    SchedulerEffect note;
    note.text = std::move(text);
    outcome->effects.push_back(std::move(note));
  }
  return outcome;
}

void Session::SetMetric(const std::string& name, double value) {
  metrics_[name] = value;
}

absl::Status Session::ForEachFull(
    const std::function<absl::Status(const std::string&, const at::Tensor&)>&
        fn) {
  return Guarded(*engine_, [&] { return local_.ForEachFull(*engine_, fn); });
}

nn::LossSum Session::TokenLoss(const at::Tensor& logits,
                               const at::Tensor& labels) const {
  return local_.tp() == nullptr ? nn::SumCrossEntropy(logits, labels)
                                : local_.tp()->Loss(logits, labels);
}

int64_t Session::total_parameters() const {
  int64_t total = 0;
  ForEachSegment(options_.plan,
                 [&](const SegmentSpec& segment) { total += segment.numel; });
  return total;
}

int64_t Session::trainable_parameters() const {
  int64_t total = 0;
  ForEachSegment(options_.plan, [&](const SegmentSpec& segment) {
    if (segment.trains_in(driver_->phase())) total += segment.numel;
  });
  return total;
}

absl::Status Session::Thaw(int phase) {
  return Guarded(*engine_, [&]() -> absl::Status {
    engine_->Thaw(phase);
    best_.Extend(*engine_, phase);
    if (static_cast<size_t>(phase) < resident_.size()) {
      engine_->PlaceFrozen(resident_[phase]);
    }
    return absl::OkStatus();
  });
}

absl::Status Session::Freeze(int phase) {
  return Guarded(*engine_, [&]() -> absl::Status {
    best_.Forget(optimization_->Remove(phase));
    engine_->Freeze(phase);
    engine_->ledger().RestartPeaks();
    return absl::OkStatus();
  });
}

absl::Status Session::AddGroup(int phase, std::optional<double> lr) {
  return Guarded(*engine_, [&] { return optimization_->AddGroups(phase, lr); });
}

absl::Status Session::ReplaceOptimizer(int phase) {
  return Guarded(*engine_, [&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(optimization_->ReplaceOptimizer(phase));
    best_.OptimizerReplaced();
    engine_->ledger().RestartPeaks();
    return absl::OkStatus();
  });
}

absl::Status Session::ReplaceLrScheduler(int phase) {
  return optimization_->ReplaceLrScheduler(phase);
}

absl::Status Session::SaveBest(const BestRecord& best) {
  (void)best;  // the scheduler keeps the record
  best_.Save(*engine_, &optimizer());
  return absl::OkStatus();
}

absl::Status Session::RestoreBest(const BestRecord& best) {
  FTS_ASSIGN_OR_RETURN(
      const bool with_moments,
      best_.Restore(engine_.get(), &optimization_->optimizer()));
  if (!with_moments) {
    notes_.push_back(absl::StrCat("the best of epoch ", best.epoch,
                                  " was saved under another optimizer: "
                                  "its weights are restored, the moments of ",
                                  optimizer().name(), " start afresh"));
  }
  return absl::OkStatus();
}

absl::StatusOr<double> Session::Value(const std::string& name) {
  const auto it = metrics_.find(name);
  if (it == metrics_.end()) {
    return absl::NotFoundError(
        absl::StrCat("metric '", name, "' is not measured; 'val_loss' is"));
  }
  return it->second;
}

absl::StatusOr<PhaseUse> Session::EndPhaseUse() {
  shard::Ledger& ledger = engine_->ledger();
  std::vector<double> numbers = {
      static_cast<double>(ledger.gathered.bytes),
      static_cast<double>(ledger.reduced.bytes + ledger.all_reduced.bytes),
      static_cast<double>(ledger.peak(shard::Holding::kGradient)),
      static_cast<double>(ledger.now(shard::Holding::kMoments)),
      static_cast<double>(ledger.peak_total()),
      static_cast<double>(ledger.along_tp.bytes)};
  FTS_RETURN_IF_ERROR(ranks_.Max(&numbers));
  ledger.StartPhase();
  PhaseUse use;
  use.bytes_gathered = static_cast<int64_t>(numbers[0]);
  use.bytes_reduced = static_cast<int64_t>(numbers[1]);
  use.gradient_bytes = static_cast<int64_t>(numbers[2]);
  use.moment_bytes = static_cast<int64_t>(numbers[3]);
  use.peak_bytes = static_cast<int64_t>(numbers[4]);
  use.bytes_along_tp = static_cast<int64_t>(numbers[5]);
  return use;
}

}  // namespace fts
