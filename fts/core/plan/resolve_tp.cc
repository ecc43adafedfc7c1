// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/resolve_tp.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/codes.h"
#include "fts/core/base/did_you_mean.h"
#include "fts/core/match/name_matcher.h"
#include "fts/core/plan/codes.h"
#include "fts/core/plan/entry_modules.h"
#include "fts/core/plan/tp_entry.h"
#include "fts/core/plan/tp_llama.h"
#include "fts/core/plan/tp_modules.h"
#include "fts/core/plan/tp_pairs.h"
#include "fts/core/plan/tp_parameters.h"
#include "fts/core/plan/tp_regions.h"
#include "fts/core/plan/tp_unruled.h"

namespace fts {
namespace {

constexpr char kTpPlan[] = "tp_plan";
constexpr char kLossParallel[] = "loss_parallel";
constexpr char kSequenceParallel[] = "sequence_parallel";
constexpr char kLlama[] = "llama";

// What a module is to do, by its index in the model.
struct Chosen {
  TpEntry entry;
  std::string owner;  // "tp_plan entry 'model.norm'"
  int number = 0;     // of the entry
  SourceLocation where;
};

class Resolver {
 public:
  Resolver(const YamlNode& config, const ModelDescription& model, int64_t tp,
           const SourceLocation& tp_where, Diagnostics* diags)
      : config_(config),
        model_(model),
        tp_where_(tp_where),
        diags_(diags),
        errors_before_(diags->num_errors()) {
    plan_.size = tp;
  }

  absl::StatusOr<TpPlan> Run() {
    plan_.loss_parallel = ReadBool(kLossParallel, false);
    plan_.sequence_parallel = ReadBool(kSequenceParallel, true);
    ReadPlan();
    if (Failed()) return diags_->status();
    MakeRules();
    WarnOfNoEffect();
    if (sources_.empty() && !Failed()) {
      CheckPlanIsThere();
    } else if (!Failed()) {
      Check();
    }
    if (Failed()) return diags_->status();
    for (TpRuleSource& source : sources_) {
      plan_.rules.push_back(std::move(source.rule));
    }
    return std::move(plan_);
  }

 private:
  bool Failed() const { return diags_->num_errors() > errors_before_; }

  SourceLocation Where(const char* key) const {
    const YamlNode* value = config_.Find(key);
    return value != nullptr && value->where().known() ? value->where()
                                                      : config_.where();
  }

  bool ReadBool(const char* key, bool absent) {
    const YamlNode* value = config_.Find(key);
    if (value == nullptr || value->is_null()) return absent;
    if (value->is_bool()) return value->as_bool();
    diags_->Error(codes::kBadType,
                  absl::StrCat(key, " is ", DescribeYaml(*value),
                               "; it must be true or false"),
                  value->where());
    return absent;
  }

  void ReadPlan() {
    const YamlNode* plan = config_.Find(kTpPlan);
    if (plan == nullptr || plan->is_null()) return;
    plan_.written = *plan;
    if (plan->is_mapping()) {
      ReadEntries(*plan);
      return;
    }
    if (!plan->is_string()) {
      diags_->Error(codes::kBadType,
                    absl::StrCat("tp_plan is ", DescribeYaml(*plan),
                                 "; it must be a plan's name or a mapping "
                                 "{module pattern: style}"),
                    plan->where());
      return;
    }
    if (plan->text() != kLlama) {
      diags_->Error(codes::kBadValue,
                    absl::StrCat("tp_plan is ", DescribeYaml(*plan),
                                 "; the plan that fts brings along is llama, "
                                 "or write a mapping {module pattern: style}",
                                 DidYouMean(plan->text(), {kLlama})),
                    plan->where());
      return;
    }
    std::unordered_map<std::string, int> index;
    for (size_t i = 0; i < model_.modules.size(); ++i) {
      index.emplace(model_.modules[i].name, static_cast<int>(i));
    }
    for (TpChoice& choice :
         LlamaTpPlan(model_, plan_.loss_parallel, plan_.sequence_parallel,
                     plan->where(), diags_)) {
      chosen_[index.at(choice.module)] =
          Chosen{std::move(choice.entry), "tp_plan 'llama'", 0, plan->where()};
    }
  }

  void ReadEntries(const YamlNode& plan) {
    std::vector<std::string> names;
    for (const ModuleInfo& module : model_.modules) {
      names.push_back(module.name);
    }
    const NameMatcher matcher(std::move(names));
    std::map<int, std::vector<int>> taken;  // modules, by number of the entry
    int number = 0;
    for (const YamlNode::Entry& entry : plan.entries()) {
      ++number;
      ReadEntry(entry, number, matcher, &taken[number]);
    }
    number = 0;
    for (const YamlNode::Entry& entry : plan.entries()) {
      const std::vector<int>& modules = taken[++number];
      const bool overridden =
          !modules.empty() &&
          std::all_of(modules.begin(), modules.end(),
                      [&](int i) { return chosen_.at(i).number != number; });
      if (!overridden) continue;
      diags_->Warning(
          codes::kTpOverridden,
          absl::StrCat("tp_plan entry '", entry.key.text(),
                       "' has no effect: ", chosen_.at(modules[0]).owner,
                       modules.size() > 1 ? " and others after it take"
                                          : " after it takes",
                       " all its modules; remove it, or move it to the end"),
          entry.key.where());
    }
  }

