// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <string>

#include "fts/cli/device_free.h"
#include "fts/cli/options.h"
#include "fts/cli/schedule_text.h"
#include "fts/core/base/codes.h"
#include "fts/core/base/did_you_mean.h"
#include "fts/core/config/paths.h"
#include "fts/core/match/model_description.h"
#include "fts/core/schedule/generate.h"
#include "fts/core/schedule/resolve.h"
#include "fts/core/schedule/schedule_json.h"

namespace fts::cli {

int RunScheduleGenerate(const std::vector<std::string>& args, Streams io) {
  std::string model_path;
  std::optional<std::string> by;
  std::optional<int64_t> phases;
  Options options("schedule generate",
                  "Makes a fine-tuning schedule for a model: FTS's implicit "
                  "one (pairs of parameters, last first), or one that follows "
                  "the model's blocks or layers.",
                  args, io);
  options.Required("--model", &model_path, "FILE",
                   "model description (fts-model/1 JSON)");
  options.Optional("--by", &by, "pairs|blocks|depth",
                   "how to cut: pairs (default); blocks in N phases; depth, a "
                   "phase per layer");
  options.Optional("--phases", &phases, "N",
                   "number of phases, with --by blocks");
  if (const auto exit = options.Parse()) return *exit;

  Diagnostics diags;
  const std::string how = by.value_or("pairs");
  if (how != "pairs" && how != "blocks" && how != "depth") {
    diags.Error(codes::kUsage,
                "--by is '" + how + "'; it must be pairs, blocks or depth" +
                    DidYouMean(how, {"pairs", "blocks", "depth"}));
  } else if (how == "blocks" && !phases) {
    diags.Error(codes::kUsage, "--by blocks needs --phases N");
  } else if (how != "blocks" && phases) {
    diags.Error(codes::kUsage,
                "--phases goes with --by blocks; leave it out, or add "
                "--by blocks");
  } else if (phases && (*phases < 1 || *phases > 1'000'000)) {
    diags.Error(codes::kOutOfRange,
                "--phases is " + std::to_string(*phases) +
                    "; it must be at least 1 and no more than the model has "
                    "blocks");
  }
  const auto model = ReadModelDescription(UserPath(model_path), &diags);
  if (!diags.ok()) return Report(diags, options.json(), io);

  YamlNode written;
  if (how == "pairs") {
    written = GenerateImplicitSchedule(*model);
  } else if (how == "depth") {
    written = GenerateDepthSchedule(*model);
  } else {
    auto made =
        GenerateBlockSchedule(*model, static_cast<int>(*phases), &diags);
    if (!made.ok()) return Report(diags, options.json(), io);
    written = *std::move(made);
  }
  if (options.json()) {
    // The same shape as `schedule resolve`; an empty model has no phases.
    if (written.entries().empty()) {
      Report(diags, true, io);
      io.out << ScheduleToJson(Schedule(), diags) << "\n";
      return kOk;
    }
    const auto schedule =
        ResolveSchedule(written, *model, ResolveOptions(), &diags);
    return PrintSchedule(schedule, diags, true, io);
  }
  const int exit = Report(diags, false, io);
  std::string command = "fts schedule generate";
  if (by) command += " --by " + how;
  if (phases) command += " --phases " + std::to_string(*phases);
  io.out << AnnotateSchedule(written, *model, command);
  return exit;
}

}  // namespace fts::cli
