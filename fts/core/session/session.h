// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// One scheduled fine-tune of one model: the only place that joins the
// scheduler's decisions to the engines. It attaches sharding and activation
// checkpointing to the model's modules, owns optimizer and learning rates, and
// applies every phase transition. The caller owns the model, the data, the loss
// and the loop:
//
//   session->Load(loader);
//   session->RunStart();
//   for epoch:
//     session->EpochStart(epoch);             // may begin a phase
//     for step: session->StepStart(step, tokens);  // may begin one too
//               session->TrainStep(...);      // forward, backward, update
//               session->StepEnd(step);
//     session->SetMetric("val_loss", v);      // reduced over the ranks
//     session->ValidationEnd(epoch);
//     session->EpochEnd(epoch);
//
// Every rank makes the same calls in the same order.
//
// Threads: confined to the training thread. Once the session is gone, the
// model's parameters may no longer be in memory: reading them, or running
// backward through a graph recorded before, throws.
#ifndef FTS_CORE_SESSION_SESSION_H_
#define FTS_CORE_SESSION_SESSION_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/run_config.h"
#include "fts/core/nn/loss.h"
#include "fts/core/nn/module.h"
#include "fts/core/optim/optimizer.h"
#include "fts/core/plan/plan.h"
#include "fts/core/scheduler/driver.h"
#include "fts/core/session/attach.h"
#include "fts/core/session/best_snapshot.h"
#include "fts/core/session/local_model.h"
#include "fts/core/session/optimization.h"
#include "fts/core/session/ranks.h"
#include "fts/core/shard/engine.h"
#include "fts/core/tp/styles.h"

