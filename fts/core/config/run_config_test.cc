// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/config/run_config.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace fts {
namespace {

const char kMinimal[] =
    "model: {arch: llama, path: m}\n"
    "data: {train: {path: t.txt}}\n"
    "trainer: {max_epochs: 4}\n";

RunConfig Read(const std::string& text) {
  Diagnostics diags;
  auto node = ParseYaml(text, "conf/f.yaml", &diags);
  EXPECT_TRUE(node.ok()) << node.status();
  auto config = ReadRunConfig(*node, &diags);
  EXPECT_TRUE(config.ok()) << config.status();
  return config.ok() ? *config : RunConfig();
}

// The errors of the minimal config with `text` after it.
std::string Errors(const std::string& text,
                   const std::string& base = kMinimal) {
  Diagnostics diags;
  auto node = ParseYaml(base + text, "f.yaml", &diags);
  EXPECT_TRUE(node.ok()) << node.status();
  if (node.ok()) {
    EXPECT_FALSE(ReadRunConfig(*node, &diags).ok()) << text;
  }
  return diags.ToString();
}

TEST(RunConfig, Defaults) {
  const RunConfig c = Read(kMinimal);
  EXPECT_EQ(c.seed, 42);
  EXPECT_EQ(c.output_dir, std::nullopt);
  EXPECT_EQ(c.model.arch, "llama");
  EXPECT_EQ(c.model.path, "conf/m");
  EXPECT_TRUE(c.model.config.is_null());
  EXPECT_EQ(c.model.names, ParameterNames::kNative);
  EXPECT_EQ(c.data.train.path, "conf/t.txt");
  EXPECT_EQ(c.data.train.where.ToString(), "conf/f.yaml:2:22");
  EXPECT_EQ(c.data.train.format, DataFormat::kText);
  EXPECT_FALSE(c.data.val.has_value());
  EXPECT_EQ(c.data.seq_len, 128);
  EXPECT_EQ(c.data.batch_size, 4);
  EXPECT_TRUE(c.data.shuffle);
  EXPECT_EQ(c.mesh.dp_shard, -1);
  EXPECT_EQ(c.mesh.dp_replicate, 1);
  EXPECT_EQ(c.mesh.tp, 1);
  EXPECT_EQ(c.precision.name, "32-true");
  EXPECT_EQ(c.precision.param, "float32");
  EXPECT_EQ(c.precision.master, "float32");
  EXPECT_EQ(c.trainer.max_epochs, 4);
  EXPECT_EQ(c.trainer.max_steps, std::nullopt);
  EXPECT_EQ(c.trainer.accumulate, 1);
  EXPECT_EQ(c.trainer.clip_grad_norm, std::nullopt);
  EXPECT_EQ(c.trainer.val_interval, 1);
  EXPECT_EQ(c.trainer.log_interval, 1);
  EXPECT_EQ(c.trainer.device, "auto");
  EXPECT_EQ(c.trainer.cpu_ranks, 1);
  EXPECT_EQ(c.trainer.hang_timeout, 30);
  EXPECT_FALSE(c.trainer.hang_timeout_given);
  EXPECT_EQ(c.optimizer.name, "adamw");
  EXPECT_EQ(c.optimizer.args.Find("lr")->as_double(), 1e-5);
  EXPECT_FALSE(c.lr_scheduler.has_value());
  EXPECT_EQ(c.schedule.kind, ScheduleSpec::Kind::kNone);
  EXPECT_EQ(c.scheduler.max_depth, -1);
  EXPECT_EQ(c.scheduler.base_max_lr, 1e-5);
  EXPECT_TRUE(c.scheduler.restore_best);
  EXPECT_FALSE(c.scheduler.epoch_transitions_only);
  EXPECT_FALSE(c.early_stopping.configured);
  EXPECT_EQ(c.early_stopping.patience, 3);
  EXPECT_EQ(c.early_stopping.min_delta, 0);
  EXPECT_EQ(c.early_stopping.stopping_threshold, std::nullopt);
  EXPECT_EQ(c.early_stopping.divergence_threshold, std::nullopt);
  EXPECT_TRUE(c.early_stopping.check_finite);
  EXPECT_FALSE(c.early_stopping.best_score_per_phase);
  EXPECT_FALSE(c.scheduler.apply_lambdas_new_pgs);
  EXPECT_TRUE(c.scheduler.enforce_phase0_params);
  EXPECT_TRUE(c.scheduler.reinit_optim_cfg.is_null());
  EXPECT_TRUE(c.scheduler.reinit_lr_cfg.is_null());
  EXPECT_EQ(c.checkpoint.monitor, "val_loss");
  EXPECT_TRUE(c.strategy_adapter_cfg.is_null());
  EXPECT_EQ(c.loggers, std::vector<std::string>{"jsonl"});
}

TEST(RunConfig, EverySectionIsRead) {
  setenv("BUILD_WORKING_DIRECTORY", "/typed/here", 1);
  const RunConfig c = Read(
      "seed: 7\n"
      "output_dir: runs/x\n"
      "model: {arch: llama, config: {dim: 8}, names: hf}\n"
      "data: {train: {path: /a.bin, format: tokens, dtype: uint32},\n"
      "       val: {path: v.txt, tokenizer: bytes}, seq_len: 16,\n"
      "       global_batch_size: 8, shuffle: no}\n"
      "mesh: {dp_replicate: 3, dp_shard: 2, tp: 1}\n"
      "precision: {param: bf16, reduce: torch.float32, output: fp32}\n"
      "trainer: {max_steps: 9, steps_per_epoch: 3, limit_val_batches: 2,\n"
      "  accumulate: 2, clip_grad_norm: 1e-1, val_interval: 2,\n"
      "  log_interval: 4, device: cpu, cpu_ranks: 2, threads: 1, "
      "hang_timeout: 2.5}\n"
      "optimizer: {class_path: torch.optim.AdamW, init_args: {lr: 1e-3},\n"
      "  no_decay: [bias, norm]}\n"
      "lr_scheduler: {name: step_lr, step_size: 1, gamma: 0.7,\n"
      "  interval: step, frequency: 5}\n"
      "schedule: {generate: blocks, phases: 3}\n"
      "scheduler: {max_depth: 1, base_max_lr: ~, restore_best: false,\n"
      "  epoch_transitions_only: true, match: full,\n"
      "  apply_lambdas_new_pgs: true, enforce_phase0_params: false,\n"
      "  reinit_optim_cfg: {optimizer_init: {class_path: SGD}},\n"
      "  reinit_lr_cfg: {lr_scheduler_init: {class_path: StepLR}}}\n"
      "early_stopping: {monitor: val_loss, mode: max, patience: 2,\n"
      "  min_delta: 0.001, stopping_threshold: -1e-3,\n"
      "  divergence_threshold: 9, check_finite: no, best_score: per_phase}\n"
      "checkpoint: {monitor: val_loss, mode: min}\n"
      "strategy_adapter_cfg: {fsdp_plan: {model.output: {}}}\n"
      "profile:\n"
      "loggers: [jsonl]\n");
  unsetenv("BUILD_WORKING_DIRECTORY");
  EXPECT_EQ(c.seed, 7);
  EXPECT_EQ(c.output_dir, "/typed/here/runs/x");
  EXPECT_EQ(c.model.config.Find("dim")->as_int(), 8);
  EXPECT_EQ(c.model.names, ParameterNames::kHf);
  EXPECT_EQ(c.data.train.path, "/a.bin");
  EXPECT_EQ(c.data.train.format, DataFormat::kTokens);
  EXPECT_EQ(c.data.train.dtype, DataDtype::kUint32);
  EXPECT_EQ(c.data.val->path, "conf/v.txt");
  EXPECT_EQ(c.data.global_batch_size, 8);
  EXPECT_FALSE(c.data.shuffle);
  EXPECT_EQ(c.mesh.dp_shard, 2);
  EXPECT_EQ(c.precision.param, "bfloat16");
  EXPECT_EQ(c.precision.reduce, "float32");
  EXPECT_EQ(c.precision.output, "float32");
  EXPECT_EQ(c.precision.master, "float32");
  EXPECT_EQ(c.trainer.max_epochs, std::nullopt);
  EXPECT_EQ(c.trainer.max_steps, 9);
  EXPECT_EQ(c.trainer.clip_grad_norm, 0.1);
  EXPECT_EQ(c.trainer.threads, 1);
  EXPECT_EQ(c.trainer.hang_timeout, 2.5);
  EXPECT_TRUE(c.trainer.hang_timeout_given);
  EXPECT_EQ(c.optimizer.name, "torch.optim.AdamW");
  EXPECT_EQ(c.optimizer.args.Keys(), std::vector<std::string>{"lr"});
  EXPECT_EQ(c.optimizer.no_decay, (std::vector<std::string>{"bias", "norm"}));
  EXPECT_EQ(c.lr_scheduler->name, "step_lr");
  EXPECT_EQ(c.lr_scheduler->args.Keys(),
            (std::vector<std::string>{"step_size", "gamma"}));
  EXPECT_EQ(c.lr_scheduler->interval, LrSchedulerSpec::Interval::kStep);
  EXPECT_EQ(c.lr_scheduler->frequency, 5);
  EXPECT_EQ(c.schedule.kind, ScheduleSpec::Kind::kBlocks);
  EXPECT_EQ(c.schedule.num_phases, 3);
  EXPECT_EQ(c.scheduler.max_depth, 1);
  EXPECT_EQ(c.scheduler.base_max_lr, std::nullopt);
  EXPECT_TRUE(c.scheduler.full_match);
  EXPECT_TRUE(c.scheduler.apply_lambdas_new_pgs);
  EXPECT_FALSE(c.scheduler.enforce_phase0_params);
  EXPECT_EQ(c.scheduler.reinit_optim_cfg.Keys(),
            std::vector<std::string>{"optimizer_init"});
  EXPECT_EQ(c.scheduler.reinit_lr_cfg.Keys(),
            std::vector<std::string>{"lr_scheduler_init"});
  EXPECT_TRUE(c.early_stopping.configured);
  EXPECT_TRUE(c.early_stopping.mode_max);
  EXPECT_EQ(c.early_stopping.patience, 2);
  EXPECT_EQ(c.early_stopping.stopping_threshold, -1e-3);
  EXPECT_EQ(c.early_stopping.divergence_threshold, 9);
  EXPECT_FALSE(c.early_stopping.check_finite);
  EXPECT_TRUE(c.early_stopping.best_score_per_phase);
  EXPECT_TRUE(c.strategy_adapter_cfg.is_mapping());
  EXPECT_EQ(c.Where("trainer.max_steps").ToString(), "conf/f.yaml:9:22");
  EXPECT_EQ(c.Where("trainer.max_epochs").ToString(), "conf/f.yaml:9:10");
  EXPECT_EQ(
      c.Where("strategy_adapter_cfg.fsdp_plan.\"model.output\"").ToString(),
      "conf/f.yaml:26:50");
}

TEST(RunConfig, PrecisionNames) {
  const auto precision = [](const std::string& text) {
    return Read(kMinimal + ("precision: " + text + "\n")).precision;
  };
  EXPECT_EQ(precision("32").param, "float32");
  const PrecisionSpec mixed = precision("bf16-mixed");
  EXPECT_EQ(mixed.param, "bfloat16");
  EXPECT_EQ(mixed.reduce, "float32");
  EXPECT_EQ(mixed.master, "float32");
  const PrecisionSpec pure = precision("bf16-true");
  EXPECT_EQ(pure.param, "bfloat16");
  EXPECT_EQ(pure.reduce, "bfloat16");
  EXPECT_EQ(pure.master, "bfloat16");
  EXPECT_EQ(precision("{param: bfloat16}").reduce, "bfloat16");
}

TEST(RunConfig, OptimizerForms) {
  EXPECT_EQ(Read(std::string(kMinimal) + "optimizer: {lr: 3e-4}\n")
                .optimizer.args.Find("lr")
                ->ToNumber(),
            3e-4);
  const RunConfig sgd =
      Read(std::string(kMinimal) + "optimizer: {name: sgd, momentum: 0.9}\n");
  EXPECT_EQ(sgd.optimizer.name, "sgd");
  EXPECT_EQ(sgd.optimizer.args.Keys(),
            (std::vector<std::string>{"momentum", "lr"}));
  EXPECT_EQ(
      Read(std::string(kMinimal) + "optimizer: {class_path: torch.optim.SGD}\n")
          .optimizer.args.entries()
          .size(),
      0u);
}

TEST(RunConfig, ScheduleForms) {
  const auto schedule = [](const std::string& text) {
    return Read(kMinimal + ("schedule: " + text + "\n")).schedule;
  };
  EXPECT_EQ(schedule("implicit").kind, ScheduleSpec::Kind::kImplicit);
  EXPECT_EQ(schedule("{generate: pairs}").kind, ScheduleSpec::Kind::kImplicit);
  EXPECT_EQ(schedule("{generate: depth}").kind, ScheduleSpec::Kind::kDepth);
  EXPECT_EQ(schedule("~").kind, ScheduleSpec::Kind::kNone);
  const ScheduleSpec explicit_one = schedule("{0: {params: [x]}}");
  EXPECT_EQ(explicit_one.kind, ScheduleSpec::Kind::kExplicit);
  EXPECT_EQ(explicit_one.phases.entries().size(), 1u);
  EXPECT_EQ(explicit_one.where.ToString(), "conf/f.yaml:4:11");
}

TEST(RunConfigErrors, RequiredKeys) {
  EXPECT_EQ(Errors("seed: 1\n", ""),
            "f.yaml:1:1: error: model is missing; add model: {arch: llama, "
            "path: DIR} [missing_key]\n"
            "f.yaml:1:1: error: data.train is missing; add data: {train: "
            "{path: FILE}} [missing_key]\n"
            "f.yaml:1:1: error: trainer.max_epochs is missing; set "
            "trainer.max_epochs or trainer.max_steps [missing_key]\n");
  EXPECT_EQ(
      Errors("model: {}\ndata: {train: {}}\ntrainer: {max_steps: ~}\n", ""),
      "f.yaml:1:8: error: model.arch is missing; add arch: llama "
      "[missing_key]\n"
      "f.yaml:1:8: error: model.path is missing; name a model directory, "
      "or give the shape of a fresh model in model.config "
      "[missing_key]\n"
      "f.yaml:2:15: error: data.train.path is missing; name the file "
      "that holds the data [missing_key]\n"
      "f.yaml:3:10: error: trainer.max_epochs is missing; set "
      "trainer.max_epochs or trainer.max_steps [missing_key]\n");
}

TEST(RunConfigErrors, UnknownKeys) {
  EXPECT_EQ(Errors("optimiser: {}\nearly_stopping: {patince: 2}\n"
                   "mesh: {dp_shards: 2}\n"),
            "f.yaml:6:8: error: unknown key 'mesh.dp_shards'; did you mean "
            "'dp_shard'? [unknown_key]\n"
            "f.yaml:5:18: error: unknown key 'early_stopping.patince'; did you "
            "mean 'patience'? [unknown_key]\n"
            "f.yaml:4:1: error: unknown key 'optimiser'; did you mean "
            "'optimizer'? [unknown_key]\n");
}

TEST(RunConfigErrors, LeftToLaterVersions) {
  EXPECT_EQ(
      Errors("checkpoint: {save_top_k: 1, save_last: true, every_n_steps: 5,\n"
             "  resume: auto, monitor: val_loss, mode: min}\n"
             "profile: {memory: true}\n"
             "loggers: [jsonl, tensorboard]\n"
             "precision: 16-mixed\n"),
      "f.yaml:8:12: error: precision: 16-mixed is not available in this "
      "version; use 32-true, bf16-mixed or bf16-true [not_available]\n"
      "f.yaml:4:26: error: checkpoint.save_top_k (checkpoints on disk) is not "
      "available in this version; remove it [not_available]\n"
      "f.yaml:4:40: error: checkpoint.save_last (checkpoints on disk) is not "
      "available in this version; remove it [not_available]\n"
      "f.yaml:4:61: error: checkpoint.every_n_steps (checkpoints on disk) is "
      "not available in this version; remove it [not_available]\n"
      "f.yaml:5:11: error: checkpoint.resume (checkpoints on disk) is not "
      "available in this version; remove it [not_available]\n"
      "f.yaml:6:10: error: profile is not available in this version; remove it "
      "[not_available]\n"
      "f.yaml:7:18: error: the logger tensorboard is not available in this "
      "version; use loggers: [jsonl] [not_available]\n");
  EXPECT_EQ(Errors("",
                   "model: {arch: llama, path: m}\n"
                   "data: {train: {path: t, format: jsonl,\n"
                   "  tokenizer: 'sentencepiece:t.model'}}\n"
                   "trainer: {max_epochs: 1, device: cuda}\n"),
            "f.yaml:2:33: error: data.train.format: jsonl is not available in "
            "this version; use text or tokens [not_available]\n"
            "f.yaml:3:14: error: data.train.tokenizer: sentencepiece is not "
            "available in this version; use bytes, or a token file "
            "[not_available]\n"
            "f.yaml:4:34: error: trainer.device: cuda is not available in this "
            "version; use auto or cpu [not_available]\n");
}

TEST(RunConfigErrors, Values) {
  EXPECT_EQ(
      Errors("precision: bf16-mixd\n"
             "schedule: [1]\n"
             "lr_scheduler: {step_size: 1}\n"
             "scheduler: {max_depth: -2}\n"
             "early_stopping: {monitor: acc}\n"
             "loggers: [wandb]\n"
             "mesh: {dp_shard: 0}\n"
             "optimizer: adamw\n"),
      "f.yaml:10:18: error: mesh.dp_shard is 0; it must be -1 (what is left) "
      "or at least 1 [out_of_range]\n"
      "f.yaml:4:12: error: precision is string 'bf16-mixd'; it must be "
      "32-true, bf16-mixed, bf16-true or a mapping {param, reduce, output}; "
      "did you mean 'bf16-mixed'? [bad_value]\n"
      "f.yaml:11:12: error: optimizer is string 'adamw'; it must be a mapping "
      "[bad_type]\n"
      "f.yaml:6:15: error: lr_scheduler.name is missing; name the class, for "
      "example name: step_lr [missing_key]\n"
      "f.yaml:5:11: error: schedule is list [1]; it must be a mapping of "
      "phases, a file that holds one, implicit, {generate: blocks, phases: N} "
      "or {generate: depth} [bad_type]\n"
      "f.yaml:7:24: error: scheduler.max_depth is -2; it must be at least -1 "
      "[out_of_range]\n"
      "f.yaml:8:27: error: early_stopping.monitor is string 'acc'; it must be "
      "val_loss [bad_value]\n"
      "f.yaml:9:11: error: unknown logger 'wandb'; the choice is jsonl "
      "[bad_value]\n");
  EXPECT_EQ(Errors("schedule: {generate: blocks}\n"),
            "f.yaml:4:11: error: schedule.phases is missing; say how many "
            "phases to make [missing_key]\n");
  EXPECT_EQ(Errors("",
                   "model: {arch: llama, path: m, config: {dim: 1}}\n"
                   "data: {train: {path: t, dtype: uint16},\n"
                   "  batch_size: 2, global_batch_size: 4}\n"
                   "trainer: {max_epochs: 0, accumulate: 1.5}\n"),
            "f.yaml:1:39: error: model.path and model.config are both given; "
            "keep path for an existing model, config for a fresh one "
            "[bad_value]\n"
            "f.yaml:2:32: error: data.train.dtype belongs to format: tokens; "
            "remove it, or set the format [bad_value]\n"
            "f.yaml:3:37: error: data.batch_size and data.global_batch_size "
            "are both given; keep one (global = batch_size x accumulate x "
            "data-parallel ranks) [bad_value]\n"
            "f.yaml:4:23: error: trainer.max_epochs is 0; it must be at least "
            "1 [out_of_range]\n"
            "f.yaml:4:38: error: trainer.accumulate is float 1.5; it must be "
            "an integer [bad_type]\n");
}

TEST(RunConfig, HangTimeoutIsSwitchedOffByNullAndZero) {
  for (const char* off : {"null", "0"}) {
    const RunConfig c =
        Read(std::string("model: {arch: llama, path: m}\n"
                         "data: {train: {path: t.txt}}\n"
                         "trainer: {max_epochs: 4, hang_timeout: ") +
             off + "}\n");
    EXPECT_EQ(c.trainer.hang_timeout, 0);
    EXPECT_TRUE(c.trainer.hang_timeout_given);
  }
}

TEST(RunConfigErrors, HangTimeout) {
  const auto errors = [](const std::string& value) {
    return Errors("trainer: {max_epochs: 4, hang_timeout: " + value + "}\n",
                  "model: {arch: llama, path: m}\n"
                  "data: {train: {path: t.txt}}\n");
  };
  EXPECT_EQ(errors("-1"),
            "f.yaml:3:40: error: trainer.hang_timeout is -1; it must be finite "
            "and at least 0 [out_of_range]\n");
  EXPECT_EQ(errors("30s"),
            "f.yaml:3:40: error: trainer.hang_timeout is string '30s'; it must "
            "be a number [bad_type]\n");
}

TEST(RunConfigErrors, SchedulingValues) {
  EXPECT_EQ(
      Errors("lr_scheduler: {name: step_lr, step_size: 1, frequency: 0}\n"
             "schedule: {generate: depth, phases: 3}\n"
             "scheduler:\n"
             "  apply_lambdas_new_pg: true\n"
             "  enforce_phase0_params: 1\n"
             "  reinit_optim_cfg: sgd\n"
             "  reinit_lr_cfg: [1]\n"
             "  apply_lambdas_new_pgs: ~\n"
             "early_stopping:\n"
             "  stopping_threshold: .nan\n"
             "  divergence_threshold: high\n"
             "  check_finite: never\n"
             "  best_score: per_phas\n"
             "  divergence_treshold: 1\n"),
      "f.yaml:4:56: error: lr_scheduler.frequency is 0; it must be at least 1 "
      "[out_of_range]\n"
      "f.yaml:5:37: error: schedule.phases belongs to generate: blocks; remove "
      "it [bad_value]\n"
      "f.yaml:11:3: error: scheduler.apply_lambdas_new_pgs is null; it must "
      "be true or false [bad_type]\n"
      "f.yaml:8:26: error: scheduler.enforce_phase0_params is integer 1; it "
      "must be true or false [bad_type]\n"
      "f.yaml:9:21: error: scheduler.reinit_optim_cfg is string 'sgd'; it must "
      "be a mapping [bad_type]\n"
      "f.yaml:10:18: error: scheduler.reinit_lr_cfg is list [1]; it must be a "
      "mapping [bad_type]\n"
      "f.yaml:7:3: error: unknown key 'scheduler.apply_lambdas_new_pg'; did "
      "you mean 'apply_lambdas_new_pgs'? [unknown_key]\n"
      "f.yaml:13:23: error: early_stopping.stopping_threshold is .nan; it must "
      "be finite [out_of_range]\n"
      "f.yaml:14:25: error: early_stopping.divergence_threshold is string "
      "'high'; it must be a number [bad_type]\n"
      "f.yaml:15:17: error: early_stopping.check_finite is string 'never'; it "
      "must be true or false [bad_type]\n"
      "f.yaml:16:15: error: early_stopping.best_score is string 'per_phas'; it "
      "must be global or per_phase; did you mean 'per_phase'? [bad_value]\n"
      "f.yaml:17:3: error: unknown key 'early_stopping.divergence_treshold'; "
      "did you mean 'divergence_threshold'? [unknown_key]\n");
}

TEST(LoadRunConfig, ReportsOverrideErrorsToo) {
  Diagnostics diags;
  EXPECT_FALSE(LoadRunConfig({"no.yaml"}, {"seed"}, &diags).ok());
  EXPECT_EQ(diags.ToString(),
            "error: 'seed' is no override; write key.path=value or --key.path "
            "value [bad_override]\n"
            "error: cannot read 'no.yaml': no such file [missing_file]\n");
}

}  // namespace
}  // namespace fts
