// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/segment.h"

#include <algorithm>
#include <utility>

#include "fts/core/base/status.h"
#include "fts/core/shard/tensor_util.h"

namespace fts::shard {
namespace {

int64_t RoundUp(int64_t value, int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

}  // namespace

Segment::Segment(Context* context, SegmentInit init, Bucket* bucket)
    : context_(context),
      bucket_(bucket),
      label_(init.unit.empty() ? "(remainder)" : init.unit),
      spec_(std::move(init.spec)),
      source_(init.source),
      dtypes_(init.dtypes),
      world_(context->world()),
      sharded_(!spec_.replicated && context->world() > 1) {
  at::Device device = at::kCPU;
  for (SegmentInit::Parameter& p : init.parameters) {
    device = p.tensor.device();
    leaves_.push_back(std::make_unique<Leaf>(
        std::move(p.name), std::move(p.tensor), numel_, p.index, p.decay));
    numel_ += leaves_.back()->numel();
  }
  offloaded_ = init.offload && !device.is_cpu();
  pinned_ = offloaded_ && init.pin_memory;
  padded_ = RoundUp(std::max<int64_t>(numel_, 1),
                    sharded_ ? world_ * kAlignment : kAlignment);
  chunk_ = sharded_ ? padded_ / world_ : padded_;
  begin_ = sharded_ ? context_->rank() * chunk_ : 0;

  ReductionRequest reduction;
  reduction.dtype = dtypes_.reduce;
  reduction.factor = context->gradient_divide_factor.value_or(1);
  reduction.shard_size = sharded_ ? world_ : 1;
  reduction.replicate_size = sharded_ ? 1 : world_;
  divisors_ = AsSums(ReductionFor(reduction), reduction.shard_size,
                     reduction.replicate_size);

  flat_ = EmptyFlat(padded_, dtypes_.compute, device);
  for (const auto& leaf : leaves_) {
    leaf->tensor().set_requires_grad(false);
    leaf->Adopt(flat_, label_);
  }
  if (sharded_) {
    FreeStorage(flat_);
    for (const auto& leaf : leaves_) leaf->Poison();
  } else {
    gathered_ = true;  // always
    context_->ledger.Add(Holding::kGathered, Bytes(flat_));
  }
  if (!sharded_ && !offloaded_ && FrozenDtype() == dtypes_.compute) {
    // Counted once, as the gathered form.
    shard_ = flat_;
    aliased_ = true;
  } else {
    SetShard(EmptyChunk(FrozenDtype()));
  }
}

Segment::~Segment() {
  ZeroGrad();
  SetShard(at::Tensor());
  if (gathered_) {
    context_->ledger.Remove(Holding::kGathered, Bytes(flat_));
  }
}

at::ScalarType Segment::FrozenDtype() const {
  return source_ == dtypes_.compute ? dtypes_.compute : dtypes_.master;
}

at::Tensor Segment::EmptyChunk(at::ScalarType dtype) const {
  return EmptyFlat(chunk_, dtype,
                   offloaded_ ? at::Device(at::kCPU) : flat_.device(), pinned_);
}

void Segment::SetShard(at::Tensor shard) {
  if (!aliased_) context_->ledger.Remove(Holding::kShard, Bytes(shard_));
  shard_ = std::move(shard);
  aliased_ = false;
  context_->ledger.Add(Holding::kShard, Bytes(shard_));
}

absl::Status Segment::Load(const RangeLoader& loader) {
  SilentWrites guard;
  if (chunk_ + begin_ > numel_) {  // padding stays zero for ever
    const int64_t from = std::max<int64_t>(numel_ - begin_, 0);
    shard_.narrow(0, from, chunk_ - from).zero_();
  }
  for (const auto& leaf : leaves_) {
    const int64_t begin = std::max(leaf->offset(), begin_);
    const int64_t end =
        std::min(leaf->offset() + leaf->numel(), begin_ + chunk_);
    if (begin >= end) continue;
    FTS_RETURN_IF_ERROR(loader(leaf->name(), begin - leaf->offset(),
                               end - leaf->offset(),
                               shard_.narrow(0, begin - begin_, end - begin)));
  }
  MarkUpdated();
  return absl::OkStatus();
}

void Segment::Thaw() {
  if (trainable_) return;
  trainable_ = true;
  SilentWrites guard;
  if (shard_.scalar_type() != dtypes_.master) {
    const at::Tensor master = EmptyChunk(dtypes_.master);
    master.copy_(shard_);
    SetShard(master);
  }
  if (reduces_through_bucket()) bucket_->Add(*this, padded_);
  for (const auto& leaf : leaves_) leaf->tensor().set_requires_grad(true);
  AttachHooks();
}

void Segment::Freeze() {
  if (!trainable_) return;
  trainable_ = false;
  if (reduces_through_bucket()) bucket_->Remove(*this);
  accumulators_.clear();
  for (const auto& leaf : leaves_) leaf->tensor().set_requires_grad(false);
  ZeroGrad();
}

absl::Status Segment::StartGather() {
  if (gathered_ || gathering_ != nullptr) return absl::OkStatus();
  SilentWrites guard;
  AllocateStorage(flat_);
  Ledger& ledger = context_->ledger;
  ledger.Add(Holding::kGathered, Bytes(flat_));
  // The cast to the compute dtype and the copy into the slice that the
  // in-place gather sends are one pass.
  // Pinned, the host does not wait: the gradient's way back to the host, before
  // any update of the shard, is behind this copy on the same stream.
  flat_.narrow(0, begin_, chunk_).copy_(shard_, /*non_blocking=*/pinned_);
  context_->trace.Record("all_gather", label_);
  context_->gather->SetLabel(label_);
  auto event = context_->gather->AllGatherInPlace(flat_);
  if (!event.ok()) {
    FreeStorage(flat_);
    ledger.Remove(Holding::kGathered, Bytes(flat_));
    return event.status();
  }
  gathering_ = *std::move(event);
  ledger.gathered.calls += 1;
  ledger.gathered.bytes += Bytes(flat_);
  if (!trainable_) {
    ledger.frozen_gathered.calls += 1;
    ledger.frozen_gathered.bytes += Bytes(flat_);
  }
  return absl::OkStatus();
}

absl::Status Segment::FinishGather() {
  FTS_RETURN_IF_ERROR(StartGather());
  if (gathering_ == nullptr) return absl::OkStatus();
  const absl::Status status = gathering_->Wait();
  gathering_ = nullptr;
  gathered_ = true;
  for (const auto& leaf : leaves_) leaf->Expose();
  if (!status.ok()) Release();  // never expose half-gathered values
  return status;
}

void Segment::Release() {
  if (!sharded_ || !gathered_) return;
  for (const auto& leaf : leaves_) leaf->Poison();
  FreeStorage(flat_);
  context_->ledger.Remove(Holding::kGathered, Bytes(flat_));
  context_->trace.Record("reshard", label_);
  gathered_ = false;
}

void Segment::MarkUpdated() {
  if (sharded_) {
    Release();
  } else if (!aliased_) {
    SilentWrites guard;
    flat_.copy_(shard_);
  }
}

absl::Status Segment::ForEachFull(
    const std::function<absl::Status(const std::string&, const at::Tensor&)>&
        fn) {
  at::Tensor full = shard_;
  if (sharded_) {
    SilentWrites guard;
    full = EmptyFlat(padded_, shard_.scalar_type(), flat_.device());
    full.narrow(0, begin_, chunk_).copy_(shard_);
    FTS_ASSIGN_OR_RETURN(comm::EventPtr event,
                         context_->gather->AllGatherInPlace(full));
    FTS_RETURN_IF_ERROR(event->Wait());
  }
  for (const auto& leaf : leaves_) {
    FTS_RETURN_IF_ERROR(fn(leaf->name(), leaf->RangeOf(full)));
  }
  return absl::OkStatus();
}

}  // namespace fts::shard
