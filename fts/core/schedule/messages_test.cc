// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The exact text of every mistake that a schedule can hold (cases 1-21 in
// fts_cases_test.cc hold the others).
#include <gtest/gtest.h>

#include <string>

#include "fts/core/schedule/schedule_testutil.h"

namespace fts {
namespace {

using schedule_testing::Outcome;
using schedule_testing::Resolve;

struct Golden {
  const char* name;
  std::string text;
  const char* want;
};

// Phase 0 takes model.3; `body` is phase 1's, indented by two.
std::string Phase1(const std::string& body) {
  return "0: {params: [model.3]}\n1:\n  params: [model.2]\n  " + body;
}

void Check(const Golden& golden) {
  const Outcome out = Resolve(golden.text);
  EXPECT_EQ(out.problems, golden.want) << golden.name;
  const bool error = out.problems.find(" error: ") != std::string::npos;
  EXPECT_EQ(out.schedule.has_value(), !error) << golden.name;
}

TEST(Messages, TheScheduleAsAWhole) {
  const Golden cases[] = {
      {"empty file", "",
       "s.yaml:1:1: error: the schedule is empty; write at least phase 0 (0: "
       "{params: [...]}), or generate one [empty_schedule]\n"},
      {"empty mapping", " {}",
       "s.yaml:1:2: error: the schedule is empty; write at least phase 0 (0: "
       "{params: [...]}), or generate one [empty_schedule]\n"},
      {"list", "- {params: [model.3]}",
       "s.yaml:1:1: error: a schedule must be a mapping from phase numbers to "
       "phases (0: {params: [...]}), got list [{params: ['model.3']}] "
       "[bad_type]\n"},
      {"null key", "~: {params: [model.3]}",
       "s.yaml:1:1: error: null, or nothing, cannot be a key; write the key "
       "before the ':', or quote it if it is meant as text [complex_key]\n"},
      {"boolean key", "{0: {params: [model.3]}, yes: {params: [model.2]}}",
       "s.yaml:1:26: error: the phase key yes is not an integer; phases are "
       "numbered 0, 1, 2, ... [bad_phase_key]\n"},
      {"infinite key", ".inf: {params: [model.3]}",
       "s.yaml:1:1: error: the phase key .inf is not an integer; phases are "
       "numbered 0, 1, 2, ... [bad_phase_key]\n"},
      {"huge key", "{0: {params: [model.3]}, 1000001: {params: [model.2]}}",
       "s.yaml:1:26: error: the phase key 1000001 is too large; phases are "
       "numbered 0, 1, 2, ... [bad_phase_key]\n"},
      {"negative key", "{-1: {params: [model.3]}, 1: {params: [model.2]}}",
       "s.yaml:1:2: error: the phase key -1 is negative; phases are numbered "
       "0, 1, 2, ... [negative_phase]\n"},
      {"colliding keys",
       "0: {params: [model.3]}\n1: {params: [model.2]}\n1.5: {params: "
       "[model.1]}\n",
       "s.yaml:3:1: error: the phase keys 1 and 1.5 both mean phase 1 (the "
       "first is at s.yaml:2:1); number them differently "
       "[colliding_phases]\n"},
  };
  for (const Golden& golden : cases) Check(golden);
}

TEST(Messages, Phases) {
  const Golden cases[] = {
      {"null phase", "0:\n1: {params: [model.2]}\n",
       "s.yaml:1:1: error: phase 0 must be a mapping with params, got null; "
       "write {params: []} for a phase that thaws nothing [bad_type]\n"},
      {"list phase", "0: [model.3]",
       "s.yaml:1:1: error: phase 0 must be a mapping with params, got list "
       "['model.3']; write params: [...] under it [bad_type]\n"},
      {"null params", "0: {params: ~}",
       "s.yaml:1:5: error: phase 0: params is null; write params: [] for a "
       "phase that thaws nothing [bad_type]\n"},
      {"bare string", "0: {params: model.3}",
       "s.yaml:1:13: error: phase 0: params must be a list of names or "
       "patterns, got string 'model.3'; write ['model.3'] [bad_type]\n"},
      {"mapping params", "0: {params: {a: 1}}",
       "s.yaml:1:13: error: phase 0: params must be a list of names or "
       "patterns, got mapping {a: 1} [bad_type]\n"},
      {"integer entry", "0: {params: [1]}",
       "s.yaml:1:14: error: phase 0: an entry of params must be a name or "
       "pattern, got integer 1; write '1' if that is the name [bad_type]\n"},
      {"list entry", "0: {params: [[model.3]]}",
       "s.yaml:1:14: error: phase 0: an entry of params must be a name or "
       "pattern, got list ['model.3']; write one string per entry "
       "[bad_type]\n"},
      {"null entry", "0:\n  params:\n  -\n",
       "s.yaml:3:3: error: phase 0: an entry of params must be a name or "
       "pattern, got null; write one string per entry [bad_type]\n"},
      {"empty entry", "0: {params: ['']}",
       "s.yaml:1:14: error: phase 0: an entry of params is empty and would "
       "select everything; write '.*' if that is meant [empty_entry]\n"},
      {"bad regex", "0: {params: ['model.(3']}",
       "s.yaml:1:14: error: phase 0, entry 'model.(3' is no parameter's name "
       "and no valid pattern: missing ), unterminated subpattern at position 6 "
       "[bad_pattern]\n"},
      {"refused regex", "0: {params: ['model.\\N{DIGIT ONE}']}",
       "s.yaml:1:14: error: phase 0, entry 'model.\\N{DIGIT ONE}' is no "
       "parameter's name and no valid pattern: named characters \\N{...} are "
       "not supported (write \\uXXXX) at position 6 [bad_pattern]\n"},
      {"misspelt name", "0: {params: [model.3.wieght]}",
       "s.yaml:1:14: error: phase 0, entry 'model.3.wieght' did not match any "
       "parameter; did you mean 'model.3.weight'? [unmatched_entry]\n"},
  };
  for (const Golden& golden : cases) Check(golden);
}

TEST(Messages, RunawayPattern) {
  const Outcome out =
      Resolve("0: {params: ['(a+)+$']}",
              schedule_testing::ModelOf({std::string(60, 'a') + "!"}));
  EXPECT_EQ(
      out.problems.rfind(
          "s.yaml:1:14: error: phase 0, entry '(a+)+$': matching was given "
          "up (",
          0),
      0u)
      << out.problems;
  EXPECT_NE(out.problems.find("[pattern_limit]"), std::string::npos);
}

TEST(Messages, NumbersOfAPhase) {
  const Golden cases[] = {
      {"null lr", Phase1("lr:"),
       "s.yaml:4:3: error: phase 1: lr must be a number, got null; leave the "
       "key out instead [bad_type]\n"},
      {"boolean lr", Phase1("lr: true"),
       "s.yaml:4:7: error: phase 1: lr must be a number, got boolean true "
       "[bad_lr]\n"},
      {"negative lr", Phase1("lr: -1e-3"),
       "s.yaml:4:7: error: phase 1: lr must be a finite number from 0 up, got "
       "'-1e-3' [bad_lr]\n"},
      {"infinite lr", Phase1("lr: .inf"),
       "s.yaml:4:7: error: phase 1: lr must be a finite number from 0 up, got "
       ".inf [bad_lr]\n"},
      {"null epoch", Phase1("max_transition_epoch: ~"),
       "s.yaml:4:3: error: phase 1: max_transition_epoch must be an integer, "
       "got null; leave the key out instead [bad_type]\n"},
      {"quoted epoch", Phase1("max_transition_epoch: '3'"),
       "s.yaml:4:25: error: phase 1: max_transition_epoch must be an integer, "
       "got string '3'; write it unquoted [bad_type]\n"},
      {"fractional epoch", Phase1("max_transition_epoch: 1.5"),
       "s.yaml:4:25: error: phase 1: max_transition_epoch must be an integer, "
       "got float 1.5 [bad_type]\n"},
      {"step", Phase1("max_transition_step: -1"),
       "s.yaml:4:24: error: phase 1: max_transition_step must be at least 0, "
       "got -1 [out_of_range]\n"},
      {"tokens", Phase1("max_transition_tokens: x"),
       "s.yaml:4:26: error: phase 1: max_transition_tokens must be an integer, "
       "got string 'x' [bad_type]\n"},
      {"time", Phase1("max_transition_time: 0"),
       "s.yaml:4:24: error: phase 1: max_transition_time must be a positive "
       "number, got 0 [out_of_range]\n"},
      {"min_delta", Phase1("min_delta: [1]"),
       "s.yaml:4:14: error: phase 1: min_delta must be a number, got list [1] "
       "[bad_type]\n"},
      {"fractional patience", Phase1("patience: 1.5"),
       "s.yaml:4:13: error: phase 1: patience must be an integer, got float "
       "1.5 [bad_type]\n"},
      {"negative min_delta", Phase1("min_delta: -1"),
       "s.yaml:4:14: error: phase 1: min_delta must be a non-negative number, "
       "got -1 [out_of_range]\n"},
      {"negative weight_decay", Phase1("weight_decay: -0.1"),
       "s.yaml:4:17: error: phase 1: weight_decay must be a non-negative "
       "number, got -0.1 [out_of_range]\n"},
      {"zero clip", Phase1("clip_grad_norm: 0"),
       "s.yaml:4:19: error: phase 1: clip_grad_norm must be a positive number, "
       "got 0 [out_of_range]\n"},
      {"clip kind", Phase1("clip_grad_norm: norm"),
       "s.yaml:4:19: error: phase 1: clip_grad_norm must be a number, got "
       "string 'norm' [bad_type]\n"},
      {"zero lr_decay", Phase1("lr_decay: 0"),
       "s.yaml:4:13: error: phase 1: lr_decay must be a positive number, got 0 "
       "[out_of_range]\n"},
      {"growing lr_decay", Phase1("lr_decay: 1.1"),
       "s.yaml:4:13: error: phase 1: lr_decay must be at most 1, got 1.1; each "
       "layer's lr is that of the layer after it times lr_decay "
       "[out_of_range]\n"},
      {"list lr_decay", Phase1("lr_decay: [0.9, 0.8]"),
       "s.yaml:4:13: error: phase 1: lr_decay must be a number, got list [0.9, "
       "0.8] [bad_type]\n"},
      {"not a number", Phase1("weight_decay: .nan"),
       "s.yaml:4:17: error: phase 1: weight_decay must be a non-negative "
       "number, got .nan [out_of_range]\n"},
      {"limits of the last phase",
       Phase1("max_transition_step: 5\n  max_transition_tokens: 6\n  "
              "max_transition_time: 1e3"),
       "s.yaml:4:3: warning: phase 1: max_transition_step 5 of the last phase "
       "has no effect: it does not end the run; set trainer.max_steps or "
       "max_epochs instead [final_transition_limit]\n"
       "s.yaml:5:3: warning: phase 1: max_transition_tokens 6 of the last "
       "phase has no effect: it does not end the run; set trainer.max_steps or "
       "max_epochs instead [final_transition_limit]\n"
       "s.yaml:6:3: warning: phase 1: max_transition_time 1e3 of the last "
       "phase has no effect: it does not end the run; set trainer.max_steps or "
       "max_epochs instead [final_transition_limit]\n"},
      {"early limits",
       "0: {params: [model.3], max_transition_step: 7, max_transition_time: "
       "3}\n"
       "1: {params: [model.2], max_transition_step: 7, max_transition_time: "
       "2.5}\n"
       "2: {params: [model.1], max_transition_step: 8}\n"
       "3: {params: [model.0]}\n",
       "s.yaml:2:24: warning: phase 1: max_transition_step 7 is not after that "
       "of an earlier phase (7); the phase may last only one step "
       "[early_transition]\n"
       "s.yaml:2:48: warning: phase 1: max_transition_time 2.5 is not after "
       "that of an earlier phase (3); the phase may last only one step "
       "[early_transition]\n"},
      {"best_score", Phase1("best_score: mine"),
       "s.yaml:4:15: error: phase 1: best_score must be global or per_phase, "
       "got string 'mine' [bad_value]\n"},
  };
  for (const Golden& golden : cases) Check(golden);
}

TEST(Messages, NewOptimizerAndScheduler) {
  const Golden cases[] = {
      {"phase 0",
       "0:\n  params: [model.3]\n  new_optimizer: {optimizer_init: "
       "{class_path: "
       "torch.optim.SGD}}\n",
       "s.yaml:3:3: error: phase 0: new_optimizer is not possible in the first "
       "phase; configure the run's own optimizer or lr_scheduler, or move it "
       "to a later phase [phase0_reinit]\n"},
      {"kind", Phase1("new_optimizer: SGD"),
       "s.yaml:4:18: error: phase 1: new_optimizer must be a mapping, got "
       "string 'SGD' [bad_type]\n"},
      {"no init", Phase1("new_optimizer: {optimizer_ini: {}}"),
       "s.yaml:4:19: warning: phase 1: new_optimizer: unknown key "
       "'optimizer_ini' is ignored; did you mean 'optimizer_init'? "
       "[unknown_key]\n"
       "s.yaml:4:18: error: phase 1: new_optimizer lacks optimizer_init; write "
       "optimizer_init: {class_path: ..., init_args: {...}} [missing_key]\n"},
      {"no class", Phase1("new_optimizer: {optimizer_init: {init_args: {}}}"),
       "s.yaml:4:35: error: phase 1: new_optimizer.optimizer_init lacks "
       "class_path; write the class's full name [missing_key]\n"},
      {"class kind", Phase1("new_optimizer: {optimizer_init: {class_path: 3}}"),
       "s.yaml:4:48: error: phase 1: new_optimizer.optimizer_init.class_path "
       "must be a class's full name, got integer 3 [bad_type]\n"},
      {"args kind",
       Phase1("new_optimizer: {optimizer_init: {class_path: torch.optim.SGD, "
              "init_args: 3}}"),
       "s.yaml:4:76: error: phase 1: new_optimizer.optimizer_init.init_args "
       "must be a mapping, got integer 3 [bad_type]\n"},
      {"zero",
       Phase1("new_optimizer: {optimizer_init: {class_path: "
              "torch.distributed.optim.ZeroRedundancyOptimizer}}"),
       "s.yaml:4:48: error: phase 1: new_optimizer: ZeroRedundancyOptimizer is "
       "not possible; optimizer state is sharded already, name the plain class "
       "[bad_reinit]\n"},
      {"unknown optimizer",
       Phase1("new_optimizer: {optimizer_init: {class_path: "
              "torch.optim.SGDD}}"),
       "s.yaml:4:48: error: phase 1: new_optimizer: unknown optimizer class "
       "torch.optim.SGDD; did you mean 'SGD'? [bad_reinit]\n"},
      {"unknown short name",
       Phase1("new_optimizer: {optimizer_init: {class_path: adamv}}"),
       "s.yaml:4:48: error: phase 1: new_optimizer: unknown optimizer class "
       "adamv; did you mean 'AdamW'? [bad_reinit]\n"},
      {"short names",
       Phase1("new_optimizer: {optimizer_init: {class_path: adamw}}\n  "
              "new_lr_scheduler: {lr_scheduler_init: {class_path: "
              "cosine_annealing_lr}}"),
       ""},
      {"other packages",
       Phase1("new_optimizer: {optimizer_init: {class_path: my.pkg.Lion}}\n  "
              "new_lr_scheduler: {lr_scheduler_init: {class_path: "
              "my.pkg.StepLR}}"),
       ""},
      {"scheduler of another package",
       Phase1("new_lr_scheduler: {lr_scheduler_init: {class_path: "
              "my.pkg.Warmup}}"),
       "s.yaml:4:54: error: phase 1: new_lr_scheduler: unknown lr scheduler "
       "class my.pkg.Warmup [bad_reinit]\n"},
      {"negative group lr",
       Phase1("new_lr_scheduler: {lr_scheduler_init: {class_path: StepLR}, "
              "init_pg_lrs: [-1, .inf]}"),
       "s.yaml:4:77: error: phase 1: new_lr_scheduler.init_pg_lrs must hold "
       "finite numbers from 0 up, got integer -1 [bad_reinit]\n"
       "s.yaml:4:81: error: phase 1: new_lr_scheduler.init_pg_lrs must hold "
       "finite numbers from 0 up, got float .inf [bad_reinit]\n"},
      {"one group lr",
       Phase1("new_lr_scheduler: {lr_scheduler_init: {class_path: StepLR}, "
              "init_pg_lrs: 1}"),
       "s.yaml:4:76: error: phase 1: new_lr_scheduler.init_pg_lrs must be a "
       "list of numbers, got integer 1 [bad_type]\n"},
      {"lightning config kind",
       Phase1("new_lr_scheduler: {lr_scheduler_init: {class_path: StepLR}, "
              "pl_lrs_cfg: step}"),
       "s.yaml:4:75: error: phase 1: new_lr_scheduler.pl_lrs_cfg must be a "
       "mapping, got string 'step' [bad_type]\n"},
      {"unknown scheduler",
       Phase1("new_lr_scheduler: {lr_scheduler_init: {class_path: "
              "torch.optim.lr_scheduler.StepRL}}"),
       "s.yaml:4:54: error: phase 1: new_lr_scheduler: unknown lr scheduler "
       "class torch.optim.lr_scheduler.StepRL; did you mean 'StepLR'? "
       "[bad_reinit]\n"},
      {"interval",
       Phase1("new_lr_scheduler: {lr_scheduler_init: {class_path: StepLR}, "
              "pl_lrs_cfg: {interval: batch, frequency: 0, freq: 1}}"),
       "s.yaml:4:107: warning: phase 1: new_lr_scheduler.pl_lrs_cfg: unknown "
       "key 'freq' is ignored [unknown_key]\n"
       "s.yaml:4:86: error: phase 1: new_lr_scheduler.pl_lrs_cfg.interval must "
       "be step or epoch, got string 'batch' [bad_reinit]\n"
       "s.yaml:4:104: error: phase 1: new_lr_scheduler.pl_lrs_cfg.frequency "
       "must be an integer of at least 1, got integer 0 [bad_reinit]\n"},
      {"plateau",
       Phase1("new_lr_scheduler: {lr_scheduler_init: {class_path: "
              "ReduceLROnPlateau}}"),
       "s.yaml:4:21: error: phase 1: new_lr_scheduler: ReduceLROnPlateau needs "
       "pl_lrs_cfg.monitor, for example val_loss [bad_reinit]\n"},
      {"group lrs",
       Phase1("new_lr_scheduler: {lr_scheduler_init: {class_path: StepLR}, "
              "init_pg_lrs: [1e-6, x], use_current_optimizer_pg_lrs: 1}"),
       "s.yaml:4:83: error: phase 1: new_lr_scheduler.init_pg_lrs must hold "
       "finite numbers from 0 up, got string 'x' [bad_reinit]\n"
       "s.yaml:4:117: error: phase 1: "
       "new_lr_scheduler.use_current_optimizer_pg_lrs must be true or false, "
       "got integer 1 [bad_type]\n"},
      {"optimizer argument",
       Phase1("new_lr_scheduler: {lr_scheduler_init: {class_path: StepLR, "
              "init_args: {optimizer: x, step_size: 1}}}"),
       "s.yaml:4:74: warning: phase 1: new_lr_scheduler: init_args.optimizer "
       "is "
       "dropped: the scheduler always gets the run's optimizer "
       "[dropped_optimizer_arg]\n"},
      {"absent", Phase1("new_optimizer: {}\n  new_lr_scheduler: ~"), ""},
  };
  for (const Golden& golden : cases) Check(golden);
}

TEST(Messages, EverySchedulerOfFtsIsKnownAndTheTwoItRefuses) {
  for (const char* name :
       {"LambdaLR", "MultiplicativeLR", "StepLR", "MultiStepLR",
        "ExponentialLR", "CosineAnnealingLR", "ReduceLROnPlateau",
        "CosineAnnealingWarmRestarts", "ConstantLR", "LinearLR", "SequentialLR",
        "ChainedScheduler"}) {
    Check({name,
           Phase1(std::string("new_lr_scheduler: {lr_scheduler_init: "
                              "{class_path: torch.optim.lr_scheduler.") +
                  name + "}, pl_lrs_cfg: {monitor: val_loss}}"),
           ""});
  }
}

TEST(Messages, AllProblemsAreReportedAtOnce) {
  const Outcome out = Resolve(
      "0: {params: [nope], lr: 3}\nb: {}\n2: {params: model.2, lr: x}\n");
  int lines = 0;
  for (char c : out.problems) lines += c == '\n';
  EXPECT_EQ(lines, 5) << out.problems;
}

}  // namespace
}  // namespace fts
