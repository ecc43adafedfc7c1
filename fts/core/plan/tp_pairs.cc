// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/tp_pairs.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fts/core/plan/codes.h"
#include "fts/core/plan/segments.h"
#include "fts/core/plan/tp_layout.h"

namespace fts {
namespace {

bool AnyFeatureShard(const std::vector<TpLayout>& layouts) {
  return std::any_of(layouts.begin(), layouts.end(), IsFeatureShard);
}

class Pairs {
 public:
  Pairs(const TpModules& modules, bool loss_parallel, int64_t tp,
        TpFindings* findings)
      : modules_(modules),
        loss_parallel_(loss_parallel),
        tp_(tp),
        findings_(findings) {
    const auto& rules = modules.rules();
    column_.resize(rules.size());
    row_.resize(rules.size());
    for (size_t i = 0; i < rules.size(); ++i) {
      const TpRule& rule = rules[i].rule;
      const bool linear = modules.KindOf(rule.module) == TpModuleKind::kLinear;
      column_[i] = linear && rule.style == TpStyle::kColwise &&
                   IsFeatureShard(rule.result[0]);
      row_[i] = linear && rule.style == TpStyle::kRowwise &&
                IsFeatureShard(rule.input[0]);
      // An embedding's columns, or a declared split, may come to any module.
      const bool embedding = !linear && rule.style == TpStyle::kColwise &&
                             IsFeatureShard(rule.result[0]);
      const bool other = rule.style != TpStyle::kColwise &&
                         rule.style != TpStyle::kRowwise &&
                         rule.style != TpStyle::kSequence;
      gives_ = gives_ || embedding ||
               (other && (AnyFeatureShard(rule.compute) ||
                          AnyFeatureShard(rule.result)));
      takes_ = takes_ ||
               (other && (AnyFeatureShard(rule.input) ||
                          AnyFeatureShard(rule.output))) ||
               (linear && rule.style == TpStyle::kColwise &&
                IsFeatureShard(rule.input[0]));
    }
  }

  std::string Run() {
    const auto& rules = modules_.rules();
    int head = -1;
    std::vector<int> open;  // split results that nothing takes
    for (size_t i = 0; i < rules.size(); ++i) {
      if (column_[i] && !IsTaken(static_cast<int>(i))) {
        open.push_back(static_cast<int>(i));
      }
    }
    if (loss_parallel_) {
      head = HeadOf(open);
      open.erase(std::remove(open.begin(), open.end(), head), open.end());
    }
    for (const int i : open) {
      const bool last = !loss_parallel_ && i == open.back() && IsLastColumn(i);
      findings_->Error(
          codes::kTpLayouts, rules[i], last ? "head" : "open",
          absl::StrCat(
              "leaves its result split, ",
              TpLayoutText(rules[i].rule.result[0]),
              ", and nothing in the plan takes it so: no rowwise module stands "
              "beside it; ",
              last ? "write output: replicate, or, if it makes the logits, "
                     "set loss_parallel: true"
                   : "write output: replicate, or add the rowwise module "
                     "that follows it"));
    }
    for (size_t i = 0; i < rules.size(); ++i) {
      if (row_[i]) CheckRow(static_cast<int>(i));
      CheckEmbedding(rules[i]);
    }
    return head < 0 ? "" : rules[head].rule.module;
  }

 private:
  // The nearest module around rule `i`'s that has one of `set` below it; false
  // when there is none.
  bool Around(int i, const std::vector<bool>& set, std::string* out) const {
    std::string body = modules_.rules()[i].rule.module;
    while (!body.empty()) {
      body = modules_.BodyOf(body);
      const std::vector<int>& within = modules_.RulesWithin(body);
      if (std::any_of(within.begin(), within.end(),
                      [&](int j) { return j != i && set[j]; })) {
        *out = body;
        return true;
      }
    }
    return false;
  }

  // Those of `set` that stand with rule `i`: in the nearest module around it
  // that has any, and for which that module is the nearest as well.
  std::vector<int> Partners(int i, const std::vector<bool>& set,
                            const std::vector<bool>& own) const {
    std::vector<int> out;
    std::string body;
    if (!Around(i, set, &body)) return out;
    for (const int j : modules_.RulesWithin(body)) {
      std::string other;
      if (set[j] && Around(j, own, &other) && other == body) out.push_back(j);
    }
    return out;
  }

