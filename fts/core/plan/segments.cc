// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/segments.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fts/core/base/did_you_mean.h"
#include "fts/core/match/name_matcher.h"
#include "fts/core/plan/codes.h"

namespace fts {
namespace {

constexpr int kNever = std::numeric_limits<int>::max();  // sorts last

bool IsInside(const std::string& module, const UnitSpec& unit) {
  const std::vector<std::string> modules = unit.modules();
  return std::any_of(modules.begin(), modules.end(),
                     [&](const std::string& m) { return IsWithin(module, m); });
}

// Parameters of one segment while it is being filled.
struct Bin {
  std::vector<std::string> decay, no_decay;
  int64_t decay_numel = 0, no_decay_numel = 0;
};
// When a parameter begins to train (kNever: not at all), then the phases that
// freeze it and thaw it again in turn.
struct Life {
  int phase = kNever;
  std::vector<int> switches;
};

// How ranks along tp hold a parameter.
enum class TpKind { kWhole, kPartial, kSharded };

// (phase, switches, dtype's number, replicated, dimension, tp) -> bin: the
// order of the segments.
using Bins =
    std::map<std::tuple<int, std::vector<int>, int, bool, int, TpKind>, Bin>;

class Assigner {
 public:
  Assigner(const ModelDescription& model, const PlanOptions& options,
           Plan* plan, Diagnostics* diags)
      : model_(model), options_(options), plan_(plan), diags_(diags) {}

  void Run() {
    for (size_t i = 0; i < plan_->units.size(); ++i) {
      for (const std::string& module : plan_->units[i].modules()) {
        unit_of_module_[module] = i;
      }
    }
    FindLives();
    FindOwners();
    FindIgnored();
    std::vector<Bins> bins(plan_->units.size());
    Bins remainder;
    for (const ParameterInfo& parameter : model_.parameters) {
      if (parameter.shared_with) continue;
      const int unit = UnitOf(parameter.name);
      if (unit < 0) {
        Put(parameter, /*replicated=*/!plan_->unplanned_shard, /*dim=*/0,
            &remainder);
      } else if (ignored_[unit].count(parameter.name) > 0) {
        plan_->units[unit].ignored.push_back(parameter.name);
        Put(parameter, /*replicated=*/true, /*dim=*/0, &remainder);
      } else {
        Put(parameter, /*replicated=*/false,
            ShardDim(plan_->units[unit], parameter), &bins[unit]);
      }
    }
    for (size_t i = 0; i < bins.size(); ++i) {
      UnitSpec& unit = plan_->units[i];
      unit.segments = Segments(bins[i]);
      if (unit.segments.empty()) {
        diags_->Warning(
            codes::kEmptyUnit,
            absl::StrCat("unit '", unit.label(), "' holds no parameters",
                         Reason(unit), "; it does nothing"),
            unit.where);
      }
    }
    plan_->remainder.segments = Segments(remainder);
    FindRoot();
    NoteMixedPhases();
  }

 private:
  // A phase freezes before it thaws; a name is in one of the two at most.
  void FindLives() {
    if (options_.schedule == nullptr) return;
    for (const Phase& phase : options_.schedule->phases) {
      if (phase.index > options_.schedule->max_depth) continue;
      for (const std::string& name : phase.freeze) {
        lives_[name].switches.push_back(phase.index);
      }
      for (const std::string& name : phase.params) {
        Life& life = lives_[name];
        if (life.phase == kNever) {
          life.phase = phase.index;
        } else {
          life.switches.push_back(phase.index);
        }
      }
    }
  }

  void FindOwners() {
    for (const ParameterInfo& parameter : model_.parameters) {
      const std::string& canonical =
          parameter.shared_with ? *parameter.shared_with : parameter.name;
      owners_[canonical].push_back(OwnerOf(parameter.name));
      canonical_[parameter.name] = canonical;
    }
  }

  void FindIgnored() {
    ignored_.resize(plan_->units.size());
    std::vector<std::string> names;
    for (const ParameterInfo& p : model_.parameters) names.push_back(p.name);
    const NameMatcher matcher(names);
    std::map<std::string, bool> takes_something;  // by item of a list
    std::set<std::string> reported;  // defaults reach every unit: say it once
    for (size_t i = 0; i < plan_->units.size(); ++i) {
      for (const YamlNode& item :
           plan_->units[i].options.ignored_params.items()) {
        const auto match = matcher.Find(item.text());
        if (match.ok() && !match->indices.empty()) {
          bool& takes = takes_something[item.where().ToString() + item.text()];
          for (const int index : match->indices) {
            const std::string& name = canonical_[names[index]];
            ignored_[i].insert(name);
            takes = takes || UnitOf(name) == static_cast<int>(i);
          }
          continue;
        }
        if (!reported.insert(item.text()).second) continue;
        if (!match.ok()) {
          diags_->Error(NameMatcher::CodeOf(match.status()),
                        absl::StrCat("ignored_params entry '", item.text(),
                                     "': ", match.status().message()),
                        item.where());
        } else {
          diags_->Error(codes::kUnmatchedIgnored,
                        absl::StrCat("ignored_params entry '", item.text(),
                                     "' matches no parameter",
                                     DidYouMean(item.text(), names)),
                        item.where());
        }
      }
    }
    for (const UnitSpec& unit : plan_->units) {
      for (const YamlNode& item : unit.options.ignored_params.items()) {
        const auto found =
            takes_something.find(item.where().ToString() + item.text());
        if (found == takes_something.end() || found->second) continue;
        found->second = true;  // say it once
        diags_->Error(
            codes::kUnmatchedIgnored,
            absl::StrCat(
                "ignored_params entry '", item.text(),
                "' matches no parameter that unit '", unit.module,
                "' holds; write it in the entry of the unit that does, "
                "or remove it: a parameter that no unit holds is not "
                "sharded"),
            item.where());
      }
    }
  }

