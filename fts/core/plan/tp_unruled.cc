// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/tp_unruled.h"

#include <cstdint>
#include <string>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "fts/core/plan/codes.h"
#include "fts/core/plan/segments.h"
#include "fts/core/plan/tp_bodies.h"

namespace fts {
namespace {

class Unruled {
 public:
  Unruled(const TpModules& modules, const SourceLocation& where,
          TpFindings* findings)
      : modules_(modules),
        bodies_(modules),
        where_(where),
        findings_(findings) {}

  void Run() {
    for (const ModuleInfo& module : modules_.model().modules) {
      CheckUnruled(module);
    }
  }

 private:
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

  void CheckUnruled(const ModuleInfo& module) {
    if (module.name.empty() || modules_.ParametersOf(module.name).empty() ||
        IsRuled(module.name)) {
      return;
    }
    const std::string home = modules_.BodyOf(module.name);
    for (std::string body = home;; body = modules_.BodyOf(body)) {
      if (const TpRuleSource* prepared = bodies_.PreparedBy(body)) {
        if (TpIsPart(prepared->rule.compute)) {
          Tell(module, absl::StrCat("in '", body, "'"),
               prepared->rule.compute[0]->dim(), /*sure=*/true);
          return;
        }
        break;
      }
      const TpBetween& between = Between(body);
      if (!between.parts.empty()) {
        const TpBetween::Part& part = between.parts[0];
        Tell(module, absl::StrCat("beside '", part.by->rule.module, "'"),
             part.dim, body == home && !bodies_.HasBoundary(body));
        return;
      }
      if (between.whole != nullptr || body.empty()) break;
    }
    if (bodies_.FitsColumns(module.name, home)) {
      findings_->Warning(
          codes::kTpUnruled, "tp_plan", module.name, where_, module.class_name,
          "has parameters and no rule, and colwise modules beside it leave "
          "their results split; if it works on those, each rank has a part of "
          "its gradient only: give it style sequence, with the dimension that "
          "is split as sequence_dim");
    }
  }

  // What rules leave between the modules of a body.
  const TpBetween& Between(const std::string& body) {
    const auto [seen, fresh] = seen_.try_emplace(body);
    if (fresh) seen->second = bodies_.Look(body, nullptr, false);
    return seen->second;
  }

  void Tell(const ModuleInfo& module, const std::string& place, int64_t dim,
            bool sure) {
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
  const TpBodies bodies_;
  const SourceLocation& where_;
  TpFindings* const findings_;
  // What stands between the modules of a body that was looked at.
  std::unordered_map<std::string, TpBetween> seen_;
};

}  // namespace

void CheckTpUnruled(const TpModules& modules, const SourceLocation& where,
                    TpFindings* findings) {
  Unruled(modules, where, findings).Run();
}

}  // namespace fts
