// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/cli/fit.h"

#include <string>
#include <vector>

#include "fts/cli/llama_model.h"
#include "fts/core/base/codes.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/config_args.h"
#include "fts/train/fit.h"

namespace fts::cli {
namespace {

constexpr char kHelp[] =
    "Fine-tunes a model as the merged run config says.\n"
    "Usage: fts fit --config FILE [--config FILE ...] [key.path=value ...]\n\n"
    "Options:\n"
    "  --config FILE        a config file; later ones win\n"
    "  key.path=value       an override; also --key.path value, "
    "key.path+=value\n"
    "  --help               this text\n\n"
    "Exit code: 0 done, 1 the run failed, 2 bad input (nothing was started).\n";

int RunFitCommand(const std::vector<std::string>& args, Streams io) {
  Diagnostics diags;
  const ConfigArgs given = ReadConfigArgs(args, {"--json", "--resume"}, &diags);
  if (given.flags.count("--help") > 0) {
    io.out << kHelp;
    return kOk;
  }
  if (given.flags.count("--json") > 0) {
    diags.Error(codes::kUsage,
                "fit has no --json; its events are in metrics.jsonl, leave "
                "--json out");
  }
  if (given.flags.count("--resume") > 0) {
    diags.Error(codes::kNotAvailable,
                "--resume is not available in this version: runs write no "
                "checkpoints yet; leave it out");
  }
  if (!diags.ok()) return Report(diags, WantsJson(args), io);
  return train::RunFit(given, MakeLlamaModel);
}

}  // namespace

Command FitCommand() {
  return {{"fit"}, "fine-tune a model as a run config says", RunFitCommand};
}

}  // namespace fts::cli