  // The lowest unit that contains all owners of the parameter, or -1.
  int UnitOf(const std::string& name) const {
    const std::vector<std::string>& owners = owners_.at(name);
    std::string module = owners[0];
    while (true) {
      const auto it = unit_of_module_.find(module);
      if (it != unit_of_module_.end() &&
          std::all_of(owners.begin(), owners.end(), [&](const auto& owner) {
            return IsInside(owner, plan_->units[it->second]);
          })) {
        return static_cast<int>(it->second);
      }
      if (module.empty()) return -1;
      module = ParentOf(module);
    }
  }

  // The dimension along which the unit splits the parameter; from the last one
  // when negative.
  int ShardDim(const UnitSpec& unit, const ParameterInfo& parameter) {
    const YamlNode* dim = unit.options.shard_placement.Find("dim");
    if (dim == nullptr) return 0;
    const int64_t rank = static_cast<int64_t>(parameter.shape.size());
    if (dim->as_int() < rank && dim->as_int() >= -rank) {
      return static_cast<int>(dim->as_int() < 0 ? dim->as_int() + rank
                                                : dim->as_int());
    }
    diags_->Error(
        codes::kShardPlacement,
        absl::StrCat("unit '", unit.module, "': shard_placement dim ",
                     dim->as_int(), " is no dimension of '", parameter.name,
                     "', which has ", rank,
                     "; plan that parameter's module on its own, or list it in "
                     "ignored_params"),
        dim->where());
    return 0;
  }

  void Put(const ParameterInfo& parameter, bool replicated, int dim,
           Bins* bins) {
    Life life;
    if (options_.schedule == nullptr) {
      life.phase = 0;
    } else if (const auto it = lives_.find(parameter.name);
               it != lives_.end()) {
      life = it->second;
    }
    const int dtype =
        dtypes_.emplace(parameter.dtype, dtypes_.size()).first->second;
    Bin& bin = (*bins)[{life.phase, life.switches, dtype, replicated, dim,
                        KindOf(parameter.name)}];
    const bool decays =
        std::none_of(options_.no_decay.begin(), options_.no_decay.end(),
                     [&](const std::string& part) {
                       return parameter.name.find(part) != std::string::npos;
                     });
    (decays ? bin.decay : bin.no_decay).push_back(parameter.name);
    (decays ? bin.decay_numel : bin.no_decay_numel) += parameter.numel();
  }

  TpKind KindOf(const std::string& name) const {
    if (!plan_->tp.active()) return TpKind::kWhole;
    const auto found = plan_->tp.parameters.find(name);
    if (found == plan_->tp.parameters.end()) return TpKind::kWhole;
    return found->second.placement.is_shard() ? TpKind::kSharded
                                              : TpKind::kPartial;
  }

  std::vector<SegmentSpec> Segments(const Bins& bins) const {
    std::vector<SegmentSpec> out;
    for (const auto& [key, bin] : bins) {
      SegmentSpec segment;
      const auto& [phase, switches, dtype, replicated, dim, kind] = key;
      segment.phase = phase == kNever ? -1 : phase;
      segment.switches = switches;
      for (const auto& [name, number] : dtypes_) {
        if (number == dtype) segment.dtype = name;
      }
      segment.replicated = replicated;
      segment.shard_dim = dim;
      segment.tp_sharded = kind == TpKind::kSharded;
      segment.tp_partial = kind == TpKind::kPartial;
      segment.parameters = bin.decay;
      segment.parameters.insert(segment.parameters.end(), bin.no_decay.begin(),
                                bin.no_decay.end());
      segment.decay_numel = bin.decay_numel;
      segment.numel = bin.decay_numel + bin.no_decay_numel;
      out.push_back(std::move(segment));
    }
    return out;
  }