namespace fts {

// The model as named things. Names are those that plan and schedule use. Of a
// module tree with names of its own, ModelParts (model_parts.h) makes it.
struct SessionModel {
  std::vector<shard::NamedLeaf> parameters;  // registration order
  std::vector<std::pair<std::string, nn::Module*>> modules;  // root is ""
};

struct SessionOptions {
  Plan plan;  // resolved for as many ranks along tp as there are
  Schedule schedule;
  SchedulerConfig scheduler;
  PrecisionSpec precision;
  OptimizerSpec optimizer;
  std::optional<LrSchedulerSpec> lr_scheduler;
  std::optional<double> clip_grad_norm;  // of phases that set none
  bool apply_lambdas_new_pgs = false;
  bool enforce_phase0_params = true;
  // Seconds since the run started, on rank 0; the others' are not read. Null:
  // no clock, and phases must not wait for one.
  std::function<double()> clock;
};

struct StepResult {
  double loss = 0;         // of the whole step, over all ranks
  double grad_norm = 0;    // global L2, before clipping
  std::vector<double> lr;  // per group, as used by this update
};

// What one phase held and moved per rank, the largest over the ranks; see
// shard/ledger.h. Peaks begin when the phase's transition has let go of what
// the phase before it held.
struct PhaseUse {
  int64_t bytes_gathered = 0;
  int64_t bytes_reduced = 0;
  int64_t gradient_bytes = 0;
  int64_t moment_bytes = 0;
  int64_t peak_bytes = 0;
  int64_t bytes_along_tp = 0;  // that ranks that share layers told each other
};

class Session : private ParameterPort,
                private OptimizerPort,
                private SnapshotPort,
                private MetricPort {
 public:
  // Bad optimizer, lr_scheduler or checkpointing options are recorded in
  // `diags`. The model must outlive the session. With a tp_plan its parameters
  // take the shapes of this rank's parts, and its modules work on those.
  static absl::StatusOr<std::unique_ptr<Session>> Create(
      const SessionModel& model, SessionOptions options, const Ranks& ranks,
      Diagnostics* diags);
  ~Session() override;

  absl::Status Load(const shard::RangeLoader& loader);

  // Token cross entropy of logits as the model returned them, whether or not
  // their vocabulary is split (loss_parallel).
  nn::LossSum TokenLoss(const at::Tensor& logits,
                        const at::Tensor& labels) const;

  // Forward and backward of `micro_steps` micro-batches, then the update.
  // `loss(k)` returns a scalar whose sum over micro-steps and data-parallel
  // ranks is the loss of the step (ranks along tp compute the same one): divide
  // by the number of tokens of the whole step. Errors: what `loss` returns,
  // INTERNAL with the text of what it threw; communicator errors;
  // FAILED_PRECONDITION when the loss or the gradient norm is not finite,
  // saying where that began, when ranks ran their modules in different order,
  // when parameters of a unit, or of a module of the tp_plan, got a gradient
  // though that was not called, and when a parameter is no longer where it was
  // put (by torch::nn::Module::to, say). After an error before the update
  // nothing was updated and all gradients of the step are dropped, so that the
  // next step starts afresh. In the bound form (shard/bound.h), which sums
  // gradients while it updates, a norm that is not finite beside a loss that is
  // shows only after the update unless gradients are clipped; the error then
  // says so.
  absl::StatusOr<StepResult> TrainStep(
      int64_t micro_steps,
      const std::function<absl::StatusOr<at::Tensor>(int64_t)>& loss);

  // `precision.output` applied to what the model returned.
  at::Tensor CastOutput(const at::Tensor& output) const;

  // Runs `body` without gradients. Exceptions become INTERNAL; a parameter that
  // is no longer where it was put is FAILED_PRECONDITION.
  absl::Status Evaluate(const std::function<absl::Status()>& body);

  // The run's events, in the order of scheduler.h. StepEnd also advances an
  // `interval: step` learning-rate scheduler, ValidationEnd a
  // ReduceLROnPlateau, EpochEnd an `interval: epoch` one; with a frequency,
  // every so many of them, steps counted from the start of the epoch.
  // StepStart: `tokens` are those of the run before this step, on all ranks. It
  // may be left out while no phase has a limit in steps, tokens or time.
  absl::StatusOr<Outcome> RunStart();
  absl::StatusOr<Outcome> EpochStart(int64_t epoch);
  absl::StatusOr<Outcome> StepStart(int64_t step, int64_t tokens);
  absl::StatusOr<Outcome> StepEnd(int64_t step);
  absl::StatusOr<Outcome> ValidationEnd(int64_t epoch);
  absl::StatusOr<Outcome> EpochEnd(int64_t epoch);

  // A value for the next ValidationEnd; the same on every rank.
  void SetMetric(const std::string& name, double value);

  // Collective: calls fn(name, full tensor on the CPU) for every parameter on
  // every rank, one segment at a time.
  absl::Status ForEachFull(
      const std::function<absl::Status(const std::string&, const at::Tensor&)>&
          fn);

  // Use of the phase so far, the largest over the ranks (collective), and a new
  // count from here on. Before the event that begins the next phase.
  absl::StatusOr<PhaseUse> EndPhaseUse();

  // Seconds of the run as every rank last learnt them from rank 0's clock: in
  // each TrainStep, or from the caller, who agreed on them by other means.
  double seconds() const { return seconds_; }
  void SetSeconds(double seconds) { seconds_ = seconds; }

  // Why units are gathered and reduced one by one, "binding is off", of more
  // than one rank; empty when weights and gradients stand in memory that the
  // ranks share.
  const std::string& why_not_bound() const { return why_not_bound_; }

  const SchedulerDriver& scheduler() const { return *driver_; }
  // Elements of the whole model, and of those that train now.
  int64_t total_parameters() const;
  int64_t trainable_parameters() const;
  shard::ShardEngine& engine() { return *engine_; }
  const optim::Optimizer& optimizer() const {
    return optimization_->optimizer();
  }

 private:
  explicit Session(Ranks ranks) : ranks_(std::move(ranks)) {}
  absl::StatusOr<StepResult> RunStep(
      int64_t micro_steps,
      const std::function<absl::StatusOr<at::Tensor>(int64_t)>& loss);
  // From complete gradients to the end of the step, in the bound form.
  absl::Status UpdateBound(double local_loss, StepResult* result);
  // What a loss or norm that is not finite says. Collective. `updated`: the
  // optimizer has run.
  absl::Status NotFinite(const shard::StepSummary& summary, double local_loss,
                         bool updated = false);
  absl::Status CheckStyles();
  absl::StatusOr<double> LocalGradients(
      int64_t micro_steps,
      const std::function<absl::StatusOr<at::Tensor>(int64_t)>& loss);

  // Ports.
  absl::Status Thaw(int phase) override;
  absl::Status Freeze(int phase) override;
  absl::Status AddGroup(int phase, std::optional<double> lr) override;
  absl::Status ReplaceOptimizer(int phase) override;
  absl::Status ReplaceLrScheduler(int phase) override;
  absl::Status SaveBest(const BestRecord& best) override;
  absl::Status RestoreBest(const BestRecord& best) override;
  absl::StatusOr<double> Value(const std::string& name) override;
  // Adds what the ports have to say to the outcome of an event.
  absl::StatusOr<Outcome> WithNotes(absl::StatusOr<Outcome> outcome);

  SessionOptions options_;
  Ranks ranks_;
  std::optional<at::ScalarType> output_dtype_;
  std::string why_not_bound_;
  std::unique_ptr<shard::ShardEngine> engine_;
  LocalModel local_;
  std::unique_ptr<tp::Attached> styles_;  // null: no tp_plan
  Attachments attachments_;               // around the model's modules
  std::unique_ptr<Optimization> optimization_;
  // By phase: frozen segments kept gathered, by first parameter.
  std::vector<std::vector<std::string>> resident_;
  std::unique_ptr<SchedulerDriver> driver_;
  BestSnapshot best_;
  std::map<std::string, double> metrics_;
  std::vector<std::string> notes_;  // of the event being handled
  double seconds_ = 0;
  int64_t step_in_epoch_ = 0;
};

}  // namespace fts

#endif  // FTS_CORE_SESSION_SESSION_H_
