// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/session.h"

#include <ATen/ops/scalar_tensor.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <exception>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/optim/clip.h"
#include "fts/core/optim/lr_scheduler_factory.h"
#include "fts/core/optim/optimizer_factory.h"
#include "fts/core/recompute/parse_options.h"
#include "fts/core/recompute/saved_tensor_hooks.h"
#include "fts/core/shard/tensor_util.h"

namespace fts {
namespace {

// Runs code that may throw (LibTorch, autograd hooks, user modules). An error
// that a hook stashed keeps its code.
absl::Status Guarded(shard::ShardEngine& engine,
                     const std::function<absl::Status()>& body) {
  try {
    return body();
  } catch (const StatusError& e) {
    FTS_RETURN_IF_ERROR(engine.TakeHookError());
    return e.status();
  } catch (const c10::Error& e) {
    FTS_RETURN_IF_ERROR(engine.TakeHookError());
    return absl::InternalError(e.what_without_backtrace());
  } catch (const std::exception& e) {
    FTS_RETURN_IF_ERROR(engine.TakeHookError());
    return absl::InternalError(e.what());
  }
}

}  // namespace

Session::~Session() {
  for (const auto& interceptor : interceptors_) interceptor->Detach();
}

absl::StatusOr<std::unique_ptr<Session>> Session::Create(
    const SessionModel& model, SessionOptions options, const Ranks& ranks,
    Diagnostics* diags) {
  std::unique_ptr<Session> session(new Session(ranks));
  session->options_ = std::move(options);
  const SessionOptions& o = session->options_;

  FTS_ASSIGN_OR_RETURN(
      optim::OptimizerConfig made,
      optim::MakeOptimizer(o.optimizer.name, o.optimizer.args, diags));
  session->optimizer_ = std::move(made.optimizer);
  session->base_lr_ = made.lr;
  session->weight_decay_ = made.weight_decay;
  if (o.lr_scheduler.has_value()) {
    FTS_ASSIGN_OR_RETURN(session->lr_scheduler_,
                         optim::MakeLrScheduler(o.lr_scheduler->name,
                                                o.lr_scheduler->args, diags));
  }
  shard::EngineOptions engine;
  FTS_ASSIGN_OR_RETURN(engine.dtypes.compute,
                       shard::DtypeFromName(o.precision.param));
  FTS_ASSIGN_OR_RETURN(engine.dtypes.reduce,
                       shard::DtypeFromName(o.precision.reduce));
  FTS_ASSIGN_OR_RETURN(engine.dtypes.master,
                       shard::DtypeFromName(o.precision.master));
  if (o.precision.output.has_value()) {
    FTS_ASSIGN_OR_RETURN(session->output_dtype_,
                         shard::DtypeFromName(*o.precision.output));
  }
  FTS_ASSIGN_OR_RETURN(
      session->engine_,
      shard::ShardEngine::Create(o.plan, model.parameters, ranks.gather(),
                                 ranks.reduce(), engine));
  FTS_RETURN_IF_ERROR(session->AttachModules(model, diags));

  SchedulerPorts ports;
  ports.parameters = session.get();
  ports.optimizer = session.get();
  ports.snapshot = session.get();
  ports.metrics = session.get();
  session->driver_ = std::make_unique<SchedulerDriver>(o.scheduler, ports);
  return session;
}

// Sharding goes outside checkpointing: a recomputation then finds its weights
// already gathered for the backward.
absl::Status Session::AttachModules(const SessionModel& model,
                                    Diagnostics* diags) {
  std::unordered_map<std::string, nn::Module*> by_name;
  for (const auto& [name, module] : model.modules) by_name[name] = module;
  std::unordered_map<std::string, const UnitSpec*> specs;
  for (const UnitSpec& spec : options_.plan.units) specs[spec.module] = &spec;

  for (const auto& unit : engine_->units()) {
    const auto module = by_name.find(unit->module());
    if (module == by_name.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the plan shards module '", unit->module(),
                       "', which the model does not have"));
    }
    std::vector<at::Tensor> below;
    for (const auto& [name, tensor] : module->second->NamedParameters()) {
      below.push_back(tensor);
    }
    const auto spec = specs.find(unit->module());
    if (spec != specs.end() && spec->second->options.act_ckpt.has_value()) {
      FTS_RETURN_IF_ERROR(recompute::InstallSavedTensorHooksEngine());
      FTS_ASSIGN_OR_RETURN(recompute::CheckpointOptions checkpoint,
                           recompute::ParseCheckpointOptions(
                               spec->second->options.act_ckpt->kwargs, diags));
      module->second->PrependInterceptor(
          std::make_shared<recompute::CheckpointInterceptor>(checkpoint,
                                                             unit->module()));
    }
    interceptors_.push_back(
        std::make_shared<ShardInterceptor>(unit, std::move(below)));
    module->second->PrependInterceptor(interceptors_.back());
  }
  return absl::OkStatus();
}

