// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A run's configuration as typed values: what `fts fit --config ...` reads.
// LoadConfig (load_config.h) merges files and overrides into one mapping;
// ReadRunConfig checks every key of it and fills in defaults. What a later
// stage must resolve (schedule, plan, model config, optimizer arguments) is
// kept as a YamlNode with its places.
// Threads: values; share freely once made.
#ifndef FTS_CORE_CONFIG_RUN_CONFIG_H_
#define FTS_CORE_CONFIG_RUN_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"

namespace fts {

// `names`: which parameter names schedule, plans and no_decay use.
enum class ParameterNames { kNative, kHf };

struct ModelSpec {
  std::string arch;
  // Exactly one of the two: a directory, or the shape of a fresh model.
  std::optional<std::string> path;  // resolved against the file that names it
  YamlNode config;                  // a mapping, or null
  ParameterNames names = ParameterNames::kNative;
};

enum class DataFormat { kText, kTokens };
enum class DataDtype { kUint16, kUint32 };

struct DataFileSpec {
  std::string path;  // resolved against the file that names it
  DataFormat format = DataFormat::kText;
  DataDtype dtype = DataDtype::kUint16;  // of a token file
  std::string tokenizer = "bytes";
  SourceLocation where;  // of the path
};

struct DataSpec {
  DataFileSpec train;
  std::optional<DataFileSpec> val;
  int64_t seq_len = 128;
  // Sequences per data-parallel rank and micro-step. Not to be used when
  // global_batch_size is given: then it is that / (D * accumulate).
  int64_t batch_size = 4;
  std::optional<int64_t> global_batch_size;
  bool shuffle = true;
};

struct MeshSpec {
  int64_t dp_replicate = 1;
  int64_t dp_shard = -1;
  int64_t tp = 1;
};

// Dtypes are "float32" or "bfloat16".
struct PrecisionSpec {
  std::string name = "32-true";    // as written; "custom" for a mapping
  std::string param = "float32";   // gather and compute
  std::string reduce = "float32";  // gradient reduction
  std::optional<std::string>
      output;                      // cast of the model's output; none = as is
  std::string master = "float32";  // what the optimizer updates
};

struct TrainerSpec {
  std::optional<int64_t> max_epochs;  // at least one of these two is set
  std::optional<int64_t> max_steps;
  std::optional<int64_t> steps_per_epoch;
  std::optional<int64_t> limit_val_batches;
  int64_t accumulate = 1;
  std::optional<double> clip_grad_norm;
  int64_t val_interval = 1;     // epochs
  int64_t log_interval = 1;     // steps
  std::string device = "auto";  // "auto" or "cpu"
  int64_t cpu_ranks = 1;
  std::optional<int64_t> threads;
  // Seconds that the other ranks wait for one that does nothing before the run
  // is ended; 0: never (`null` reads as 0).
  double hang_timeout = 30;
  bool hang_timeout_given = false;
};

// For optim::MakeOptimizer.
struct OptimizerSpec {
  std::string name = "adamw";  // short name, class name or class path
  YamlNode args;               // a mapping; holds `lr` always in the short form
  std::vector<std::string> no_decay;  // substrings of parameter names
  SourceLocation where;
};

// For optim::MakeLrScheduler.
struct LrSchedulerSpec {
  std::string name;
  YamlNode args;  // a mapping, without the keys below
  enum class Interval { kEpoch, kStep } interval = Interval::kEpoch;
  int64_t frequency = 1;             // every so many intervals
  std::string monitor = "val_loss";  // ReduceLROnPlateau only
  SourceLocation where;
};

// Where the schedule comes from.
struct ScheduleSpec {
  enum class Kind {
    kNone,      // no key: one phase, everything trainable
    kImplicit,  // `implicit` or {generate: pairs}
    kBlocks,    // {generate: blocks, phases: N}
    kDepth,     // {generate: depth}
    kExplicit,  // `phases` is the mapping as written
  };
  Kind kind = Kind::kNone;
  YamlNode phases;         // kExplicit
  int64_t num_phases = 0;  // kBlocks
  SourceLocation where;
};

struct SchedulerSpec {
  int64_t max_depth = -1;
  std::optional<double> base_max_lr = 1e-5;
  bool restore_best = true;
  bool epoch_transitions_only = false;
  bool full_match = false;  // `match: full`
  // New groups take the latest lambda of a LambdaLR at once.
  bool apply_lambdas_new_pgs = false;
  // Phase 0's group holds phase 0's parameters only. False: one group from the
  // start, which later phases extend.
  bool enforce_phase0_params = true;
  // A phase's new_optimizer and new_lr_scheduler, for every phase from 1 on.
  // Mappings as written, or null; for ApplyReinit.
  YamlNode reinit_optim_cfg;
  YamlNode reinit_lr_cfg;
};

struct EarlyStoppingSpec {
  bool configured = false;  // the key was given; else FTS's defaults, below
  std::string monitor = "val_loss";
  bool mode_max = false;
  int64_t patience = 3;
  double min_delta = 0;
  // Beyond either, the run ends in any phase.
  std::optional<double> stopping_threshold;
  std::optional<double> divergence_threshold;
  bool check_finite = true;  // a metric that is not finite ends the run
  // `best_score: per_phase`: each phase is compared with its own best.
  bool best_score_per_phase = false;
};

struct CheckpointSpec {
  std::string monitor = "val_loss";
  bool mode_max = false;
};

struct RunConfig {
  int64_t seed = 42;
  // Absolute or relative to the working directory; absent: runs/<arch>-<time>.
  std::optional<std::string> output_dir;
  ModelSpec model;
  DataSpec data;
  MeshSpec mesh;
  PrecisionSpec precision;
  TrainerSpec trainer;
  OptimizerSpec optimizer;
  std::optional<LrSchedulerSpec> lr_scheduler;
  ScheduleSpec schedule;
  SchedulerSpec scheduler;
  EarlyStoppingSpec early_stopping;
  CheckpointSpec checkpoint;
  YamlNode strategy_adapter_cfg;  // null when absent; for ResolvePlan
  std::vector<std::string> loggers = {"jsonl"};

