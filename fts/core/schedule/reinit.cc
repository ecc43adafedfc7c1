// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/reinit.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "fts/core/base/codes.h"
#include "fts/core/base/did_you_mean.h"
#include "fts/core/schedule/codes.h"

namespace fts {
namespace {

using Names = std::vector<std::string>;

// FTS's list, and three that it refuses.
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
                                             "PolynomialLR",
                                             "SequentialLR",
                                             "ChainedScheduler"};
  return *known;
}

// What torch.optim holds (2.11 to 2.14).
const Names& KnownOptimizers() {
  static const auto* const known =
      new Names{"AdamW",    "Adam",      "SGD",    "Adagrad", "RMSprop",
                "Adadelta", "Adafactor", "Adamax", "ASGD",    "LBFGS",
                "Muon",     "NAdam",     "RAdam",  "Rprop",   "SparseAdam"};
  return *known;
}

// "steplr" for StepLR and step_lr.
std::string Fold(const std::string& name) {
  std::string out;
  for (char c : name) {
    if (c == '_') continue;
    out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return out;
}

// The class in `known` that `path` names: by its full path under `module`, its
// class name or its short name. "" when it is none.
std::string KnownClass(const std::string& path, const std::string& module,
                       const Names& known) {
  std::string name = path;
  const bool full = name.rfind(module, 0) == 0;
  if (full) name = name.substr(module.size());
  for (const std::string& one : known) {
    if (name == one || (!full && Fold(name) == Fold(one))) return one;
  }
  return "";
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
  // `prefix` begins every message: "phase 1: " or "scheduler.".
  Checker(std::string prefix, Diagnostics* diags)
      : prefix_(std::move(prefix)), diags_(diags) {}

  // The mapping under `key` of `phase`, or null when it counts as absent.
  YamlNode Section(const YamlNode& phase, int index, const char* key) {
    const YamlNode* node = phase.Find(key);
    if (node == nullptr || node->is_null()) return YamlNode();
    if (!IsMapping(*node, key)) return YamlNode();
    if (node->entries().empty()) return YamlNode();
    if (index == 0) {
      diags_->Error(codes::kPhase0Reinit,
                    prefix_ + key +
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
        prefix_ + what + " must be a mapping, got " + DescribeYaml(node),
        node.where());
    return false;
  }

  void CheckKeys(const YamlNode& mapping, const std::string& what,
                 const Names& known) {
    for (const YamlNode::Entry& entry : mapping.entries()) {
      if (Contains(known, entry.key.text())) continue;
      diags_->Warning(codes::kUnknownKey,
                      prefix_ + what + ": unknown key " + entry.key.Show() +
                          " is ignored" + DidYouMean(entry.key.text(), known),
                      entry.key.where());
    }
  }

  // The class of `<section>.<init>`, checked with its init_args; "" if wrong.
  std::string ClassOf(const YamlNode& section, const std::string& name,
                      const std::string& init) {
    const YamlNode* node = section.Find(init);
    if (node == nullptr || node->is_null()) {
      diags_->Error(codes::kMissingKey,
                    prefix_ + name + " lacks " + init + "; write " + init +
                        ": {class_path: ..., init_args: {...}}",
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
                    prefix_ + what +
                        " lacks class_path; write the "
                        "class's full name",
                    node->where());
      return "";
    }
    if (!path->is_string() || LastPart(path->text()).empty()) {
      diags_->Error(codes::kBadType,
                    prefix_ + what +
                        ".class_path must be a class's full name, got " +
                        DescribeYaml(*path),
                    path->where());
      return "";
    }
    return path->text();
  }

  void Error(const char* code, const std::string& message,
             const SourceLocation& where) {
    diags_->Error(code, prefix_ + message, where);
  }
  void Warning(const char* code, const std::string& message,
               const SourceLocation& where) {
    diags_->Warning(code, prefix_ + message, where);
  }

 private:
  const std::string prefix_;
  Diagnostics* diags_;
};

void CheckIntervalConfig(const YamlNode& config, const std::string& what,
                         Checker* checker, bool* has_monitor) {
  checker->CheckKeys(config, what,
                     {"interval", "frequency", "reduce_on_plateau", "monitor",
                      "strict", "name"});
  const YamlNode* interval = config.Find("interval");
  if (interval != nullptr && interval->text() != "step" &&
      interval->text() != "epoch") {
    checker->Error(codes::kBadReinit,
                   what + ".interval must be step or epoch, got " +
                       DescribeYaml(*interval),
                   interval->where());
  }
  const YamlNode* frequency = config.Find("frequency");
  if (frequency != nullptr &&
      (!frequency->is_int() || frequency->as_int() < 1)) {
    checker->Error(codes::kBadReinit,
                   what + ".frequency must be an integer of at least 1, got " +
                       DescribeYaml(*frequency),
                   frequency->where());
  }
  const YamlNode* monitor = config.Find("monitor");
  *has_monitor = monitor != nullptr && monitor->is_string();
}

void CheckGroupLrs(const YamlNode& lrs, const std::string& what,
                   Checker* checker) {
  if (!lrs.is_sequence()) {
    checker->Error(
        codes::kBadType,
        what + " must be a list of numbers, got " + DescribeYaml(lrs),
        lrs.where());
    return;
  }
  for (const YamlNode& lr : lrs.items()) {
    const std::optional<double> number = lr.ToNumber();
    if (number && std::isfinite(*number) && *number >= 0) continue;
    checker->Error(
        codes::kBadReinit,
        what + " must hold finite numbers from 0 up, got " + DescribeYaml(lr),
        lr.where());
  }
}

void CheckOptimizer(const YamlNode& section, const std::string& name,
                    Checker* checker) {
  constexpr char kModule[] = "torch.optim.";
  checker->CheckKeys(section, name, {"optimizer_init"});
  const std::string path = checker->ClassOf(section, name, "optimizer_init");
  if (path.empty()) return;
  const SourceLocation where =
      section.Find("optimizer_init")->Find("class_path")->where();
  if (LastPart(path) == "ZeroRedundancyOptimizer") {
    checker->Error(codes::kBadReinit,
                   name +
                       ": ZeroRedundancyOptimizer is not possible; optimizer "
                       "state is sharded already, name the plain class",
                   where);
    return;
  }
  // A class of somebody else's package cannot be checked here.
  const bool torch = path.rfind(kModule, 0) == 0;
  if (!torch && path.find('.') != path.npos) return;
  if (!KnownClass(path, kModule, KnownOptimizers()).empty()) return;
  checker->Error(codes::kBadReinit,
                 name + ": unknown optimizer class " + path +
                     DidYouMean(LastPart(path), KnownOptimizers()),
                 where);
}

// The section without an optimizer among the class's arguments.
YamlNode CheckScheduler(const YamlNode& section, const std::string& name,
                        Checker* checker) {
  constexpr char kModule[] = "torch.optim.lr_scheduler.";
  checker->CheckKeys(section, name,
                     {"lr_scheduler_init", "pl_lrs_cfg", "init_pg_lrs",
                      "use_current_optimizer_pg_lrs"});
  const std::string path = checker->ClassOf(section, name, "lr_scheduler_init");
  const std::string last = LastPart(path);
  // Other modules' classes count by their name, as subclasses of these.
  std::string known = KnownClass(path, kModule, KnownSchedulers());
  if (known.empty() && Contains(KnownSchedulers(), last)) known = last;
  if (!path.empty() && known.empty()) {
    checker->Error(
        codes::kBadReinit,
        name + ": unknown lr scheduler class " + path +
            DidYouMean(last, KnownSchedulers()),
        section.Find("lr_scheduler_init")->Find("class_path")->where());
  }
  bool has_monitor = false;
  const YamlNode* config = section.Find("pl_lrs_cfg");
  if (config != nullptr && !config->is_null() &&
      checker->IsMapping(*config, name + ".pl_lrs_cfg")) {
    CheckIntervalConfig(*config, name + ".pl_lrs_cfg", checker, &has_monitor);
  }
  if (known == "ReduceLROnPlateau" && !has_monitor) {
    checker->Error(codes::kBadReinit,
                   name +
                       ": ReduceLROnPlateau needs pl_lrs_cfg.monitor, for "
                       "example val_loss",
                   section.where());
  }
  const YamlNode* lrs = section.Find("init_pg_lrs");
  if (lrs != nullptr && !lrs->is_null()) {
    CheckGroupLrs(*lrs, name + ".init_pg_lrs", checker);
  }
  const YamlNode* current = section.Find("use_current_optimizer_pg_lrs");
  if (current != nullptr && !current->is_bool()) {
    checker->Error(codes::kBadType,
                   name +
                       ".use_current_optimizer_pg_lrs must be true or false, "
                       "got " +
                       DescribeYaml(*current),
                   current->where());
  }
  if (path.empty()) return section;
  const YamlNode* init = section.Find("lr_scheduler_init");
  const YamlNode* args = init->Find("init_args");
  if (args == nullptr || args->Find("optimizer") == nullptr) return section;
  checker->Warning(codes::kDroppedOptimizerArg,
                   name +
                       ": init_args.optimizer is dropped: the scheduler always "
                       "gets the run's optimizer",
                   args->KeyWhere("optimizer"));
  const YamlNode new_args = With(*args, "optimizer", nullptr);
  const YamlNode new_init = With(*init, "init_args", &new_args);
  return With(section, "lr_scheduler_init", &new_init);
}

}  // namespace

YamlNode ReadNewOptimizer(const YamlNode& phase, int index,
                          const std::string& label, Diagnostics* diags) {
  constexpr char kName[] = "new_optimizer";
  Checker checker(label + ": ", diags);
  const YamlNode section = checker.Section(phase, index, kName);
  if (!section.is_null()) CheckOptimizer(section, kName, &checker);
  return section;
}

YamlNode ReadNewLrScheduler(const YamlNode& phase, int index,
                            const std::string& label, Diagnostics* diags) {
  constexpr char kName[] = "new_lr_scheduler";
  Checker checker(label + ": ", diags);
  const YamlNode section = checker.Section(phase, index, kName);
  if (section.is_null()) return section;
  return CheckScheduler(section, kName, &checker);
}

YamlNode ReadReinitOptim(const YamlNode& config, Diagnostics* diags) {
  constexpr char kName[] = "reinit_optim_cfg";
  Checker checker("scheduler.", diags);
  if (config.is_null() || !checker.IsMapping(config, kName)) return YamlNode();
  if (config.entries().empty()) return YamlNode();
  CheckOptimizer(config, kName, &checker);
  return config;
}

YamlNode ReadReinitLr(const YamlNode& config, Diagnostics* diags) {
  constexpr char kName[] = "reinit_lr_cfg";
  Checker checker("scheduler.", diags);
  if (config.is_null() || !checker.IsMapping(config, kName)) return YamlNode();
  if (config.entries().empty()) return YamlNode();
  const YamlNode* lrs = config.Find("init_pg_lrs");
  if (lrs != nullptr && !lrs->is_null()) {
    checker.Error(codes::kBadReinit,
                  std::string(kName) +
                      ".init_pg_lrs is not possible: the number of groups "
                      "grows from phase to phase; write it in a phase's "
                      "new_lr_scheduler",
                  config.KeyWhere("init_pg_lrs"));
  }
  const YamlNode* init = config.Find("lr_scheduler_init");
  const YamlNode* args = init == nullptr ? nullptr : init->Find("init_args");
  const YamlNode* min_lr = args == nullptr ? nullptr : args->Find("min_lr");
  if (min_lr != nullptr && min_lr->is_sequence()) {
    checker.Error(codes::kBadReinit,
                  std::string(kName) +
                      ".lr_scheduler_init.init_args.min_lr must be one number: "
                      "the number of groups grows from phase to phase",
                  min_lr->where());
  }
  return CheckScheduler(config, kName, &checker);
}

}  // namespace fts
