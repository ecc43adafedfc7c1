// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/resolve_plan.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/codes.h"
#include "fts/core/base/did_you_mean.h"
#include "fts/core/match/name_matcher.h"
#include "fts/core/plan/codes.h"
#include "fts/core/plan/engine_choices.h"
#include "fts/core/plan/entry_modules.h"
#include "fts/core/plan/resolve_tp.h"
#include "fts/core/plan/segments.h"
#include "fts/core/plan/unit_options.h"

namespace fts {
namespace {

constexpr char kPlanName[] = "fsdp_plan";
constexpr char kDefaultsName[] = "fsdp_default_kwargs";
constexpr char kUnplanned[] = "unplanned";
constexpr char kBinding[] = "binding";
constexpr char kActCkpt[] = "act_ckpt";
constexpr char kDivideFactor[] = "gradient_divide_factor";

// A module that some entry selected, at the position of the first one.
struct Planned {
  std::string module;
  std::vector<std::string> also;  // one_unit: the others
  std::string entry;              // the entry whose options hold
  YamlNode options;
  SourceLocation where;
};

class Resolver {
 public:
  Resolver(const YamlNode& config, const ModelDescription& model,
           const PlanOptions& options, Diagnostics* diags)
      : config_(config), model_(model), options_(options), diags_(diags) {}

  absl::StatusOr<Plan> Run() {
    const int errors_before = diags_->num_errors();
    CheckTopLevel();
    auto tp =
        ResolveTp(config_, model_, options_.tp, options_.tp_where, diags_);
    if (tp.ok()) plan_.tp = *std::move(tp);
    ReadDefaults();
    ReadEntries();
    ApplyEntries();
    if (diags_->num_errors() > errors_before) return diags_->status();
    AssignParameters(model_, options_, &plan_, diags_);
    if (diags_->num_errors() > errors_before) return diags_->status();
    return std::move(plan_);
  }

 private:
  void CheckTopLevel() {
    static const auto* const known = [] {
      auto* const names = new std::vector<std::string>{
          kPlanName, kDefaultsName, kUnplanned, kDivideFactor, kBinding};
      for (const char* name : TpPlanKeys()) names->push_back(name);
      for (const char* name : EngineChoiceKeys()) names->push_back(name);
      return names;
    }();
    if (!config_.is_null() && !config_.is_mapping()) {
      diags_->Error(
          codes::kBadType,
          absl::StrCat("strategy_adapter_cfg is ", DescribeYaml(config_),
                       "; it must be a mapping, or null for none"),
          config_.where());
    }
    for (const YamlNode::Entry& entry : config_.entries()) {
      const std::string& key = entry.key.text();
      if (std::find(known->begin(), known->end(), key) != known->end()) {
        continue;
      }
      diags_->Error(codes::kUnknownKey,
                    absl::StrCat("strategy_adapter_cfg has no key '", key, "'",
                                 DidYouMean(key, *known)),
                    entry.key.where());
    }
    plan_.engine = ReadEngineChoices(config_, diags_);
    if (const YamlNode* unplanned = config_.Find(kUnplanned)) {
      const bool shard = unplanned->text() == "shard";
      if (!unplanned->is_string() ||
          (!shard && unplanned->text() != "replicate")) {
        diags_->Error(
            codes::kBadValue,
            absl::StrCat("unplanned is ", DescribeYaml(*unplanned),
                         "; it must be replicate or shard",
                         DidYouMean(unplanned->text(), {"replicate", "shard"})),
            unplanned->where());
      }
      plan_.unplanned_shard = shard;
    }
    plan_.bind = true;
    if (const YamlNode* binding = config_.Find(kBinding)) {
      const bool off = binding->text() == "off" ||
                       (binding->is_bool() && !binding->as_bool());
      plan_.bind = !off;
      if (!off && !binding->is_null() && binding->text() != "auto") {
        diags_->Error(codes::kBadValue,
                      absl::StrCat("binding is ", DescribeYaml(*binding),
                                   "; it must be auto or off"),
                      binding->where());
      }
    }
    ReadDivideFactor();
  }

  void ReadDivideFactor() {
    const YamlNode* factor = config_.Find(kDivideFactor);
    if (factor == nullptr || factor->is_null()) return;
    const bool number = factor->is_int() || factor->is_float();
    const double value = number ? factor->as_double() : 0;
    if (number && value > 0 && std::isfinite(value)) {
      plan_.gradient_divide_factor = value;
      return;
    }
    diags_->Error(
        number ? codes::kOutOfRange : codes::kBadType,
        absl::StrCat("gradient_divide_factor is ", DescribeYaml(*factor),
                     "; it must be a number above 0, or null to divide by "
                     "nothing: the loss already counts the tokens of all "
                     "ranks"),
        factor->where());
  }

