// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/engine.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/plan/dtypes.h"
#include "fts/core/plan/segments.h"
#include "fts/core/shard/tensor_util.h"

namespace fts::shard {
namespace {

absl::StatusOr<Dtypes> DtypesOf(const UnitSpec& unit, const Dtypes& run,
                                const std::string& stored) {
  const DtypeNames names = ResolveDtypes(
      unit.options,
      {DtypeName(run.compute), DtypeName(run.reduce), DtypeName(run.master)},
      stored);
  Dtypes out;
  FTS_ASSIGN_OR_RETURN(out.compute, DtypeFromName(names.param));
  FTS_ASSIGN_OR_RETURN(out.reduce, DtypeFromName(names.reduce));
  FTS_ASSIGN_OR_RETURN(out.master, DtypeFromName(names.master));
  return out;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ShardEngine>> ShardEngine::Create(
    const Plan& plan, const std::vector<NamedLeaf>& parameters,
    std::shared_ptr<comm::Communicator> gather,
    std::shared_ptr<comm::Communicator> reduce, const EngineOptions& options) {
  std::unique_ptr<ShardEngine> engine(new ShardEngine());
  engine->context_.gather = std::move(gather);
  engine->context_.reduce = std::move(reduce);
  engine->context_.everyone =
      options.everyone != nullptr ? options.everyone : engine->context_.reduce;
  engine->context_.tp = options.tp;
  engine->context_.dtypes = options.dtypes;
  engine->context_.gradient_divide_factor = plan.gradient_divide_factor;
  engine->context_.listener = engine.get();
  engine->group_ =
      options.group != nullptr
          ? options.group
          : OneShardGroup(engine->context_.gather, engine->context_.reduce);
  engine->context_.nonfinite.Enable(plan.engine.find_nonfinite);
  engine->unsharded_accumulation_ = plan.engine.unsharded_accumulation;
  engine->prefetch_.SetAutomatic(plan.engine.prefetch &&
                                 engine->context_.world() > 1);
  UnitListener* const listener = engine.get();
  for (const NamedLeaf& p : parameters) {
    if (p.tensor.is_meta()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "parameter '", p.name,
          "' is on the meta device, which has no memory to train in; make the "
          "model on the CPU"));
    }
    engine->names_.push_back(p.name);
  }
  FTS_RETURN_IF_ERROR(engine->Bind(plan, parameters, options));

  for (const UnitSpec& spec : plan.units) {
    FTS_ASSIGN_OR_RETURN(auto segments, engine->MakeSegments(spec, parameters));
    engine->segments_.insert(engine->segments_.end(), segments.begin(),
                             segments.end());
    engine->units_.push_back(std::make_shared<Unit>(&engine->context_, listener,
                                                    spec.module, spec.reshard,
                                                    std::move(segments)));
    engine->units_.back()->SetModules(spec.modules(), spec.label());
    engine->units_.back()->set_reshard_after_backward(
        spec.options.reshard_after_backward.value_or(true));
  }
  FTS_ASSIGN_OR_RETURN(auto rest,
                       engine->MakeSegments(plan.remainder, parameters));
  engine->segments_.insert(engine->segments_.end(), rest.begin(), rest.end());
  std::vector<std::shared_ptr<Segment>> root;
  for (auto& segment : rest) {
    (segment->replicated() ? engine->remainder_ : root).push_back(segment);
  }
  if (!root.empty()) {
    engine->units_.push_back(std::make_shared<Unit>(
        &engine->context_, listener, plan.remainder.module,
        plan.remainder.reshard, std::move(root)));
  }

  for (const auto& unit : engine->units_) {
    std::vector<std::shared_ptr<Segment>> inside;
    for (const auto& segment : engine->segments_) {
      const auto& leaves = segment->leaves();
      if (std::any_of(leaves.begin(), leaves.end(), [&](const auto& leaf) {
            return std::any_of(unit->modules().begin(), unit->modules().end(),
                               [&](const std::string& module) {
                                 return IsWithin(leaf->name(), module);
                               });
          })) {
        inside.push_back(segment);
      }
    }
    const bool spans = inside.size() > unit->segments().size();
    for (const auto& segment : unit->segments()) segment->set_spans(spans);
    unit->SetInside(std::move(inside));
  }
  FTS_RETURN_IF_ERROR(engine->SetPrefetchLists(plan));

