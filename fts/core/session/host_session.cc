// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/host_session.h"

#include <ATen/ops/scalar_tensor.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fts/core/base/status.h"
#include "fts/core/optim/clip.h"
#include "fts/core/session/guarded.h"
#include "fts/core/session/make_engine.h"
#include "fts/core/session/model_parts.h"

namespace fts {
namespace {

// The segments that train, as gradient norm and clipping take them.
optim::FlatParameters TrainableFlats(const shard::ShardEngine& engine,
                                     bool counting_only) {
  optim::FlatParameters flats;
  for (const auto& segment : engine.segments()) {
    if (!segment->trainable()) continue;
    if (counting_only && !engine.CountsInNorm(*segment)) continue;
    flats.push_back(std::make_shared<SegmentFlat>(segment));
  }
  return flats;
}

absl::Status NotInStep(const char* what) {
  return absl::FailedPreconditionError(
      absl::StrCat(what,
                   ": gradients of this step are not complete; call "
                   "CompleteGradients after the last backward and before it"));
}

}  // namespace

HostSession::~HostSession() { local_.Unobserve(); }

absl::StatusOr<std::unique_ptr<HostSession>> HostSession::Create(
    const std::vector<shard::NamedLeaf>& parameters, HostSessionOptions options,
    const Ranks& ranks) {
  RestoreParameters restore(options.plan, parameters);
  std::unique_ptr<HostSession> session(
      new HostSession(std::move(options), ranks));
  const HostSessionOptions& o = session->options_;
  for (const shard::NamedLeaf& leaf : parameters) {
    session->initial_.emplace_back(leaf.name, leaf.tensor.detach());
  }
  FTS_ASSIGN_OR_RETURN(session->local_,
                       LocalModel::Create(o.plan, parameters, ranks));
  FTS_ASSIGN_OR_RETURN(
      MadeEngine made,
      MakeEngine(session->local_.plan(), o.precision, parameters, ranks));
  session->engine_ = std::move(made.engine);
  session->why_not_bound_ = std::move(made.why_not_bound);
  session->local_.ObserveBy(session->engine_.get());
  FTS_RETURN_IF_ERROR(session->Describe(parameters));
  session->resident_ = ResidentByPhase(
      session->local_.largest(), static_cast<int>(o.schedule.phases.size()),
      o.precision, ranks, *session->engine_, {o.moments});
  restore.Cancel();
  return session;
}

// Units with what the plan says of them, and where each parameter lies.
absl::Status HostSession::Describe(
    const std::vector<shard::NamedLeaf>& parameters) {
  for (const auto& unit : engine_->units()) {
    UnitInfo info;
    info.unit = unit;
    for (const UnitSpec& spec : options_.plan.units) {
      if (spec.module != unit->module()) continue;
      info.spec = &spec;
      FTS_ASSIGN_OR_RETURN(
          info.casts, CastsOf(spec.options, engine_->context().dtypes.compute));
    }
    units_.push_back(std::move(info));
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    by_name_.emplace(parameters[i].name, static_cast<int64_t>(i));
    leaves_.push_back({parameters[i].name, nullptr, nullptr});
  }
  for (const auto& segment : engine_->segments()) {
    for (const auto& leaf : segment->leaves()) {
      const auto found = by_name_.find(leaf->name());
      if (found == by_name_.end()) continue;
      leaves_[found->second].segment = segment.get();
      leaves_[found->second].leaf = leaf.get();
    }
  }
  return absl::OkStatus();
}

absl::Status HostSession::Load(const shard::RangeLoader& loader) {
  const auto initial = std::exchange(initial_, {});
  return Guarded(*engine_, [&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(
        engine_->Load(local_.Loader(loader ? loader : ValuesOf(initial))));
    // From here on, so that a validation before phase 0 gathers once too.
    if (!resident_.empty()) engine_->PlaceFrozen(resident_[0]);
    return absl::OkStatus();
  });
}

std::optional<int64_t> HostSession::FindParameter(
    const std::string& name) const {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return std::nullopt;
  return found->second;
}

const std::string& HostSession::parameter_name(int64_t i) const {
  return leaves_[i].name;
}

absl::Status HostSession::CheckUnit(size_t i) const {
  if (i < units_.size()) return absl::OkStatus();
  return absl::OutOfRangeError(
      absl::StrCat("unit ", i, " was named; the session has ", units_.size()));
}

absl::Status HostSession::CheckPhase(int phase) const {
  const auto phases = static_cast<int>(options_.schedule.phases.size());
  if (phase >= 0 && phase < phases) return absl::OkStatus();
  return absl::OutOfRangeError(
      absl::StrCat("phase ", phase, " was named; the schedule has ", phases));
}

absl::Status HostSession::CheckParameter(int64_t i) const {
  if (i >= 0 && i < num_parameters()) return absl::OkStatus();
  return absl::OutOfRangeError(absl::StrCat(
      "parameter ", i, " was named; the session has ", leaves_.size()));
}

absl::Status HostSession::PreForward(size_t i,
                                     const std::vector<at::Tensor>& inputs) {
  FTS_RETURN_IF_ERROR(CheckUnit(i));
  return Guarded(*engine_, [&] { return units_[i].unit->PreForward(inputs); });
}

absl::Status HostSession::PostForward(size_t i, int which,
                                      const std::vector<at::Tensor>& outputs) {
  FTS_RETURN_IF_ERROR(CheckUnit(i));
  const size_t modules = units_[i].unit->modules().size();
  if (which < 0 || static_cast<size_t>(which) >= modules) {
    return absl::OutOfRangeError(absl::StrCat(
        "module ", which, " of unit ", i, " ('", units_[i].unit->label(),
        "') was named; it has ", modules));
  }
  return Guarded(*engine_,
                 [&] { return units_[i].unit->PostForward(outputs, which); });
}

absl::Status HostSession::Gather(size_t i) {
  c10::AutoGradMode no_graph(false);
  return PreForward(i, {});
}

absl::Status HostSession::Release(size_t i) {
  FTS_RETURN_IF_ERROR(CheckUnit(i));
  c10::AutoGradMode no_graph(false);
  return PostForward(i, static_cast<int>(units_[i].unit->modules().size()) - 1,
                     {});
}

absl::Status HostSession::AddGradients(const std::vector<int64_t>& params,
                                       const std::vector<at::Tensor>& grads) {
  std::vector<at::Tensor> roots;
  for (size_t k = 0; k < params.size(); ++k) {
    FTS_RETURN_IF_ERROR(CheckParameter(params[k]));
    const Place& place = leaves_[params[k]];
    if (place.leaf == nullptr || !place.segment->trainable()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "parameter '", place.name,
          "' is frozen and takes no gradient; leave it out until its phase"));
    }
    if (grads[k].sizes() != place.leaf->tensor().sizes()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the gradient of parameter '", place.name, "' has shape [",
          absl::StrJoin(grads[k].sizes(), ", "), "]; it must be [",
          absl::StrJoin(place.leaf->tensor().sizes(), ", "), "]"));
    }
    roots.push_back(place.leaf->tensor());
  }
  // Leaves are roots here, so nothing runs but their accumulators' hooks.
  return Guarded(*engine_, [&]() -> absl::Status {
    std::vector<at::Tensor> cast;
    for (size_t k = 0; k < grads.size(); ++k) {
      cast.push_back(grads[k].to(roots[k].options()));
    }
    c10::AutoGradMode grad(true);
    torch::autograd::backward(roots, cast);
    return absl::OkStatus();
  });
}

