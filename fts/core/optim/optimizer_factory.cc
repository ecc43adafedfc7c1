// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/optimizer_factory.h"

#include <vector>

#include "fts/core/base/codes.h"
#include "fts/core/optim/adagrad.h"
#include "fts/core/optim/adam.h"
#include "fts/core/optim/class_node.h"
#include "fts/core/optim/codes.h"
#include "fts/core/optim/keyword_reader.h"
#include "fts/core/optim/rms_prop.h"
#include "fts/core/optim/sgd.h"

namespace fts::optim {
namespace {

const std::vector<ClassNames>& Optimizers() {
  static const auto* const names =
      new std::vector<ClassNames>{{"adamw", "AdamW"},
                                  {"adam", "Adam"},
                                  {"sgd", "SGD"},
                                  {"adagrad", "Adagrad"},
                                  {"rmsprop", "RMSprop"}};
  return *names;
}

// PyTorch's others: known, but not here yet.
const std::vector<std::string>& OtherOptimizers() {
  static const auto* const names = new std::vector<std::string>{
      "Adadelta", "Adafactor", "Adamax", "ASGD",       "LBFGS",
      "Muon",     "NAdam",     "RAdam",  "SparseAdam", "Rprop"};
  return *names;
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
  options.amsgrad = args->Bool("amsgrad", false);
  options.maximize = args->Bool("maximize", false);
  return options;
}

SgdOptions ReadSgd(KeywordReader* args) {
  SgdOptions options;
  options.momentum = args->Number("momentum", 0, kNotNegative);
  options.dampening = args->Number("dampening", 0, kAnyNumber);
  options.nesterov = args->Bool("nesterov", false);
  options.maximize = args->Bool("maximize", false);
  if (options.nesterov && (options.momentum == 0 || options.dampening != 0)) {
    args->Problem(codes::kBadValue,
                  "'nesterov' needs a momentum above 0 and no dampening",
                  args->Find("nesterov")->where());
  }
  return options;
}

AdagradOptions ReadAdagrad(KeywordReader* args) {
  AdagradOptions options;
  options.lr_decay = args->Number("lr_decay", 0, kNotNegative);
  options.initial_accumulator_value =
      args->Number("initial_accumulator_value", 0, kNotNegative);
  options.eps = args->Number("eps", options.eps, kNotNegative);
  options.maximize = args->Bool("maximize", false);
  return options;
}

RmsPropOptions ReadRmsProp(KeywordReader* args) {
  RmsPropOptions options;
  options.alpha = args->Number("alpha", options.alpha, kNotNegative);
  options.eps = args->Number("eps", options.eps, kNotNegative);
  options.momentum = args->Number("momentum", 0, kNotNegative);
  options.centered = args->Bool("centered", false);
  options.maximize = args->Bool("maximize", false);
  return options;
}

}  // namespace

absl::StatusOr<OptimizerConfig> MakeOptimizer(const std::string& name,
                                              const YamlNode& args,
                                              Diagnostics* diags) {
  const int errors_before = diags->num_errors();
  const std::string class_name =
      ResolveClass("optimizer", codes::kUnknownOptimizer, name, Optimizers(),
                   OtherOptimizers(), args.where(), diags);
  if (class_name.empty()) return diags->status();

  KeywordReader reader(class_name, args, diags);
  OptimizerConfig config;
  const bool slow = class_name == "Adagrad" || class_name == "RMSprop";
  config.lr = reader.Number("lr", slow ? 1e-2 : 1e-3, kNotNegative);
  config.weight_decay = reader.Number(
      "weight_decay", class_name == "AdamW" ? 1e-2 : 0.0, kNotNegative);
  if (class_name == "SGD") {
    config.optimizer = std::make_unique<FlatSgd>(ReadSgd(&reader));
  } else if (class_name == "Adagrad") {
    config.optimizer = std::make_unique<FlatAdagrad>(ReadAdagrad(&reader));
  } else if (class_name == "RMSprop") {
    config.optimizer = std::make_unique<FlatRmsProp>(ReadRmsProp(&reader));
  } else if (class_name == "Adam") {
    config.optimizer = std::make_unique<FlatAdam>(ReadAdam(&reader));
    reader.OnlyOff("decoupled_weight_decay");
  } else {
    config.optimizer = std::make_unique<FlatAdamW>(ReadAdam(&reader));
  }
  // The keywords every torch optimizer has besides its own.
  reader.Ignore("foreach");
  reader.Ignore("fused");
  reader.OnlyOff("capturable");
  reader.OnlyOff("differentiable");
  reader.Finish();
  if (diags->num_errors() > errors_before) return diags->status();
  return config;
}

}  // namespace fts::optim
