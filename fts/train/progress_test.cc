// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/progress.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>

namespace fts::train {
namespace {

TrainStepEvent Step(int64_t step, int64_t epoch, int64_t phase) {
  TrainStepEvent event;
  event.step = step;
  event.epoch = epoch;
  event.phase = phase;
  event.loss = 2.34567;
  event.grad_norm = 1.5;
  event.lr = {1e-5};
  event.tokens_per_s = 12345.6;
  event.step_ms = 10;
  event.mem_mib = 321.4;
  return event;
}

// A Progress over a string, with a clock that the test moves.
struct Fixture {
  explicit Fixture(ProgressOptions options)
      : progress(&out, options, [this] { return now; }) {}
  // What was written since the last call.
  std::string Take() {
    std::string text = out.str();
    out.str("");
    return text;
  }
  double now = 100;
  std::ostringstream out;
  Progress progress;
};

TEST(PlainProgress, OneLineAStep) {
  ProgressOptions options;
  options.steps_per_epoch = 10;
  options.max_epochs = 4;
  Fixture f(options);
  f.progress.Step(Step(12, 1, 0));
  EXPECT_EQ(f.Take(),
            "phase 0  epoch 1/4  step 12  loss 2.3457  grad_norm 1.500  "
            "lr 1.00e-05  tok/s 12346  mem 321.4 MiB\n");
}

TEST(PlainProgress, ShowsEachDifferentRateOnce) {
  Fixture f({});
  TrainStepEvent step = Step(0, 0, 1);
  step.lr = {1e-3, 1e-3, 5e-4};
  step.loss = std::nan("");
  f.progress.Step(step);
  EXPECT_EQ(f.Take(),
            "phase 1  epoch 0  step 0  loss nan  grad_norm 1.500  "
            "lr 1.00e-03,5.00e-04  tok/s 12346  mem 321.4 MiB\n");
}

TEST(PlainProgress, KeepsTheIntervalExceptAtEdges) {
  ProgressOptions options;
  options.steps_per_epoch = 5;
  options.min_interval_s = 1;
  Fixture f(options);
  std::string shown;
  for (int step = 0; step < 10; ++step) {
    f.progress.Step(Step(step, step / 5, step < 8 ? 0 : 1));
    if (!f.Take().empty()) shown += std::to_string(step) + " ";
    f.now += 0.4;
  }
  // 0 first of epoch, 3 by time, 4 last, 5 first, 8 new phase, 9 last.
  EXPECT_EQ(shown, "0 3 4 5 8 9 ");
}

TEST(PlainProgress, OtherEvents) {
  Fixture f({});
  PhaseEvent phase;
  phase.phase = 1;
  phase.epoch = 2;
  phase.step = 20;
  phase.reason = "early_stopping";
  phase.thawed = {"a", "b"};
  phase.trainable_params = 250;
  phase.total_params = 1000;
  phase.transition_ms = 3.21;
  f.progress.Phase(phase);
  EXPECT_EQ(f.Take(),
            "phase 1 begins at epoch 2, step 20 (early_stopping): 2 parameters "
            "thawed, 250 of 1000 elements trainable (25.0 %), transition 3.2 "
            "ms\n");
  phase.thawed = {"a"};
  phase.frozen = {"c", "d", "e"};
  f.progress.Phase(phase);
  EXPECT_EQ(f.Take(),
            "phase 1 begins at epoch 2, step 20 (early_stopping): 1 parameter "
            "thawed, 3 frozen, 250 of 1000 elements trainable (25.0 %), "
            "transition 3.2 ms\n");
  ValidationEvent validation;
  validation.val_loss = 3.5;
  f.progress.Validation(validation);
  EXPECT_EQ(f.Take(), "validation before training: val_loss 3.5000\n");
  validation.epoch = 2;
  validation.step = 29;
  validation.phase = 1;
  f.progress.Validation(validation);
  EXPECT_EQ(f.Take(),
            "validation after epoch 2, step 29 (phase 1): val_loss 3.5000\n");
  f.progress.Measured(
      {1, 1023, 2048, 3 << 20, int64_t{5} << 30, int64_t{7} << 40});
  EXPECT_EQ(f.Take(),
            "phase 1 measured, per rank: gathered 1023 B, reduced 2.0 KiB, "
            "gradients 3.0 MiB, moments 5.0 GiB, peak 7.0 TiB\n");
  f.progress.Note("no best yet");
  EXPECT_EQ(f.Take(), "no best yet\n");
  RunEndEvent end;
  end.reason = "max_epochs";
  end.steps = 40;
  f.progress.RunEnd(end);
  EXPECT_EQ(f.Take(), "done after 40 steps (max_epochs)\n");
  end.best = 1.25;
  f.progress.RunEnd(end);
  EXPECT_EQ(f.Take(), "done after 40 steps (max_epochs), best 1.2500\n");
}

TEST(LiveProgress, RedrawsInPlaceAndKeepsOtherLines) {
  ProgressOptions options;
  options.terminal = true;
  options.columns = 200;
  options.steps_per_epoch = 4;
  Fixture f(options);
  f.progress.Step(Step(4, 1, 0));
  EXPECT_EQ(f.Take(),
            "\r\x1b[2K[#####---------------] phase 0  epoch 1  step 4  loss "
            "2.3457  grad_norm 1.500  lr 1.00e-05  tok/s 12346  mem 321.4 MiB");
  f.progress.Step(Step(7, 1, 0));
  EXPECT_EQ(f.Take(),
            "\r\x1b[2K[####################] phase 0  epoch 1  step 7  loss "
            "2.3457  grad_norm 1.500  lr 1.00e-05  tok/s 12346  mem 321.4 MiB");
  f.progress.Note("kept");
  EXPECT_EQ(f.Take(), "\r\x1b[2Kkept\n");
  f.progress.Note("kept too");
  EXPECT_EQ(f.Take(), "kept too\n");
}

TEST(LiveProgress, NeverWraps) {
  const std::string text =
      "phase 0  epoch 0  step 1  loss 2.3457  grad_norm 1.500  lr 1.00e-05  "
      "tok/s 12346  mem 321.4 MiB";
  auto shown = [&](int columns) {
    ProgressOptions options;
    options.terminal = true;
    options.columns = columns;
    options.steps_per_epoch = 4;
    Fixture f(options);
    f.progress.Step(Step(1, 0, 0));
    const std::string line = f.Take();
    EXPECT_EQ(line.substr(0, 5), "\r\x1b[2K");
    EXPECT_LT(static_cast<int>(line.size()) - 5, std::max(columns, 2));
    return line.substr(5);
  };
  const int size = static_cast<int>(text.size());
  EXPECT_EQ(shown(size + 24), "[##########----------] " + text);
  EXPECT_EQ(shown(size + 14), "[#####-----] " + text);
  EXPECT_EQ(shown(size + 9), "[##---] " + text);
  EXPECT_EQ(shown(size + 8), text);
  EXPECT_EQ(shown(size + 1), text);
  EXPECT_EQ(shown(size),
            "phase 0 epoch 0 step 1 loss 2.3457 grad_norm 1.500 lr 1.00e-05 "
            "tok/s 12346 mem 321.4 MiB");
  EXPECT_EQ(shown(10), "phase 0 e");
  EXPECT_EQ(shown(0), "p");
}

TEST(LiveProgress, LeavesALineOfItsOwn) {
  std::ostringstream out;
  {
    ProgressOptions options;
    options.terminal = true;
    options.columns = 10;
    Progress progress(&out, options, [] { return 0.0; });
    progress.Step(Step(1, 0, 0));
  }
  EXPECT_EQ(out.str(), "\r\x1b[2Kphase 0 e\n");
}

}  // namespace
}  // namespace fts::train
