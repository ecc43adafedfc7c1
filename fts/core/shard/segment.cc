// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/segment.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/shard/tensor_util.h"

namespace fts::shard {
namespace {

int64_t RoundUp(int64_t value, int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

std::shared_ptr<const ShardGroup> GroupOf(const Context& context,
                                          const SegmentInit& init) {
  if (init.group != nullptr && !init.spec.replicated) return init.group;
  return OneShardGroup(context.gather, context.reduce);
}

}  // namespace

Segment::Segment(Context* context, SegmentInit init, Bucket* bucket)
    : context_(context),
      bucket_(bucket),
      label_(!init.unit.empty()     ? init.unit
             : init.spec.replicated ? "(remainder)"
                                    : "(root)"),
      spec_(init.spec),
      source_(init.source),
      dtypes_(init.dtypes),
      group_(GroupOf(*context, init)),
      world_(group_->size()),
      sharded_(!spec_.replicated && world_ > 1 && init.bound == nullptr),
      bound_(std::move(init.bound)),
      bound_index_(init.bound_index) {
  at::Device device = at::kCPU;
  for (SegmentInit::Parameter& p : init.parameters) {
    device = p.tensor.device();
    leaves_.push_back(std::make_unique<Leaf>(
        std::move(p.name), std::move(p.tensor), numel_, p.index, p.decay));
    numel_ += leaves_.back()->numel();
  }
  offloaded_ = init.offload && !device.is_cpu();
  pinned_ = offloaded_ && init.pin_memory;
  const bool chunks = sharded_ || bound();
  padded_ = PaddedFor(numel_, chunks ? world_ : 1);
  chunk_ = chunks ? padded_ / world_ : padded_;
  begin_ = chunks ? group_->rank() * chunk_ : 0;
  layout_.dim = spec_.shard_dim;
  layout_.ranks = world_;

  ReductionRequest reduction;
  reduction.dtype = dtypes_.reduce;
  reduction.factor = context->gradient_divide_factor.value_or(1);
  reduction.shard_size = spec_.replicated ? 1 : world_;
  reduction.replicate_size = spec_.replicated ? world_ : replicas();
  divisors_ = AsSums(ReductionFor(reduction), reduction.shard_size,
                     reduction.replicate_size);

  if (bound()) {
    place_ = bound_->Place(bound_index_);
    flat_ = place_.weights;
  } else {
    flat_ = EmptyFlat(padded_, dtypes_.compute, device);
  }
  for (const auto& leaf : leaves_) {
    leaf->tensor().set_requires_grad(false);
    leaf->Adopt(flat_, label_);
  }
  if (bound()) {
    gathered_ = true;  // always
    // One copy for all ranks: this one's share is counted.
    SetShard(flat_.narrow(0, begin_, chunk_));
    return;
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
  if (holds_place_) {
    context_->ledger.Remove(Holding::kGradient, Bytes(flat_));
  }
  SetShard(at::Tensor());
  if (gathered_ && !bound()) {
    context_->ledger.Remove(Holding::kGathered, Bytes(flat_));
  }
  DropPart();
  DropPieces();
}

std::vector<Segment::Extent> Segment::extents() const {
  std::vector<Extent> out;
  for (const auto& leaf : leaves_) {
    int64_t begin, end;
    if (in_pieces()) {
      begin = leaf->offset() / world_;
      end = begin + leaf->numel() / world_;
    } else {
      begin = std::max(leaf->offset(), begin_) - begin_;
      end = std::min(leaf->offset() + leaf->numel(), begin_ + chunk_) - begin_;
    }
    if (begin < end) out.push_back({leaf.get(), begin, end});
  }
  return out;
}

int64_t Segment::PaddedFor(int64_t numel, int64_t world) {
  return RoundUp(std::max<int64_t>(numel, 1), world * kAlignment);
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
  int64_t end = 0;  // of what is loaded; padding stays zero for ever
  for (const Extent& extent : extents()) {
    const Leaf& leaf = *extent.leaf;
    const at::Tensor mine =
        shard_.narrow(0, extent.begin, extent.end - extent.begin);
    end = extent.end;
    if (in_pieces()) {
      FTS_RETURN_IF_ERROR(
          layout_.ForEachRun(leaf.tensor().sizes(), group_->rank(),
                             [&](int64_t first, int64_t last, int64_t at) {
                               return loader(leaf.name(), first, last,
                                             mine.narrow(0, at, last - first));
                             }));
      continue;
    }
    const int64_t first = begin_ + extent.begin - leaf.offset();
    FTS_RETURN_IF_ERROR(loader(leaf.name(), first, first + mine.numel(), mine));
  }
  shard_.narrow(0, end, chunk_ - end).zero_();
  MarkUpdated();
  return absl::OkStatus();
}

void Segment::Thaw() {
  if (trainable_) return;
  SetResident(false);
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
  if (!holds_place_) return;
  holds_place_ = false;
  context_->ledger.Remove(Holding::kGradient, Bytes(flat_));
  bound_->GiveBackGradient(bound_index_).IgnoreError();  // memory, no more
}

absl::StatusOr<comm::EventPtr> Segment::IssueGather(const char* remark) {
  const int dtype = static_cast<int>(flat_.scalar_type());
  if (part_.defined()) {
    comm::Communicator& near = *group_->forward_gather;
    flat_.narrow(0, near.rank() * part_.numel(), part_.numel()).copy_(part_);
    DropPart();
    context_->trace.Record(
        "all_gather", absl::StrCat(label_, " (group of ", near.size(), ")"),
        remark);
    context_->ledger.near_gathered.calls += 1;
    context_->ledger.near_gathered.bytes += Bytes(flat_);
    near.SetLabel(label_);
    context_->order.Add(OrderHash::kGather, "all_gather in the group", label_,
                        padded_, dtype);
    return near.AllGatherInPlace(flat_);
  }
  at::Tensor full = flat_;
  if (in_pieces()) {
    pieces_ = EmptyFlat(padded_, flat_.scalar_type(), flat_.device());
    context_->ledger.Add(Holding::kGathered, Bytes(pieces_));
    full = pieces_;
  }
  // The cast to the compute dtype and the copy into the slice that the
  // in-place gather sends are one pass.
  // Pinned, the host does not wait: the gradient's way back to the host, before
  // any update of the shard, is behind this copy on the same stream.
  full.narrow(0, begin_, chunk_).copy_(shard_, /*non_blocking=*/pinned_);
  context_->trace.Record("all_gather", label_, remark);
  group_->gather->SetLabel(label_);
  context_->order.Add(OrderHash::kGather, "all_gather", label_, padded_, dtype);
  return group_->gather->AllGatherInPlace(full);
}

absl::Status Segment::StartGather(bool prefetch) {
  if (gathered_ || gathering_ != nullptr) return absl::OkStatus();
  SilentWrites guard;
  AllocateStorage(flat_);
  Ledger& ledger = context_->ledger;
  ledger.Add(Holding::kGathered, Bytes(flat_));
  auto event = IssueGather(prefetch ? " (prefetch)" : "");
  if (!event.ok()) {
    DropPieces();
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
  if (pieces_.defined() && status.ok()) {
    SilentWrites guard;
    for (const auto& leaf : leaves_) {
      layout_.Split(leaf->RangeOf(flat_))
          .copy_(layout_.In(pieces_, leaf->offset(), leaf->tensor().sizes()));
    }
  }
  DropPieces();
  for (const auto& leaf : leaves_) leaf->Expose();
  if (!status.ok()) {
    Drop();  // never expose half-gathered values
  } else if (resident_) {
    ShareShard();
  }
  return status;
}

void Segment::DropPieces() {
  context_->ledger.Remove(Holding::kGathered, Bytes(pieces_));
  pieces_ = at::Tensor();
}

void Segment::KeepPart() {
  if (group_->forward_gather == nullptr) return;
  SilentWrites guard;
  const comm::Communicator& near = *group_->forward_gather;
  const int64_t size = padded_ / near.size();
  part_ = flat_.narrow(0, near.rank() * size, size).clone();
  context_->ledger.Add(Holding::kGathered, Bytes(part_));
}

void Segment::DropPart() {
  context_->ledger.Remove(Holding::kGathered, Bytes(part_));
  part_ = at::Tensor();
}

void Segment::SetResident(bool on) {
  if (!sharded_ || on == resident_) return;
  resident_ = on;
  if (!on) {
    Drop();
  } else if (gathered_) {
    ShareShard();
  }
}

// The slice of the flat form is the shard, to the bit.
void Segment::ShareShard() {
  if (in_pieces() || shard_.scalar_type() != flat_.scalar_type() ||
      shard_.device() != flat_.device()) {
    return;
  }
  context_->ledger.Remove(Holding::kShard, Bytes(shard_));
  shard_ = flat_.narrow(0, begin_, chunk_);
  aliased_ = true;
}

void Segment::Drop() {
  if (!sharded_ || (!gathered_ && gathering_ == nullptr)) return;
  if (gathering_ != nullptr) {
    // Never used. Its memory must not be freed under the writer; what went
    // wrong concerns nobody any more.
    gathering_->Wait().IgnoreError();
    gathering_ = nullptr;
    DropPieces();
  } else {
    for (const auto& leaf : leaves_) leaf->Poison();
  }
  if (aliased_) {
    SilentWrites guard;
    SetShard(shard_.clone());
  }
  FreeStorage(flat_);
  context_->ledger.Remove(Holding::kGathered, Bytes(flat_));
  context_->trace.Record("reshard", label_);
  gathered_ = false;
}

void Segment::Release() {
  if (!sharded_ || resident_) return;
  if (gathered_ && !trainable_) KeepPart();
  Drop();
}

void Segment::ReleaseAfterForward() {
  if (!sharded_ || !gathered_ || resident_) return;
  KeepPart();
  Drop();
}

void Segment::MarkUpdated() {
  ++version_;
  if (sharded_) {
    Drop();
    DropPart();
  } else if (!aliased_ && !bound()) {
    SilentWrites guard;
    flat_.copy_(shard_);
  }
}

absl::Status Segment::ForEachFull(
    const std::function<absl::Status(const std::string&, const at::Tensor&)>&
        fn) {
  at::Tensor full = bound() ? flat_ : shard_;
  if (sharded_) {
    SilentWrites guard;
    full = EmptyFlat(padded_, shard_.scalar_type(), flat_.device());
    full.narrow(0, begin_, chunk_).copy_(shard_);
    FTS_ASSIGN_OR_RETURN(comm::EventPtr event,
                         group_->gather->AllGatherInPlace(full));
    FTS_RETURN_IF_ERROR(event->Wait());
  }
  for (const auto& leaf : leaves_) {
    const at::IntArrayRef sizes = leaf->tensor().sizes();
    const at::Tensor value =
        in_pieces() ? layout_.In(full, leaf->offset(), sizes).reshape(sizes)
                    : leaf->RangeOf(full);
    FTS_RETURN_IF_ERROR(fn(leaf->name(), value));
  }
  return absl::OkStatus();
}

}  // namespace fts::shard
