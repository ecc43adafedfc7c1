// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/optimizer_moments.h"

namespace fts {
namespace {

bool Positive(const YamlNode& args, const char* key) {
  const YamlNode* value = args.Find(key);
  return value != nullptr && value->ToNumber().value_or(0) != 0;
}

bool On(const YamlNode& args, const char* key) {
  const YamlNode* value = args.Find(key);
  return value != nullptr && value->is_bool() && value->as_bool();
}

}  // namespace

std::optional<int> OptimizerMoments(const std::string& name,
                                    const YamlNode& args) {
  const std::string kind = name.rfind("torch.optim.", 0) == 0
                               ? name.substr(name.rfind('.') + 1)
                               : name;
  if (kind == "AdamW" || kind == "adamw" || kind == "Adam" || kind == "adam") {
    return On(args, "amsgrad") ? 3 : 2;
  }
  if (kind == "SGD" || kind == "sgd") return Positive(args, "momentum") ? 1 : 0;
  if (kind == "Adagrad" || kind == "adagrad") return 1;
  if (kind == "RMSprop" || kind == "rmsprop") {
    return 1 + (Positive(args, "momentum") ? 1 : 0) +
           (On(args, "centered") ? 1 : 0);
  }
  return std::nullopt;
}

std::optional<std::vector<int>> MomentsByPhase(const Schedule& schedule,
                                               const std::string& name,
                                               const YamlNode& args) {
  std::optional<int> now = OptimizerMoments(name, args);
  std::vector<int> out;
  for (const Phase& phase : schedule.phases) {
    const YamlNode* init = phase.new_optimizer.Find("optimizer_init");
    if (init != nullptr) {
      const YamlNode* path = init->Find("class_path");
      const YamlNode* init_args = init->Find("init_args");
      now = OptimizerMoments(path != nullptr ? path->text() : "",
                             init_args != nullptr ? *init_args : YamlNode());
    }
    if (!now) return std::nullopt;
    out.push_back(*now);
  }
  return out;
}

}  // namespace fts
