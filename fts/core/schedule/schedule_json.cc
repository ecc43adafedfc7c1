// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/schedule_json.h"

#include <utility>
#include <vector>

#include "fts/core/base/diagnostics_json.h"
#include "fts/core/config/yaml.h"

namespace fts {

std::string ScheduleToJson(const Schedule& schedule, const Diagnostics& diags) {
  Json phases = Json::array();
  for (const Phase& phase : schedule.phases) {
    Json item;
    item["phase"] = phase.index;
    item["params"] = phase.params;
    item["max_transition_epoch"] = phase.max_transition_epoch;
    item["lr"] = nullptr;
    if (phase.lr) item["lr"] = *phase.lr;
    phases.push_back(std::move(item));
  }
  Json out;
  out["phases"] = std::move(phases);
  out["max_depth"] = schedule.max_depth;
  out["max_epochs"] = nullptr;
  if (schedule.max_epochs) out["max_epochs"] = *schedule.max_epochs;
  out["warnings"] = DiagnosticsToJson(diags.warnings());
  return DumpJson(out);
}

std::string ScheduleToYaml(const Schedule& schedule) {
  using Entries = std::vector<YamlNode::Entry>;
  Entries phases;
  for (const Phase& phase : schedule.phases) {
    Entries entries;
    auto add = [&entries](const char* key, YamlNode value) {
      entries.push_back({YamlNode::String(key), std::move(value)});
    };
    std::vector<YamlNode> params;
    params.reserve(phase.params.size());
    for (const std::string& name : phase.params) {
      params.push_back(YamlNode::String(name));
    }
    add("params", YamlNode::Sequence(std::move(params)));
    if (phase.max_transition_epoch >= 0) {
      add("max_transition_epoch", YamlNode::Int(phase.max_transition_epoch));
    }
    if (phase.lr) add("lr", YamlNode::Float(*phase.lr));
    if (!phase.new_optimizer.is_null()) {
      add("new_optimizer", phase.new_optimizer);
    }
    if (!phase.new_lr_scheduler.is_null()) {
      add("new_lr_scheduler", phase.new_lr_scheduler);
    }
    const PhaseCriteria& criteria = phase.criteria;
    if (criteria.max_transition_step) {
      add("max_transition_step", YamlNode::Int(*criteria.max_transition_step));
    }
    if (criteria.max_transition_tokens) {
      add("max_transition_tokens",
          YamlNode::Int(*criteria.max_transition_tokens));
    }
    if (criteria.max_transition_time) {
      add("max_transition_time",
          YamlNode::Float(*criteria.max_transition_time));
    }
    if (criteria.patience) add("patience", YamlNode::Int(*criteria.patience));
    if (criteria.min_delta) {
      add("min_delta", YamlNode::Float(*criteria.min_delta));
    }
    if (criteria.best_score) {
      add("best_score", YamlNode::String(*criteria.best_score));
    }
    phases.push_back(
        {YamlNode::Int(phase.index), YamlNode::Mapping(std::move(entries))});
  }
  return EmitYaml(YamlNode::Mapping(std::move(phases)));
}

}  // namespace fts
