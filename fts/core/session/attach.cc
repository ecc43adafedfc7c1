// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/attach.h"

#include <unordered_map>
#include <unordered_set>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/recompute/parse_options.h"
#include "fts/core/recompute/saved_tensor_hooks.h"
#include "fts/core/session/unit_casts.h"

namespace fts {
namespace {

absl::Status AttachCheckpoint(const ActCkpt& act_ckpt, const std::string& name,
                              nn::Module& module, Attachments* out,
                              Diagnostics* diags) {
  FTS_RETURN_IF_ERROR(recompute::InstallSavedTensorHooksEngine());
  if (act_ckpt.mode == "wrapped_offload") {
    out->offloads.push_back(
        std::make_shared<recompute::OffloadInterceptor>(name));
    module.PrependInterceptor(out->offloads.back());
    return absl::OkStatus();
  }
  FTS_ASSIGN_OR_RETURN(
      recompute::CheckpointOptions options,
      recompute::ParseCheckpointOptions(act_ckpt.mode, act_ckpt.kwargs, diags));
  out->checkpoints.push_back(
      std::make_shared<recompute::CheckpointInterceptor>(options, name));
  module.PrependInterceptor(out->checkpoints.back());
  return absl::OkStatus();
}

}  // namespace

void Attachments::Detach() {
  for (const auto& shard : shards) shard->Detach();
  for (const auto& checkpoint : checkpoints) checkpoint->set_enabled(false);
  for (const auto& offload : offloads) offload->set_enabled(false);
}

absl::Status Attachments::CheckCalls() {
  std::unordered_set<const shard::Unit*> called;
  for (const auto& shard : shards) {
    if (shard->TakeCalled()) called.insert(shard->unit().get());
  }
  for (const auto& shard : shards) {
    const std::shared_ptr<shard::Unit>& unit = shard->unit();
    if (unit == nullptr || called.count(unit.get()) > 0) continue;
    for (const auto& segment : unit->segments()) {
      for (const auto& leaf : segment->leaves()) {
        if (!leaf->used) continue;
        return absl::FailedPreconditionError(absl::StrCat(
            "parameter '", leaf->name(), "' got a gradient, but its unit '",
            unit->label(),
            "' was not called in this step: nothing that the plan says of it "
            "was done. A model written without fts::nn must call the unit "
            "through its nn::Mirror (docs/attach.md)"));
      }
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Attachments> AttachModules(
    const Plan& plan, const shard::ShardEngine& engine,
    const std::vector<std::pair<std::string, nn::Module*>>& modules,
    Diagnostics* diags) {
  std::unordered_map<std::string, nn::Module*> by_name;
  for (const auto& [name, module] : modules) by_name[name] = module;
  std::unordered_map<std::string, const UnitSpec*> specs;
  for (const UnitSpec& spec : plan.units) specs[spec.module] = &spec;

  Attachments out;
  for (const auto& unit : engine.units()) {
    const auto spec = specs.find(unit->module());
    UnitCasts casts;
    if (spec != specs.end()) {
      FTS_ASSIGN_OR_RETURN(casts, CastsOf(spec->second->options,
                                          engine.context().dtypes.compute));
    }
    for (size_t which = 0; which < unit->modules().size(); ++which) {
      const std::string& name = unit->modules()[which];
      const auto module = by_name.find(name);
      if (module == by_name.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat("the plan shards module '", name,
                         "', which the model does not have"));
      }
      std::vector<at::Tensor> below;
      for (const auto& parameter : module->second->NamedParameters()) {
        below.push_back(parameter.second);
      }
      if (spec != specs.end() && spec->second->options.act_ckpt.has_value()) {
        FTS_RETURN_IF_ERROR(AttachCheckpoint(*spec->second->options.act_ckpt,
                                             name, *module->second, &out,
                                             diags));
      }
      out.shards.push_back(std::make_shared<ShardInterceptor>(
          unit, std::move(below), static_cast<int>(which), casts));
      module->second->PrependInterceptor(out.shards.back());
    }
  }
  return out;
}

}  // namespace fts