absl::StatusOr<HostStep> HostSession::Complete(double loss, double seconds,
                                               bool check_finite) {
  FTS_RETURN_IF_ERROR(engine_->CheckPlaces());
  HostStep step;
  FTS_RETURN_IF_ERROR(Guarded(*engine_, [&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(engine_->CompleteGradients());
    shard::StepSummary summary;
    if (engine_->bound()) {
      FTS_ASSIGN_OR_RETURN(summary, engine_->MeetBound(loss, seconds));
      engine_->SumBound();
      FTS_ASSIGN_OR_RETURN(
          const double total,
          engine_->ShareNorm(
              optim::LocalSquaredNorm(TrainableFlats(*engine_, false))
                  .item<double>()));
      summary.grad_norm = std::sqrt(total);
    } else {
      FTS_ASSIGN_OR_RETURN(
          summary, engine_->Synchronize(
                       loss,
                       optim::LocalSquaredNorm(TrainableFlats(*engine_, true))
                           .item<double>(),
                       seconds));
    }
    step.loss = summary.loss;
    step.grad_norm = summary.grad_norm;
    step.seconds = summary.seconds;
    used_ = std::move(summary.used);
    if (check_finite &&
        (!std::isfinite(step.loss) || !std::isfinite(step.grad_norm))) {
      FTS_ASSIGN_OR_RETURN(const std::string where,
                           engine_->ExplainNonfinite(loss));
      const bool bad_loss = !std::isfinite(step.loss);
      return absl::FailedPreconditionError(absl::StrCat(
          "the ", bad_loss ? "training loss" : "gradient norm", " is ",
          bad_loss ? step.loss : step.grad_norm,
          "; nothing was updated. First not finite: ", where,
          ". Lower the learning rate, clip gradients, or look at the data"));
    }
    // A divide factor of the plan stands in place of the mean.
    if (options_.mean && ranks_.size() > 1 &&
        !engine_->context().gradient_divide_factor.has_value()) {
      const double scale = 1.0 / ranks_.size();
      Scale(scale);
      step.grad_norm *= scale;
      step.loss *= scale;
    }
    return absl::OkStatus();
  }));
  return step;
}

