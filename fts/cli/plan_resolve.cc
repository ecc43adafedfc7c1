// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include <string>

#include "fts/cli/device_free.h"
#include "fts/cli/options.h"
#include "fts/core/config/paths.h"
#include "fts/core/config/yaml.h"
#include "fts/core/match/model_description.h"
#include "fts/core/plan/plan_json.h"
#include "fts/core/plan/plan_text.h"
#include "fts/core/plan/resolve_plan.h"

namespace fts::cli {
int RunPlanResolve(const std::vector<std::string>& args, Streams io) {
  std::string model_path, plan_path;
  Options options("plan resolve",
                  "Resolves a sharding plan against a model: which modules "
                  "become units, with which options.",
                  args, io);
  options.Required("--model", &model_path, "FILE",
                   "model description (fts-model/1 JSON)");
  options.Required("--plan", &plan_path, "FILE",
                   "YAML with fsdp_plan and fsdp_default_kwargs");
  if (const auto exit = options.Parse()) return *exit;

  Diagnostics diags;
  const auto model = ReadModelDescription(UserPath(model_path), &diags);
  const auto written = ReadYamlFile(UserPath(plan_path), &diags);
  if (!diags.ok()) return Report(diags, options.json(), io);
  const auto plan = ResolvePlan(*written, *model, PlanOptions(), &diags);
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
