// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// `fts schedule lint`: warnings about a schedule, then the run told beforehand.
// Of a run config everything counts; of a model and a schedule only what the
// options say.
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fts/cli/device_free.h"
#include "fts/cli/options.h"
#include "fts/cli/schedule_flags.h"
#include "fts/core/base/codes.h"
#include "fts/core/base/diagnostics_json.h"
#include "fts/core/base/did_you_mean.h"
#include "fts/core/config/config_args.h"
#include "fts/core/config/paths.h"
#include "fts/core/config/run_config.h"
#include "fts/core/mesh/device_mesh.h"
#include "fts/core/mesh/resolve_mesh.h"
#include "fts/core/plan/check_mesh.h"
#include "fts/core/plan/optimizer_moments.h"
#include "fts/core/plan/resolve_plan.h"
#include "fts/core/plan/timeline.h"
#include "fts/core/plan/timeline_text.h"
#include "fts/core/schedule/lint.h"
#include "fts/core/scheduler/scheduler_config.h"
#include "fts/train/explain_run.h"
#include "fts/train/resolve_run.h"

namespace fts::cli {
namespace {

constexpr char kConfigHelp[] =
    "Lints the schedule of a run config and tells the run beforehand.\n"
    "Usage: fts schedule lint --config FILE [--config FILE ...] "
    "[key.path=value ...]\n\n"
    "Options:\n"
    "  --config FILE        a config file; later ones win\n"
    "  key.path=value       an override; also --key.path value, "
    "key.path+=value\n"
    "  --model FILE         model description (fts-model/1 JSON), in place of "
    "the config's model\n"
    "  --world-size N       ranks, in place of the config's\n"
    "  --strict             warnings are errors\n"
    "  --json               print one JSON object on standard output\n"
    "  --help               this text\n\n"
    "Without --config: fts schedule lint --model FILE --schedule FILE; its "
    "--help lists more.\n";

// Takes "NAME VALUE" and "NAME=VALUE" out of `args`; the last one counts.
std::optional<std::string> TakeOption(const std::string& name,
                                      std::vector<std::string>* args,
                                      Diagnostics* diags) {
  std::optional<std::string> out;
  for (size_t i = 0; i < args->size();) {
    const std::string& arg = (*args)[i];
    size_t taken = 0;
    if (arg.rfind(name + "=", 0) == 0) {
      out = arg.substr(name.size() + 1);
      taken = 1;
    } else if (arg == name) {
      if (i + 1 == args->size()) {
        diags->Error(codes::kUsage, name + " needs a value");
        taken = 1;
      } else {
        out = (*args)[i + 1];
        taken = 2;
      }
    }
    args->erase(args->begin() + i, args->begin() + i + taken);
    if (taken == 0) ++i;
  }
  return out;
}

// The value of --world-size or --tp.
std::optional<int64_t> RankCount(const char* option,
                                 const std::optional<std::string>& text,
                                 Diagnostics* diags) {
  if (!text) return std::nullopt;
  const auto value = YamlNode::Plain(*text);
  constexpr int64_t kMost = 1'000'000;
  if (value && value->is_int() && value->as_int() >= 1 &&
      value->as_int() <= kMost) {
    return value->as_int();
  }
  diags->Error(codes::kOutOfRange, std::string(option) + " is '" + *text +
                                       "'; it must be a number of ranks, from "
                                       "1 to 1000000");
  return std::nullopt;
}

// The warnings, then the timeline. With `strict` a warning is an error.
int Print(const Diagnostics& found, const Timeline& timeline, bool strict,
          bool json, Streams io) {
  if (strict && !found.all().empty()) {
    Diagnostics errors;
    for (Diagnostic diagnostic : found.all()) {
      diagnostic.severity = Severity::kError;
      errors.Add(std::move(diagnostic));
    }
    return Report(errors, json, io);
  }
  if (json) {
    Report(found, json, io);
    Json out;
    out["warnings"] = DiagnosticsToJson(found.warnings());
    out["timeline"] = TimelineToJson(timeline);
    io.out << DumpJson(out) << "\n";
    return kOk;
  }
  io.out << found.ToString() << (found.all().empty() ? "" : "\n")
         << TimelineToText(timeline);
  return kOk;
}

int LintConfig(std::vector<std::string> args, const ModelDescriber& describe,
               Streams io) {
  Diagnostics diags;
  const bool json = WantsJson(args);
  const auto model_path = TakeOption("--model", &args, &diags);
  const auto asked_world = RankCount(
      "--world-size", TakeOption("--world-size", &args, &diags), &diags);
  const ConfigArgs given = ReadConfigArgs(args, {"--json", "--strict"}, &diags);
  if (given.flags.count("--help") > 0) {
    io.out << kConfigHelp;
    return kOk;
  }
  if (!diags.ok()) return Report(diags, json, io);
  const auto config = LoadRunConfig(given.files, given.overrides, &diags);
  if (!config.ok()) return Report(diags, json, io);

  MeshRequest request;
  request.dp_replicate = config->mesh.dp_replicate;
  request.dp_shard = config->mesh.dp_shard;
  request.tp = config->mesh.tp;
  request.where = config->Where("mesh");
  RankSources ranks;
  ranks.world_size = asked_world;
  ranks.cpu_ranks = config->trainer.cpu_ranks;
  const auto mesh = ResolveMesh(request, ranks, &diags);

  absl::StatusOr<ModelDescription> model = absl::NotFoundError("no model");
  if (model_path) {
    model = ReadModelDescription(UserPath(*model_path), &diags);
  } else if (describe != nullptr) {
    model = describe(*config, &diags);
  } else {
    diags.Error(codes::kUsage,
                "this program cannot build the config's model; add --model "
                "FILE, or use `fts schedule lint`");
  }
  if (!model.ok() || !mesh.ok()) {
    if (diags.ok()) {
      diags.Error(codes::kBadValue, "the model cannot be described: " +
                                        std::string(model.status().message()));
    }
    return Report(diags, json, io);
  }
  const train::ResolvedRun run =
      train::ResolveRun(*config, *model, mesh->DimSize(kTp), &diags);
  if (run.schedule && run.scheduler && run.plan) {  // as fit does
    CheckPlanFitsMesh(*run.plan, *model, *mesh, &diags).IgnoreError();
  }
  if (!diags.ok()) return Report(diags, json, io);
  train::RunFacts facts;
  facts.world_size = mesh->size() / mesh->DimSize(kTp);
  facts.replicas = mesh->DimSize(kDpReplicate);
  const Timeline timeline =
      train::ExplainRun(*config, *model, run.schedule_as_run, *run.schedule,
                        *run.plan, facts, &diags);
  return Print(diags, timeline, given.flags.count("--strict") > 0, json, io);
}

// The options beside those of resolution.
struct Around {
  bool strict = false;
  std::optional<std::string> plan, precision, optimizer, world_size, tp;
};

void ReadAround(const Around& around, const Schedule& schedule,
                TimelineOptions* out, int64_t* tp_size, Diagnostics* diags) {
  const int64_t tp = RankCount("--tp", around.tp, diags).value_or(1);
  const int64_t world =
      RankCount("--world-size", around.world_size, diags).value_or(tp);
  if (world % tp != 0) {
    diags->Error(codes::kUsage, "--world-size is " + std::to_string(world) +
                                    ", which --tp " + std::to_string(tp) +
                                    " does not divide; give a multiple");
  }
  *tp_size = tp;
  out->memory.world_size = std::max<int64_t>(world / tp, 1);
  out->precision = around.precision.value_or("32-true");
  if (out->precision == "bf16-mixed") {
    out->memory.param = "bfloat16";
  } else if (out->precision == "bf16-true") {
    out->memory.param = out->memory.master = "bfloat16";
  } else if (out->precision != "32-true") {
    diags->Error(
        codes::kUsage,
        "--precision is '" + out->precision +
            "'; it must be 32-true, bf16-mixed or bf16-true" +
            DidYouMean(out->precision, {"32-true", "bf16-mixed", "bf16-true"}));
  }
  out->optimizer = around.optimizer.value_or("adamw");
  if (!OptimizerMoments(out->optimizer, YamlNode())) {
    diags->Error(codes::kUsage,
                 "--optimizer is '" + out->optimizer +
                     "'; it must be adamw, adam, sgd, adagrad or rmsprop" +
                     DidYouMean(out->optimizer, {"adamw", "adam", "sgd",
                                                 "adagrad", "rmsprop"}));
  }
  const auto moments = MomentsByPhase(schedule, out->optimizer, YamlNode());
  out->moments_unknown = !moments.has_value();
  if (moments) out->memory.moments = *moments;
}

// Nothing but warnings: of the keys that the run's rules pass over.
void CheckRules(const Schedule& schedule, const ResolveOptions& resolve,
                Diagnostics* diags) {
  SchedulerOptions options;
  options.epoch_transitions_only = resolve.epoch_transitions_only;
  options.max_epochs = resolve.max_epochs;
  options.max_steps = std::numeric_limits<int64_t>::max();
  MakeSchedulerConfig(schedule, options, diags).status().IgnoreError();
}

int LintFiles(const std::vector<std::string>& args, Streams io) {
  ScheduleFlags flags;
  Around around;
  Options options(
      "schedule lint",
      "Warns of a valid schedule that may not mean what was meant, then tells "
      "the run beforehand: phases, rates, ends, bytes per rank. With --config "
      "FILE it takes all of that from a run config; `fts schedule lint "
      "--config "
      "FILE --help` says more.",
      args, io);
  flags.AddTo(&options);
  options.Optional("--plan", &around.plan, "FILE",
                   "YAML with fsdp_plan, fsdp_default_kwargs and tp_plan");
  options.Optional("--world-size", &around.world_size, "N",
                   "ranks (default: --tp)");
  options.Optional("--tp", &around.tp, "N",
                   "of them, those that share layers by tp_plan (default 1)");
  options.Optional("--precision", &around.precision, "P",
                   "32-true (default), bf16-mixed or bf16-true");
  options.Optional("--optimizer", &around.optimizer, "NAME",
                   "adamw (default), adam, sgd, adagrad or rmsprop");
  options.Flag("--strict", &around.strict, "warnings are errors");
  if (const auto exit = options.Parse()) return *exit;

  Diagnostics diags;
  const bool json = options.json();
  YamlNode strategy;
  if (around.plan) {
    auto read = ReadYamlFile(UserPath(*around.plan), &diags);
    if (read.ok()) strategy = *std::move(read);
  }
  const auto read = flags.ReadAll(&diags);
  if (!read || !diags.ok()) return Report(diags, json, io);
  const auto schedule =
      ResolveSchedule(read->written, read->model, read->resolve, &diags);
  if (!schedule.ok()) return Report(diags, json, io);
  TimelineOptions told;
  PlanOptions plan_options;
  ReadAround(around, *schedule, &told, &plan_options.tp, &diags);
  CheckRules(*schedule, read->resolve, &diags);
  plan_options.schedule = &*schedule;
  const auto plan = ResolvePlan(strategy, read->model, plan_options, &diags);
  if (plan.ok() && around.world_size && diags.ok()) {
    const auto mesh = DeviceMesh::Create({{kDpShard, told.memory.world_size}});
    CheckPlanFitsMesh(*plan, read->model, *mesh, &diags).IgnoreError();
  }
  if (!plan.ok() || !diags.ok()) return Report(diags, json, io);
  LintContext context;
  context.match = read->resolve.match;
  context.epoch_transitions_only = read->resolve.epoch_transitions_only;
  context.reach.early_stopping = !context.epoch_transitions_only;
  context.max_epochs = read->resolve.max_epochs;
  LintSchedule(read->written, *schedule, read->model, context, &diags);
  told.reach = context.reach;
  told.max_epochs = context.max_epochs;
  return Print(diags, MakeTimeline(*schedule, read->model, *plan, told),
               around.strict, json, io);
}

bool NamesConfig(const std::vector<std::string>& args) {
  for (const std::string& arg : args) {
    if (arg == "--config" || arg == "-c" || arg.rfind("--config=", 0) == 0) {
      return true;
    }
  }
  return false;
}

}  // namespace

int RunScheduleLint(const std::vector<std::string>& args,
                    const ModelDescriber& describe, Streams io) {
  return NamesConfig(args) ? LintConfig(args, describe, io)
                           : LintFiles(args, io);
}

}  // namespace fts::cli