absl::Status Session::Load(const shard::RangeLoader& loader) {
  return engine_->Load(loader);
}

absl::StatusOr<double> Session::LocalGradients(
    int64_t micro_steps,
    const std::function<absl::StatusOr<at::Tensor>(int64_t)>& loss) {
  double sum = 0;
  for (int64_t k = 0; k < micro_steps; ++k) {
    FTS_RETURN_IF_ERROR(Guarded(*engine_, [&]() -> absl::Status {
      c10::AutoGradMode grad(true);
      FTS_ASSIGN_OR_RETURN(at::Tensor value, loss(k));
      if (value.requires_grad()) value.backward();
      sum += value.item<double>();
      return absl::OkStatus();
    }));
  }
  return sum;
}

absl::StatusOr<StepResult> Session::TrainStep(
    int64_t micro_steps,
    const std::function<absl::StatusOr<at::Tensor>(int64_t)>& loss) {
  absl::StatusOr<StepResult> result = RunStep(micro_steps, loss);
  if (!result.ok()) engine_->ResetStep();
  return result;
}

absl::StatusOr<StepResult> Session::RunStep(
    int64_t micro_steps,
    const std::function<absl::StatusOr<at::Tensor>(int64_t)>& loss) {
  FTS_ASSIGN_OR_RETURN(const double local, LocalGradients(micro_steps, loss));
  StepResult result;
  FTS_RETURN_IF_ERROR(Guarded(*engine_, [&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(engine_->CompleteGradients());
    optim::FlatParameters all, counting;
    for (const auto& flat : flats_) {
      all.push_back(flat);
      if (engine_->CountsInNorm(flat->segment())) counting.push_back(flat);
    }
    FTS_ASSIGN_OR_RETURN(
        const shard::StepSummary summary,
        engine_->Synchronize(local,
                             optim::LocalSquaredNorm(counting).item<double>()));
    if (!std::isfinite(summary.loss)) {
      return absl::FailedPreconditionError(
          absl::StrCat("the training loss is ", summary.loss,
                       "; nothing was updated. Lower the learning rate, set "
                       "trainer.clip_grad_norm, or look at the data"));
    }
    result.loss = summary.loss;
    result.grad_norm = summary.grad_norm;
    result.lr = optim::LearningRates(optimizer_->groups());
    if (options_.clip_grad_norm.has_value()) {
      const at::Tensor norm = at::scalar_tensor(summary.grad_norm, at::kDouble);
      optim::ScaleGradients(
          all, optim::ClipCoefficient(norm, *options_.clip_grad_norm));
    }
    FTS_RETURN_IF_ERROR(optimizer_->Step(summary.used));
    engine_->FinishStep();
    return absl::OkStatus();
  }));
  return result;
}

at::Tensor Session::CastOutput(const at::Tensor& output) const {
  return output_dtype_.has_value() ? output.to(*output_dtype_) : output;
}

absl::Status Session::Evaluate(const std::function<absl::Status()>& body) {
  return Guarded(*engine_, [&]() -> absl::Status {
    c10::AutoGradMode grad(false);
    return body();
  });
}

absl::StatusOr<Outcome> Session::RunStart() { return driver_->RunStart(); }

absl::StatusOr<Outcome> Session::EpochStart(int64_t epoch) {
  return driver_->EpochStart(epoch);
}

absl::StatusOr<Outcome> Session::StepEnd(int64_t step) {
  FTS_ASSIGN_OR_RETURN(Outcome outcome, driver_->StepEnd(step));
  if (lr_attached_ && !lr_scheduler_->needs_metric() &&
      options_.lr_scheduler->interval == LrSchedulerSpec::Interval::kStep) {
    FTS_RETURN_IF_ERROR(lr_scheduler_->Step());
  }
  return outcome;
}

absl::StatusOr<Outcome> Session::ValidationEnd(int64_t epoch) {
  FTS_ASSIGN_OR_RETURN(Outcome outcome, driver_->ValidationEnd(epoch));
  if (epoch >= 0 && lr_attached_ && lr_scheduler_->needs_metric()) {
    FTS_ASSIGN_OR_RETURN(const double metric,
                         Value(options_.lr_scheduler->monitor));
    FTS_RETURN_IF_ERROR(lr_scheduler_->StepMetric(metric));
  }
  return outcome;
}

