// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/schedule_json.h"

#include <utility>
#include <vector>

#include "fts/core/base/diagnostics_json.h"
#include "fts/core/config/yaml.h"

namespace fts {
namespace {

// What FTS does not have, so that its users see the shape they know.
void AddOwnKeys(const Phase& phase, Json* item) {
  if (!phase.freeze.empty()) (*item)["freeze"] = phase.freeze;
  if (phase.weight_decay) (*item)["weight_decay"] = *phase.weight_decay;
  if (phase.clip_grad_norm) (*item)["clip_grad_norm"] = *phase.clip_grad_norm;
  if (phase.lr_decay) {
    (*item)["lr_decay"] = *phase.lr_decay;
    Json groups = Json::array();
    for (const PhaseGroup& group : phase.groups) {
      Json one;
      one["name"] = group.name;
      one["lr_scale"] = group.lr_scale;
      one["params"] = group.params;
      groups.push_back(std::move(one));
    }
    (*item)["groups"] = std::move(groups);
  }
  const PhaseCriteria& criteria = phase.criteria;
  if (criteria.max_transition_step) {
    (*item)["max_transition_step"] = *criteria.max_transition_step;
  }
  if (criteria.max_transition_tokens) {
    (*item)["max_transition_tokens"] = *criteria.max_transition_tokens;
  }
  if (criteria.max_transition_time) {
    (*item)["max_transition_time"] = *criteria.max_transition_time;
  }
  if (criteria.patience) (*item)["patience"] = *criteria.patience;
  if (criteria.min_delta) (*item)["min_delta"] = *criteria.min_delta;
  if (criteria.best_score) (*item)["best_score"] = *criteria.best_score;
}

YamlNode NamesToYaml(const std::vector<std::string>& names) {
  std::vector<YamlNode> items;
  items.reserve(names.size());
  for (const std::string& name : names) items.push_back(YamlNode::String(name));
  return YamlNode::Sequence(std::move(items));
}

}  // namespace

std::string ScheduleToJson(const Schedule& schedule, const Diagnostics& diags) {
  Json phases = Json::array();
  for (const Phase& phase : schedule.phases) {
    Json item;
    item["phase"] = phase.index;
    item["params"] = phase.params;
    item["max_transition_epoch"] = phase.max_transition_epoch;
    item["lr"] = nullptr;
    if (phase.lr) item["lr"] = *phase.lr;
    AddOwnKeys(phase, &item);
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
    add("params", NamesToYaml(phase.params));
    if (!phase.freeze.empty()) add("freeze", NamesToYaml(phase.freeze));
    if (phase.max_transition_epoch != -1) {
      add("max_transition_epoch", YamlNode::Int(phase.max_transition_epoch));
    }
    if (phase.lr) add("lr", YamlNode::Float(*phase.lr));
    if (phase.lr_decay) add("lr_decay", YamlNode::Float(*phase.lr_decay));
    if (phase.weight_decay) {
      add("weight_decay", YamlNode::Float(*phase.weight_decay));
    }
    if (phase.clip_grad_norm) {
      add("clip_grad_norm", YamlNode::Float(*phase.clip_grad_norm));
    }
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
