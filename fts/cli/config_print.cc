// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include <string>

#include "fts/cli/device_free.h"
#include "fts/core/base/codes.h"
#include "fts/core/config/config_args.h"
#include "fts/core/config/load_config.h"
#include "fts/core/config/overrides.h"
#include "fts/core/config/run_config.h"
#include "fts/core/config/yaml.h"

namespace fts::cli {
namespace {

constexpr char kHelp[] =
    "Prints the merged run config, each value with the place it came from.\n"
    "Usage: fts config print --config FILE [--config FILE ...] "
    "[key.path=value ...]\n\n"
    "Options:\n"
    "  --config FILE        a config file; later ones win\n"
    "  key.path=value       an override; also --key.path value, "
    "key.path+=value\n"
    "  --help               this text\n";

// A config that is only part of a run, or asks for what a later version does,
// can still be printed; `fit` is what refuses those.
bool StopsPrinting(const Diagnostic& diagnostic) {
  return diagnostic.code != codes::kMissingKey &&
         diagnostic.code != codes::kNotAvailable;
}

}  // namespace

int RunConfigPrint(const std::vector<std::string>& args, Streams io) {
  Diagnostics diags;
  const bool json = WantsJson(args);
  const ConfigArgs given = ReadConfigArgs(args, {"--json"}, &diags);
  if (given.flags.count("--help") > 0) {
    io.out << kHelp;
    return kOk;
  }
  if (json) {
    diags.Error(codes::kUsage,
                "config print has no --json; it prints YAML, leave --json out");
  }
  if (!diags.ok()) return Report(diags, json, io);
  const auto overrides = ParseOverrides(given.overrides, &diags);
  if (!overrides.ok()) return Report(diags, json, io);
  const auto merged = LoadConfig(given.files, *overrides, &diags);
  if (!merged.ok()) return Report(diags, json, io);

  Diagnostics checked;
  ReadRunConfig(*merged, &checked).status().IgnoreError();
  for (const Diagnostic& d : checked.all()) {
    if (StopsPrinting(d)) diags.Add(d);
  }
  if (Report(diags, json, io) != kOk) return kBadInput;
  EmitOptions emit;
  emit.places = true;
  emit.no_place = "command line";
  io.out << EmitYaml(*merged, emit);
  return kOk;
}

}  // namespace fts::cli