  // Why a unit has nothing.
  std::string Reason(const UnitSpec& unit) const {
    if (!unit.ignored.empty()) return ": ignored_params took them all";
    for (const ParameterInfo& p : model_.parameters) {
      if (!IsInside(OwnerOf(p.name), unit)) continue;
      const int holder = UnitOf(canonical_.at(p.name));
      const std::string name =
          holder < 0
              ? "the remainder"
              : absl::StrCat("unit '", plan_->units[holder].label(), "'");
      if (holder < 0 || !IsInside(plan_->units[holder].module, unit)) {
        return absl::StrCat(": '", p.name, "' is tied and belongs to ", name);
      }
    }
    for (const UnitSpec& other : plan_->units) {
      if (other.module != unit.module && IsInside(other.module, unit)) {
        return " of its own: the units below it hold them all";
      }
    }
    return "";
  }

  void FindRoot() {
    UnitSpec& remainder = plan_->remainder;
    const bool sharded_remainder =
        std::any_of(remainder.segments.begin(), remainder.segments.end(),
                    [](const SegmentSpec& s) { return !s.replicated; });
    remainder.is_root = sharded_remainder;
    for (UnitSpec& unit : plan_->units) {
      // Of several modules none is the root.
      unit.is_root = !sharded_remainder && unit.also.empty() &&
                     std::all_of(plan_->units.begin(), plan_->units.end(),
                                 [&](const UnitSpec& other) {
                                   const auto modules = other.modules();
                                   return std::all_of(
                                       modules.begin(), modules.end(),
                                       [&](const std::string& module) {
                                         return IsWithin(module, unit.module);
                                       });
                                 });
      SetReshard(&unit);
    }
    if (sharded_remainder) {
      SetReshard(&remainder);
    } else {
      remainder.reshard = false;  // replicated: nothing to free
    }
  }

  static void SetReshard(UnitSpec* unit) {
    switch (unit->options.reshard_after_forward) {
      case Reshard::kDefault:
        unit->reshard = !unit->is_root;
        break;
      case Reshard::kAlways:
        unit->reshard = true;
        break;
      case Reshard::kNever:
        unit->reshard = false;
        break;
    }
  }

  // FTS tells of phases that mix sharded and plain parameters; so do we, as a
  // note: here both kinds train correctly.
  void NoteMixedPhases() {
    std::set<int> sharded;
    for (const UnitSpec& unit : plan_->units) {
      for (const SegmentSpec& segment : unit.segments) {
        sharded.insert(segment.phase);
      }
    }
    for (const SegmentSpec& segment : plan_->remainder.segments) {
      if (!segment.replicated) sharded.insert(segment.phase);
    }
    std::map<int, std::vector<std::string>> plain;
    for (const SegmentSpec& segment : plan_->remainder.segments) {
      if (!segment.replicated || segment.phase < 0) continue;
      auto& names = plain[segment.phase];
      names.insert(names.end(), segment.parameters.begin(),
                   segment.parameters.end());
    }
    for (const auto& [phase, names] : plain) {
      if (sharded.count(phase) == 0) continue;
      Diagnostic note;
      note.severity = Severity::kWarning;
      note.code = codes::kMixedPhase;
      note.message = absl::StrCat(
          "phase ", phase, " thaws sharded parameters together with ",
          names.size(), " replicated ", names.size() == 1 ? "one: " : "ones: ",
          absl::StrJoin(names.begin(),
                        names.begin() + std::min<size_t>(names.size(), 6),
                        ", "),
          names.size() > 6 ? ", ..." : "",
          "; add their modules to fsdp_plan, or set unplanned: shard, to shard "
          "them too");
      plan_->notes.push_back(std::move(note));
    }
  }

  const ModelDescription& model_;
  const PlanOptions& options_;
  Plan* const plan_;
  Diagnostics* const diags_;

  std::unordered_map<std::string, size_t> unit_of_module_;
  std::unordered_map<std::string, Life> lives_;
  // The modules that hold a parameter, by its canonical name.
  std::unordered_map<std::string, std::vector<std::string>> owners_;
  std::unordered_map<std::string, std::string> canonical_;  // by any name
  std::vector<std::unordered_set<std::string>> ignored_;    // by unit
  std::map<std::string, int> dtypes_;  // numbered by first appearance
};

}  // namespace

bool IsWithin(const std::string& module, const std::string& ancestor) {
  if (ancestor.empty() || module == ancestor) return true;
  return module.size() > ancestor.size() &&
         module.compare(0, ancestor.size(), ancestor) == 0 &&
         module[ancestor.size()] == '.';
}

std::string ParentOf(const std::string& module) {
  const size_t dot = module.rfind('.');
  return dot == std::string::npos ? "" : module.substr(0, dot);
}

std::string OwnerOf(const std::string& parameter) {
  return ParentOf(parameter);
}

void AssignParameters(const ModelDescription& model, const PlanOptions& options,
                      Plan* plan, Diagnostics* diags) {
  Assigner(model, options, plan, diags).Run();
}

}  // namespace fts
