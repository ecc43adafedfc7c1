// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/tp_modules.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fts/core/plan/segments.h"

namespace fts {

TpModules::TpModules(const ModelDescription& model,
                     const std::vector<TpRuleSource>& rules)
    : model_(&model), rules_(&rules) {
  for (const ModuleInfo& module : model.modules) {
    modules_.emplace(module.name, &module);
  }
  for (const ParameterInfo& parameter : model.parameters) {
    parameters_[OwnerOf(parameter.name)].push_back(&parameter);
  }
  for (size_t i = 0; i < rules.size(); ++i) {
    std::string module = rules[i].rule.module;
    rule_of_.emplace(module, static_cast<int>(i));
    while (true) {
      within_[module].push_back(static_cast<int>(i));
      if (module.empty()) break;
      module = ParentOf(module);
    }
  }
}

TpModuleKind TpModules::KindOf(const std::string& module) const {
  const ModuleInfo* info = Find(module);
  const ParameterInfo* weight = Parameter(module, "weight");
  if (info == nullptr || weight == nullptr || weight->shape.size() != 2) {
    return TpModuleKind::kOther;
  }
  if (absl::EndsWith(info->class_name, "Linear")) return TpModuleKind::kLinear;
  return absl::EndsWith(info->class_name, "Embedding")
             ? TpModuleKind::kEmbedding
             : TpModuleKind::kOther;
}

const ModuleInfo* TpModules::Find(const std::string& module) const {
  const auto found = modules_.find(module);
  return found == modules_.end() ? nullptr : found->second;
}

const std::vector<const ParameterInfo*>& TpModules::ParametersOf(
    const std::string& module) const {
  static const auto* const none = new std::vector<const ParameterInfo*>();
  const auto found = parameters_.find(module);
  return found == parameters_.end() ? *none : found->second;
}

const ParameterInfo* TpModules::Parameter(const std::string& module,
                                          const std::string& name) const {
  const std::string full =
      module.empty() ? name : absl::StrCat(module, ".", name);
  for (const ParameterInfo* parameter : ParametersOf(module)) {
    if (parameter->name == full) return parameter;
  }
  return nullptr;
}

const TpRuleSource* TpModules::RuleOf(const std::string& module) const {
  const auto found = rule_of_.find(module);
  return found == rule_of_.end() ? nullptr : &(*rules_)[found->second];
}

const std::vector<int>& TpModules::RulesWithin(
    const std::string& module) const {
  static const auto* const none = new std::vector<int>();
  const auto found = within_.find(module);
  return found == within_.end() ? *none : found->second;
}

std::string TpModules::BodyOf(const std::string& module) const {
  std::string above = ParentOf(module);
  while (!above.empty()) {
    const ModuleInfo* info = Find(above);
    if (info != nullptr && !info->container) break;
    above = ParentOf(above);
  }
  return above;
}

void TpFindings::Error(const char* code, const TpRuleSource& source,
                       const std::string& key, std::string rest) {
  Error(code, source.owner, source.rule.module, source.rule.where, key,
        std::move(rest));
}

void TpFindings::Error(const char* code, const std::string& owner,
                       const std::string& module, const SourceLocation& where,
                       const std::string& key, std::string rest) {
  Add({Severity::kError, code, owner, module, key, std::move(rest), where});
}

void TpFindings::Warning(const char* code, const std::string& owner,
                         const std::string& module, const SourceLocation& where,
                         const std::string& key, std::string rest) {
  Add({Severity::kWarning, code, owner, module, key, std::move(rest), where});
}

void TpFindings::Add(Found found) {
  for (Found& earlier : found_) {
    if (earlier.code == found.code && earlier.key == found.key &&
        earlier.where == found.where && earlier.severity == found.severity) {
      ++earlier.more;
      return;
    }
  }
  found_.push_back(std::move(found));
}

void TpFindings::Report(Diagnostics* diags) const {
  for (const Found& found : found_) {
    std::string message = absl::StrCat(
        found.owner, ": ",
        found.module.empty() ? std::string("the whole model")
                             : absl::StrCat("'", found.module, "'"),
        found.more > 0 ? absl::StrCat(" (and ", found.more, " more)") : "", " ",
        found.rest);
    if (found.severity == Severity::kError) {
      diags->Error(found.code, std::move(message), found.where);
    } else {
      diags->Warning(found.code, std::move(message), found.where);
    }
  }
}

}  // namespace fts