  int64_t placed = 0;
  for (const auto& segment : engine->segments_) {
    placed += static_cast<int64_t>(segment->leaves().size());
  }
  if (placed != static_cast<int64_t>(parameters.size())) {
    return absl::InvalidArgumentError(
        absl::StrCat("the plan places ", placed,
                     " parameters but the model has ", parameters.size(),
                     "; resolve the plan again with this model's description"));
  }
  return engine;
}

ShardEngine::~ShardEngine() { *alive_ = false; }

absl::StatusOr<std::shared_ptr<const ShardGroup>> ShardEngine::GroupOf(
    const UnitSpec& spec) {
  const int64_t n = spec.reshard ? spec.options.reshard_group.value_or(0) : 0;
  if (n <= 1 || n == group_->size() || group_->size() == 1) return group_;
  if (group_->size() % n != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "unit '", spec.label(), "': reshard_after_forward ", n,
        " does not divide the ", group_->size(), " ranks of dp_shard"));
  }
  std::shared_ptr<const ShardGroup>& known = near_groups_[n];
  if (known == nullptr) {
    auto group = std::make_shared<ShardGroup>(*group_);
    std::vector<int> near(n);
    for (int i = 0; i < n; ++i) {
      near[i] = group_->rank() / static_cast<int>(n) * static_cast<int>(n) + i;
    }
    FTS_ASSIGN_OR_RETURN(
        group->forward_gather,
        group_->gather->Split(near, absl::StrCat("group_of_", n)));
    known = std::move(group);
  }
  return known;
}

absl::StatusOr<std::vector<std::shared_ptr<Segment>>> ShardEngine::MakeSegments(
    const UnitSpec& spec, const std::vector<NamedLeaf>& parameters) {
  std::unordered_map<std::string, int> index;
  for (size_t i = 0; i < parameters.size(); ++i) index[parameters[i].name] = i;
  FTS_ASSIGN_OR_RETURN(const std::shared_ptr<const ShardGroup> group,
                       GroupOf(spec));
  std::vector<std::shared_ptr<Segment>> segments;
  for (const SegmentSpec& s : spec.segments) {
    SegmentInit init;
    init.unit = spec.label();
    init.spec = s;
    init.group = group;
    FTS_ASSIGN_OR_RETURN(init.source, DtypeFromName(s.dtype));
    FTS_ASSIGN_OR_RETURN(init.dtypes, DtypesOf(spec, context_.dtypes, s.dtype));
    init.offload = spec.options.cpu_offload && !s.replicated;
    init.pin_memory = spec.options.pin_memory;
    int64_t numel = 0;
    for (const std::string& name : s.parameters) {
      const auto it = index.find(name);
      if (it == index.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat("the plan names parameter '", name, "' of unit '",
                         spec.label(), "', which the model does not have"));
      }
      const at::Tensor& tensor = parameters[it->second].tensor;
      if (s.shard_dim > 0 && (s.shard_dim >= tensor.dim() ||
                              tensor.size(s.shard_dim) % group->size() != 0)) {
        return absl::InvalidArgumentError(absl::StrCat(
            "the plan shards parameter '", name, "' of unit '", spec.module,
            "' on dimension ", s.shard_dim, ", which ", group->size(),
            " ranks of dp_shard do not divide"));
      }
      init.parameters.push_back(
          {name, tensor, it->second, /*decay=*/numel < s.decay_numel});
      numel += tensor.numel();
    }
    if (init.parameters.empty()) continue;
    init.bound = bound_;
    init.bound_index = next_place_++;
    segments.push_back(
        std::make_shared<Segment>(&context_, std::move(init), &bucket_));
  }
  return segments;
}

absl::Status ShardEngine::SetPrefetchLists(const Plan& plan) {
  for (const UnitSpec& spec : plan.units) {
    const std::pair<Pass, const std::optional<std::vector<std::string>>*>
        lists[] = {{Pass::kForward, &spec.options.forward_prefetch},
                   {Pass::kBackward, &spec.options.backward_prefetch}};
    for (const auto& [pass, names] : lists) {
      if (!names->has_value()) continue;
      std::vector<Unit*> units;
      for (const std::string& name : **names) {
        units.push_back(FindUnit(name));
        if (units.back() == nullptr) {
          return absl::InvalidArgumentError(
              absl::StrCat("unit '", spec.module, "' is to gather '", name,
                           "' ahead, which is no unit of the plan"));
        }
      }
      prefetch_.SetList(FindUnit(spec.module), pass, std::move(units));
    }
  }
  return absl::OkStatus();
}

Unit* ShardEngine::FindUnit(const std::string& module) {
  for (const auto& unit : units_) {
    for (const std::string& each : unit->modules()) {
      if (each == module) return unit.get();
    }
  }
  return nullptr;
}

int64_t ShardEngine::total_parameters() const {
  int64_t total = 0;
  for (const auto& segment : segments_) total += segment->numel();
  return total;
}

