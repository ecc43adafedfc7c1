// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The commands that need neither a device nor torch: `schedule resolve`,
// `schedule generate`, `plan resolve`, `config print`. Each has its own file.
// Threads: none here.
#ifndef FTS_CLI_DEVICE_FREE_H_
#define FTS_CLI_DEVICE_FREE_H_

#include <string>
#include <vector>

#include "fts/cli/command.h"

namespace fts::cli {

int RunScheduleResolve(const std::vector<std::string>& args, Streams io);
int RunScheduleGenerate(const std::vector<std::string>& args, Streams io);
int RunPlanResolve(const std::vector<std::string>& args, Streams io);
int RunConfigPrint(const std::vector<std::string>& args, Streams io);

std::vector<Command> DeviceFreeCommands();

}  // namespace fts::cli

#endif  // FTS_CLI_DEVICE_FREE_H_
