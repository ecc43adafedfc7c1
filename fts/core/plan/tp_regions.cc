// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/tp_regions.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "fts/core/plan/codes.h"
#include "fts/core/plan/segments.h"
#include "fts/core/plan/tp_bodies.h"
#include "fts/core/plan/tp_layout.h"

namespace fts {
namespace {

class Regions {
 public:
  Regions(const TpModules& modules, TpFindings* findings)
      : modules_(modules), bodies_(modules), findings_(findings) {}

  void Run() {
    for (const TpRuleSource& source : modules_.rules()) {
      const TpRule& rule = source.rule;
      const bool linear = modules_.KindOf(rule.module) == TpModuleKind::kLinear;
      const bool takes = (linear && (rule.style == TpStyle::kColwise ||
                                     rule.style == TpStyle::kRowwise)) ||
                         rule.style == TpStyle::kPrepareInput ||
                         rule.style == TpStyle::kPrepareInputOutput;
      if (rule.style == TpStyle::kSequence) {
        if (!bodies_.IsInner(rule)) CheckPart(source, rule.input[0]->dim());
      } else if (takes && TpIsPart(rule.input)) {
        CheckPart(source, rule.input[0]->dim());
      } else if (takes && TpIsWhole(rule.input) && !TpIsPart(rule.compute)) {
        CheckWhole(source);
      }
    }
  }

 private:
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
      if (const TpRuleSource* prepared = bodies_.PreparedBy(body)) {
        if (TpIsPart(prepared->rule.compute)) return;
        Meet(source, absl::StrCat(takes, "but '", body, "' around it computes ",
                                  TpLayoutText(prepared->rule.compute[0]),
                                  "; let the two agree"));
        return;
      }
      const TpBetween between =
          bodies_.Look(body, &source, /*makers_only=*/true);
      // Somebody makes whole activations parts.
      if (between.By(dim) != nullptr && AnyPrepares(dim)) return;
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
        const TpBetween::Part& part = between.parts[0];
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
                                TpIsPart(source.rule.compute) &&
                                source.rule.compute[0]->dim() == dim;
                       });
  }

  // A module that takes whole activations.
  void CheckWhole(const TpRuleSource& source) {
    std::string body = source.rule.module;
    while (!body.empty()) {
      body = ParentOf(body);
      if (const TpRuleSource* prepared = bodies_.PreparedBy(body)) {
        if (!TpIsPart(prepared->rule.compute)) return;
        Meet(source, absl::StrCat("takes its input whole, but '", body,
                                  "' around it computes ",
                                  TpLayoutText(prepared->rule.compute[0]),
                                  "; let the two agree"));
        return;
      }
      const TpBetween between =
          bodies_.Look(body, &source, /*makers_only=*/false);
      // Where both are found, somebody converts.
      if (between.whole != nullptr) return;
      if (between.parts.empty()) continue;
      const TpBetween::Part& part = between.parts[0];
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

  const TpModules& modules_;
  const TpBodies bodies_;
  TpFindings* const findings_;
};

}  // namespace

void CheckTpRegions(const TpModules& modules, TpFindings* findings) {
  Regions(modules, findings).Run();
}

}  // namespace fts
