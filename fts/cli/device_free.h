// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The commands that need neither a device nor torch: `schedule resolve`,
// `schedule generate`, `schedule lint`, `plan resolve`, `config print`. Each
// has its own file.
// Threads: none here.
#ifndef FTS_CLI_DEVICE_FREE_H_
#define FTS_CLI_DEVICE_FREE_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/cli/command.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/run_config.h"
#include "fts/core/match/model_description.h"

namespace fts::cli {

// Describes the model of `config.model` without its values.
using ModelDescriber = std::function<absl::StatusOr<ModelDescription>(
    const RunConfig& config, Diagnostics* diags)>;

int RunScheduleResolve(const std::vector<std::string>& args, Streams io);
int RunScheduleGenerate(const std::vector<std::string>& args, Streams io);
// `describe` may be null: then `--config` needs `--model FILE`.
int RunScheduleLint(const std::vector<std::string>& args,
                    const ModelDescriber& describe, Streams io);
int RunPlanResolve(const std::vector<std::string>& args, Streams io);
int RunConfigPrint(const std::vector<std::string>& args, Streams io);

std::vector<Command> DeviceFreeCommands(ModelDescriber describe = nullptr);

}  // namespace fts::cli

#endif  // FTS_CLI_DEVICE_FREE_H_
