// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The optimizer side of a session: which segment is in which group, learning
// rates, weight decay and clipping per phase, and what replaces optimizer and
// learning-rate scheduler at a transition, by FTS's rules.
//
// [Note: groups]
// A phase adds one group per Schedule PhaseGroup, two (decay, no_decay) when
// no_decay names are given. A group keeps its place for ever, also when a
// freeze has emptied it, so that lists of rates keep their order. Parameters
// that a later phase thaws again are in that phase's groups.
// With enforce_phase0_params off there is one group (or those two) over
// everything: later phases extend it, and their rates and weight decay are not
// used until a new_optimizer; that makes a group per phase, as FTS does.
//
// Threads: confined to the training thread.
#ifndef FTS_CORE_SESSION_OPTIMIZATION_H_
#define FTS_CORE_SESSION_OPTIMIZATION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/run_config.h"
#include "fts/core/optim/lr_scheduler.h"
#include "fts/core/optim/optimizer.h"
#include "fts/core/schedule/schedule.h"
#include "fts/core/session/segment_flat.h"
#include "fts/core/shard/engine.h"

namespace fts {

struct OptimizationOptions {
  Schedule schedule;
  OptimizerSpec optimizer;
  std::optional<LrSchedulerSpec> lr_scheduler;
  std::optional<double> clip_grad_norm;  // of phases that set none
  bool apply_lambdas_new_pgs = false;
  bool enforce_phase0_params = true;
};

class Optimization {
 public:
  // `engine` outlives this. Bad options are recorded in `diags`.
  static absl::StatusOr<std::unique_ptr<Optimization>> Create(
      OptimizationOptions options, shard::ShardEngine* engine,
      Diagnostics* diags);

  // The segments that train now, in the order of their thaw.
  const std::vector<std::shared_ptr<SegmentFlat>>& flats() const {
    return live_;
  }
  // Clipping threshold while `phase` is in force; absent: none.
  std::optional<double> clip_grad_norm(int phase) const;

  // The groups of `phase`, right after its thaw. `lr` is absent in phase 0: the
  // optimizer's own.
  absl::Status AddGroups(int phase, std::optional<double> lr);
  // Takes out what freezes at `phase` and frees its state; returns it. Before
  // the engine's Freeze.
  std::vector<std::shared_ptr<SegmentFlat>> Remove(int phase);
  // The phase's new_optimizer, with the groups so far: fresh state, phase 0 at
  // the new optimizer's own lr and later phases at theirs as initial_lr; the
  // rates in force stay.
  absl::Status ReplaceOptimizer(int phase);
  // The phase's new_lr_scheduler, over all groups.
  absl::Status ReplaceLrScheduler(int phase);

  // Advance a learning-rate scheduler that is due then. `step_in_epoch` and
  // `epoch` count from 0. `metric` gives the monitored value.
  absl::Status AfterStep(int64_t step_in_epoch);
  absl::Status AfterEpoch(int64_t epoch);
  // True when AfterValidation needs the value of monitor().
  bool NeedsMetric(int64_t epoch) const;
  const std::string& monitor() const { return lr_spec_->monitor; }
  absl::Status AfterValidation(double metric);

  optim::Optimizer& optimizer() { return *optimizer_; }
  const optim::Optimizer& optimizer() const { return *optimizer_; }

 private:
  // What an optimizer group was made from.
  struct Source {
    int phase = 0;
    PhaseGroup group;
    optim::ExtentClass extents = optim::ExtentClass::kAll;
    bool everything = false;  // of every phase, the only group (or two)
  };
  using Members = std::vector<std::shared_ptr<optim::FlatParameter>>;

  Optimization(OptimizationOptions options, shard::ShardEngine* engine);
  absl::Status MakeOptimizer(const OptimizerSpec& spec, Diagnostics* diags);
  // Sources of the phase's groups, in order.
  std::vector<Source> SourcesOf(int phase) const;
  optim::ParameterSet SetOf(const Source& source) const;
  // The segments in training of which `source` takes something; `phase`: only
  // those that thawed last in it.
  Members MembersOf(const Source& source, const optim::ParameterSet& set,
                    std::optional<int> phase) const;
  absl::Status AddGroup(const Source& source, std::optional<double> lr);
  absl::Status TellLrScheduler(bool apply_lambdas);
  void CountMoments();

  OptimizationOptions options_;
  shard::ShardEngine* engine_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  double base_lr_ = 0;
  double weight_decay_ = 0;
  std::unique_ptr<optim::LrScheduler> lr_scheduler_;
  std::optional<LrSchedulerSpec> lr_spec_;  // of lr_scheduler_
  bool lr_attached_ = false;
  bool one_group_ = false;  // enforce_phase0_params is off, so far
  // Of every segment, in the engine's order: alive as long as this, so that no
  // other member ever has the address that a snapshot knows.
  std::vector<std::shared_ptr<SegmentFlat>> flats_;
  std::vector<int> thawed_at_;  // of flats_: the phase of the last thaw
  std::vector<std::shared_ptr<SegmentFlat>> live_;
  std::vector<Source> sources_;  // of the optimizer's groups
  int64_t moment_bytes_ = 0;     // as told to the ledger
};

}  // namespace fts

#endif  // FTS_CORE_SESSION_OPTIMIZATION_H_
