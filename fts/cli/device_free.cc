// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/cli/device_free.h"

#include <utility>

namespace fts::cli {

std::vector<Command> DeviceFreeCommands(ModelDescriber describe) {
  return {
      {{"schedule", "resolve"},
       "resolve a fine-tuning schedule against a model",
       RunScheduleResolve},
      {{"schedule", "generate"},
       "make a fine-tuning schedule for a model",
       RunScheduleGenerate},
      {{"schedule", "lint"},
       "warn of a schedule's traps and tell the run beforehand",
       [describe = std::move(describe)](const std::vector<std::string>& args,
                                        Streams io) {
         return RunScheduleLint(args, describe, io);
       }},
      {{"plan", "resolve"},
       "resolve a sharding plan against a model",
       RunPlanResolve},
      {{"config", "print"},
       "print the merged config, each value with its place",
       RunConfigPrint},
  };
}

}  // namespace fts::cli
