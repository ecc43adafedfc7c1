// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Seeded random schedules, metrics and limits: what must hold in every run.
#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fts/core/scheduler/scheduler.h"
#include "fts/core/scheduler/scheduler_random.h"
#include "fts/core/scheduler/scheduler_testutil.h"
#include "gtest/gtest.h"

namespace fts {
namespace {

using namespace scheduler_testing;

std::vector<EffectKind> KindsOf(const Transition& next) {
  std::vector<EffectKind> kinds;
  for (const SchedulerEffect& effect : next.effects) {
    kinds.push_back(effect.kind);
  }
  return kinds;
}

// What the beginning of `phase` must order, in this order.
std::vector<EffectKind> ExpectedAt(int phase, const SchedulerConfig& config,
                                   const SchedulerState& before) {
  const PhaseRule& rule = config.phases[phase];
  std::vector<EffectKind> kinds;
  if (phase > 0 && config.restore_best) {
    kinds.push_back(before.best ? EffectKind::kRestoreBest : EffectKind::kNote);
  }
  if (rule.has_freeze) kinds.push_back(EffectKind::kFreeze);
  if (rule.new_optimizer) kinds.push_back(EffectKind::kReplaceOptimizer);
  if (rule.has_params) kinds.push_back(EffectKind::kThaw);
  if (rule.has_params) kinds.push_back(EffectKind::kAddGroup);
  if (rule.new_lr_scheduler) kinds.push_back(EffectKind::kReplaceLrScheduler);
  kinds.push_back(EffectKind::kPhase);
  return kinds;
}

// One run, event by event, as a trainer would send them.
class RandomRun {
 public:
  RandomRun(const SchedulerConfig& config, Random* random)
      : config_(config), random_(random), steps_(1 + random->Below(4)) {}

  void Play() {
    Take(SchedulerEvent::RunStart());
    for (int64_t epoch = 0; !over() && epoch < 100; ++epoch) PlayEpoch(epoch);
    ASSERT_TRUE(over()) << "never ended";
    CheckEnd();
  }

  const SchedulerState& state() const { return state_; }
  const Lines& reasons() const { return reasons_; }

 private:
  bool over() const { return state_.stage == Stage::kFinished; }

  void PlayEpoch(int64_t epoch) {
    Take(SchedulerEvent::EpochStart(epoch));
    for (int i = 0; i < steps_ && state_.stage == Stage::kTraining; ++i) {
      Take(SchedulerEvent::StepStart(state_.next_step, tokens_, seconds_));
      Take(SchedulerEvent::StepEnd(state_.next_step));
      tokens_ += 50 + random_->Below(100);
      seconds_ += static_cast<double>(random_->Below(8)) / 8;
      ++steps_in_phase_;
    }
    if (!random_->Chance(5)) Take(Validation(epoch, RandomMetric(random_)));
    if (!over()) Take(SchedulerEvent::EpochEnd(epoch));
  }

  void Take(const SchedulerEvent& event) {
    const auto next = Advance(config_, state_, event);
    ASSERT_TRUE(next.ok()) << next.status();
    const auto again = Advance(config_, state_, event);
    ASSERT_EQ(next->state, again->state);
    ASSERT_EQ(next->effects, again->effects);
    if (random_->Chance(16)) {
      const auto saved =
          SchedulerStateFromJson(SchedulerStateToJson(next->state));
      ASSERT_TRUE(saved.ok()) << saved.status();
      ASSERT_EQ(*saved, next->state);
    }

    const std::vector<EffectKind> kinds = KindsOf(*next);
    const bool began = !kinds.empty() && kinds.back() == EffectKind::kPhase;
    const int phase = next->state.phase;
    if (began) {
      ASSERT_EQ(kinds, ExpectedAt(phase, config_, state_)) << event.ToString();
      ASSERT_EQ(phase,
                event.kind == EventKind::kRunStart ? 0 : state_.phase + 1);
      ASSERT_LE(phase, config_.max_depth);
      ASSERT_EQ(next->effects.back().phase, phase);
      ASSERT_FALSE(next->effects.back().text.empty());
      ASSERT_TRUE(event.kind == EventKind::kRunStart ||
                  event.kind == EventKind::kEpochStart ||
                  event.kind == EventKind::kStepStart);
      if (event.kind == EventKind::kStepStart) {
        ASSERT_GE(steps_in_phase_, 1);
      }
      ASSERT_EQ(next->state.phase_first_step, next->state.next_step);
      ASSERT_EQ(next->state.es_wait, 0);
      steps_in_phase_ = 0;
      reasons_.push_back(next->effects.back().text);
    } else {
      ASSERT_EQ(phase, state_.phase) << event.ToString();
      if (event.kind == EventKind::kStepStart) CheckNoLimit(event);
    }
    state_ = next->state;
  }

