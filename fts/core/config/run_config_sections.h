// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// One reader per top-level key of a run config. Each takes its key from `root`,
// leaves defaults where nothing was written, and reports every problem.
// Internal to run_config.cc. Threads: no state.
#ifndef FTS_CORE_CONFIG_RUN_CONFIG_SECTIONS_H_
#define FTS_CORE_CONFIG_RUN_CONFIG_SECTIONS_H_

#include <optional>
#include <string>
#include <vector>

#include "fts/core/base/diagnostics.h"
#include "fts/core/config/mapping_reader.h"
#include "fts/core/config/run_config.h"
#include "fts/core/config/yaml.h"

namespace fts::config_internal {

void ReadModel(MappingReader* root, ModelSpec* out, Diagnostics* diags);
void ReadData(MappingReader* root, DataSpec* out, Diagnostics* diags);
void ReadMesh(MappingReader* root, MeshSpec* out, Diagnostics* diags);
void ReadPrecision(MappingReader* root, PrecisionSpec* out, Diagnostics* diags);
void ReadTrainer(MappingReader* root, TrainerSpec* out, Diagnostics* diags);
void ReadOptimizer(MappingReader* root, OptimizerSpec* out, Diagnostics* diags);
void ReadLrScheduler(MappingReader* root, std::optional<LrSchedulerSpec>* out,
                     Diagnostics* diags);
void ReadSchedule(MappingReader* root, ScheduleSpec* out, Diagnostics* diags);
void ReadScheduler(MappingReader* root, SchedulerSpec* out, Diagnostics* diags);
void ReadEarlyStopping(MappingReader* root, EarlyStoppingSpec* out,
                       Diagnostics* diags);
void ReadCheckpoint(MappingReader* root, CheckpointSpec* out,
                    Diagnostics* diags);
void ReadStrategy(MappingReader* root, YamlNode* out, Diagnostics* diags);
void ReadLoggers(MappingReader* root, std::vector<std::string>* out,
                 Diagnostics* diags);

// Reports a required key `name` that is absent from `reader`'s mapping.
void Missing(const MappingReader& reader, const std::string& name,
             const std::string& fix, Diagnostics* diags);

}  // namespace fts::config_internal

#endif  // FTS_CORE_CONFIG_RUN_CONFIG_SECTIONS_H_
