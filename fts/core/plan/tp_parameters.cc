// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/tp_parameters.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fts/core/plan/codes.h"
#include "fts/core/plan/segments.h"
#include "fts/core/plan/tp_bodies.h"
#include "fts/core/plan/tp_layout.h"

namespace fts {
namespace {

bool IsSplitting(TpStyle style) {
  return style == TpStyle::kColwise || style == TpStyle::kRowwise;
}

std::string Written(const Placement& placement) {
  return absl::StrCat("shard(", placement.dim(), ")");
}

// "split as shard(0)", "whole".
std::string Describe(const TpParameter& parameter) {
  if (parameter.placement.is_shard()) {
    return absl::StrCat("split as ", Written(parameter.placement));
  }
  return parameter.partial_gradient ? "whole, in sequence style" : "whole";
}

// Of a Linear or Embedding's weight.
int64_t SplitDim(TpStyle style, TpModuleKind kind) {
  return (style == TpStyle::kColwise) == (kind == TpModuleKind::kLinear) ? 0
                                                                         : 1;
}

TpParameter PlacementOf(const TpModules& modules,
                        const ParameterInfo& parameter) {
  TpParameter out;
  std::string module = OwnerOf(parameter.name);
  const TpRuleSource* own = modules.RuleOf(module);
  if (own != nullptr && IsSplitting(own->rule.style)) {
    const TpRule& rule = own->rule;
    if (&parameter == modules.Parameter(module, "weight")) {
      out.placement =
          Placement::Shard(SplitDim(rule.style, modules.KindOf(module)));
    } else if (rule.style == TpStyle::kColwise) {
      out.placement = Placement::Shard(0);
    } else {
      out.partial_gradient = IsSequenceShard(rule.result[0]);
    }
    return out;
  }
  // Its input is prepared, or its output said, to be a part.
  if (own != nullptr && own->rule.style != TpStyle::kSequence &&
      (TpIsPart(own->rule.compute) || TpIsPart(own->rule.output))) {
    out.partial_gradient = true;
    return out;
  }
  while (true) {
    const TpRuleSource* source = modules.RuleOf(module);
    if (source != nullptr && source->rule.style == TpStyle::kSequence) {
      out.partial_gradient = true;
      return out;
    }
    if (module.empty()) return out;
    module = ParentOf(module);
  }
}

void CheckSplitting(const TpModules& modules, const TpRuleSource& source,
                    TpFindings* findings) {
  const TpRule& rule = source.rule;
  const std::string style = TpStyleName(rule.style);
  const TpModuleKind kind = modules.KindOf(rule.module);
  if (kind == TpModuleKind::kOther) {
    findings->Error(
        codes::kTpStyle, source, absl::StrCat("class ", rule.class_name),
        absl::StrCat("is of class ", rule.class_name, ", which style ", style,
                     " does not fit: colwise and rowwise split the weight of a "
                     "Linear or an Embedding; use sequence for norms and "
                     "dropout, or prepare_input and prepare_output around "
                     "other modules"));
    return;
  }
  for (const ParameterInfo* parameter : modules.ParametersOf(rule.module)) {
    if (parameter == modules.Parameter(rule.module, "weight") ||
        parameter == modules.Parameter(rule.module, "bias")) {
      continue;
    }
    const std::string name = parameter->name.substr(
        rule.module.empty() ? 0 : rule.module.size() + 1);
    findings->Error(
        codes::kTpStyle, source, absl::StrCat("parameter ", name),
        absl::StrCat("has a parameter '", name, "', and style ", style,
                     " knows how to split weight and bias only; remove the "
                     "module from the plan"));
  }
  // A rowwise module is computed from its weight and bias, and a colwise one's
  // result is taken for their product.
  const std::string prefix =
      rule.module.empty() ? "" : absl::StrCat(rule.module, ".");
  for (const ParameterInfo& parameter : modules.model().parameters) {
    if (parameter.name.compare(0, prefix.size(), prefix) != 0) continue;
    const size_t dot = parameter.name.find('.', prefix.size());
    if (dot == std::string::npos) continue;
    findings->Error(
        codes::kTpStyle, source, "children",
        absl::StrCat("holds a module '",
                     parameter.name.substr(prefix.size(), dot - prefix.size()),
                     "' with parameters of its own, which style ", style,
                     " would leave out; remove the module from the plan"));
    break;
  }
  if (kind == TpModuleKind::kEmbedding) {
    if (rule.input[0]->is_replicate()) return;
    findings->Error(
        codes::kTpStyle, source, "ids",
        absl::StrCat("is an Embedding with input ", TpLayoutText(rule.input[0]),
                     ": token ids are the same on every rank along tp, so its "
                     "input is replicate; remove 'input'"));
    return;
  }
  if (rule.style == TpStyle::kRowwise && IsFeatureShard(rule.result[0]) &&
      modules.Parameter(rule.module, "bias") != nullptr) {
    findings->Error(
        codes::kTpStyle, source, "bias",
        absl::StrCat("has a bias, which is added once after the sum, to whole "
                     "features, so its output cannot be ",
                     TpLayoutText(rule.result[0]),
                     "; write output: replicate or output: shard(1)"));
  }
}

// The first Embedding at or below the module; empty without one.
std::string EmbeddingBelow(const TpModules& modules,
                           const std::string& module) {
  for (const ModuleInfo& below : modules.model().modules) {
    if (IsWithin(below.name, module) &&
        modules.KindOf(below.name) == TpModuleKind::kEmbedding) {
      return below.name;
    }
  }
  return "";
}

}  // namespace

void CheckTpStyles(const TpModules& modules, TpFindings* findings) {
  for (const TpRuleSource& source : modules.rules()) {
    if (IsSplitting(source.rule.style)) {
      CheckSplitting(modules, source, findings);
    } else if (source.rule.style == TpStyle::kSequence &&
               modules.KindOf(source.rule.module) == TpModuleKind::kEmbedding) {
      findings->Error(codes::kTpStyle, source, "sequence embedding",
                      "is an Embedding, which style sequence does not fit: "
                      "token ids are the same on every rank along tp; use "
                      "{style: rowwise, output: shard(1)}");
    } else if (source.rule.style == TpStyle::kSequence) {
      const std::string embedding = EmbeddingBelow(modules, source.rule.module);
      if (embedding.empty()) continue;
      findings->Error(
          codes::kTpStyle, source, "sequence body",
          absl::StrCat("holds '", embedding,
                       "', an Embedding, whose ids are the same on every rank "
                       "along tp, so style sequence does not fit it whole; "
                       "name the norms in it instead"));
    }
  }
}

int64_t WholeOf(const TpModules& modules, const TpRule& rule) {
  if (!IsSplitting(rule.style)) return 0;
  return modules.Parameter(rule.module, "weight")
      ->shape[SplitDim(rule.style, modules.KindOf(rule.module))];
}

std::map<std::string, TpParameter> PlaceTpParameters(const TpModules& modules,
                                                     TpFindings* findings) {
  struct Placed {
    TpParameter parameter;
    std::string module;
  };
  std::map<std::string, Placed> placed;
  for (const ParameterInfo& parameter : modules.model().parameters) {
    const std::string& name = parameter.shared_with.value_or(parameter.name);
    const std::string module = OwnerOf(parameter.name);
    TpParameter here = PlacementOf(modules, parameter);
    here.shape = parameter.shape;
    const auto [it, fresh] = placed.emplace(name, Placed{here, module});
    const TpParameter& first = it->second.parameter;
    if (fresh || (first.placement == here.placement &&
                  first.partial_gradient == here.partial_gradient)) {
      continue;
    }
    // Told at the entry of one that has a rule.
    const TpRuleSource* source = modules.RuleOf(module);
    const bool later = source != nullptr;
    if (!later) source = modules.RuleOf(it->second.module);
    const std::string text = absl::StrCat(
        "shares the tensor '", name, "' with '",
        later ? it->second.module : module, "', but would hold it ",
        Describe(later ? here : first), " where the other holds it ",
        Describe(later ? first : here),
        "; place both alike, an embedding rowwise and its head colwise, or "
        "leave both out");
    if (source != nullptr) {
      findings->Error(codes::kTpTied, *source, name, text);
    } else {
      findings->Error(codes::kTpTied, "tp_plan", module, {}, name, text);
    }
  }
  std::map<std::string, TpParameter> out;
  for (const auto& [name, it] : placed) {
    if (it.parameter.placement.is_shard() || it.parameter.partial_gradient) {
      out.emplace(name, it.parameter);
    }
  }
  return out;
}

namespace {

// The most ranks, at most `tp`, of which each gets some of the elements.
int64_t LargestTp(int64_t whole, int64_t tp) {
  while (tp > 1 && ChunkOf(whole, tp, tp - 1).size == 0) --tp;
  return tp;
}

const char* DimName(TpStyle style, TpModuleKind kind) {
  if (kind == TpModuleKind::kLinear) {
    return style == TpStyle::kColwise ? "output features" : "input features";
  }
  return style == TpStyle::kColwise ? "columns" : "rows";
}

// A colwise module whose input, or a rowwise one whose result, is split along
// features too: both ends are then shared evenly. So is what goes from features
// to another dimension.
void CheckOtherEnd(const TpModules& modules, const TpRuleSource& source,
                   int64_t tp, TpFindings* findings) {
  const TpRule& rule = source.rule;
  const bool colwise = rule.style == TpStyle::kColwise;
  const TpLayout& other = colwise ? rule.input[0] : rule.result[0];
  const ParameterInfo& weight = *modules.Parameter(rule.module, "weight");
  int64_t uneven = 0;
  if (modules.KindOf(rule.module) == TpModuleKind::kLinear &&
      IsFeatureShard(other)) {
    for (const int64_t size : weight.shape) {
      if (size % tp != 0) uneven = size;
    }
  }
  const bool exchanges = colwise ? IsSequenceShard(rule.result[0])
                                 : IsSequenceShard(rule.input[0]);
  if (exchanges && rule.whole % tp != 0) uneven = rule.whole;
  if (uneven == 0) return;
  findings->Error(
      codes::kTpSize, source, absl::StrCat("other end ", uneven),
      absl::StrCat("has ", uneven, " features, which ", tp,
                   " ranks along tp do not divide, and its layouts (input ",
                   TpLayoutText(rule.input[0]), ", output ",
                   TpLayoutText(rule.result[0]),
                   ") share them evenly; write replicate at one end, or use a "
                   "mesh.tp that divides it"));
}

}  // namespace

namespace {

// Heads that a split would cut; 0 where features are whole between this module
// and what makes heads of them.
int64_t HeadsOf(const TpModules& modules, const TpRule& rule) {
  const TpLayout& at =
      rule.style == TpStyle::kColwise ? rule.result[0] : rule.input[0];
  return IsFeatureShard(at) ? modules.Find(rule.module)->heads : 0;
}

}  // namespace

void CheckTpSizes(const TpModules& modules, int64_t tp, TpFindings* findings) {
  if (tp <= 1) return;
  // What divides the heads of all modules, and what a module's neighbours have.
  int64_t common = 0;
  std::map<std::string, int64_t> most;
  for (const TpRuleSource& source : modules.rules()) {
    if (!IsSplitting(source.rule.style)) continue;
    const int64_t heads = HeadsOf(modules, source.rule);
    common = std::gcd(common, heads);
    int64_t& neighbours = most[modules.BodyOf(source.rule.module)];
    neighbours = std::max(neighbours, heads);
  }
  int64_t works = std::min(tp, common);
  while (works > 1 && common % works != 0) --works;
  for (const TpRuleSource& source : modules.rules()) {
    const TpRule& rule = source.rule;
    if (!IsSplitting(rule.style)) continue;
    const TpModuleKind kind = modules.KindOf(rule.module);
    const int64_t whole = WholeOf(modules, rule);
    const int64_t heads = HeadsOf(modules, rule);
    if (heads > 0 && heads % tp != 0) {
      const int64_t query = most[modules.BodyOf(rule.module)];
      findings->Error(
          codes::kTpSize, source, absl::StrCat("heads ", heads),
          absl::StrCat(
              "has ", heads, heads < query ? " key and value" : "",
              heads == 1 ? " head" : " heads",
              heads < query ? absl::StrCat(" for ", query, " query heads") : "",
              ", which ", tp,
              " ranks along tp cannot share: a head is never cut; the largest "
              "mesh.tp below it that works for all heads of the plan is ",
              works));
      continue;
    }
    if (ChunkOf(whole, tp, tp - 1).size > 0) {
      CheckOtherEnd(modules, source, tp, findings);
      continue;
    }
    findings->Error(
        codes::kTpSize, source,
        absl::StrCat(DimName(rule.style, kind), " ", whole),
        absl::StrCat("has ", whole, " ", DimName(rule.style, kind), ", which ",
                     tp, " ranks along tp share in chunks of ",
                     ChunkOf(whole, tp, 0).size,
                     ", so that the last gets nothing; the largest mesh.tp "
                     "below it that works for it is ",
                     LargestTp(whole, tp)));
  }
}

}  // namespace fts
