// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A model's modules with the rules that a tp_plan has for them: what the checks
// of a plan ask about.
// Threads: immutable once made; it refers to the model and the rules.
#ifndef FTS_CORE_PLAN_TP_MODULES_H_
#define FTS_CORE_PLAN_TP_MODULES_H_

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "fts/core/match/model_description.h"
#include "fts/core/plan/tp_entry.h"
#include "fts/core/plan/tp_plan.h"

namespace fts {

// A rule while it is checked.
struct TpRuleSource {
  TpRule rule;
  std::string owner;  // for messages: "tp_plan entry 'model.norm'"
};

class TpModules {
 public:
  // `rules` in pre-order of the modules, one a module. May be empty: then only
  // what concerns the model may be asked.
  TpModules(const ModelDescription& model,
            const std::vector<TpRuleSource>& rules);

  const ModelDescription& model() const { return *model_; }
  const std::vector<TpRuleSource>& rules() const { return *rules_; }

  // Linear and Embedding by the end of the class's name, with a matrix named
  // weight.
  TpModuleKind KindOf(const std::string& module) const;
  const ModuleInfo* Find(const std::string& module) const;
  // The parameters that the module itself holds, aliases included.
  const std::vector<const ParameterInfo*>& ParametersOf(
      const std::string& module) const;
  // "weight" or "bias" of the module, or null.
  const ParameterInfo* Parameter(const std::string& module,
                                 const std::string& name) const;

  const TpRuleSource* RuleOf(const std::string& module) const;
  // Indices of the rules at or below the module, ascending.
  const std::vector<int>& RulesWithin(const std::string& module) const;
  // The nearest module above that is no container; "" at last. Precondition:
  // module is not "".
  std::string BodyOf(const std::string& module) const;

 private:
  const ModelDescription* model_;
  const std::vector<TpRuleSource>* rules_;
  std::unordered_map<std::string, const ModuleInfo*> modules_;
  std::unordered_map<std::string, std::vector<const ParameterInfo*>>
      parameters_;
  std::unordered_map<std::string, int> rule_of_;
  std::unordered_map<std::string, std::vector<int>> within_;
};

// One rule's problem, told once for all modules of an entry that have it.
// Messages are "OWNER: 'MODULE' (and N more) REST".
class TpFindings {
 public:
  // Problems of the same code, place and `key` are one; the first one's module
  // and text stand for all.
  void Error(const char* code, const TpRuleSource& source,
             const std::string& key, std::string rest);
  void Warning(const char* code, const std::string& owner,
               const std::string& module, const SourceLocation& where,
               const std::string& key, std::string rest);
  void Error(const char* code, const std::string& owner,
             const std::string& module, const SourceLocation& where,
             const std::string& key, std::string rest);
  bool empty() const { return found_.empty(); }
  // In the order found.
  void Report(Diagnostics* diags) const;

 private:
  struct Found {
    Severity severity;
    std::string code, owner, module, key, rest;
    SourceLocation where;
    int more = 0;
  };
  void Add(Found found);
  std::vector<Found> found_;
};

}  // namespace fts

#endif  // FTS_CORE_PLAN_TP_MODULES_H_
