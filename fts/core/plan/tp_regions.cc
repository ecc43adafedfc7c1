// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/tp_regions.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fts/core/plan/codes.h"
#include "fts/core/plan/segments.h"
#include "fts/core/plan/tp_layout.h"

namespace fts {
namespace {

// What the rules of a body leave between its modules.
struct Between {
  struct Part {
    int64_t dim;
    const TpRuleSource* by;
  };
  std::vector<Part> parts;              // of the sequence
  const TpRuleSource* whole = nullptr;  // leaves whole activations

  bool none() const { return parts.empty() && whole == nullptr; }
  const TpRuleSource* By(int64_t dim) const {
    for (const Part& part : parts) {
      if (part.dim == dim) return part.by;
    }
    return nullptr;
  }
};

const TpLayout* First(const std::vector<TpLayout>& layouts) {
  return layouts.empty() ? nullptr : &layouts[0];
}

bool IsWhole(const std::vector<TpLayout>& layouts) {
  const TpLayout* first = First(layouts);
  return first != nullptr && first->has_value() && (*first)->is_replicate();
}

bool IsPart(const std::vector<TpLayout>& layouts) {
  const TpLayout* first = First(layouts);
  return first != nullptr && IsSequenceShard(*first);
}

class Regions {
 public:
  Regions(const TpModules& modules, const SourceLocation& where,
          TpFindings* findings)
      : modules_(modules), where_(where), findings_(findings) {}

  void Run() {
    for (const TpRuleSource& source : modules_.rules()) {
      const TpRule& rule = source.rule;
      const bool linear = modules_.KindOf(rule.module) == TpModuleKind::kLinear;
      const bool takes = (linear && (rule.style == TpStyle::kColwise ||
                                     rule.style == TpStyle::kRowwise)) ||
                         rule.style == TpStyle::kPrepareInput ||
                         rule.style == TpStyle::kPrepareInputOutput;
      if (rule.style == TpStyle::kSequence) {
        if (!IsInner(rule)) CheckPart(source, rule.input[0]->dim());
      } else if (takes && IsPart(rule.input)) {
        CheckPart(source, rule.input[0]->dim());
      } else if (takes && IsWhole(rule.input)) {
        CheckWhole(source);
      }
    }
    for (const ModuleInfo& module : modules_.model().modules) {
      CheckUnruled(module);
    }
  }

 private:
  // A sequence module among the heads of an attention, as norms of queries and
  // keys: what it splits are no sequences.
  bool IsInner(const TpRule& rule) const {
    return rule.module.empty() || !IsPart(rule.result) ||
           FitsColumns(rule.module, modules_.BodyOf(rule.module));
  }