  void ReadEntry(const YamlNode::Entry& entry, int number,
                 const NameMatcher& matcher, std::vector<int>* taken) {
    const std::string& key = entry.key.text();
    if (!CheckEntryKey(entry, "tp_plan", diags_)) return;
    const std::string owner = absl::StrCat("tp_plan entry '", key, "'");
    const std::optional<TpEntry> read = ReadTpEntry(entry.value, owner, diags_);
    const auto found = FindEntryModules(entry, owner, matcher, diags_);
    if (!found.has_value()) return;
    if (!read.has_value()) return;
    for (const int index : *found) {
      const ModuleInfo& module = model_.modules[index];
      if (module.container) {
        diags_->Warning(
            codes::kContainer,
            absl::StrCat(owner, " matches '", module.name, "', a ",
                         module.class_name,
                         ": a container is never called itself, so it is left "
                         "out; plan the modules in it"),
            entry.key.where());
        continue;
      }
      taken->push_back(index);
      chosen_[index] = Chosen{*read, owner, number, entry.key.where()};
    }
  }

  void MakeRules() {
    const TpModules modules(model_, sources_);
    std::vector<TpRuleSource> made;
    for (const auto& [index, chosen] : chosen_) {
      const ModuleInfo& module = model_.modules[index];
      TpRuleSource source;
      source.rule = MakeTpRule(chosen.entry, modules.KindOf(module.name));
      source.rule.module = module.name;
      source.rule.class_name = module.class_name;
      source.rule.where = chosen.where;
      source.owner = chosen.owner;
      made.push_back(std::move(source));
    }
    sources_ = std::move(made);
  }

  void WarnOfNoEffect() {
    const bool planned = !sources_.empty();
    if (planned && plan_.size == 1) {
      diags_->Warning(codes::kTpNoEffect,
                      "tp_plan has no effect while mesh.tp is 1: every rank "
                      "holds whole layers; set mesh.tp to the number of ranks "
                      "that share them",
                      Where(kTpPlan));
    }
    if (!planned && plan_.loss_parallel && plan_.size == 1) {
      diags_->Warning(codes::kTpNoEffect,
                      "loss_parallel has no effect without a tp_plan that "
                      "splits the logits; remove it, or write a tp_plan",
                      Where(kLossParallel));
    }
    const YamlNode* sequence = config_.Find(kSequenceParallel);
    if (sequence != nullptr && sequence->is_bool() &&
        !plan_.written.is_string()) {
      diags_->Warning(
          codes::kTpNoEffect,
          absl::StrCat("sequence_parallel has no effect ",
                       planned ? "on a tp_plan that is written out: its "
                                 "layouts say whether the sequence is split"
                               : "without tp_plan: llama",
                       "; remove it"),
          sequence->where());
    }
  }

  void CheckPlanIsThere() {
    if (plan_.size == 1) return;
    diags_->Error(
        codes::kTpMissing,
        absl::StrCat("mesh.tp is ", plan_.size, ", but ",
                     plan_.written.is_null() ? "there is no tp_plan"
                                             : "the tp_plan has no rule",
                     " to say how ", plan_.size,
                     " ranks share the layers; write "
                     "strategy_adapter_cfg.tp_plan (llama, or a mapping "
                     "{module pattern: style}), or set mesh.tp to 1"),
        tp_where_.known() ? tp_where_ : Where(kTpPlan));
  }

  void Check() {
    const TpModules modules(model_, sources_);
    TpFindings styles;
    CheckTpStyles(modules, &styles);
    styles.Report(diags_);
    if (!styles.empty()) return;  // layouts of these mean nothing
    for (TpRuleSource& source : sources_) {
      source.rule.whole = WholeOf(modules, source.rule);
    }
    TpFindings found;
    plan_.parameters = PlaceTpParameters(modules, &found);
    CheckTpSizes(modules, plan_.size, &found);
    plan_.loss_module =
        CheckTpPairs(modules, plan_.loss_parallel, plan_.size, &found);
    CheckTpRegions(modules, &found);
    CheckTpUnruled(modules, Where(kTpPlan), &found);
    found.Report(diags_);
    if (plan_.loss_parallel && plan_.loss_module.empty()) {
      diags_->Error(codes::kLossParallelHead,
                    "loss_parallel has no head to work on: no colwise module "
                    "of the tp_plan leaves its result, the logits, split over "
                    "the vocabulary; give the head {style: colwise, output: "
                    "shard(-1)}, or remove loss_parallel",
                    Where(kLossParallel));
    }
  }

  const YamlNode& config_;
  const ModelDescription& model_;
  const SourceLocation& tp_where_;
  Diagnostics* const diags_;
  const int errors_before_;

  std::map<int, Chosen> chosen_;  // by index of the module
  std::vector<TpRuleSource> sources_;
  TpPlan plan_;
};

}  // namespace

const std::vector<const char*>& TpPlanKeys() {
  static const auto* const keys =
      new std::vector<const char*>{kTpPlan, kLossParallel, kSequenceParallel};
  return *keys;
}

absl::StatusOr<TpPlan> ResolveTp(const YamlNode& strategy_adapter_cfg,
                                 const ModelDescription& model, int64_t tp,
                                 const SourceLocation& tp_where,
                                 Diagnostics* diags) {
  return Resolver(strategy_adapter_cfg, model, tp, tp_where, diags).Run();
}

}  // namespace fts
