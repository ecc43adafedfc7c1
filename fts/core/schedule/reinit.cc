// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/reinit.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "fts/core/base/codes.h"
#include "fts/core/base/did_you_mean.h"
#include "fts/core/schedule/codes.h"

namespace fts {
namespace {

using Names = std::vector<std::string>;

// FTS's list, and two that it refuses.
const Names& KnownSchedulers() {
  static const auto* const known = new Names{"LambdaLR",
                                             "MultiplicativeLR",
                                             "StepLR",
                                             "MultiStepLR",
                                             "ExponentialLR",
                                             "CosineAnnealingLR",
                                             "ReduceLROnPlateau",
                                             "CosineAnnealingWarmRestarts",
                                             "ConstantLR",
                                             "LinearLR",
                                             "SequentialLR",
                                             "ChainedScheduler"};
  return *known;
}

bool Contains(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string LastPart(const std::string& class_path) {
  const size_t dot = class_path.rfind('.');
  return dot == class_path.npos ? class_path : class_path.substr(dot + 1);
}

// A copy of the mapping with `key` replaced (or removed, if `value` is null).
YamlNode With(const YamlNode& mapping, const std::string& key,
              const YamlNode* value) {
  std::vector<YamlNode::Entry> entries;
  for (const YamlNode::Entry& entry : mapping.entries()) {
    if (entry.key.text() != key) {
      entries.push_back(entry);
    } else if (value != nullptr) {
      entries.push_back({entry.key, *value});
    }
  }
  return YamlNode::Mapping(std::move(entries), mapping.where());
}

class Checker {
 public:
  Checker(const std::string& label, Diagnostics* diags)
      : label_(label), diags_(diags) {}

  // The mapping under `key` of `phase`, or null when it counts as absent.
  YamlNode Section(const YamlNode& phase, int index, const char* key) {
    const YamlNode* node = phase.Find(key);
    if (node == nullptr || node->is_null()) return YamlNode();
    if (!IsMapping(*node, key)) return YamlNode();
    if (node->entries().empty()) return YamlNode();
    if (index == 0) {
      diags_->Error(codes::kPhase0Reinit,
                    label_ + ": " + key +
                        " is not possible in the first phase; configure the "
                        "run's own optimizer or lr_scheduler, or move it to a "
                        "later phase",
                    phase.KeyWhere(key));
      return YamlNode();
    }
    return *node;
  }

  bool IsMapping(const YamlNode& node, const std::string& what) {
    if (node.is_mapping()) return true;
    diags_->Error(
        codes::kBadType,
        label_ + ": " + what + " must be a mapping, got " + DescribeYaml(node),
        node.where());
    return false;
  }

  void CheckKeys(const YamlNode& mapping, const std::string& what,
                 const Names& known) {
    for (const YamlNode::Entry& entry : mapping.entries()) {
      if (Contains(known, entry.key.text())) continue;
      diags_->Warning(codes::kUnknownKey,
                      label_ + ": " + what + ": unknown key " +
                          entry.key.Show() + " is ignored" +
                          DidYouMean(entry.key.text(), known),
                      entry.key.where());
    }
  }

  // The class of `<section>.<init>`, checked with its init_args; "" if wrong.
  std::string ClassOf(const YamlNode& section, const std::string& name,
                      const std::string& init) {
    const YamlNode* node = section.Find(init);
    if (node == nullptr || node->is_null()) {
      diags_->Error(codes::kMissingKey,
                    label_ + ": " + name + " lacks " + init + "; write " +
                        init + ": {class_path: ..., init_args: {...}}",
                    section.where());
      return "";
    }
    const std::string what = name + "." + init;
    if (!IsMapping(*node, what)) return "";
    CheckKeys(*node, what, {"class_path", "init_args"});
    const YamlNode* args = node->Find("init_args");
    if (args != nullptr && !args->is_null())
      IsMapping(*args, what + ".init_args");
    const YamlNode* path = node->Find("class_path");
    if (path == nullptr || path->is_null()) {
      diags_->Error(codes::kMissingKey,
                    label_ + ": " + what +
                        " lacks class_path; write the "
                        "class's full name",
                    node->where());
      return "";
    }
    if (!path->is_string() || LastPart(path->text()).empty()) {
      diags_->Error(codes::kBadType,
                    label_ + ": " + what +
                        ".class_path must be a class's full name, got " +
                        DescribeYaml(*path),
                    path->where());
      return "";
    }
    return path->text();
  }

  void Error(const char* code, const std::string& message,
             const SourceLocation& where) {
    diags_->Error(code, label_ + ": " + message, where);
  }
  void Warning(const char* code, const std::string& message,
               const SourceLocation& where) {
    diags_->Warning(code, label_ + ": " + message, where);
  }

 private:
  const std::string& label_;
  Diagnostics* diags_;
};

void CheckIntervalConfig(const YamlNode& config, Checker* checker,
                         bool* has_monitor) {
  constexpr char kWhat[] = "new_lr_scheduler.pl_lrs_cfg";
  checker->CheckKeys(config, kWhat,
                     {"interval", "frequency", "reduce_on_plateau", "monitor",
                      "strict", "name"});
  const YamlNode* interval = config.Find("interval");
  if (interval != nullptr && interval->text() != "step" &&
      interval->text() != "epoch") {
    checker->Error(codes::kBadReinit,
                   std::string(kWhat) +
                       ".interval must be step or epoch, "
                       "got " +
                       DescribeYaml(*interval),
                   interval->where());
  }
  const YamlNode* frequency = config.Find("frequency");
  if (frequency != nullptr &&
      (!frequency->is_int() || frequency->as_int() < 1)) {
    checker->Error(codes::kBadReinit,
                   std::string(kWhat) +
                       ".frequency must be an integer of at "
                       "least 1, got " +
                       DescribeYaml(*frequency),
                   frequency->where());
  }
  const YamlNode* monitor = config.Find("monitor");
  *has_monitor = monitor != nullptr && monitor->is_string();
}

void CheckGroupLrs(const YamlNode& lrs, Checker* checker) {
  constexpr char kWhat[] = "new_lr_scheduler.init_pg_lrs";
  if (!lrs.is_sequence()) {
    checker->Error(codes::kBadType,
                   std::string(kWhat) + " must be a list of numbers, got " +
                       DescribeYaml(lrs),
                   lrs.where());
    return;
  }
  for (const YamlNode& lr : lrs.items()) {
    if (lr.ToNumber()) continue;
    checker->Error(
        codes::kBadReinit,
        std::string(kWhat) + " must hold numbers, got " + DescribeYaml(lr),
        lr.where());
  }
}

}  // namespace

YamlNode ReadNewOptimizer(const YamlNode& phase, int index,
                          const std::string& label, Diagnostics* diags) {
  Checker checker(label, diags);
  const YamlNode section = checker.Section(phase, index, "new_optimizer");
  if (section.is_null()) return section;
  checker.CheckKeys(section, "new_optimizer", {"optimizer_init"});
  const std::string path =
      checker.ClassOf(section, "new_optimizer", "optimizer_init");
  if (LastPart(path) == "ZeroRedundancyOptimizer") {
    checker.Error(codes::kBadReinit,
                  "new_optimizer: ZeroRedundancyOptimizer is not possible; "
                  "optimizer state is sharded already, name the plain class",
                  section.Find("optimizer_init")->Find("class_path")->where());
  }
  return section;
}

YamlNode ReadNewLrScheduler(const YamlNode& phase, int index,
                            const std::string& label, Diagnostics* diags) {
  Checker checker(label, diags);
  YamlNode section = checker.Section(phase, index, "new_lr_scheduler");
  if (section.is_null()) return section;
  checker.CheckKeys(section, "new_lr_scheduler",
                    {"lr_scheduler_init", "pl_lrs_cfg", "init_pg_lrs",
                     "use_current_optimizer_pg_lrs"});
  const std::string path =
      checker.ClassOf(section, "new_lr_scheduler", "lr_scheduler_init");
  const std::string name = LastPart(path);
  if (!path.empty() && !Contains(KnownSchedulers(), name)) {
    checker.Error(
        codes::kBadReinit,
        "new_lr_scheduler: unknown lr scheduler class " + path +
            DidYouMean(name, KnownSchedulers()),
        section.Find("lr_scheduler_init")->Find("class_path")->where());
  }
  bool has_monitor = false;
  const YamlNode* config = section.Find("pl_lrs_cfg");
  if (config != nullptr && !config->is_null() &&
      checker.IsMapping(*config, "new_lr_scheduler.pl_lrs_cfg")) {
    CheckIntervalConfig(*config, &checker, &has_monitor);
  }
  if (name == "ReduceLROnPlateau" && !has_monitor) {
    checker.Error(codes::kBadReinit,
                  "new_lr_scheduler: ReduceLROnPlateau needs "
                  "pl_lrs_cfg.monitor, for example val_loss",
                  section.where());
  }
  const YamlNode* lrs = section.Find("init_pg_lrs");
  if (lrs != nullptr && !lrs->is_null()) CheckGroupLrs(*lrs, &checker);
  const YamlNode* current = section.Find("use_current_optimizer_pg_lrs");
  if (current != nullptr && !current->is_bool()) {
    checker.Error(codes::kBadType,
                  "new_lr_scheduler.use_current_optimizer_pg_lrs must be true "
                  "or false, got " +
                      DescribeYaml(*current),
                  current->where());
  }
  if (path.empty()) return section;
  const YamlNode* init = section.Find("lr_scheduler_init");
  const YamlNode* args = init->Find("init_args");
  if (args != nullptr && args->Find("optimizer") != nullptr) {
    checker.Warning(codes::kDroppedOptimizerArg,
                    "new_lr_scheduler: init_args.optimizer is dropped: the "
                    "scheduler always gets the run's optimizer",
                    args->KeyWhere("optimizer"));
    const YamlNode new_args = With(*args, "optimizer", nullptr);
    const YamlNode new_init = With(*init, "init_args", &new_args);
    section = With(section, "lr_scheduler_init", &new_init);
  }
  return section;
}

}  // namespace fts
