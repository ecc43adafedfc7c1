// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/config/run_config.h"

#include "fts/core/config/load_config.h"
#include "fts/core/config/mapping_reader.h"
#include "fts/core/config/overrides.h"
#include "fts/core/config/paths.h"
#include "fts/core/config/run_config_sections.h"

namespace fts {

SourceLocation RunConfig::Where(const std::string& path) const {
  SourceLocation where = merged.where();
  const YamlNode* node = &merged;
  for (const std::string& key :
       SplitKeyPath(path).value_or(std::vector<std::string>())) {
    const SourceLocation at_key = node->KeyWhere(key);
    node = node->Find(key);
    if (node == nullptr) break;
    where = node->where().known() ? node->where() : at_key;
  }
  return where;
}

absl::StatusOr<RunConfig> ReadRunConfig(const YamlNode& merged,
                                        Diagnostics* diags) {
  const int errors_before = diags->num_errors();
  RunConfig out;
  out.merged = merged;
  MappingReader root(merged, "", diags);
  root.Int("seed", &out.seed);
  if (const YamlNode* dir = root.Take("output_dir"); dir && !dir->is_null()) {
    std::string path;
    // Relative to where the command was typed, wherever it is written.
    if (root.String("output_dir", &path)) out.output_dir = UserPath(path);
  }
  config_internal::ReadModel(&root, &out.model, diags);
  config_internal::ReadData(&root, &out.data, diags);
  config_internal::ReadMesh(&root, &out.mesh, diags);
  config_internal::ReadPrecision(&root, &out.precision, diags);
  config_internal::ReadTrainer(&root, &out.trainer, diags);
  config_internal::ReadOptimizer(&root, &out.optimizer, diags);
  config_internal::ReadLrScheduler(&root, &out.lr_scheduler, diags);
  config_internal::ReadSchedule(&root, &out.schedule, diags);
  config_internal::ReadScheduler(&root, &out.scheduler, diags);
  config_internal::ReadEarlyStopping(&root, &out.early_stopping, diags);
  config_internal::ReadCheckpoint(&root, &out.checkpoint, diags);
  config_internal::ReadStrategy(&root, &out.strategy_adapter_cfg, diags);
  root.NotAvailable("profile", "", true);
  config_internal::ReadLoggers(&root, &out.loggers, diags);
  root.Done();
  if (diags->num_errors() > errors_before) return diags->status();
  return out;
}

absl::StatusOr<LoopConfig> ReadLoopConfig(const YamlNode& node,
                                          Diagnostics* diags) {
  const int errors_before = diags->num_errors();
  LoopConfig out;
  MappingReader root(node, "", diags);
  config_internal::ReadPrecision(&root, &out.precision, diags);
  config_internal::ReadOptimizer(&root, &out.optimizer, diags);
  config_internal::ReadLrScheduler(&root, &out.lr_scheduler, diags);
  root.OptionalDouble("clip_grad_norm", &out.clip_grad_norm, 0, true);
  root.Bool("apply_lambdas_new_pgs", &out.apply_lambdas_new_pgs);
  root.Bool("enforce_phase0_params", &out.enforce_phase0_params);
  root.Done();
  if (diags->num_errors() > errors_before) return diags->status();
  return out;
}

absl::StatusOr<RunConfig> LoadRunConfig(
    const std::vector<std::string>& files,
    const std::vector<std::string>& override_args, Diagnostics* diags) {
  const auto overrides = ParseOverrides(override_args, diags);
  const auto merged = LoadConfig(
      files, overrides.ok() ? *overrides : std::vector<Override>(), diags);
  if (!overrides.ok() || !merged.ok()) return diags->status();
  return ReadRunConfig(*merged, diags);
}

}  // namespace fts
