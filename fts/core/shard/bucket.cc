// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/bucket.h"

#include "fts/core/base/status.h"
#include "fts/core/shard/tensor_util.h"

namespace fts::shard {

void Bucket::Add(const Segment& segment, int64_t numel) {
  members_.push_back({&segment, numel});
}

void Bucket::Remove(const Segment& segment) {
  for (auto it = members_.begin(); it != members_.end(); ++it) {
    if (it->segment == &segment) {
      members_.erase(it);
      return;
    }
  }
}

int64_t Bucket::MissingBytes() const {
  if (buffer_.defined()) return 0;
  int64_t total = 0;
  for (const Member& member : members_) total += member.numel;
  return total *
         static_cast<int64_t>(c10::elementSize(context_->dtypes.reduce));
}

at::Tensor Bucket::Slice(const Segment& segment, at::Device device) {
  if (!buffer_.defined()) {
    int64_t total = 0;
    for (Member& member : members_) {
      member.offset = total;
      total += member.numel;
    }
    buffer_ = EmptyFlat(total, context_->dtypes.reduce, device);
    context_->ledger.Add(Holding::kReduce, Bytes(buffer_));
  }
  for (const Member& member : members_) {
    if (member.segment == &segment) {
      return buffer_.narrow(0, member.offset, member.numel);
    }
  }
  TORCH_INTERNAL_ASSERT(false, "segment is not in the bucket");
}

absl::Status Bucket::AllReduce() {
  if (!buffer_.defined()) return absl::OkStatus();
  context_->trace.Record("all_reduce", "(remainder)");
  static const auto* const kLabel = new std::string("(remainder)");
  context_->reduce->SetLabel(*kLabel);
  context_->order.Add(OrderHash::kReduce, "all_reduce", *kLabel,
                      buffer_.numel(), static_cast<int>(buffer_.scalar_type()));
  FTS_ASSIGN_OR_RETURN(
      comm::EventPtr event,
      context_->reduce->AllReduce(buffer_, comm::ReduceOp::kSum));
  context_->ledger.all_reduced.calls += 1;
  context_->ledger.all_reduced.bytes += Bytes(buffer_);
  const absl::Status status = event->Wait();
  Reset();
  return status;
}

void Bucket::Reset() {
  context_->ledger.Remove(Holding::kReduce, Bytes(buffer_));
  buffer_ = at::Tensor();
}

}  // namespace fts::shard