  void ReadDefaults() {
    const YamlNode* defaults = config_.Find(kDefaultsName);
    defaults_ =
        CheckOptions(defaults ? *defaults : YamlNode(), kDefaultsName, diags_);
    const YamlNode* plan = config_.Find(kPlanName);
    const bool planned = plan != nullptr && !plan->entries().empty();
    if (!planned && !defaults_.entries().empty() && !plan_.unplanned_shard) {
      diags_->Warning(codes::kUnusedDefaults,
                      "fsdp_default_kwargs has no effect: there is no "
                      "fsdp_plan to apply it to; add entries to fsdp_plan, or "
                      "remove it",
                      defaults->where());
    }
    // The implicit root is no entry: it takes what moves its parameters from
    // the defaults, but neither checkpointing (which would nest in that of the
    // units) nor mp_policy (the remainder follows `precision`).
    if (plan_.unplanned_shard) {
      std::vector<YamlNode::Entry> taken;
      for (const YamlNode::Entry& entry : defaults_.entries()) {
        const std::string& key = entry.key.text();
        if (key == "reshard_after_forward" || key == "cpu_offload_policy" ||
            key == "offload_policy") {
          taken.push_back(entry);
        }
      }
      plan_.remainder.options = ReadOptions(YamlNode::Mapping(taken));
    } else {
      plan_.remainder.options = ReadOptions(YamlNode());
    }
  }

  void ReadEntries() {
    const YamlNode* plan = config_.Find(kPlanName);
    if (plan == nullptr || plan->is_null()) return;
    if (!plan->is_mapping()) {
      diags_->Error(codes::kBadType,
                    absl::StrCat("fsdp_plan is ", DescribeYaml(*plan),
                                 "; it must be a mapping {module or pattern: "
                                 "options}"),
                    plan->where());
      return;
    }
    std::vector<std::string> names;
    for (const ModuleInfo& module : model_.modules) {
      names.push_back(module.name);
    }
    const NameMatcher matcher(std::move(names));
    for (const YamlNode::Entry& entry : plan->entries()) {
      ReadEntry(entry, matcher);
    }
  }

  void ReadEntry(const YamlNode::Entry& entry, const NameMatcher& matcher) {
    const std::string& key = entry.key.text();
    if (!CheckEntryKey(entry, "fsdp_plan", diags_)) return;
    const std::string owner = absl::StrCat("fsdp_plan entry '", key, "'");
    const YamlNode options =
        OverlayOptions(defaults_, CheckOptions(entry.value, owner, diags_));
    const auto found = FindEntryModules(entry, owner, matcher, diags_);
    if (!found.has_value()) return;
    std::vector<std::string> modules;
    for (const int index : *found) {
      const ModuleInfo& module = model_.modules[index];
      if (module.container) {
        SkipContainer(module, owner, entry.key.where());
      } else {
        modules.push_back(module.name);
      }
    }
    Planned planned;
    planned.entry = key;
    planned.options = options;
    planned.where = entry.key.where();
    if (ReadOptions(options).one_unit) {
      PlanOneUnit(OutermostOf(modules), std::move(planned));
      return;
    }
    for (const std::string& module : modules) {
      planned.module = module;
      const auto [it, fresh] = position_.emplace(module, planned_.size());
      if (fresh) {
        planned_.push_back(planned);
      } else if (!planned_[it->second].also.empty()) {
        Overlap(planned, module, planned_[it->second]);
      } else {
        planned_[it->second] = planned;
      }
    }
  }

  // In pre-order, so that what contains others comes first.
  static std::vector<std::string> OutermostOf(
      const std::vector<std::string>& modules) {
    std::vector<std::string> out;
    for (const std::string& module : modules) {
      if (std::none_of(out.begin(), out.end(), [&](const std::string& outer) {
            return IsWithin(module, outer);
          })) {
        out.push_back(module);
      }
    }
    return out;
  }

  void PlanOneUnit(const std::vector<std::string>& modules, Planned planned) {
    if (modules.empty()) return;
    for (const std::string& module : modules) {
      const auto [it, fresh] = position_.emplace(module, planned_.size());
      if (!fresh) Overlap(planned, module, planned_[it->second]);
    }
    planned.module = modules[0];
    planned.also.assign(modules.begin() + 1, modules.end());
    planned_.push_back(std::move(planned));
  }

  void Overlap(const Planned& planned, const std::string& module,
               const Planned& other) {
    diags_->Error(
        codes::kOverlappingUnits,
        absl::StrCat("fsdp_plan entry '", planned.entry, "': module '", module,
                     "' is in the unit of entry '", other.entry,
                     "' already; the modules of a one_unit entry belong to no "
                     "other: narrow one of the two patterns"),
        planned.where);
  }