int64_t ShardEngine::trainable_parameters() const {
  int64_t total = 0;
  for (const auto& segment : segments_) {
    if (segment->trainable()) total += segment->numel();
  }
  return total;
}

absl::Status ShardEngine::Load(const RangeLoader& loader) {
  FTS_RETURN_IF_ERROR(Fence());
  for (const auto& segment : segments_) {
    FTS_RETURN_IF_ERROR(segment->Load(loader));
  }
  return Fence();
}

int64_t ShardEngine::Thaw(int phase) {
  prefetch_.ForgetRecord();
  int64_t thawed = 0;
  for (const auto& segment : segments_) {
    if (!segment->spec().thaws_at(phase) || segment->trainable()) continue;
    segment->Thaw();
    thawed += segment->numel();
  }
  return thawed;
}

int64_t ShardEngine::Freeze(int phase) {
  prefetch_.ForgetRecord();
  int64_t frozen = 0;
  for (const auto& segment : segments_) {
    if (!segment->spec().freezes_at(phase) || !segment->trainable()) continue;
    segment->Freeze();
    frozen += segment->numel();
  }
  return frozen;
}

void ShardEngine::PlaceFrozen(const std::vector<std::string>& resident) {
  const std::unordered_set<std::string> names(resident.begin(), resident.end());
  for (const auto& segment : segments_) {
    segment->SetResident(!segment->trainable() &&
                         names.count(segment->leaves().front()->name()) > 0);
  }
}

void ShardEngine::BeginMicroStep(bool last) {
  context_.last_backward = said_last_ = last;
  prefetch_.BeginForward(/*training=*/true);
}

void ShardEngine::BeginEvaluation() {
  prefetch_.BeginForward(/*training=*/false);
}

void ShardEngine::EndEvaluation() { prefetch_.EndPass(); }

void ShardEngine::FinishStep() {
  context_.last_backward = true;
  nested_failed_ = bucket_waits_ = said_last_ = false;
  context_.nonfinite.Clear();
  queue_.Reset();
  sums_.Reset();
  for (const auto& segment : segments_) segment->ZeroGrad();
  for (const auto& unit : units_) unit->FinishStep();
  for (const auto& segment : remainder_) {
    if (segment->trainable()) segment->MarkUpdated();
  }
}

void ShardEngine::MarkUpdated() {
  std::set<const Segment*> all;
  for (const auto& segment : segments_) all.insert(segment.get());
  MarkUpdated(all);
}

void ShardEngine::MarkUpdated(const std::set<const Segment*>& changed) {
  queue_.Reset();
  for (const auto& unit : units_) {
    if (std::any_of(
            unit->segments().begin(), unit->segments().end(),
            [&](const auto& s) { return changed.count(s.get()) > 0; })) {
      unit->MarkUpdated();
    }
  }
  for (const auto& segment : segments_) {
    if (changed.count(segment.get()) > 0) segment->MarkUpdated();
  }
}

absl::Status ShardEngine::CheckPlaces() const {
  for (const auto& segment : segments_) {
    for (const auto& leaf : segment->leaves()) {
      if (leaf->in_place()) continue;
      return absl::FailedPreconditionError(absl::StrCat(
          "parameter '", leaf->name(), "' of unit '", segment->label(),
          "' is not where the session put it: something gave it other memory, "
          "as torch::nn::Module::to does. What is trained would no longer be "
          "what the model computes with; convert the model before the session "
          "is made, and choose dtypes with precision or mp_policy"));
    }
  }
  return absl::OkStatus();
}

void ShardEngine::ResetStep() {
  backward_task_ = -1;
  nested_.clear();
  ran_nested_.clear();
  nested_failed_ = false;
  held_back_ = bucket_waits_ = said_last_ = false;
  context_.last_backward = true;
  context_.nonfinite.Clear();
  context_.order.Clear();
  context_.tp_order.Clear();
  prefetch_.Reset();
  queue_.Reset();
  sums_.Reset();
  bucket_.Reset();
  for (const auto& unit : units_) unit->Reset();
  for (const auto& segment : remainder_) {
    segment->BeginBackward();
    segment->ZeroGrad();
  }
}

absl::Status ShardEngine::TakeHookError() {
  return std::exchange(context_.hook_error, absl::OkStatus());
}

absl::Status ShardEngine::ForEachFull(
    const std::function<absl::Status(const std::string&, const at::Tensor&)>&
        fn) {
  for (const auto& segment : segments_) {
    FTS_RETURN_IF_ERROR(segment->ForEachFull(fn));
  }
  return absl::OkStatus();
}

}  // namespace fts::shard
