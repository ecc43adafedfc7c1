// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// fts/core/schedule/reach.h says when phases can begin at the earliest; the
// state machine, fed with a metric that never improves, begins them just then.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "fts/core/schedule/reach.h"
#include "fts/core/scheduler/scheduler.h"

namespace fts {
namespace {

struct Begun {
  int64_t epoch = -1;
  int64_t step = -1;
};

// When each phase began, in a run of at most 60 epochs.
std::vector<Begun> Simulate(const SchedulerConfig& config,
                            const ReachOptions& reach) {
  std::vector<Begun> out(config.phases.size());
  SchedulerState state;
  int64_t epoch = 0, step = 0;
  const auto feed = [&](const SchedulerEvent& event) {
    const auto next = Advance(config, state, event);
    ASSERT_TRUE(next.ok()) << event.ToString() << ": " << next.status();
    for (const SchedulerEffect& effect : next->effects) {
      if (effect.kind == EffectKind::kPhase) out[effect.phase] = {epoch, step};
    }
    state = next->state;
  };
  const auto running = [&] { return state.stage != Stage::kFinished; };
  feed(SchedulerEvent::RunStart());
  for (; epoch < 60 && running(); ++epoch) {
    feed(SchedulerEvent::EpochStart(epoch));
    for (int64_t i = 0; i < *reach.steps_per_epoch && running(); ++i, ++step) {
      feed(SchedulerEvent::StepStart(step, step * *reach.tokens_per_step, 0));
      feed(SchedulerEvent::StepEnd(step));
    }
    if ((epoch + 1) % reach.val_interval == 0 && running()) {
      feed(SchedulerEvent::ValidationEnd(epoch, {{"val_loss", 1.0}}));
    }
    if (running()) feed(SchedulerEvent::EpochEnd(epoch));
  }
  return out;
}

TEST(ReachAgrees, WithTheStateMachine) {
  std::mt19937 rng(4);
  const auto one_in = [&rng](int n) { return rng() % n == 0; };
  int compared = 0;
  for (int round = 0; round < 400; ++round) {
    ReachOptions reach;
    reach.early_stopping = !one_in(4);
    reach.patience = 1 + rng() % 3;
    reach.best_score_per_phase = one_in(3);
    reach.val_interval = 1 + rng() % 2;
    reach.steps_per_epoch = 1 + rng() % 4;
    reach.tokens_per_step = 8;
    Schedule schedule;
    const int phases = 2 + rng() % 4;
    for (int i = 0; i < phases; ++i) {
      Phase phase;
      phase.index = i;
      phase.params = {"p" + std::to_string(i)};
      if (!reach.early_stopping || one_in(3)) {
        phase.max_transition_epoch = rng() % 8;
      }
      if (one_in(3)) phase.criteria.max_transition_step = rng() % 20;
      if (one_in(4)) phase.criteria.max_transition_tokens = rng() % 160;
      if (one_in(4)) phase.criteria.patience = 1 + rng() % 4;
      if (one_in(4)) phase.criteria.best_score = "per_phase";
      schedule.phases.push_back(phase);
    }
    schedule.max_depth = phases - 1;
    SchedulerOptions options;
    options.epoch_transitions_only = !reach.early_stopping;
    options.max_steps = 1000000;
    if (reach.early_stopping) {
      options.early_stopping = EarlyStoppingRule();
      options.early_stopping->patience = reach.patience;
      options.early_stopping->best_score_per_phase = reach.best_score_per_phase;
    }
    Diagnostics diags;
    const auto config = MakeSchedulerConfig(schedule, options, &diags);
    ASSERT_TRUE(config.ok()) << diags.ToString();
    const auto begun = Simulate(*config, reach);
    const auto starts = EarliestStarts(schedule, reach);
    ASSERT_EQ(starts.size(), begun.size());
    for (size_t k = 0; k < starts.size(); ++k) {
      EXPECT_EQ(starts[k].epoch, begun[k].epoch)
          << "round " << round << ", phase " << k;
      EXPECT_EQ(starts[k].step, begun[k].step)
          << "round " << round << ", phase " << k;
      ++compared;
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(compared, 1000);
}

}  // namespace
}  // namespace fts