  // The weights of colwise modules right in this body, whose results are split.
  std::vector<const ParameterInfo*> ColumnsOf(const std::string& body) const {
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
  // Whether the module has parameters that fit a head of what they leave, as
  // norms of queries and keys have, and not what they take.
  bool FitsColumns(const std::string& module, const std::string& body) const {
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
  bool IsHead(int i) const {
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
  const TpRuleSource* OutOf(int i, const std::string& body) const {
    const TpRuleSource* by = &modules_.rules()[i];
    std::string module = by->rule.module;
    while (module != body && !module.empty()) {
      const TpRuleSource* source = modules_.RuleOf(module);
      if (source != nullptr && First(source->rule.result) != nullptr &&
          source->rule.result[0].has_value()) {
        by = source;
      }
      module = ParentOf(module);
    }
    return by;
  }

  // `self` is left out, and so is what sequence modules say where
  // `makers_only`.
  Between Look(const std::string& body, const TpRuleSource* self,
               bool makers_only) const {
    Between out;
    for (const int i : modules_.RulesWithin(body)) {
      const TpRuleSource& source = modules_.rules()[i];
      const TpRule& rule = source.rule;
      if (&source == self || rule.module == body) continue;
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
          (rule.style == TpStyle::kColwise && IsPart(rule.result));
      if (!makes) continue;
      const TpRuleSource* by = OutOf(i, body);
      if (IsPart(by->rule.result)) {
        out.parts.push_back({by->rule.result[0]->dim(), by});
      } else if (IsWhole(by->rule.result) && out.whole == nullptr) {
        out.whole = by;
      }
    }
    return out;
  }

  // What the nearest module around `module` hands its body, if it says so.
  const TpRuleSource* PreparedBy(const std::string& module) const {
    const TpRuleSource* source = modules_.RuleOf(module);
    if (source == nullptr || First(source->rule.compute) == nullptr ||
        !source->rule.compute[0].has_value()) {
      return nullptr;
    }
    return source;
  }

  // A module that takes part of the sequence.
  void CheckPart(const TpRuleSource& source, int64_t dim) {
    const TpRule& rule = source.rule;
    const bool sequence = rule.style == TpStyle::kSequence;
    const std::string takes = absl::StrCat(
        sequence ? "is in sequence style" : "takes its input split", ", shard(",
        dim, "), ");
    std::string body = rule.module;
    while (!body.empty()) {
      body = ParentOf(body);
      if (const TpRuleSource* prepared = PreparedBy(body)) {
        if (IsPart(prepared->rule.compute)) return;
        Meet(source, absl::StrCat(takes, "but '", body, "' around it computes ",
                                  TpLayoutText(prepared->rule.compute[0]),
                                  "; let the two agree"));
        return;
      }
      const Between between = Look(body, &source, /*makers_only=*/true);
      if (between.whole != nullptr) {
        Meet(source,
             absl::StrCat(takes, "but '", between.whole->rule.module,
                          "' beside it leaves whole activations; ",
                          sequence
                              ? absl::StrCat("write output: shard(", dim,
                                             ") there, or leave this module "
                                             "out of the plan")
                              : absl::StrCat("write output: shard(", dim,
                                             ") there, or input: replicate "
                                             "here")));
        return;
      }
      if (between.By(dim) != nullptr) return;
      if (!between.parts.empty()) {
        const Between::Part& part = between.parts[0];
        Meet(source, absl::StrCat(takes, "but '", part.by->rule.module,
                                  "' beside it leaves shard(", part.dim,
                                  "); split the same dimension everywhere"));
        return;
      }
    }
    if (AnyPrepares(dim)) return;
    Meet(source,
         absl::StrCat(takes,
                      "and no module of the plan leaves its result so; "
                      "write output: shard(",
                      dim,
                      ") for the embedding and the rowwise modules before it, "
                      "or ",
                      sequence ? "leave this module out of the plan"
                               : "input: replicate here"));
  }

  bool AnyPrepares(int64_t dim) const {
    return std::any_of(modules_.rules().begin(), modules_.rules().end(),
                       [&](const TpRuleSource& source) {
                         return source.rule.style != TpStyle::kSequence &&
                                IsPart(source.rule.compute) &&
                                source.rule.compute[0]->dim() == dim;
                       });
  }

  // A module that takes whole activations.
  void CheckWhole(const TpRuleSource& source) {
    std::string body = source.rule.module;
    while (!body.empty()) {
      body = ParentOf(body);
      if (const TpRuleSource* prepared = PreparedBy(body)) {
        if (!IsPart(prepared->rule.compute)) return;
        Meet(source, absl::StrCat("takes its input whole, but '", body,
                                  "' around it computes ",
                                  TpLayoutText(prepared->rule.compute[0]),
                                  "; let the two agree"));
        return;
      }
      const Between between = Look(body, &source, /*makers_only=*/false);
      // Where both are found, somebody converts.
      if (between.whole != nullptr) return;
      if (between.parts.empty()) continue;
      const Between::Part& part = between.parts[0];
      Meet(source,
           absl::StrCat("takes its input whole, but '", part.by->rule.module,
                        "' beside it ",
                        part.by->rule.style == TpStyle::kSequence ? "works on"
                                                                  : "leaves",
                        " shard(", part.dim, "); write input: shard(", part.dim,
                        "), or prepare the input of a module around it: "
                        "{style: prepare_input, input: shard(",
                        part.dim, "), compute: replicate}"));
      return;
    }
  }

  void Meet(const TpRuleSource& source, const std::string& rest) {
    findings_->Error(codes::kTpLayouts, source, TpStyleName(source.rule.style),
                     rest);
  }

  bool IsRuled(const std::string& module) const {
    std::string at = module;
    while (true) {
      const TpRuleSource* source = modules_.RuleOf(at);
      if (source != nullptr) {
        const TpStyle style = source->rule.style;
        if (style == TpStyle::kSequence || at == module) return true;
      }
      if (at.empty()) return false;
      at = ParentOf(at);
    }
  }

  // Entering or leaving split sequences within this body, by declaration.
  bool HasBoundary(const std::string& body) const {
    const std::vector<int>& within = modules_.RulesWithin(body);
    return std::any_of(within.begin(), within.end(), [&](int i) {
      const TpRule& rule = modules_.rules()[i].rule;
      return (IsWhole(rule.input) && IsPart(rule.compute)) ||
             (IsPart(rule.output) && IsWhole(rule.result));
    });
  }

  void CheckUnruled(const ModuleInfo& module) {
    if (module.name.empty() || modules_.ParametersOf(module.name).empty() ||
        IsRuled(module.name)) {
      return;
    }
    const std::string home = modules_.BodyOf(module.name);
    std::string body = home;
    while (modules_.RulesWithin(body).empty()) {
      if (body.empty()) return;
      body = modules_.BodyOf(body);
    }
    const TpRuleSource* prepared = nullptr;
    for (std::string at = body; prepared == nullptr; at = ParentOf(at)) {
      prepared = PreparedBy(at);
      if (at.empty()) break;
    }
    const TpRuleSource* by = nullptr;  // says that sequences are split here
    int64_t dim = 0;
    if (prepared != nullptr) {
      if (IsPart(prepared->rule.compute)) {
        by = prepared;
        dim = prepared->rule.compute[0]->dim();
      }
    } else {
      const Between between = Look(body, nullptr, /*makers_only=*/false);
      if (!between.parts.empty()) {
        by = between.parts[0].by;
        dim = between.parts[0].dim;
      }
    }
    if (by != nullptr) {
      const char* place = by == prepared ? "in" : "beside";
      TellUnruled(module, absl::StrCat(place, " '", by->rule.module, "'"), dim,
                  by == prepared || (body == home && !HasBoundary(body)));
    } else if (body == home && FitsColumns(module.name, body)) {
      findings_->Warning(
          codes::kTpUnruled, "tp_plan", module.name, where_, module.class_name,
          "has parameters and no rule, and colwise modules beside it leave "
          "their results split; if it works on those, each rank has a part of "
          "its gradient only: give it style sequence, with the dimension that "
          "is split as sequence_dim");
    }
  }

  void TellUnruled(const ModuleInfo& module, const std::string& place,
                   int64_t dim, bool sure) {
    const std::string text =
        absl::StrCat("has parameters and no rule, ", sure ? "but " : "and ",
                     place, " sequences are split, shard(", dim, "); ");
    const std::string key = absl::StrCat(module.class_name, sure);
    if (!sure) {
      findings_->Warning(codes::kTpUnruled, "tp_plan", module.name, where_, key,
                         absl::StrCat(text,
                                      "if it works on them too, each rank has "
                                      "a part of its gradient only: give it "
                                      "style sequence"));
      return;
    }
    const TpModuleKind kind = modules_.KindOf(module.name);
    findings_->Error(
        codes::kTpNoRule, "tp_plan", module.name, where_, key,
        absl::StrCat(
            text, "each rank would have a part of its gradient only: give it ",
            kind == TpModuleKind::kEmbedding
                ? absl::StrCat("{style: rowwise, output: shard(", dim, ")}")
            : kind == TpModuleKind::kLinear
                ? absl::StrCat("a style, as {style: colwise, input: shard(",
                               dim, "), output: replicate}")
                : "style sequence, if it works token by token"));
  }

  const TpModules& modules_;
  const SourceLocation& where_;
  TpFindings* const findings_;
};

}  // namespace

void CheckTpRegions(const TpModules& modules, const SourceLocation& where,
                    TpFindings* findings) {
  Regions(modules, where, findings).Run();
}

}  // namespace fts
