// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The gradient half of Segment: hooks, the reduce buffer, the reduction.
//
// [Note: gradient hooks]
// A pre-hook on the leaf's AccumulateGrad node copies the gradient, cast to
// the reduce dtype, to its place in the flat buffer and returns an undefined
// tensor, so `.grad` of module parameters stays empty. Node hooks rather than
// the tensor's post-accumulate slot: that slot is the user's. The node is held
// by us, since a tensor holds it only weakly.
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <utility>

#include "fts/core/base/status.h"
#include "fts/core/shard/segment.h"
#include "fts/core/shard/tensor_util.h"

namespace fts::shard {
namespace {

class LeafHook : public torch::autograd::FunctionPreHook {
 public:
  LeafHook(std::weak_ptr<Segment> segment, Leaf* leaf)
      : segment_(std::move(segment)), leaf_(leaf) {}

  torch::autograd::variable_list operator()(
      const torch::autograd::variable_list& grads) override {
    const std::shared_ptr<Segment> segment = segment_.lock();
    if (segment == nullptr || !segment->trainable()) return grads;
    segment->OnGradient(*leaf_, grads.empty() ? at::Tensor() : grads[0]);
    return {at::Tensor()};
  }

 private:
  std::weak_ptr<Segment> segment_;
  Leaf* leaf_;
};

}  // namespace

void Segment::AttachHooks() {
  for (const auto& leaf : leaves_) {
    auto node = torch::autograd::impl::grad_accumulator(leaf->tensor());
    node->add_pre_hook(
        std::make_unique<LeafHook>(weak_from_this(), leaf.get()));
    accumulators_.push_back(std::move(node));
  }
}

bool Segment::direct() const {
  return !bound() && world_ == 1 && !offloaded_ &&
         dtypes_.reduce == shard_.scalar_type() && divisors_.pre_divide == 1 &&
         divisors_.post_divide == 1;
}

int64_t Segment::ReduceBytes() const {
  if (bound() || direct() || reduces_through_bucket()) return 0;
  return padded_ * static_cast<int64_t>(c10::elementSize(dtypes_.reduce)) *
         (in_pieces() ? 2 : 1);
}

absl::Status Segment::MakeRoomForReduce() const {
  const int64_t bytes = reduce_.defined() ? 0 : ReduceBytes();
  if (bytes == 0 || context_->listener == nullptr) return absl::OkStatus();
  return context_->listener->MakeRoom(*this, bytes);
}

void Segment::AllocateReduce() {
  const at::Device device = flat_.device();
  if (bound()) {
    if (holds_place_) return;
    holds_place_ = true;
    context_->ledger.Add(Holding::kGradient, Bytes(flat_));
    return;
  }
  if (direct()) {
    if (grad_.defined()) return;
    grad_ = EmptyChunk(shard_.scalar_type());
    context_->ledger.Add(Holding::kGradient, Bytes(grad_));
    return;
  }
  if (reduce_.defined()) return;
  if (reduces_through_bucket()) {
    reduce_ = bucket_->Slice(*this, device);
    return;
  }
  reduce_ = EmptyFlat(padded_, dtypes_.reduce, device);
  context_->ledger.Add(Holding::kReduce, Bytes(reduce_));
}

const at::Tensor& Segment::GradientTarget() const {
  if (bound()) return place_.gradients[context_->rank()];
  return direct() ? grad_ : reduce_;
}

void Segment::OnGradient(Leaf& leaf, const at::Tensor& grad) {
  SilentWrites guard;
  const bool nested =
      context_->listener != nullptr && context_->listener->OnBackwardActivity();
  if (grad.defined()) {
    context_->nonfinite.Check("the gradient of ", leaf.name(), grad);
    if (closed_ && !nested) {
      ThrowIfError(
          *context_,
          absl::InternalError("parameter '" + leaf.name() +
                              "' got a gradient after its unit '" + label_ +
                              "' was reduced; report the model's structure"));
    }
    // That of a pass inside this one, or of this one inside that.
    if (in_reduction_) ThrowIfError(*context_, FinishReduce());
    ThrowIfError(*context_, MakeRoomForReduce());
    AllocateReduce();
    at::Tensor place = leaf.RangeOf(GradientTarget());
    if (leaf.written) {
      place.add_(grad);
    } else {
      place.copy_(grad);
    }
    leaf.written = true;
    leaf.used = true;
  }
  // Only the outer pass knows how many there will be.
  if (nested || leaf.arrived) return;
  leaf.arrived = true;
  ++arrived_;
  if (complete() && context_->listener != nullptr) {
    context_->listener->OnSegmentComplete(*this);
  }
}

void Segment::BeginBackward() {
  for (const auto& leaf : leaves_) leaf->arrived = false;
  arrived_ = 0;
  closed_ = false;
}

void Segment::Close() {
  closed_ = true;
  if (context_->listener != nullptr)
    context_->listener->OnSegmentComplete(*this);
}

void Segment::ZeroGaps(const at::Tensor& flat_gradient) const {
  for (const auto& leaf : leaves_) {
    if (leaf->written) continue;
    leaf->RangeOf(flat_gradient).zero_();
  }
  if (padded_ > numel_) {
    flat_gradient.narrow(0, numel_, padded_ - numel_).zero_();
  }
}

void Segment::FoldIn(const at::Tensor& reduced) {
  if (divisors_.post_divide != 1) reduced.div_(divisors_.post_divide);
  if (grad_.defined()) {
    grad_.add_(offloaded_ ? reduced.to(at::kCPU) : reduced);
    return;
  }
  if (offloaded_) {  // the host waits for it here
    grad_ = EmptyChunk(shard_.scalar_type());
    grad_.copy_(reduced);
  } else {
    grad_ = reduced.to(shard_.scalar_type());
  }
  context_->ledger.Add(Holding::kGradient, Bytes(grad_));
}

void Segment::ChunkReduce() {
  const at::Tensor pieces =
      EmptyFlat(padded_, reduce_.scalar_type(), reduce_.device());
  context_->ledger.Add(Holding::kReduce, Bytes(pieces));
  for (const auto& leaf : leaves_) {
    layout_.In(pieces, leaf->offset(), leaf->tensor().sizes())
        .copy_(layout_.Split(leaf->RangeOf(reduce_)));
  }
  const int64_t mine = numel_ / world_;
  pieces.view({world_, chunk_}).narrow(1, mine, chunk_ - mine).zero_();
  context_->ledger.Remove(Holding::kReduce, Bytes(reduce_));
  reduce_ = pieces;
}

absl::Status Segment::StartReduce(bool nested) {
  // Already in grad_, or where the ranks will find it.
  if (direct() || bound()) return absl::OkStatus();
  FTS_RETURN_IF_ERROR(FinishReduce());
  FTS_RETURN_IF_ERROR(MakeRoomForReduce());
  SilentWrites guard;
  AllocateReduce();
  ZeroGaps(reduce_);
  if (divisors_.pre_divide != 1) reduce_.div_(divisors_.pre_divide);
  for (const auto& leaf : leaves_) leaf->written = false;
  in_reduction_ = true;
  if (!sharded_) return absl::OkStatus();  // alone: FinishReduce casts
  if (in_pieces()) ChunkReduce();
  reduced_ = EmptyFlat(chunk_, reduce_.scalar_type(), reduce_.device());
  context_->trace.Record("reduce_scatter", label_, nested ? " (nested)" : "");
  comm::Communicator& wire = nested ? *group_->gather : *group_->reduce;
  wire.SetLabel(label_);
  context_->order.Add(nested ? OrderHash::kGather : OrderHash::kReduce,
                      "reduce_scatter", label_, padded_,
                      static_cast<int>(reduce_.scalar_type()));
  FTS_ASSIGN_OR_RETURN(
      reducing_, wire.ReduceScatter(reduce_, reduced_, comm::ReduceOp::kSum));
  context_->ledger.reduced.calls += 1;
  context_->ledger.reduced.bytes += Bytes(reduce_);
  return absl::OkStatus();
}

absl::Status Segment::FinishReduce() {
  if (!in_reduction_) return absl::OkStatus();
  in_reduction_ = false;
  absl::Status status;
  if (reducing_ != nullptr) status = reducing_->Wait();
  reducing_ = nullptr;
  SilentWrites guard;
  context_->ledger.Remove(Holding::kReduce, Bytes(reduce_));
  const at::Tensor result = sharded_ ? reduced_ : reduce_;
  reduce_ = reduced_ = at::Tensor();
  if (status.ok()) FoldIn(result);
  return status;
}

void Segment::PrepareBucket() {
  SilentWrites guard;
  AllocateReduce();
  ZeroGaps(reduce_);
  if (divisors_.pre_divide != 1) reduce_.div_(divisors_.pre_divide);
  for (const auto& leaf : leaves_) leaf->written = false;
}

void Segment::CollectBucket() {
  SilentWrites guard;
  FoldIn(reduce_);
  reduce_ = at::Tensor();
}

void Segment::CompleteGradient() {
  if (!trainable_ || summed_ || across_.defined()) return;
  SilentWrites guard;
  if (direct() || bound()) {
    AllocateReduce();
    ZeroGaps(GradientTarget());
    // Whatever a sum puts there is to be added to.
    for (const auto& leaf : leaves_) leaf->written = true;
  } else if (!grad_.defined()) {
    grad_ = EmptyChunk(shard_.scalar_type());
    grad_.zero_();
    context_->ledger.Add(Holding::kGradient, Bytes(grad_));
  }
}

std::vector<at::Tensor> Segment::GradientParts() const {
  std::vector<at::Tensor> parts;
  if (!bound() || !trainable_ || grad_.defined()) return parts;
  for (const at::Tensor& gradient : place_.gradients) {
    parts.push_back(gradient.narrow(0, begin_, chunk_));
  }
  return parts;
}

void Segment::SumGradients() {
  const std::vector<at::Tensor> parts = GradientParts();
  if (parts.empty()) return;
  SilentWrites guard;
  // Peers read other ranges of it.
  grad_ = parts[context_->rank()];
  SumInRankOrder(parts, grad_);
}

absl::Status Segment::StartReplicaReduce() {
  if (!trainable_ || replicas() == 1 || summed_ || across_.defined()) {
    return absl::OkStatus();
  }
  SilentWrites guard;
  across_ = grad_.to(flat_.device(), dtypes_.reduce);  // itself when that
  if (!across_.is_same(grad_)) {
    context_->ledger.Add(Holding::kReduce, Bytes(across_));
  }
  context_->trace.Record("all_reduce", label_);
  group_->replicate->SetLabel(label_);
  context_->order.Add(OrderHash::kReplica, "all_reduce", label_,
                      across_.numel(), static_cast<int>(across_.scalar_type()));
  auto event = group_->replicate->AllReduce(across_, comm::ReduceOp::kSum);
  if (!event.ok()) {
    DropAcross();
    return event.status();
  }
  reducing_ = *std::move(event);
  context_->ledger.all_reduced.calls += 1;
  context_->ledger.all_reduced.bytes += Bytes(across_);
  return absl::OkStatus();
}

absl::Status Segment::FinishReplicaReduce() {
  if (!across_.defined()) return absl::OkStatus();
  const absl::Status status = reducing_->Wait();
  reducing_ = nullptr;
  SilentWrites guard;
  if (status.ok() && !across_.is_same(grad_)) grad_.copy_(across_);
  summed_ = status.ok();
  DropAcross();
  return status;
}

void Segment::KeepOneSum() {
  if (!summed_) return;
  summed_ = false;
  SilentWrites guard;
  if (replica() > 0) grad_.zero_();
}

void Segment::DropAcross() {
  if (across_.defined() && !across_.is_same(grad_)) {
    context_->ledger.Remove(Holding::kReduce, Bytes(across_));
  }
  across_ = at::Tensor();
}

void Segment::ZeroGrad() {
  DropAcross();
  in_reduction_ = summed_ = false;
  if (!bound()) context_->ledger.Remove(Holding::kGradient, Bytes(grad_));
  if (!reduces_through_bucket()) {
    context_->ledger.Remove(Holding::kReduce, Bytes(reduce_));
  }
  grad_ = at::Tensor();
  reduce_ = at::Tensor();
  reduced_ = at::Tensor();
  reducing_ = nullptr;
  for (const auto& leaf : leaves_) leaf->written = leaf->used = false;
}

}  // namespace fts::shard
