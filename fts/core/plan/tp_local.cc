// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/tp_local.h"

namespace fts {
namespace {

int64_t Product(const std::vector<int64_t>& shape) {
  int64_t product = 1;
  for (const int64_t size : shape) product *= size;
  return product;
}

void Localize(const TpPlan& tp, const ParameterShapes& shapes, int64_t index,
              UnitSpec* unit) {
  for (SegmentSpec& segment : unit->segments) {
    int64_t whole = 0, local = 0, local_decay = 0;
    for (const std::string& name : segment.parameters) {
      const auto shape = shapes.find(name);
      if (shape == shapes.end()) continue;
      int64_t part = Product(shape->second);
      // The weight-decay class comes first.
      const bool decays = whole < segment.decay_numel;
      whole += part;
      if (const auto split = tp.parameters.find(name);
          split != tp.parameters.end()) {
        part =
            Product(TpLocalShape(shape->second, split->second, tp.size, index));
      }
      local += part;
      if (decays) local_decay += part;
    }
    segment.numel = local;
    segment.decay_numel = local_decay;
  }
}

}  // namespace

ParameterShapes ShapesOf(const ModelDescription& model) {
  ParameterShapes shapes;
  for (const ParameterInfo& p : model.parameters) {
    if (!p.shared_with.has_value()) shapes[p.name] = p.shape;
  }
  return shapes;
}

Plan TpLocalPlan(const Plan& plan, const ParameterShapes& shapes,
                 int64_t index) {
  Plan local = plan;
  if (!plan.tp.active()) return local;
  for (UnitSpec& unit : local.units) {
    Localize(plan.tp, shapes, index, &unit);
  }
  Localize(plan.tp, shapes, index, &local.remainder);
  return local;
}

}  // namespace fts
