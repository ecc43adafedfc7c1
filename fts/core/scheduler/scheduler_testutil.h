// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A make-believe engine behind the ports, and whole runs of the driver against
// it, for the tests of scheduler.
// Threads: pure functions and values.
#ifndef FTS_CORE_SCHEDULER_SCHEDULER_TESTUTIL_H_
#define FTS_CORE_SCHEDULER_SCHEDULER_TESTUTIL_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fts/core/scheduler/driver.h"
#include "gtest/gtest.h"

namespace fts::scheduler_testing {

using Ints = std::vector<int>;
using Counts = std::vector<int64_t>;
using Lines = std::vector<std::string>;

// `n` phases without limits, early stopping with `patience`.
inline SchedulerConfig Phases(int n, int64_t patience = 1) {
  SchedulerConfig config;
  config.phases.resize(n);
  for (int i = 1; i < n; ++i) config.phases[i].lr = 1e-5;
  config.max_depth = n - 1;
  config.early_stopping.emplace();
  config.early_stopping->patience = patience;
  return config;
}

inline SchedulerEvent Validation(int64_t epoch, double value) {
  return SchedulerEvent::ValidationEnd(epoch, {{"val_loss", value}});
}

// All four ports; writes down what is asked of them, fails where told to. With
// a schedule it keeps count of what trains.
class FakeEngine : public ParameterPort,
                   public OptimizerPort,
                   public SnapshotPort,
                   public MetricPort {
 public:
  FakeEngine() = default;
  explicit FakeEngine(Schedule schedule, bool no_decay = false)
      : schedule_(std::move(schedule)), no_decay_(no_decay) {}

  absl::Status Thaw(int phase) override {
    if (const Phase* known = Find(phase)) {
      trainable.insert(known->params.begin(), known->params.end());
    }
    return Do(absl::StrCat("thaw ", phase));
  }
  absl::Status Freeze(int phase) override {
    if (const Phase* known = Find(phase)) {
      for (const std::string& name : known->freeze) trainable.erase(name);
    }
    return Do(absl::StrCat("freeze ", phase));
  }
  absl::Status AddGroup(int phase, std::optional<double> lr) override {
    for (int i = 0; i < (no_decay_ ? 2 : 1); ++i) lrs.push_back(lr);
    return Do(absl::StrCat("group ", phase, " ", lr ? *lr : -1));
  }
  absl::Status ReplaceOptimizer(int phase) override {
    return Do(absl::StrCat("optimizer ", phase));
  }
  absl::Status ReplaceLrScheduler(int phase) override {
    return Do(absl::StrCat("lr scheduler ", phase));
  }
  absl::Status SaveBest(const BestRecord& best) override {
    return Do(absl::StrCat("save ", best.metric));
  }
  absl::Status RestoreBest(const BestRecord& best) override {
    return Do(absl::StrCat("restore ", best.metric));
  }
  absl::StatusOr<double> Value(const std::string& name) override {
    log.push_back("ask " + name);
    const auto it = metrics.find(name);
    if (it == metrics.end()) return absl::NotFoundError("no metric " + name);
    return it->second;
  }
  SchedulerPorts ports() { return {this, this, this, this}; }

  Lines log;
  std::map<std::string, double> metrics;
  std::string fail_at;
  std::set<std::string> trainable;
  std::vector<std::optional<double>> lrs;  // of the groups, as they were added

 private:
  const Phase* Find(int phase) const {
    return phase < static_cast<int>(schedule_.phases.size())
               ? &schedule_.phases[phase]
               : nullptr;
  }
  absl::Status Do(const std::string& what) {
    log.push_back(what);
    return what == fail_at ? absl::InternalError("out of memory")
                           : absl::OkStatus();
  }

  Schedule schedule_;
  bool no_decay_ = false;
};

// What a trainer feeds the driver.
struct Feed {
  std::vector<double> metric;  // per epoch; the last repeats; {}: no validation
  int steps = 2;               // an epoch
  bool step_starts = false;
  int64_t tokens = 100;  // a step
  double seconds = 0.5;  // a step
};

// What a run came to.
struct Course {
  Ints depth;         // phase in force at the start of each epoch
  Ints step_phase;    // phase that took each step
  Counts began;       // epoch each phase began in
  Counts first_step;  // step each phase began with
  Lines reasons;      // why each phase began
  Ints groups;        // optimizer groups at the start of each epoch
  Ints thawed;        // parameters that train then
  Lines log;          // every effect
  Lines asked;        // of the ports, metrics aside
  std::vector<std::optional<double>> lrs;  // of the groups, as added
  SchedulerState state;                    // at the end

  int64_t epochs() const { return static_cast<int64_t>(depth.size()); }
};

// Runs the driver until it finishes. A run of 200 epochs fails the test.
inline Course RunThrough(const SchedulerConfig& config, const Feed& feed,
                         FakeEngine engine = {}) {
  Course run;
  SchedulerDriver driver(config, engine.ports());
  int64_t epoch = -1;
  int64_t step = 0;
  bool end_epoch = false;
  const auto take = [&](const absl::StatusOr<Outcome>& outcome) {
    if (!outcome.ok()) {
      ADD_FAILURE() << outcome.status();
      return false;
    }
    for (const SchedulerEffect& effect : outcome->effects) {
      run.log.push_back(effect.ToString());
    }
    end_epoch = end_epoch || outcome->end_epoch();
    if (outcome->phase() != nullptr) {
      run.began.push_back(std::max<int64_t>(epoch, 0));
      run.first_step.push_back(step);
      run.reasons.push_back(outcome->phase()->text);
    }
    return !driver.finished();
  };
  const auto drive = [&]() {
    if (!take(driver.RunStart())) return;
    for (epoch = 0; epoch < 200; ++epoch) {
      if (!take(driver.EpochStart(epoch))) return;
      run.depth.push_back(driver.phase());
      run.groups.push_back(static_cast<int>(engine.lrs.size()));
      run.thawed.push_back(static_cast<int>(engine.trainable.size()));
      for (int i = 0; i < feed.steps && !end_epoch; ++i) {
        if (feed.step_starts &&
            !take(driver.StepStart(step, step * feed.tokens,
                                   static_cast<double>(step) * feed.seconds))) {
          return;
        }
        run.step_phase.push_back(driver.phase());
        if (!take(driver.StepEnd(step++))) return;
      }
      if (!feed.metric.empty()) {
        const size_t i = std::min<size_t>(epoch, feed.metric.size() - 1);
        engine.metrics[config.best.monitor] = feed.metric[i];
        if (config.early_stopping) {
          engine.metrics[config.early_stopping->monitor] = feed.metric[i];
        }
        if (!take(driver.ValidationEnd(epoch))) return;
      }
      if (!take(driver.EpochEnd(epoch))) return;
    }
    ADD_FAILURE() << "the run never ended";
  };
  drive();
  for (const std::string& line : engine.log) {
    if (line.rfind("ask ", 0) != 0) run.asked.push_back(line);
  }
  run.lrs = engine.lrs;
  run.state = driver.state();
  return run;
}

inline Course Simulate(const SchedulerConfig& config,
                       const std::vector<double>& metric, int steps = 2) {
  Feed feed;
  feed.metric = metric;
  feed.steps = steps;
  return RunThrough(config, feed);
}

}  // namespace fts::scheduler_testing

#endif  // FTS_CORE_SCHEDULER_SCHEDULER_TESTUTIL_H_
