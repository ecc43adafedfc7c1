// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "fts/cli/device_free.h"
#include "fts/cli/options.h"
#include "fts/cli/schedule_text.h"
#include "fts/core/base/codes.h"
#include "fts/core/config/paths.h"
#include "fts/core/config/yaml.h"
#include "fts/core/match/model_description.h"
#include "fts/core/schedule/generate.h"
#include "fts/core/schedule/resolve.h"
#include "fts/core/schedule/schedule_json.h"

namespace fts::cli {
namespace {

struct Numbers {
  std::optional<int64_t> max_depth, max_epochs;
  std::optional<std::string> base_max_lr;
};

void ReadNumbers(const Numbers& numbers, ResolveOptions* options,
                 Diagnostics* diags) {
  const auto low = [&](const char* name, int64_t value, int64_t min) {
    if (value >= min) return false;
    diags->Error(codes::kOutOfRange,
                 std::string(name) + " is " + std::to_string(value) +
                     "; it must be at least " + std::to_string(min));
    return true;
  };
  if (numbers.max_depth && !low("--max-depth", *numbers.max_depth, -1)) {
    // Deeper than any schedule means all of it.
    options->max_depth =
        static_cast<int>(std::min<int64_t>(*numbers.max_depth, 1'000'000'000));
  }
  if (numbers.max_epochs && !low("--max-epochs", *numbers.max_epochs, 1)) {
    options->max_epochs = *numbers.max_epochs;
  }
  if (!numbers.base_max_lr) return;
  if (*numbers.base_max_lr == "none") {
    options->base_max_lr.reset();
    return;
  }
  const auto lr = YamlNode::String(*numbers.base_max_lr).ToNumber();
  if (!lr || !std::isfinite(*lr) || *lr < 0) {
    diags->Error(codes::kOutOfRange,
                 "--base-max-lr is '" + *numbers.base_max_lr +
                     "'; it must be a number of at least 0, or none");
    return;
  }
  options->base_max_lr = *lr;
}

}  // namespace

int RunScheduleResolve(const std::vector<std::string>& args, Streams io) {
  std::string model_path, schedule_path;
  Numbers numbers;
  ResolveOptions resolve;
  bool full_match = false;
  Options options("schedule resolve",
                  "Resolves a fine-tuning schedule against a model: which "
                  "parameters thaw in which phase.",
                  args, io);
  options.Required("--model", &model_path, "FILE",
                   "model description (fts-model/1 JSON)");
  options.Required("--schedule", &schedule_path, "FILE",
                   "schedule (YAML), or implicit");
  options.Flag("--epoch-transitions-only", &resolve.epoch_transitions_only,
               "phases end by max_transition_epoch alone");
  options.Optional("--max-depth", &numbers.max_depth, "N",
                   "last phase to run (default -1: all)");
  options.Optional("--base-max-lr", &numbers.base_max_lr, "X",
                   "lr of later phases that set none (default 1e-5), or none");
  options.Optional("--max-epochs", &numbers.max_epochs, "N",
                   "the trainer's max_epochs");
  options.Flag("--full-match", &full_match,
               "patterns must match whole names, not only their beginning");
  if (const auto exit = options.Parse()) return *exit;
  if (full_match) resolve.match = ResolveOptions::MatchRule::kFull;

  Diagnostics diags;
  ReadNumbers(numbers, &resolve, &diags);
  const auto model = ReadModelDescription(UserPath(model_path), &diags);
  if (schedule_path == "implicit") {
    if (!diags.ok()) return Report(diags, options.json(), io);
    const auto schedule = ResolveSchedule(GenerateImplicitSchedule(*model),
                                          *model, resolve, &diags);
    return PrintSchedule(schedule, diags, options.json(), io);
  }
  const auto written = ReadYamlFile(UserPath(schedule_path), &diags);
  if (!diags.ok()) return Report(diags, options.json(), io);
  const auto schedule = ResolveSchedule(*written, *model, resolve, &diags);
  return PrintSchedule(schedule, diags, options.json(), io);
}

}  // namespace fts::cli
