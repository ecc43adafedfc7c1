// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Random rules and metrics, the same in every run of a test.
// Threads: values.
#ifndef FTS_CORE_SCHEDULER_SCHEDULER_RANDOM_H_
#define FTS_CORE_SCHEDULER_SCHEDULER_RANDOM_H_

#include <cmath>
#include <cstdint>

#include "fts/core/scheduler/scheduler_config.h"
#include "fts/core/scheduler/scheduler_testutil.h"

namespace fts::scheduler_testing {

class Random {
 public:
  uint64_t Below(uint64_t n) {
    seed_ ^= seed_ << 13;
    seed_ ^= seed_ >> 7;
    seed_ ^= seed_ << 17;
    return seed_ % n;
  }
  bool Chance(uint64_t n) { return Below(n) == 0; }  // one in n

 private:
  uint64_t seed_ = 88172645463325252ull;
};

// Everything a schedule may say, in every mixture. max_epochs, max_steps or
// both are set.
inline SchedulerConfig RandomConfig(Random* random) {
  SchedulerConfig config = Phases(1 + random->Below(4), 1 + random->Below(3));
  config.max_depth = random->Below(config.phases.size());
  config.restore_best = !random->Chance(3);
  for (PhaseRule& phase : config.phases) {
    phase.max_transition_epoch = static_cast<int64_t>(random->Below(8)) - 1;
    if (random->Chance(3)) phase.max_transition_step = random->Below(20);
    if (random->Chance(4)) phase.max_transition_tokens = random->Below(2000);
    if (random->Chance(4)) {
      phase.max_transition_time = static_cast<double>(random->Below(80)) / 8;
    }
    if (random->Chance(4)) phase.patience = random->Below(4);
    if (random->Chance(4)) phase.min_delta = 0.5;
    phase.best_score_per_phase = random->Chance(3);
    phase.has_params = !random->Chance(5);
  }
  for (size_t i = 1; i < config.phases.size(); ++i) {
    config.phases[i].has_freeze = random->Chance(3);
    config.phases[i].new_optimizer = random->Chance(3);
    config.phases[i].new_lr_scheduler = random->Chance(3);
  }
  if (random->Chance(3)) {
    config.early_stopping.reset();
  } else {
    EarlyStoppingRule& rule = *config.early_stopping;
    if (random->Chance(3)) rule.min_delta = 0.25;
    if (random->Chance(4)) rule.stopping_threshold = 1;
    if (random->Chance(4)) rule.divergence_threshold = 7;
    rule.check_finite = !random->Chance(3);
    if (random->Chance(2)) {
      rule.mode = config.best.mode = MetricMode::kMax;
    }
  }
  if (random->Chance(2)) config.max_steps = 1 + random->Below(30);
  if (random->Chance(2) || !config.max_steps) {
    config.max_epochs = 1 + random->Below(9);
  }
  return config;
}

inline double RandomMetric(Random* random) {
  if (random->Chance(25)) return std::nan("");
  if (random->Chance(40)) return random->Chance(2) ? HUGE_VAL : -HUGE_VAL;
  return static_cast<double>(random->Below(32)) / 4;
}

}  // namespace fts::scheduler_testing

#endif  // FTS_CORE_SCHEDULER_SCHEDULER_RANDOM_H_