  // The merged mapping that all of this was read from (for config.yaml).
  YamlNode merged;

  // The place of a value by its dotted path ("trainer.max_epochs"), or of the
  // nearest enclosing key that was written.
  SourceLocation Where(const std::string& path) const;
};

// Checks `merged` and types it. Errors, all recorded in `diags`: unknown keys
// (with a suggestion), wrong types, values out of range, missing required keys,
// and by name (not_available) what this version does not do yet.
absl::StatusOr<RunConfig> ReadRunConfig(const YamlNode& merged,
                                        Diagnostics* diags);

// What a training loop that is not ours takes of a run config: how shards are
// updated, and in which dtypes.
struct LoopConfig {
  PrecisionSpec precision;
  OptimizerSpec optimizer;
  std::optional<LrSchedulerSpec> lr_scheduler;
  std::optional<double> clip_grad_norm;  // of phases that set none
  bool apply_lambdas_new_pgs = false;
  bool enforce_phase0_params = true;
};

// Checks and types a mapping with any of the keys precision, optimizer,
// lr_scheduler, clip_grad_norm, apply_lambdas_new_pgs and
// enforce_phase0_params. Errors as ReadRunConfig.
absl::StatusOr<LoopConfig> ReadLoopConfig(const YamlNode& node,
                                          Diagnostics* diags);

// LoadConfig and ReadRunConfig in one: config files as typed by the user, and
// override arguments ("key.path=value", "--key.path", "value").
absl::StatusOr<RunConfig> LoadRunConfig(
    const std::vector<std::string>& files,
    const std::vector<std::string>& override_args, Diagnostics* diags);

}  // namespace fts

#endif  // FTS_CORE_CONFIG_RUN_CONFIG_H_
