// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/trainer.h"

#include <ATen/ops/zeros.h>

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/nn/loss.h"
#include "fts/core/plan/timeline_text.h"
#include "fts/core/plan/tp_layout.h"
#include "fts/core/session/session.h"
#include "fts/train/batch.h"
#include "fts/train/rank_reporter.h"
#include "fts/train/run_files.h"
#include "fts/train/run_log.h"
#include "fts/train/seconds.h"

namespace fts::train {
namespace {

constexpr double kMiB = 1024.0 * 1024.0;

class Loop {
 public:
  Loop(RunSetup* setup, const Ranks& ranks, std::string output_dir)
      : setup_(*setup), ranks_(ranks), output_dir_(std::move(output_dir)) {
    for (const PhaseRule& rule : setup_.scheduler.phases) {
      timed_ = timed_ || rule.max_transition_time.has_value();
    }
  }

  absl::Status Run();

 private:
  bool main() const { return ranks_.world_rank() == 0; }
  absl::Status Start();
  absl::Status RunEpoch(int64_t epoch);
  absl::StatusOr<bool> Step(const EpochOrder& order, int64_t epoch,
                            int64_t step_in_epoch);  // true: the epoch is over
  absl::Status ValidateEpoch(int64_t epoch);
  absl::StatusOr<double> Validate();
  absl::StatusOr<at::Tensor> MicroLoss(const EpochOrder& order,
                                       int64_t step_in_epoch, int64_t micro);
  at::Tensor Logits(const at::Tensor& tokens);
  // Writes what a scheduler outcome says; remembers the end of the run.
  absl::Status Report(const Outcome& outcome, int64_t epoch, double ms);
  void Tell();
  absl::Status BeginEpoch(int64_t epoch);
  absl::Status BeginStep(int64_t epoch);
  absl::Status MeasureIfPhaseEnds(const SchedulerEvent& event);
  int64_t tokens() const { return next_step_ * setup_.tokens_per_step(); }
  absl::StatusOr<PhaseMeasured> Measure();
  absl::Status Finish();
  absl::Status Export();