absl::StatusOr<HostStep> HostSession::CompleteGradients(double loss,
                                                        double seconds,
                                                        bool check_finite) {
  if (complete_.has_value()) return *complete_;
  absl::StatusOr<HostStep> step = Complete(loss, seconds, check_finite);
  if (step.ok()) {
    complete_ = *step;
  } else {
    ResetStep();
  }
  return step;
}

void HostSession::Scale(double factor) {
  optim::ScaleGradients(TrainableFlats(*engine_, false),
                        at::scalar_tensor(factor, at::kDouble));
}

absl::Status HostSession::Clip(double max_norm) {
  if (!complete_.has_value()) return NotInStep("clipping");
  if (!(max_norm > 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_norm is ", max_norm, "; it must be above 0"));
  }
  return Guarded(*engine_, [&]() -> absl::Status {
    const at::Tensor norm =
        at::scalar_tensor(complete_->grad_norm, at::kDouble);
    optim::ScaleGradients(TrainableFlats(*engine_, false),
                          optim::ClipCoefficient(norm, max_norm));
    return absl::OkStatus();
  });
}

absl::Status HostSession::BeginUpdate() {
  if (!complete_.has_value()) return NotInStep("the update");
  if (updating_) {
    return absl::FailedPreconditionError(
        "an update is under way; finish it before the next one begins");
  }
  if (engine_->bound()) engine_->BeginUpdate();
  updating_ = true;
  return absl::OkStatus();
}

absl::Status HostSession::FinishUpdate() {
  if (!updating_) return NotInStep("the end of the update");
  updating_ = false;
  complete_.reset();
  return Guarded(*engine_, [&]() -> absl::Status {
    if (engine_->bound()) {
      FTS_RETURN_IF_ERROR(engine_->EndUpdate(0).status());
    }
    engine_->FinishStep();
    return absl::OkStatus();
  });
}

bool HostSession::HasGradients() const {
  for (const auto& segment : engine_->segments()) {
    for (const auto& leaf : segment->leaves()) {
      if (leaf->used) return true;
    }
  }
  return false;
}

void HostSession::ResetStep() {
  complete_.reset();
  updating_ = false;
  engine_->ResetStep();
}

absl::StatusOr<HostSession::Shard> HostSession::ShardOf(
    int64_t parameter) const {
  FTS_RETURN_IF_ERROR(CheckParameter(parameter));
  const Place& place = leaves_[parameter];
  if (place.segment == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(
        "parameter '", place.name, "' is not of this session's plan"));
  }
  const shard::Segment& segment = *place.segment;
  Shard out;
  out.trainable = segment.trainable();
  int64_t begin = 0, end = 0;
  for (const shard::Segment::Extent& extent : segment.extents()) {
    if (extent.leaf != place.leaf) continue;
    begin = extent.begin;
    end = extent.end;
  }
  out.value = segment.shard().slice(0, begin, end);
  const bool used = used_.empty() || used_[place.leaf->index()];
  if (complete_.has_value() && segment.trainable() && used) {
    out.grad = segment.grad().slice(0, begin, end);
  }
  out.begin =
      std::max<int64_t>(0, segment.begin() + begin - place.leaf->offset());
  return out;
}

