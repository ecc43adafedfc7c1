// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Random runs against a transcription of finetuning-scheduler's own rules.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "fts/core/scheduler/scheduler_random.h"
#include "fts/core/scheduler/scheduler_testutil.h"
#include "gtest/gtest.h"

namespace fts {
namespace {

using namespace scheduler_testing;

constexpr double kInf = std::numeric_limits<double>::infinity();

// FinetuningScheduler.should_transition and on_train_epoch_start, and
// FTSEarlyStopping._evaluate_stopping_criteria, of release 2.14.1, with their
// names.
class Reference {
 public:
  explicit Reference(const SchedulerConfig& config)
      : config_(config),
        rule_(config.early_stopping.value_or(EarlyStoppingRule())) {
    best_score_ = rule_.mode == MetricMode::kMin ? kInf : -kInf;
    min_delta_ =
        rule_.mode == MetricMode::kMin ? -rule_.min_delta : rule_.min_delta;
  }

  void OnTrainEpochStart(int64_t current_epoch) {
    if (ShouldTransition(current_epoch)) {
      ++curr_depth_;
      if (depth_remaining() == 0) final_phase_ = true;
      es_phase_complete_ = false;
      wait_count_ = 0;
    }
    if (depth_remaining() == 0) final_phase_ = true;
  }

  void OnValidationEnd(double current) {
    if (!config_.early_stopping) return;  // the callback is pruned
    if (rule_.check_finite && !std::isfinite(current)) {
      should_stop_ = true;
    } else if (rule_.stopping_threshold &&
               MonitorOp(current, *rule_.stopping_threshold)) {
      should_stop_ = true;
    } else if (rule_.divergence_threshold &&
               MonitorOp(-current, -*rule_.divergence_threshold)) {
      should_stop_ = true;
    } else if (MonitorOp(current - min_delta_, best_score_)) {
      best_score_ = current;
      wait_count_ = 0;
    } else if (++wait_count_ >= rule_.patience) {
      if (final_phase_) {
        should_stop_ = true;
      } else {
        es_phase_complete_ = true;
        wait_count_ = 0;
      }
    }
  }

  int curr_depth() const { return curr_depth_; }
  bool should_stop() const { return should_stop_; }

 private:
  int depth_remaining() const {
    return std::max(config_.max_depth - curr_depth_, 0);
  }
  bool MonitorOp(double a, double b) const {
    return rule_.mode == MetricMode::kMin ? a < b : a > b;
  }
  bool ShouldTransition(int64_t current_epoch) const {
    const int64_t curr_max_epoch =
        depth_remaining() > 0 ? config_.phases[curr_depth_].max_transition_epoch
                              : *config_.max_epochs;
    const bool reached = 0 <= curr_max_epoch && curr_max_epoch <= current_epoch;
    if (!config_.early_stopping) return reached;
    return es_phase_complete_ || (!final_phase_ && reached);
  }

  const SchedulerConfig& config_;
  EarlyStoppingRule rule_;
  double best_score_;
  double min_delta_;
  int curr_depth_ = 0;
  int64_t wait_count_ = 0;
  bool es_phase_complete_ = false;
  bool final_phase_ = false;
  bool should_stop_ = false;
};

TEST(FtsReference, SameDepthsAndSameEnd) {
  Random random;
  for (int i = 0; i < 4000; ++i) {
    SchedulerConfig config = RandomConfig(&random);
    config.max_epochs = 1 + random.Below(12);
    config.max_steps.reset();  // Lightning does not validate after it
    for (PhaseRule& phase : config.phases) {
      const int64_t epoch = phase.max_transition_epoch;
      phase = PhaseRule();
      phase.max_transition_epoch = epoch;
    }
    std::vector<double> metric;
    for (int epoch = 0; epoch < 12; ++epoch) {
      metric.push_back(RandomMetric(&random));
    }
    Reference fts(config);
    Ints depth;
    for (int64_t epoch = 0; epoch < *config.max_epochs && !fts.should_stop();
         ++epoch) {
      fts.OnTrainEpochStart(epoch);
      depth.push_back(fts.curr_depth());
      fts.OnValidationEnd(metric[epoch]);
    }
    const Course run = Simulate(config, metric, /*steps=*/1);
    ASSERT_EQ(run.depth, depth) << "run " << i;
    ASSERT_EQ(run.state.cause != FinishCause::kMaxEpochs, fts.should_stop())
        << "run " << i << ": " << run.state.finish_text;
  }
}

}  // namespace
}  // namespace fts
