// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/factory.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "fts/core/base/codes.h"
#include "fts/core/base/did_you_mean.h"
#include "fts/core/optim/adam.h"
#include "fts/core/optim/codes.h"
#include "fts/core/optim/keyword_reader.h"
#include "fts/core/optim/lr_schedulers.h"
#include "fts/core/optim/reduce_on_plateau.h"
#include "fts/core/optim/sgd.h"

namespace fts::optim {
namespace {

// The last part of a class path under torch.optim; any other name as it is.
std::string ClassOf(const std::string& name) {
  if (name.rfind("torch.optim.", 0) != 0) return name;
  return name.substr(name.rfind('.') + 1);
}

// The keywords every torch optimizer has besides its own.
void ReadCommon(KeywordReader* args) {
  args->Ignore("foreach");
  args->Ignore("fused");
  args->OnlyOff("maximize");
  args->OnlyOff("capturable");
  args->OnlyOff("differentiable");
}

AdamOptions ReadAdam(KeywordReader* args) {
  AdamOptions options;
  const YamlNode* written = args->Find("betas");
  const std::vector<double> betas =
      args->Numbers("betas", {options.beta1, options.beta2}, kFraction);
  if (betas.size() == 2) {
    options.beta1 = betas[0];
    options.beta2 = betas[1];
  } else {
    args->Problem(codes::kBadValue,
                  "'betas' is " + DescribeYaml(*written) +
                      "; it must be a list of two numbers",
                  written->where());
  }
  options.eps = args->Number("eps", options.eps, kNotNegative);
  args->OnlyOff("amsgrad");
  return options;
}

SgdOptions ReadSgd(KeywordReader* args) {
  SgdOptions options;
  options.momentum = args->Number("momentum", 0, kNotNegative);
  options.dampening = args->Number("dampening", 0, kAnyNumber);
  options.nesterov = args->Bool("nesterov", false);
  if (options.nesterov && (options.momentum == 0 || options.dampening != 0)) {
    args->Problem(codes::kBadValue,
                  "'nesterov' needs a momentum above 0 and no dampening",
                  args->Find("nesterov")->where());
  }
  return options;
}

struct Named {
  const char* short_name;
  const char* class_name;
};

constexpr Named kOptimizers[] = {
    {"adamw", "AdamW"}, {"adam", "Adam"}, {"sgd", "SGD"}};
// PyTorch's others: known, but not here yet.
constexpr const char* kOtherOptimizers[] = {
    "Adadelta", "Adafactor", "Adagrad", "Adamax",  "ASGD",       "LBFGS",
    "Muon",     "NAdam",     "RAdam",   "RMSprop", "SparseAdam", "Rprop"};

constexpr Named kSchedulers[] = {
    {"step_lr", "StepLR"},
    {"multi_step_lr", "MultiStepLR"},
    {"exponential_lr", "ExponentialLR"},
    {"constant_lr", "ConstantLR"},
    {"linear_lr", "LinearLR"},
    {"cosine_annealing_lr", "CosineAnnealingLR"},
    {"cosine_annealing_warm_restarts", "CosineAnnealingWarmRestarts"},
    {"reduce_lr_on_plateau", "ReduceLROnPlateau"}};
constexpr const char* kOtherSchedulers[] = {
    "LambdaLR", "MultiplicativeLR", "PolynomialLR",    "OneCycleLR",
    "CyclicLR", "SequentialLR",     "ChainedScheduler"};

// The class name that `name` stands for, or "" with the problem recorded.
template <size_t N, size_t M>
std::string Resolve(const char* what, const char* code, const std::string& name,
                    const Named (&known)[N], const char* const (&others)[M],
                    const SourceLocation& where, Diagnostics* diags) {
  const std::string wanted = ClassOf(name);
  std::vector<std::string> spellings;
  for (const Named& entry : known) {
    if (wanted == entry.short_name || wanted == entry.class_name) {
      return entry.class_name;
    }
    // Suggest in the spelling that was used.
    const bool path = wanted != name;
    spellings.push_back(path ? name.substr(0, name.rfind('.') + 1) +
                                   entry.class_name
                             : entry.short_name);
    if (!path) spellings.push_back(entry.class_name);
  }
  if (std::find(std::begin(others), std::end(others), wanted) !=
      std::end(others)) {
    diags->Error(
        codes::kNotAvailable,
        std::string(what) + " '" + name + "' is not available in this version",
        where);
  } else {
    diags->Error(code,
                 "unknown " + std::string(what) + " '" + name + "'" +
                     DidYouMean(name, spellings),
                 where);
  }
  return "";
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

absl::StatusOr<OptimizerConfig> MakeOptimizer(const std::string& name,
                                              const YamlNode& args,
                                              Diagnostics* diags) {
  const int errors_before = diags->num_errors();
  const std::string class_name =
      Resolve("optimizer", codes::kUnknownOptimizer, name, kOptimizers,
              kOtherOptimizers, args.where(), diags);
  if (class_name.empty()) return diags->status();

  KeywordReader reader(class_name, args, diags);
  OptimizerConfig config;
  config.lr = reader.Number("lr", 1e-3, kNotNegative);
  config.weight_decay = reader.Number(
      "weight_decay", class_name == "AdamW" ? 1e-2 : 0.0, kNotNegative);
  if (class_name == "SGD") {
    config.optimizer = std::make_unique<FlatSgd>(ReadSgd(&reader));
  } else if (class_name == "Adam") {
    config.optimizer = std::make_unique<FlatAdam>(ReadAdam(&reader));
    reader.OnlyOff("decoupled_weight_decay");
  } else {
    config.optimizer = std::make_unique<FlatAdamW>(ReadAdam(&reader));
  }
  ReadCommon(&reader);
  reader.Finish();
  if (diags->num_errors() > errors_before) return diags->status();
  return config;
}

absl::StatusOr<std::unique_ptr<LrScheduler>> MakeLrScheduler(
    const std::string& name, const YamlNode& args, Diagnostics* diags) {
  const int errors_before = diags->num_errors();
  const std::string class_name =
      Resolve("lr_scheduler", codes::kUnknownLrScheduler, name, kSchedulers,
              kOtherSchedulers, args.where(), diags);
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
