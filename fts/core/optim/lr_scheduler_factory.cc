// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/lr_scheduler_factory.h"

#include <utility>
#include <vector>

#include "fts/core/base/codes.h"
#include "fts/core/optim/class_node.h"
#include "fts/core/optim/codes.h"
#include "fts/core/optim/keyword_reader.h"
#include "fts/core/optim/lr_schedulers.h"
#include "fts/core/optim/reduce_on_plateau.h"

namespace fts::optim {
namespace {

const std::vector<ClassNames>& Schedulers() {
  static const auto* const names = new std::vector<ClassNames>{
      {"step_lr", "StepLR"},
      {"multi_step_lr", "MultiStepLR"},
      {"exponential_lr", "ExponentialLR"},
      {"constant_lr", "ConstantLR"},
      {"linear_lr", "LinearLR"},
      {"polynomial_lr", "PolynomialLR"},
      {"cosine_annealing_lr", "CosineAnnealingLR"},
      {"cosine_annealing_warm_restarts", "CosineAnnealingWarmRestarts"},
      {"reduce_lr_on_plateau", "ReduceLROnPlateau"}};
  return *names;
}

// PyTorch's others: known, but not here.
const std::vector<std::string>& OtherSchedulers() {
  static const auto* const names = new std::vector<std::string>{
      "LambdaLR",   "MultiplicativeLR", "SequentialLR", "ChainedScheduler",
      "OneCycleLR", "CyclicLR",         "SWALR"};
  return *names;
}

std::unique_ptr<LrScheduler> ReadScheduler(const std::string& name,
                                           KeywordReader* args) {
  if (name == "StepLR") {
    args->Require("step_size");
    const int64_t size = args->Int("step_size", 1, 1);
    return std::make_unique<StepLr>(size,
                                    args->Number("gamma", 0.1, kNotNegative));
  }
  if (name == "MultiStepLR") {
    args->Require("milestones");
    const auto milestones = args->Ints("milestones", 0);
    return std::make_unique<MultiStepLr>(
        milestones, args->Number("gamma", 0.1, kNotNegative));
  }
  if (name == "ExponentialLR") {
    args->Require("gamma");
    return std::make_unique<ExponentialLr>(
        args->Number("gamma", 1, kNotNegative));
  }
  if (name == "ConstantLR") {
    const double factor = args->Number("factor", 1.0 / 3, kPositiveFraction);
    return std::make_unique<ConstantLr>(factor, args->Int("total_iters", 5, 0));
  }
  if (name == "LinearLR") {
    const double start =
        args->Number("start_factor", 1.0 / 3, kPositiveFraction);
    const double end = args->Number("end_factor", 1.0, kUnitInterval);
    return std::make_unique<LinearLr>(start, end,
                                      args->Int("total_iters", 5, 0));
  }
  if (name == "PolynomialLR") {
    const int64_t total = args->Int("total_iters", 5, 0);
    return std::make_unique<PolynomialLr>(
        total, args->Number("power", 1.0, kNotNegative));
  }
  if (name == "CosineAnnealingLR") {
    args->Require("T_max");
    const int64_t t_max = args->Int("T_max", 1, 1);
    return std::make_unique<CosineAnnealingLr>(
        t_max, args->Number("eta_min", 0, kAnyNumber));
  }
  if (name == "CosineAnnealingWarmRestarts") {
    args->Require("T_0");
    const int64_t t_0 = args->Int("T_0", 1, 1);
    const int64_t t_mult = args->Int("T_mult", 1, 1);
    return std::make_unique<CosineAnnealingWarmRestarts>(
        t_0, t_mult, args->Number("eta_min", 0, kAnyNumber));
  }
  ReduceOnPlateauOptions options;
  options.minimize = args->Choice("mode", {"min", "max"}, 0) == 0;
  options.factor = args->Number("factor", 0.1, kFraction);
  options.patience = args->Int("patience", 10, 0);
  options.threshold = args->Number("threshold", 1e-4, kAnyNumber);
  options.relative = args->Choice("threshold_mode", {"rel", "abs"}, 0) == 0;
  options.cooldown = args->Int("cooldown", 0, 0);
  options.min_lr = args->Numbers("min_lr", {0.0}, kNotNegative);
  options.eps = args->Number("eps", 1e-8, kNotNegative);
  return std::make_unique<ReduceOnPlateau>(std::move(options));
}

}  // namespace

absl::StatusOr<std::unique_ptr<LrScheduler>> MakeLrScheduler(
    const std::string& name, const YamlNode& args, Diagnostics* diags) {
  const int errors_before = diags->num_errors();
  const std::string class_name =
      ResolveClass("lr_scheduler", codes::kUnknownLrScheduler, name,
                   Schedulers(), OtherSchedulers(), args.where(), diags);
  if (class_name.empty()) return diags->status();

  KeywordReader reader(class_name, args, diags);
  std::unique_ptr<LrScheduler> scheduler = ReadScheduler(class_name, &reader);
  const YamlNode* last_epoch = reader.Find("last_epoch");
  if (last_epoch != nullptr &&
      !(last_epoch->is_int() && last_epoch->as_int() == -1)) {
    reader.Problem(codes::kNotAvailable,
                   "'last_epoch' other than -1 is not available: schedulers "
                   "resume from checkpoints; remove it",
                   last_epoch->where());
  }
  if (const YamlNode* optimizer = reader.Find("optimizer")) {
    diags->Warning(codes::kUnknownKey,
                   class_name +
                       ": 'optimizer' is ignored: a scheduler drives the run's "
                       "optimizer; remove it",
                   optimizer->where());
  }
  reader.Finish();
  if (diags->num_errors() > errors_before) return diags->status();
  return scheduler;
}

}  // namespace fts::optim