  bool IsTaken(int i) const {
    return takes_ || !Partners(i, row_, column_).empty();
  }

  bool IsLastColumn(int i) const {
    return std::none_of(column_.begin() + i + 1, column_.end(),
                        [](bool column) { return column; });
  }

  // The last split result that nothing takes; where all modules stand side by
  // side, the last of all, after every rowwise module.
  int HeadOf(const std::vector<int>& open) const {
    if (!open.empty()) return open.back();
    const auto last = std::find(column_.rbegin(), column_.rend(), true);
    if (last == column_.rend()) return -1;
    const int i = static_cast<int>(column_.rend() - last) - 1;
    const bool row_after =
        std::any_of(row_.begin() + i, row_.end(), [](bool row) { return row; });
    const bool flat = modules_.BodyOf(modules_.rules()[i].rule.module).empty();
    return flat && !row_after ? i : -1;
  }

  void CheckRow(int i) {
    const TpRuleSource& source = modules_.rules()[i];
    const std::vector<int> columns = Partners(i, column_, row_);
    if (columns.empty()) {
      if (gives_) return;
      findings_->Error(
          codes::kTpLayouts, source, "row",
          absl::StrCat("takes its input split, ",
                       TpLayoutText(source.rule.input[0]),
                       ", and no colwise module beside it leaves it so; make "
                       "the modules before it colwise, or write input: "
                       "replicate to have it sliced"));
      return;
    }
    const int64_t size =
        modules_.Parameter(source.rule.module, "weight")->shape[1];
    const bool alike = std::any_of(columns.begin(), columns.end(), [&](int j) {
      const std::string& module = modules_.rules()[j].rule.module;
      return modules_.Parameter(module, "weight")->shape[0] == size;
    });
    if (alike) return;
    for (const int j : columns) {
      const std::string& module = modules_.rules()[j].rule.module;
      const int64_t makes = modules_.Parameter(module, "weight")->shape[0];
      if (makes <= size || makes % size != 0) continue;
      // Parts of a fused projection lie one after another in its rows.
      findings_->Warning(
          codes::kTpFused, modules_.rules()[j].owner, module,
          modules_.rules()[j].rule.where, "fused",
          absl::StrCat("makes ", makes / size, " times the features that '",
                       source.rule.module,
                       "' takes; if it is several projections in one, a rank "
                       "would get a part of the first ones only: write output: "
                       "replicate for it and input: replicate there"));
      break;
    }
    if (size % tp_ == 0) return;
    findings_->Error(
        codes::kTpSize, source, absl::StrCat("uneven ", size),
        absl::StrCat("has ", size, " input features, which ", tp_,
                     " ranks along tp do not divide, and no colwise module "
                     "beside it has as many output features to be split "
                     "alike; use a mesh.tp that divides ",
                     size));
  }

  void CheckEmbedding(const TpRuleSource& source) {
    const TpRule& rule = source.rule;
    if (rule.style != TpStyle::kColwise || !IsFeatureShard(rule.result[0]) ||
        modules_.KindOf(rule.module) != TpModuleKind::kEmbedding) {
      return;
    }
    // A rowwise module without a colwise one beside it may take it.
    bool taken = takes_;
    for (size_t i = 0; i < row_.size() && !taken; ++i) {
      taken = row_[i] && Partners(static_cast<int>(i), column_, row_).empty();
    }
    if (taken) return;
    findings_->Error(
        codes::kTpLayouts, source, "embedding",
        absl::StrCat("leaves its columns split, ", TpLayoutText(rule.result[0]),
                     ", and nothing in the plan takes them so; write output: "
                     "replicate or output: shard(1)"));
  }

  const TpModules& modules_;
  const bool loss_parallel_;
  const int64_t tp_;
  TpFindings* const findings_;
  // By rule: Linears whose result, or input, is split along features.
  std::vector<bool> column_, row_;
  bool gives_ = false, takes_ = false;
};

}  // namespace

std::string CheckTpPairs(const TpModules& modules, bool loss_parallel,
                         int64_t tp, TpFindings* findings) {
  return Pairs(modules, loss_parallel, tp, findings).Run();
}

}  // namespace fts
