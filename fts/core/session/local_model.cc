// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/local_model.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/plan/tp_local.h"

namespace fts {

absl::StatusOr<LocalModel> LocalModel::Create(
    const Plan& plan, const std::vector<shard::NamedLeaf>& parameters,
    const Ranks& ranks) {
  LocalModel model;
  model.whole_ = &plan;
  const int64_t size = ranks.tp() == nullptr ? 1 : ranks.tp()->size();
  if (size != (plan.tp.active() ? plan.tp.size : 1)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the mesh has ", size, " ranks along tp, but the plan ",
        plan.tp.active() ? absl::StrCat("was resolved for ", plan.tp.size)
                         : std::string("splits nothing along it"),
        "; resolve the plan for this mesh, with a tp_plan"));
  }
  if (size == 1) return model;
  tp::NamedTensors named;
  ParameterShapes shapes;
  for (const shard::NamedLeaf& leaf : parameters) {
    named.emplace_back(leaf.name, leaf.tensor);
    shapes[leaf.name] = leaf.tensor.sizes().vec();
  }
  model.group_ = std::make_shared<tp::Group>(ranks.tp());
  FTS_ASSIGN_OR_RETURN(
      model.tp_, tp::TensorParallel::Create(plan.tp, named, model.group_));
  model.local_ = std::make_unique<const Plan>(
      TpLocalPlan(plan, shapes, ranks.tp()->rank()));
  // ChunkOf gives the first rank the most.
  model.largest_ = std::make_unique<const Plan>(TpLocalPlan(plan, shapes, 0));
  return model;
}

void LocalModel::ObserveBy(shard::ShardEngine* engine) const {
  if (group_ == nullptr) return;
  if (engine == nullptr) {
    group_->Observe(nullptr);
    return;
  }
  group_->Observe([engine](const char* op, const std::string& label,
                           const at::Tensor& tensor) {
    engine->OnTpCall(op, label, tensor);
  });
}

RestoreParameters::RestoreParameters(
    const Plan& plan, const std::vector<shard::NamedLeaf>& parameters) {
  if (!plan.tp.active()) return;
  for (const shard::NamedLeaf& leaf : parameters) {
    kept_.emplace_back(leaf.tensor, leaf.tensor.detach());
  }
}

RestoreParameters::~RestoreParameters() {
  for (auto& [parameter, data] : kept_) parameter.set_data(data);
}

shard::RangeLoader LocalModel::Loader(shard::RangeLoader whole) const {
  return tp_ == nullptr ? whole : tp_->LocalLoader(std::move(whole));
}

absl::Status LocalModel::ForEachFull(shard::ShardEngine& engine,
                                     const FullValueFn& fn) const {
  if (tp_ == nullptr) return engine.ForEachFull(fn);
  return engine.ForEachFull(
      [&](const std::string& name, const at::Tensor& local) -> absl::Status {
        FTS_ASSIGN_OR_RETURN(const at::Tensor whole, tp_->Whole(name, local));
        return fn(name, whole);
      });
}

}  // namespace fts
