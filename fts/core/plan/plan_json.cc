// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/plan_json.h"

#include <cmath>
#include <utility>

namespace fts {
namespace {

Json Skipped(const Plan& plan, bool full) {
  Json out = Json::array();
  for (const SkippedModule& skipped : plan.skipped) {
    Json item = {{"module", skipped.module}, {"reason", skipped.reason}};
    if (full && skipped.reason == "already_sharded") item["by"] = skipped.by;
    out.push_back(std::move(item));
  }
  return out;
}

Json Layouts(const std::vector<TpLayout>& layouts) {
  Json out = Json::array();
  for (const TpLayout& layout : layouts) {
    out.push_back(layout ? Json(layout->ToString()) : Json());
  }
  return out;
}

// Null where there are no rules.
Json TensorParallel(const TpPlan& tp) {
  if (tp.rules.empty()) return nullptr;
  Json out;
  out["size"] = tp.size;
  out["loss_parallel"] = tp.loss_parallel;
  out["sequence_parallel"] = tp.sequence_parallel;
  out["loss_module"] = tp.loss_module.empty() ? Json() : Json(tp.loss_module);
  out["rules"] = Json::array();
  for (const TpRule& rule : tp.rules) {
    out["rules"].push_back({{"module", rule.module},
                            {"class", rule.class_name},
                            {"style", TpStyleName(rule.style)},
                            {"input", Layouts(rule.input)},
                            {"compute", Layouts(rule.compute)},
                            {"output", Layouts(rule.output)},
                            {"result", Layouts(rule.result)},
                            {"use_local_output", rule.use_local_output},
                            {"whole", rule.whole}});
  }
  out["parameters"] = Json::object();
  for (const auto& [name, parameter] : tp.parameters) {
    out["parameters"][name] = {
        {"placement", parameter.placement.ToString()},
        {"partial_gradient", parameter.partial_gradient}};
  }
  return out;
}

Json Unit(const UnitSpec& unit) {
  Json out;
  out["module"] = unit.module;
  if (!unit.also.empty()) out["modules"] = unit.modules();
  out["options"] = YamlToJson(unit.options.written);
  out["is_root"] = unit.is_root;
  out["reshard"] = unit.reshard;
  out["segments"] = Json::array();
  for (const SegmentSpec& segment : unit.segments) {
    Json item;
    item["phase"] = segment.phase;
    if (!segment.switches.empty()) item["switches"] = segment.switches;
    item["dtype"] = segment.dtype;
    item["replicated"] = segment.replicated;
    if (segment.shard_dim > 0) item["shard_dim"] = segment.shard_dim;
    if (segment.tp_sharded) item["tp"] = "sharded";
    if (segment.tp_partial) item["tp"] = "partial";
    item["numel"] = segment.numel;
    item["decay_numel"] = segment.decay_numel;
    item["parameters"] = segment.parameters;
    out["segments"].push_back(std::move(item));
  }
  if (!unit.ignored.empty()) out["ignored"] = unit.ignored;
  return out;
}

}  // namespace

Json YamlToJson(const YamlNode& node) {
  switch (node.kind()) {
    case YamlNode::Kind::kNull:
      return nullptr;
    case YamlNode::Kind::kBool:
      return node.as_bool();
    case YamlNode::Kind::kInt:
      return node.as_int();
    case YamlNode::Kind::kFloat:
      if (!std::isfinite(node.as_double())) return node.text();
      return node.as_double();
    case YamlNode::Kind::kString:
      return node.text();
    case YamlNode::Kind::kSequence: {
      Json out = Json::array();
      for (const YamlNode& item : node.items()) out.push_back(YamlToJson(item));
      return out;
    }
    case YamlNode::Kind::kMapping: {
      Json out = Json::object();
      for (const YamlNode::Entry& entry : node.entries()) {
        out[entry.key.text()] = YamlToJson(entry.value);
      }
      return out;
    }
  }
  return nullptr;
}

std::string PlanToJson(const Plan& plan, const Diagnostics& diags) {
  Json out;
  out["units"] = Json::array();
  for (const UnitSpec& unit : plan.units) {
    Json item = {{"module", unit.module},
                 {"options", YamlToJson(unit.options.written)}};
    if (!unit.also.empty()) item["modules"] = unit.modules();
    out["units"].push_back(std::move(item));
  }
  out["skipped"] = Skipped(plan, /*full=*/false);
  if (!plan.tp.rules.empty()) out["tp"] = TensorParallel(plan.tp);
  out["warnings"] = DiagnosticsToJson(diags.warnings());
  return DumpJson(out);
}

std::string FullPlanToJson(const Plan& plan, const Diagnostics& diags) {
  Json out;
  out["format"] = "fts-plan/1";
  out["units"] = Json::array();
  for (const UnitSpec& unit : plan.units) out["units"].push_back(Unit(unit));
  out["remainder"] = Unit(plan.remainder);
  out["unplanned"] = plan.unplanned_shard ? "shard" : "replicate";
  out["tp_plan"] = YamlToJson(plan.tp.written);
  out["loss_parallel"] = plan.tp.loss_parallel;
  out["tp"] = TensorParallel(plan.tp);
  out["skipped"] = Skipped(plan, /*full=*/true);
  out["notes"] = DiagnosticsToJson(plan.notes);
  out["warnings"] = DiagnosticsToJson(diags.warnings());
  return out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace fts