absl::StatusOr<Outcome> Session::EpochEnd(int64_t epoch) {
  FTS_ASSIGN_OR_RETURN(Outcome outcome, driver_->EpochEnd(epoch));
  if (lr_attached_ && !lr_scheduler_->needs_metric() &&
      options_.lr_scheduler->interval == LrSchedulerSpec::Interval::kEpoch) {
    FTS_RETURN_IF_ERROR(lr_scheduler_->Step());
  }
  return outcome;
}

void Session::SetMetric(const std::string& name, double value) {
  metrics_[name] = value;
}

absl::Status Session::ForEachFull(
    const std::function<absl::Status(const std::string&, const at::Tensor&)>&
        fn) {
  return Guarded(*engine_, [&] { return engine_->ForEachFull(fn); });
}

absl::Status Session::Thaw(int phase) {
  return Guarded(*engine_, [&]() -> absl::Status {
    engine_->Thaw(phase);
    best_.Extend(*engine_, phase);
    thawed_ = options_.schedule.phases[phase].params;
    return absl::OkStatus();
  });
}

absl::Status Session::AddGroup(int phase, std::optional<double> lr) {
  std::vector<std::shared_ptr<optim::FlatParameter>> members;
  for (const auto& segment : engine_->segments()) {
    if (segment->phase() != phase) continue;
    flats_.push_back(std::make_shared<SegmentFlat>(segment));
    members.push_back(flats_.back());
  }
  optim::GroupOptions group;
  group.name = absl::StrCat("phase ", phase);
  group.lr = lr.value_or(base_lr_);
  group.weight_decay = weight_decay_;
  if (options_.optimizer.no_decay.empty()) {
    FTS_RETURN_IF_ERROR(optimizer_->AddGroup(group, members).status());
  } else {
    group.extents = optim::ExtentClass::kDecay;
    FTS_RETURN_IF_ERROR(optimizer_->AddGroup(group, members).status());
    group.name += " no_decay";
    group.weight_decay = 0;
    group.extents = optim::ExtentClass::kNoDecay;
    FTS_RETURN_IF_ERROR(optimizer_->AddGroup(group, members).status());
  }
  const int64_t bytes = optimizer_->StateBytes();
  engine_->ledger().Add(shard::Holding::kMoments, bytes - moment_bytes_);
  moment_bytes_ = bytes;
  if (lr_scheduler_ == nullptr) return absl::OkStatus();
  if (lr_attached_) {
    FTS_RETURN_IF_ERROR(lr_scheduler_->OnGroupsAdded());
  } else {
    FTS_RETURN_IF_ERROR(
        lr_scheduler_->Attach(optimizer_->mutable_groups()));
    lr_attached_ = true;
  }
  return absl::OkStatus();
}

absl::Status Session::Freeze(int phase) {
  return absl::UnimplementedError(
      absl::StrCat("freeze of phase ", phase, " is not available yet"));
}

absl::Status Session::ReplaceOptimizer(int phase) {
  return absl::UnimplementedError(
      absl::StrCat("new_optimizer of phase ", phase, " is not available yet"));
}

absl::Status Session::ReplaceLrScheduler(int phase) {
  return absl::UnimplementedError(absl::StrCat("new_lr_scheduler of phase ",
                                               phase, " is not available yet"));
}

absl::Status Session::SaveBest(const BestRecord& best) {
  (void)best;  // the scheduler keeps the record
  best_.Save(*engine_, *optimizer_);
  return absl::OkStatus();
}

absl::Status Session::RestoreBest(const BestRecord& best) {
  (void)best;
  return best_.Restore(engine_.get(), optimizer_.get());
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
      static_cast<double>(ledger.peak_total())};
  FTS_RETURN_IF_ERROR(ranks_.Max(&numbers));
  ledger.StartPhase();
  PhaseUse use;
  use.bytes_gathered = static_cast<int64_t>(numbers[0]);
  use.bytes_reduced = static_cast<int64_t>(numbers[1]);
  use.gradient_bytes = static_cast<int64_t>(numbers[2]);
  use.moment_bytes = static_cast<int64_t>(numbers[3]);
  use.peak_bytes = static_cast<int64_t>(numbers[4]);
  return use;
}

}  // namespace fts
