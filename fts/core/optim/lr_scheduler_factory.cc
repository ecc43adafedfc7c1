// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/lr_scheduler_factory.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "fts/core/base/codes.h"
#include "fts/core/optim/class_node.h"
#include "fts/core/optim/codes.h"
#include "fts/core/optim/composite_lr.h"
#include "fts/core/optim/expression.h"
#include "fts/core/optim/keyword_reader.h"
#include "fts/core/optim/lambda_lr.h"
#include "fts/core/optim/lr_schedulers.h"
#include "fts/core/optim/reduce_on_plateau.h"

namespace fts::optim {
namespace {

const std::vector<ClassNames>& Schedulers() {
  static const auto* const names = new std::vector<ClassNames>{
      {"lambda_lr", "LambdaLR"},
      {"multiplicative_lr", "MultiplicativeLR"},
      {"step_lr", "StepLR"},
      {"multi_step_lr", "MultiStepLR"},
      {"exponential_lr", "ExponentialLR"},
      {"constant_lr", "ConstantLR"},
      {"linear_lr", "LinearLR"},
      {"polynomial_lr", "PolynomialLR"},
      {"cosine_annealing_lr", "CosineAnnealingLR"},
      {"cosine_annealing_warm_restarts", "CosineAnnealingWarmRestarts"},
      {"reduce_lr_on_plateau", "ReduceLROnPlateau"},
      {"sequential_lr", "SequentialLR"},
      {"chained_scheduler", "ChainedScheduler"}};
  return *names;
}

// PyTorch's others: known, but not here.
const std::vector<std::string>& OtherSchedulers() {
  static const auto* const names =
      new std::vector<std::string>{"OneCycleLR", "CyclicLR", "SWALR"};
  return *names;
}

// The place of a character of a scalar on one line, else the scalar's.
SourceLocation PlaceIn(const YamlNode& node, size_t offset) {
  SourceLocation place = node.where();
  if (place.column > 0 && node.text().find('\n') == std::string::npos) {
    place.column += static_cast<int>(offset) + (node.quoted() ? 1 : 0);
  }
  return place;
}

// lr_lambda: one expression or a list of them.
std::vector<Expression> ReadLambdas(KeywordReader* args) {
  args->Require("lr_lambda");
  const YamlNode* node = args->Find("lr_lambda");
  std::vector<Expression> lambdas;
  if (node == nullptr) return lambdas;
  const std::vector<YamlNode> items =
      node->is_sequence() ? node->items() : std::vector<YamlNode>{*node};
  for (const YamlNode& item : items) {
    if (!item.is_string() && !item.is_int() && !item.is_float()) {
      args->Problem(codes::kBadType,
                    "'lr_lambda' is " + DescribeYaml(item) +
                        "; it must be an expression of epoch in quotes, such "
                        "as \"0.95 ** epoch\", or a list of such",
                    item.where());
      continue;
    }
    size_t offset = 0;
    absl::StatusOr<Expression> lambda = Expression::Parse(item.text(), &offset);
    if (lambda.ok()) {
      lambdas.push_back(*std::move(lambda));
    } else {
      args->Problem(codes::kBadExpression,
                    "'lr_lambda' " + item.Show() + ", " +
                        std::string(lambda.status().message()),
                    PlaceIn(item, offset));
    }
  }
  if (items.empty()) {
    args->Problem(codes::kBadValue, "'lr_lambda' is an empty list",
                  node->where());
  }
  if (lambdas.size() != items.size()) lambdas.clear();
  return lambdas;
}

// `first_epoch`: where the first factor is taken; checked here.
template <typename Scheduler>
std::unique_ptr<LrScheduler> MakeLambda(int64_t first_epoch,
                                        KeywordReader* args,
                                        Diagnostics* diags) {
  std::vector<Expression> lambdas = ReadLambdas(args);
  if (lambdas.empty()) return nullptr;
  const size_t count = lambdas.size();
  auto scheduler = std::make_unique<Scheduler>(std::move(lambdas));
  for (size_t i = 0; i < count; ++i) {
    const absl::Status first = scheduler->Factor(i, first_epoch).status();
    const YamlNode& node = *args->Find("lr_lambda");
    if (!first.ok()) {
      diags->Error(codes::kBadExpression, std::string(first.message()),
                   node.is_sequence() ? node.items()[i].where() : node.where());
    }
  }
  return scheduler;
}

// SequentialLR's and ChainedScheduler's `schedulers`.
CompositeLr::Parts ReadParts(const std::string& name, KeywordReader* args,
                             Diagnostics* diags) {
  args->Require("schedulers");
  CompositeLr::Parts parts;
  const YamlNode* node = args->Find("schedulers");
  if (node == nullptr) return parts;
  if (!node->is_sequence() || node->items().empty()) {
    args->Problem(codes::kBadType,
                  "'schedulers' is " + DescribeYaml(*node) +
                      "; it must be a list of {class_path, init_args}",
                  node->where());
    return parts;
  }
  for (size_t i = 0; i < node->items().size(); ++i) {
    const YamlNode& item = node->items()[i];
    const std::string what = "schedulers[" + std::to_string(i) + "]";
    ClassNode part;
    if (!ReadClassNode(item, name + ": " + what, &part, diags)) continue;
    auto made = MakeLrScheduler(part.name, part.args, diags);
    if (!made.ok()) continue;
    const std::string why =
        CompositeLr::WhyNot(**made, name == "SequentialLR" && i > 0);
    if (!why.empty()) {
      args->Problem(codes::kBadComposition,
                    what + " cannot be " + (*made)->name() + ": " + why,
                    part.args.where());
    }
    parts.push_back(*std::move(made));
  }
  return parts;
}

std::unique_ptr<LrScheduler> ReadSequential(KeywordReader* args,
                                            Diagnostics* diags) {
  CompositeLr::Parts parts = ReadParts("SequentialLR", args, diags);
  args->Require("milestones");
  const std::vector<int64_t> milestones = args->Ints("milestones", 0);
  const YamlNode* node = args->Find("milestones");
  const YamlNode* schedulers = args->Find("schedulers");
  if (node != nullptr && node->is_sequence() && schedulers != nullptr &&
      schedulers->is_sequence() &&
      node->items().size() + 1 != schedulers->items().size()) {
    args->Problem(codes::kBadComposition,
                  "'milestones' lists " + std::to_string(node->items().size()) +
                      " steps for " +
                      std::to_string(schedulers->items().size()) +
                      " schedulers; it must list one fewer than schedulers",
                  node->where());
  } else if (!std::is_sorted(milestones.begin(), milestones.end())) {
    args->Problem(
        codes::kBadComposition,
        "'milestones' is " + DescribeYaml(*node) + "; its steps must ascend",
        node->where());
  }
  return std::make_unique<SequentialLr>(std::move(parts), milestones);
}

std::unique_ptr<LrScheduler> ReadScheduler(const std::string& name,
                                           KeywordReader* args,
                                           Diagnostics* diags) {
  if (name == "LambdaLR") return MakeLambda<LambdaLr>(0, args, diags);
  if (name == "MultiplicativeLR") {
    return MakeLambda<MultiplicativeLr>(1, args, diags);
  }
  if (name == "SequentialLR") return ReadSequential(args, diags);
  if (name == "ChainedScheduler") {
    return std::make_unique<ChainedLr>(
        ReadParts("ChainedScheduler", args, diags));
  }
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
  std::unique_ptr<LrScheduler> scheduler =
      ReadScheduler(class_name, &reader, diags);
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
