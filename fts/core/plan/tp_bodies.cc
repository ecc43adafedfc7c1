// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/tp_bodies.h"

#include <algorithm>

#include "fts/core/plan/segments.h"
#include "fts/core/plan/tp_layout.h"

namespace fts {

bool TpIsWhole(const std::vector<TpLayout>& layouts) {
  return !layouts.empty() && layouts[0].has_value() &&
         layouts[0]->is_replicate();
}

bool TpIsPart(const std::vector<TpLayout>& layouts) {
  return !layouts.empty() && IsSequenceShard(layouts[0]);
}

const TpRuleSource* TpBetween::By(int64_t dim) const {
  for (const Part& part : parts) {
    if (part.dim == dim) return part.by;
  }
  return nullptr;
}

bool TpBodies::IsInner(const TpRule& rule) const {
  return rule.module.empty() || !TpIsPart(rule.result) ||
         FitsColumns(rule.module, modules_.BodyOf(rule.module));
}

// The weights of colwise modules right in this body, whose results are split.
std::vector<const ParameterInfo*> TpBodies::ColumnsOf(
    const std::string& body) const {
  std::vector<const ParameterInfo*> out;
  for (const int i : modules_.RulesWithin(body)) {
    const TpRule& rule = modules_.rules()[i].rule;
    if (rule.style == TpStyle::kColwise && rule.module != body &&
        IsFeatureShard(rule.result[0]) &&
        modules_.KindOf(rule.module) == TpModuleKind::kLinear &&
        modules_.BodyOf(rule.module) == body && !IsHead(i)) {
      out.push_back(modules_.Parameter(rule.module, "weight"));
    }
  }
  return out;
}

bool TpBodies::FitsColumns(const std::string& module,
                           const std::string& body) const {
  for (const ParameterInfo* weight : ColumnsOf(body)) {
    for (const ParameterInfo* own : modules_.ParametersOf(module)) {
      if (own->shape.size() == 1 && own->shape[0] > 1 &&
          own->shape[0] < weight->shape[0] &&
          weight->shape[0] % own->shape[0] == 0 &&
          own->shape[0] != weight->shape[1]) {
        return true;
      }
    }
  }
  return false;
}

// No rowwise module follows in its body.
bool TpBodies::IsHead(int i) const {
  const std::string body = modules_.BodyOf(modules_.rules()[i].rule.module);
  const std::vector<int>& within = modules_.RulesWithin(body);
  return std::none_of(within.begin(), within.end(), [&](int j) {
    const TpRule& rule = modules_.rules()[j].rule;
    return rule.style == TpStyle::kRowwise &&
           modules_.KindOf(rule.module) == TpModuleKind::kLinear &&
           modules_.BodyOf(rule.module) == body;
  });
}

// How what rule `i` makes lies where it comes out below `body`: the nearest
// prepare_output around it has the last word.
const TpRuleSource* TpBodies::OutOf(int i, const std::string& body) const {
  const TpRuleSource* by = &modules_.rules()[i];
  std::string module = by->rule.module;
  while (module != body && !module.empty()) {
    const TpRuleSource* source = modules_.RuleOf(module);
    if (source != nullptr && !source->rule.result.empty() &&
        source->rule.result[0].has_value()) {
      by = source;
    }
    module = ParentOf(module);
  }
  return by;
}

TpBetween TpBodies::Look(const std::string& body, const TpRuleSource* self,
                         bool makers_only) const {
  TpBetween out;
  for (const int i : modules_.RulesWithin(body)) {
    const TpRuleSource& source = modules_.rules()[i];
    const TpRule& rule = source.rule;
    if (rule.module == body) continue;
    // Itself and what is in it are not beside it.
    if (self != nullptr && IsWithin(rule.module, self->rule.module)) continue;
    if (rule.style == TpStyle::kSequence) {
      if (!makers_only && !IsInner(rule)) {
        out.parts.push_back({rule.result[0]->dim(), &source});
      }
      continue;
    }
    const bool makes =
        rule.style == TpStyle::kRowwise ||
        rule.style == TpStyle::kPrepareOutput ||
        rule.style == TpStyle::kPrepareInputOutput ||
        (rule.style == TpStyle::kColwise && TpIsPart(rule.result));
    if (!makes) continue;
    const TpRuleSource* by = OutOf(i, body);
    if (TpIsPart(by->rule.result)) {
      out.parts.push_back({by->rule.result[0]->dim(), by});
    } else if (TpIsWhole(by->rule.result) && out.whole == nullptr) {
      out.whole = by;
    }
  }
  return out;
}

const TpRuleSource* TpBodies::PreparedBy(const std::string& module) const {
  const TpRuleSource* source = modules_.RuleOf(module);
  if (source == nullptr || source->rule.compute.empty() ||
      !source->rule.compute[0].has_value()) {
    return nullptr;
  }
  return source;
}

bool TpBodies::HasBoundary(const std::string& body) const {
  const std::vector<int>& within = modules_.RulesWithin(body);
  return std::any_of(within.begin(), within.end(), [&](int i) {
    const TpRule& rule = modules_.rules()[i].rule;
    return (TpIsWhole(rule.input) && TpIsPart(rule.compute)) ||
           (TpIsPart(rule.output) && TpIsWhole(rule.result));
  });
}

}  // namespace fts