  void SkipContainer(const ModuleInfo& module, const std::string& owner,
                     const SourceLocation& where) {
    if (!containers_.insert(module.name).second) return;
    diags_->Warning(codes::kContainer,
                    absl::StrCat(owner, " matches '", module.name, "', a ",
                                 module.class_name,
                                 ": a container is never called itself, so it "
                                 "is left out; plan the modules in it"),
                    where);
    plan_.skipped.push_back({module.name, "container", ""});
  }

  // The nearest unit above `module`, or null.
  static const Planned* FindAbove(
      std::string module,
      const std::unordered_map<std::string, const Planned*>& units) {
    while (!module.empty()) {
      module = ParentOf(module);
      const auto it = units.find(module);
      if (it != units.end()) return it->second;
    }
    return nullptr;
  }

  void ApplyEntries() {
    std::unordered_map<std::string, const Planned*> units;
    for (const Planned& planned : planned_) {
      const Planned* above = FindAbove(planned.module, units);
      bool overlaps = false;
      for (size_t i = 0; !planned.also.empty() && i <= planned.also.size();
           ++i) {
        const std::string& module =
            i == 0 ? planned.module : planned.also[i - 1];
        if (const Planned* taken = FindAbove(module, units)) {
          overlaps = true;
          diags_->Error(
              codes::kOverlappingUnits,
              absl::StrCat("fsdp_plan entry '", planned.entry, "': module '",
                           module, "' is already sharded as part of '",
                           taken->module,
                           "', so it cannot be one unit with others; put this "
                           "entry before '",
                           taken->entry, "'"),
              planned.where);
        }
      }
      if (overlaps) continue;
      if (above != nullptr) {
        const std::string fix =
            planned.entry == above->entry
                ? absl::StrCat("name it in an entry before '", above->entry)
                : absl::StrCat("put this entry before '", above->entry);
        diags_->Warning(
            codes::kAlreadySharded,
            absl::StrCat("fsdp_plan entry '", planned.entry, "': module '",
                         planned.module, "' is already sharded as part of '",
                         above->module, "', so it is skipped; ", fix,
                         "' to make it a unit of its own"),
            planned.where);
        plan_.skipped.push_back(
            {planned.module, "already_sharded", above->module});
        continue;
      }
      units[planned.module] = &planned;
      for (const std::string& module : planned.also) units[module] = &planned;
      UnitSpec unit;
      unit.module = planned.module;
      unit.also = planned.also;
      unit.options = ReadOptions(planned.options);
      if (SkipsCheckpoint(planned.entry, unit.options)) {
        // Off, as if the entry had said so of this module.
        unit.options = ReadOptions(OverlayOptions(
            planned.options,
            YamlNode::Mapping(std::vector<std::pair<std::string, YamlNode>>{
                {kActCkpt, YamlNode()}})));
      }
      unit.where = planned.where;
      plan_.units.push_back(std::move(unit));
    }
    for (const UnitSpec& unit : plan_.units) {
      CheckPrefetch(unit, "forward_prefetch", unit.options.forward_prefetch);
      CheckPrefetch(unit, "backward_prefetch", unit.options.backward_prefetch);
    }
  }

  void CheckPrefetch(const UnitSpec& unit, const char* option,
                     const std::optional<std::vector<std::string>>& names) {
    if (!names.has_value()) return;
    std::vector<std::string> units;
    for (const UnitSpec& known : plan_.units) units.push_back(known.module);
    for (size_t i = 0; i < names->size(); ++i) {
      const std::string& name = (*names)[i];
      if (std::find(units.begin(), units.end(), name) != units.end()) continue;
      diags_->Error(codes::kNoSuchUnit,
                    absl::StrCat(option, " of unit '", unit.module, "' names '",
                                 name, "', which is no unit of the plan",
                                 DidYouMean(name, units)),
                    unit.options.written.Find(option)->items()[i].where());
    }
  }

  // `act_ckpt` with `every: n`: of an entry's units the n-th, 2n-th, … keep it.
  bool SkipsCheckpoint(const std::string& entry, const UnitOptions& options) {
    if (!options.act_ckpt.has_value()) return false;
    const YamlNode* every = options.act_ckpt->kwargs.Find("every");
    return every != nullptr && ++checkpointed_[entry] % every->as_int() != 0;
  }

  const YamlNode& config_;
  const ModelDescription& model_;
  const PlanOptions& options_;
  Diagnostics* const diags_;

  YamlNode defaults_;
  std::vector<Planned> planned_;
  std::unordered_map<std::string, size_t> position_;  // of a module in planned_
  std::unordered_set<std::string> containers_;
  std::unordered_map<std::string, int64_t> checkpointed_;  // units, by entry
  Plan plan_;
};

}  // namespace

absl::StatusOr<Plan> ResolvePlan(const YamlNode& strategy_adapter_cfg,
                                 const ModelDescription& model,
                                 const PlanOptions& options,
                                 Diagnostics* diags) {
  return Resolver(strategy_adapter_cfg, model, options, diags).Run();
}

}  // namespace fts
