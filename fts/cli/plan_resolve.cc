// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <string>

#include "absl/strings/numbers.h"
#include "fts/cli/device_free.h"
#include "fts/cli/options.h"
#include "fts/core/base/codes.h"
#include "fts/core/config/paths.h"
#include "fts/core/config/yaml.h"
#include "fts/core/match/model_description.h"
#include "fts/core/plan/plan_json.h"
#include "fts/core/plan/plan_text.h"
#include "fts/core/plan/resolve_plan.h"

namespace fts::cli {
int RunPlanResolve(const std::vector<std::string>& args, Streams io) {
  std::string model_path, plan_path;
  std::optional<std::string> tp_text;
  Options options("plan resolve",
                  "Resolves a sharding plan against a model: which modules "
                  "become units, with which options.",
                  args, io);
  options.Required("--model", &model_path, "FILE",
                   "model description (fts-model/1 JSON)");
  options.Required("--plan", &plan_path, "FILE",
                   "YAML with fsdp_plan and fsdp_default_kwargs, tp_plan and "
                   "loss_parallel");
  options.Optional("--tp", &tp_text, "N",
                   "ranks along the mesh's tp dimension, for tp_plan "
                   "(default 1)");
  if (const auto exit = options.Parse()) return *exit;

  Diagnostics diags;
  PlanOptions plan_options;
  if (tp_text && (!absl::SimpleAtoi(*tp_text, &plan_options.tp) ||
                  plan_options.tp < 1 || plan_options.tp > 1'000'000)) {
    diags.Error(codes::kUsage, "--tp is '" + *tp_text +
                                   "'; it must be a number of ranks, from 1 "
                                   "to 1000000");
    return Report(diags, options.json(), io);
  }
  const auto model = ReadModelDescription(UserPath(model_path), &diags);
  const auto written = ReadYamlFile(UserPath(plan_path), &diags);
  if (!diags.ok()) return Report(diags, options.json(), io);
  const auto plan = ResolvePlan(*written, *model, plan_options, &diags);
  const int exit = Report(diags, options.json(), io);
  if (exit != kOk || !plan.ok()) return kBadInput;
  if (options.json()) {
    io.out << PlanToJson(*plan, diags) << "\n";
  } else {
    io.out << PlanToText(*plan);
  }
  return kOk;
}

}  // namespace fts::cli