absl::StatusOr<int64_t> HostSession::Thaw(int phase) {
  FTS_RETURN_IF_ERROR(CheckPhase(phase));
  int64_t thawed = 0;
  FTS_RETURN_IF_ERROR(Guarded(*engine_, [&]() -> absl::Status {
    thawed = engine_->Thaw(phase);
    best_.Extend(*engine_, phase);
    if (static_cast<size_t>(phase) < resident_.size()) {
      engine_->PlaceFrozen(resident_[phase]);
    }
    return absl::OkStatus();
  }));
  return thawed;
}

absl::StatusOr<int64_t> HostSession::Freeze(int phase) {
  FTS_RETURN_IF_ERROR(CheckPhase(phase));
  int64_t frozen = 0;
  FTS_RETURN_IF_ERROR(Guarded(*engine_, [&]() -> absl::Status {
    if (optimization_ != nullptr) best_.Forget(optimization_->Remove(phase));
    frozen = engine_->Freeze(phase);
    engine_->ledger().RestartPeaks();
    return absl::OkStatus();
  }));
  return frozen;
}

absl::Status HostSession::BeginWrite() { return engine_->Fence(); }

absl::Status HostSession::EndWrite() {
  FTS_RETURN_IF_ERROR(engine_->Fence());
  return Guarded(*engine_, [&]() -> absl::Status {
    engine_->MarkUpdated();
    return absl::OkStatus();
  });
}

absl::Status HostSession::SaveBest() {
  return Guarded(*engine_, [&]() -> absl::Status {
    best_.Save(*engine_, optimization_ == nullptr
                             ? nullptr
                             : &optimization_->optimizer());
    return absl::OkStatus();
  });
}

absl::StatusOr<bool> HostSession::RestoreBest() {
  bool with_moments = true;
  FTS_RETURN_IF_ERROR(Guarded(*engine_, [&]() -> absl::Status {
    FTS_ASSIGN_OR_RETURN(
        with_moments,
        best_.Restore(engine_.get(), optimization_ == nullptr
                                         ? nullptr
                                         : &optimization_->optimizer()));
    return absl::OkStatus();
  }));
  return with_moments;
}

absl::Status HostSession::MakeOptimizer(const LoopConfig& config,
                                        Diagnostics* diags) {
  if (optimization_ != nullptr) {
    return absl::FailedPreconditionError(
        "the session has an optimizer already; a session takes one");
  }
  OptimizationOptions options;
  options.schedule = options_.schedule;
  options.optimizer = config.optimizer;
  options.lr_scheduler = config.lr_scheduler;
  options.clip_grad_norm = config.clip_grad_norm;
  options.apply_lambdas_new_pgs = config.apply_lambdas_new_pgs;
  options.enforce_phase0_params = config.enforce_phase0_params;
  FTS_ASSIGN_OR_RETURN(
      optimization_,
      Optimization::Create(std::move(options), engine_.get(), diags));
  return absl::OkStatus();
}

absl::Status HostSession::ReplaceOptimizer(int phase) {
  return Guarded(*engine_, [&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(optimization_->ReplaceOptimizer(phase));
    best_.OptimizerReplaced();
    engine_->ledger().RestartPeaks();
    return absl::OkStatus();
  });
}

absl::Status HostSession::Step() {
  if (!updating_) return NotInStep("the optimizer's step");
  return Guarded(*engine_,
                 [&] { return optimization_->optimizer().Step(used_); });
}

absl::Status HostSession::ForEachFull(
    const std::function<absl::Status(const std::string&, const at::Tensor&)>&
        fn) {
  return Guarded(*engine_, [&] { return local_.ForEachFull(*engine_, fn); });
}

}  // namespace fts