  RunSetup& setup_;
  const Ranks& ranks_;
  const std::string output_dir_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<RunLog> log_;  // rank 0 only
  const double start_ = Seconds();
  bool timed_ = false;  // a phase waits for rank 0's clock
  int64_t next_step_ = 0;
  std::optional<std::string> finished_;
  std::optional<PhaseMeasured> measured_;  // of the phase that just ended
};

absl::Status Loop::Start() {
  const BusyWith busy("reading the model");
  const RunConfig& c = setup_.config;
  if (main()) {
    Diagnostics diags;
    FTS_RETURN_IF_ERROR(WriteRunFiles(setup_, output_dir_));
    FTS_ASSIGN_OR_RETURN(log_, RunLog::Create(output_dir_, setup_, &diags));
  }
  SessionOptions options;
  options.plan = setup_.plan;
  options.schedule = setup_.schedule;
  options.scheduler = setup_.scheduler;
  options.precision = c.precision;
  options.optimizer = c.optimizer;
  options.lr_scheduler = c.lr_scheduler;
  options.clip_grad_norm = c.trainer.clip_grad_norm;
  options.apply_lambdas_new_pgs = c.scheduler.apply_lambdas_new_pgs;
  options.enforce_phase0_params = c.scheduler.enforce_phase0_params;
  if (timed_) options.clock = [this] { return Seconds() - start_; };
  Diagnostics diags;
  FTS_ASSIGN_OR_RETURN(
      session_, Session::Create(setup_.model->parts(), std::move(options),
                                ranks_, &diags));
  if (main()) Tell();
  return session_->Load([this](const std::string& name, int64_t begin,
                               int64_t end, at::Tensor dst) {
    return setup_.model->LoadRange(name, begin, end, std::move(dst));
  });
}

// What is going to happen, and where weights stand meanwhile.
void Loop::Tell() {
  Timeline timeline = setup_.timeline;
  if (session_->engine().bound()) {
    TimelineOptions options = timeline.options;
    options.memory.may_bind = true;
    timeline = MakeTimeline(setup_.schedule, setup_.model->description(),
                            setup_.plan, options);
  }
  log_->Note(TimelineToText(timeline));
  if (ranks_.size() == 1) return;
  const std::string& why = session_->why_not_bound();
  log_->Note(why.empty()
                 ? "weights and gradients: in memory that the ranks share\n"
                 : absl::StrCat("weights and gradients: gathered and reduced "
                                "unit by unit, because ",
                                why, "\n"));
}

absl::Status Loop::Run() {
  FTS_RETURN_IF_ERROR(Start());
  std::optional<double> baseline;
  if (setup_.val != nullptr) {
    FTS_ASSIGN_OR_RETURN(baseline, Validate());
    if (main()) {
      FTS_RETURN_IF_ERROR(log_->Validation({-1, -1, 0, *baseline}));
    }
  }
  const double begin = Seconds();
  FTS_ASSIGN_OR_RETURN(Outcome started, session_->RunStart());
  FTS_RETURN_IF_ERROR(Report(started, 0, (Seconds() - begin) * 1e3));
  if (baseline.has_value()) {
    session_->SetMetric("val_loss", *baseline);
    FTS_RETURN_IF_ERROR(session_->ValidationEnd(-1).status());
  }
  for (int64_t epoch = 0; !finished_.has_value(); ++epoch) {
    FTS_RETURN_IF_ERROR(RunEpoch(epoch));
  }
  return Finish();
}

absl::Status Loop::RunEpoch(int64_t epoch) {
  FTS_RETURN_IF_ERROR(BeginEpoch(epoch));
  if (finished_.has_value()) return absl::OkStatus();

  const EpochOrder order = setup_.order->Epoch(epoch);
  const int64_t steps = setup_.order->steps_per_epoch();
  for (int64_t i = 0; i < steps; ++i) {
    const auto over = Step(order, epoch, i);
    if (!over.ok()) {
      return absl::Status(
          over.status().code(),
          absl::StrCat("step ", next_step_, " (epoch ", epoch, ", phase ",
                       session_->scheduler().phase(),
                       "): ", std::string(over.status().message())));
    }
    if (*over) break;
  }
  FTS_RETURN_IF_ERROR(ValidateEpoch(epoch));
  if (finished_.has_value()) return absl::OkStatus();  // a metric ended it
  FTS_ASSIGN_OR_RETURN(const Outcome outcome, session_->EpochEnd(epoch));
  return Report(outcome, epoch, 0);
}

absl::Status Loop::BeginEpoch(int64_t epoch) {
  const double begin = Seconds();
  FTS_RETURN_IF_ERROR(MeasureIfPhaseEnds(SchedulerEvent::EpochStart(epoch)));
  FTS_ASSIGN_OR_RETURN(const Outcome outcome, session_->EpochStart(epoch));
  return Report(outcome, epoch, (Seconds() - begin) * 1e3);
}

absl::Status Loop::BeginStep(int64_t epoch) {
  const double begin = Seconds();
  const SchedulerDriver& scheduler = session_->scheduler();
  if (scheduler.config().phases[scheduler.phase()].has_step_limit()) {
    FTS_RETURN_IF_ERROR(MeasureIfPhaseEnds(
        SchedulerEvent::StepStart(next_step_, tokens(), session_->seconds())));
  }
  FTS_ASSIGN_OR_RETURN(const Outcome outcome,
                       session_->StepStart(next_step_, tokens()));
  return Report(outcome, epoch, (Seconds() - begin) * 1e3);
}

// The measurement of a phase must end before its successor's transition, which
// restores and allocates; so the decision is asked of the table first.
absl::Status Loop::MeasureIfPhaseEnds(const SchedulerEvent& event) {
  FTS_ASSIGN_OR_RETURN(const Transition ahead,
                       Advance(session_->scheduler().config(),
                               session_->scheduler().state(), event));
  for (const SchedulerEffect& effect : ahead.effects) {
    if (effect.kind == EffectKind::kPhase) {
      FTS_ASSIGN_OR_RETURN(measured_, Measure());
    }
  }
  return absl::OkStatus();
}

at::Tensor Loop::Logits(const at::Tensor& tokens) {
  return session_->CastOutput(setup_.model->Forward(tokens));
}

absl::StatusOr<at::Tensor> Loop::MicroLoss(const EpochOrder& order,
                                           int64_t step_in_epoch,
                                           int64_t micro) {
  FTS_ASSIGN_OR_RETURN(
      const Batch batch,
      MakeBatch(*setup_.train,
                order.MicroBatch(step_in_epoch, micro, ranks_.rank()),
                setup_.config.data.seq_len));
  const nn::LossSum loss =
      session_->TokenLoss(Logits(batch.inputs), batch.labels);
  return loss.sum.div(static_cast<double>(setup_.tokens_per_step()));
}

absl::StatusOr<bool> Loop::Step(const EpochOrder& order, int64_t epoch,
                                int64_t step_in_epoch) {
  NoteStep(next_step_, epoch);
  FTS_RETURN_IF_ERROR(BeginStep(epoch));
  const double begin = Seconds();
  FTS_ASSIGN_OR_RETURN(
      const StepResult result,
      session_->TrainStep(setup_.config.trainer.accumulate, [&](int64_t micro) {
        return MicroLoss(order, step_in_epoch, micro);
      }));
  const double elapsed = Seconds() - begin;
  if (main() && next_step_ % setup_.config.trainer.log_interval == 0) {
    TrainStepEvent event;
    event.step = next_step_;
    event.epoch = epoch;
    event.phase = session_->scheduler().phase();
    event.loss = result.loss;
    event.grad_norm = result.grad_norm;
    event.lr = result.lr;
    event.tokens_per_s = setup_.tokens_per_step() / elapsed;
    event.step_ms = elapsed * 1e3;
    event.mem_mib = session_->engine().ledger().peak_total() / kMiB;
    FTS_RETURN_IF_ERROR(log_->Step(event));
  }
  FTS_ASSIGN_OR_RETURN(const Outcome outcome, session_->StepEnd(next_step_));
  ++next_step_;
  FTS_RETURN_IF_ERROR(Report(outcome, epoch, 0));
  return outcome.end_epoch() || finished_.has_value();
}

absl::Status Loop::ValidateEpoch(int64_t epoch) {
  if (setup_.val == nullptr || finished_.has_value() ||
      (epoch + 1) % setup_.config.trainer.val_interval != 0) {
    return absl::OkStatus();
  }
  FTS_ASSIGN_OR_RETURN(const double loss, Validate());
  if (main()) {
    FTS_RETURN_IF_ERROR(log_->Validation(
        {next_step_ - 1, epoch, session_->scheduler().phase(), loss}));
  }
  session_->SetMetric("val_loss", loss);
  FTS_ASSIGN_OR_RETURN(const Outcome outcome, session_->ValidationEnd(epoch));
  return Report(outcome, epoch, 0);
}

absl::StatusOr<double> Loop::Validate() {
  const int64_t seq_len = setup_.config.data.seq_len;
  const ValidationOrder order(SampleCount(setup_.val->size(), seq_len),
                              setup_.batch_size, ranks_.size(),
                              setup_.config.trainer.limit_val_batches);
  // A plan that splits batches along tp wants a multiple of sequences.
  const TpPlan& tp = setup_.plan.tp;
  const int64_t share = tp.active() && TpSplits(tp, 0) ? tp.size : 1;
  std::vector<double> totals = {0, 0};  // loss, tokens
  FTS_RETURN_IF_ERROR(session_->Evaluate([&]() -> absl::Status {
    for (int64_t step = 0; step < order.steps(); ++step) {
      const SampleRange range = order.Batch(step, ranks_.rank());
      if (range.size() == 0) {
        // Nothing left here, but the others gather: run along.
        Logits(at::zeros({share, seq_len}, at::kLong));
        continue;
      }
      FTS_ASSIGN_OR_RETURN(Batch batch,
                           MakeBatch(*setup_.val, range.ToVector(), seq_len));
      PadBatch(share, &batch);
      const nn::LossSum loss =
          session_->TokenLoss(Logits(batch.inputs), batch.labels);
      totals[0] += loss.sum.item<double>();
      totals[1] += static_cast<double>(loss.count.item<int64_t>());
    }
    return absl::OkStatus();
  }));
  if (timed_) totals.push_back(main() ? Seconds() - start_ : 0);
  FTS_RETURN_IF_ERROR(ranks_.Sum(&totals));
  // Ranks along tp have the same numbers, and must have the same bits: what
  // they decide by. The clock is the first one's.
  if (ranks_.tp() != nullptr) FTS_RETURN_IF_ERROR(ranks_.Max(&totals));
  if (timed_) session_->SetSeconds(totals[2]);
  return totals[0] / totals[1];
}

absl::StatusOr<PhaseMeasured> Loop::Measure() {
  FTS_ASSIGN_OR_RETURN(const PhaseUse use, session_->EndPhaseUse());
  PhaseMeasured measured;
  measured.phase = session_->scheduler().phase();
  measured.bytes_gathered = use.bytes_gathered;
  measured.bytes_reduced = use.bytes_reduced;
  measured.gradient_bytes = use.gradient_bytes;
  measured.moment_bytes = use.moment_bytes;
  measured.peak_bytes = use.peak_bytes;
  if (ranks_.tp() != nullptr) measured.bytes_along_tp = use.bytes_along_tp;
  return measured;
}

absl::Status Loop::Report(const Outcome& outcome, int64_t epoch, double ms) {
  if (const SchedulerEffect* phase = outcome.phase()) {
    PhaseEvent event;
    event.phase = phase->phase;
    event.epoch = epoch;
    event.step = next_step_;
    event.reason = phase->text;
    event.thawed = setup_.schedule.phases[phase->phase].params;
    event.frozen = setup_.schedule.phases[phase->phase].freeze;
    event.trainable_params = session_->trainable_parameters();
    event.total_params = session_->total_parameters();
    event.transition_ms = ms;
    event.measured = std::exchange(measured_, std::nullopt);
    if (main()) FTS_RETURN_IF_ERROR(log_->Phase(event));
  }
  if (main()) {
    for (const std::string& note : outcome.notes()) log_->Note(note);
  }
  if (const SchedulerEffect* finish = outcome.finish()) {
    finished_ = finish->text;
  }
  return absl::OkStatus();
}

absl::Status Loop::Export() {
  const BusyWith busy(main() ? "the export" : nullptr);
  std::unique_ptr<ModelExporter> exporter;
  if (main()) {
    FTS_ASSIGN_OR_RETURN(
        exporter, setup_.model->StartExport(output_dir_ + "/export",
                                            setup_.config.precision.master));
  }
  FTS_RETURN_IF_ERROR(session_->ForEachFull(
      [&](const std::string& name, const at::Tensor& full) -> absl::Status {
        return main() ? exporter->Add(name, full) : absl::OkStatus();
      }));
  return main() ? exporter->Finish() : absl::OkStatus();
}

absl::Status Loop::Finish() {
  // What was trained is written even if it then turns out that ranks differ.
  RunEndEvent event;
  FTS_ASSIGN_OR_RETURN(event.measured, Measure());
  FTS_RETURN_IF_ERROR(Export());
  FTS_RETURN_IF_ERROR(session_->engine().CheckReplicas());
  event.reason = *finished_;
  event.steps = next_step_;
  const auto& best = session_->scheduler().state().best;
  if (best.has_value()) event.best = best->metric;
  if (main()) FTS_RETURN_IF_ERROR(log_->RunEnd(event));
  return ranks_.Barrier();
}

}  // namespace

absl::Status Train(RunSetup* setup, const Ranks& ranks,
                   const std::string& output_dir) {
  return Loop(setup, ranks, output_dir).Run();
}

}  // namespace fts::train