  // No limit of the phase in force has passed, or it may not act.
  void CheckNoLimit(const SchedulerEvent& event) {
    if (state_.phase == config_.max_depth || steps_in_phase_ == 0) return;
    const PhaseRule& rule = config_.phases[state_.phase];
    EXPECT_FALSE(rule.max_transition_step &&
                 *rule.max_transition_step <= event.step);
    EXPECT_FALSE(rule.max_transition_tokens &&
                 *rule.max_transition_tokens <= event.tokens);
    EXPECT_FALSE(rule.max_transition_time &&
                 *rule.max_transition_time <= event.seconds);
  }

  void CheckEnd() {
    ASSERT_NE(state_.cause, FinishCause::kNone);
    const std::string& text = state_.finish_text;
    ASSERT_FALSE(text.empty());
    const int last = static_cast<int>(config_.phases.size()) - 1;
    if (last == 0) return;
    const auto says = [&](const std::string& what) {
      return text.find(what) != std::string::npos;
    };
    EXPECT_TRUE(says(absl::StrCat("in phase ", state_.phase))) << text;
    EXPECT_EQ(says("never ran"), state_.phase < config_.max_depth) << text;
    EXPECT_EQ(says("beyond max_depth"), config_.max_depth < last) << text;
    EXPECT_EQ(says("the last phase"), state_.phase == last) << text;
    if (config_.max_steps) {
      EXPECT_LE(state_.next_step, *config_.max_steps);
    }
    if (config_.max_epochs) {
      EXPECT_LE(state_.next_epoch, *config_.max_epochs);
    }
  }

  const SchedulerConfig& config_;
  Random* random_;
  int steps_;
  SchedulerState state_;
  int64_t tokens_ = 0;
  double seconds_ = 0;
  int64_t steps_in_phase_ = 0;
  Lines reasons_;  // why each phase began
};

TEST(SchedulerProperty, EveryRunKeepsTheRules) {
  Random random;
  std::set<std::string> ends;     // causes
  std::set<std::string> reasons;  // first word of why a phase began
  for (int i = 0; i < 2000; ++i) {
    SCOPED_TRACE(absl::StrCat("run ", i));
    const SchedulerConfig config = RandomConfig(&random);
    RandomRun run(config, &random);
    run.Play();
    if (HasFailure()) return;
    ends.insert(Name(run.state().cause));
    for (const std::string& reason : run.reasons()) {
      reasons.insert(reason.substr(0, reason.find(' ')));
    }
  }
  // The runs were as varied as they should be.
  EXPECT_EQ(ends.size(), std::size(kAllFinishCauses) - 1);
  EXPECT_EQ(reasons,
            (std::set<std::string>{"the", "early", "max_transition_epoch",
                                   "max_transition_step", "max_transition_time",
                                   "max_transition_tokens"}));
}

// Events in any order: refused with a reason, or taken within the bounds.
TEST(SchedulerProperty, RandomEventsKeepTheBounds) {
  Random random;
  for (int walk = 0; walk < 300; ++walk) {
    const SchedulerConfig config = RandomConfig(&random);
    SchedulerState state;
    for (int i = 0; i < 200; ++i) {
      SchedulerEvent event;
      event.kind = kAllEventKinds[random.Below(6)];
      event.step = state.next_step;
      event.tokens = state.tokens + random.Below(100);
      event.seconds = state.seconds + 0.25;
      event.epoch = event.kind == EventKind::kEpochStart ? state.next_epoch
                                                         : state.epoch();
      event.metrics["val_loss"] = RandomMetric(&random);
      const auto next = Advance(config, state, event);
      if (!next.ok()) {
        ASSERT_NE(next.status().message().find("cannot happen now"),
                  std::string::npos)
            << next.status();
        continue;
      }
      ASSERT_GE(next->state.phase, state.phase);
      ASSERT_LE(next->state.phase, state.phase + 1);
      ASSERT_LE(next->state.phase, config.max_depth);
      ASSERT_EQ(next->state.stage == Stage::kFinished,
                !next->state.finish_text.empty());
      state = next->state;
    }
  }
}

}  // namespace
}  // namespace fts
