// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include <string>

#include "fts/cli/device_free.h"
#include "fts/cli/options.h"
#include "fts/core/config/paths.h"
#include "fts/core/config/yaml.h"
#include "fts/core/match/model_description.h"
#include "fts/core/plan/plan_json.h"
#include "fts/core/plan/resolve_plan.h"

namespace fts::cli {
namespace {

void PrintPlan(const Plan& plan, std::ostream& out) {
  for (const UnitSpec& unit : plan.units) {
    out << "unit " << (unit.module.empty() ? "(root)" : unit.module);
    size_t parameters = 0;
    int64_t elements = 0;
    for (const SegmentSpec& segment : unit.segments) {
      parameters += segment.parameters.size();
      elements += segment.numel;
    }
    out << ": " << parameters << " parameters, " << elements << " elements, "
        << unit.options.written.Show() << "\n";
  }
  for (const SkippedModule& skipped : plan.skipped) {
    out << "skipped " << skipped.module << ": " << skipped.reason;
    if (!skipped.by.empty()) out << " (by " << skipped.by << ")";
    out << "\n";
  }
  size_t unplanned = 0;
  for (const SegmentSpec& segment : plan.remainder.segments) {
    unplanned += segment.parameters.size();
  }
  out << "remainder: " << unplanned << " parameters\n";
  for (const Diagnostic& note : plan.notes) {
    out << "note: " << note.message << "\n";
  }
}

}  // namespace

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
    PrintPlan(*plan, io.out);
  }
  return kOk;
}

}  // namespace fts::cli
