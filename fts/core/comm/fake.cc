// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/fake.h"

#include <ATen/core/LegacyTypeDispatch.h>

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/comm/abort_state.h"
#include "fts/core/comm/arguments.h"

namespace fts::comm {
namespace {

class FakeCommunicatorImpl final : public FakeCommunicator {
 public:
  FakeCommunicatorImpl(FakeOptions options, std::shared_ptr<AbortState> abort)
      : options_(std::move(options)), abort_(std::move(abort)) {
    if (options_.trace == nullptr) options_.trace = std::make_shared<Trace>();
  }

  int rank() const override { return options_.rank; }
  int size() const override { return options_.size; }
  std::string name() const override { return options_.name; }
  const std::shared_ptr<Trace>& trace() const override {
    return options_.trace;
  }

  absl::StatusOr<EventPtr> AllGatherInPlace(at::Tensor full) override {
    FTS_RETURN_IF_ERROR(CheckAllGather(*this, at::kCPU, full));
    FTS_RETURN_IF_ERROR(Record(Op::kAllGather, full));
    if (Touches(full, FakePeers::kSameData)) {
      at::AutoDispatchBelowADInplaceOrView guard;
      const at::Tensor data = DataOf(full);
      const at::Tensor own = Own(data);
      for (int peer = 0; peer < size(); ++peer) {
        if (peer != rank()) SliceOf(data, peer, size()).copy_(own);
      }
    }
    return CompletedEvent();
  }

  absl::StatusOr<EventPtr> ReduceScatter(at::Tensor input, at::Tensor output,
                                         ReduceOp op) override {
    FTS_RETURN_IF_ERROR(CheckReduceScatter(*this, at::kCPU, input, output));
    FTS_RETURN_IF_ERROR(Record(Op::kReduceScatter, input));
    if (Touches(input)) {
      at::AutoDispatchBelowADInplaceOrView guard;
      const at::Tensor own = Own(DataOf(input));
      at::Tensor result = DataOf(output);
      if (own.const_data_ptr() != result.const_data_ptr()) result.copy_(own);
      Reduce(result, op);
    }
    return CompletedEvent();
  }

  absl::StatusOr<EventPtr> AllReduce(at::Tensor tensor, ReduceOp op) override {
    FTS_RETURN_IF_ERROR(CheckAllReduce(*this, at::kCPU, tensor));
    FTS_RETURN_IF_ERROR(Record(Op::kAllReduce, tensor));
    if (Touches(tensor)) {
      at::AutoDispatchBelowADInplaceOrView guard;
      at::Tensor data = DataOf(tensor);
      Reduce(data, op);
    }
    return CompletedEvent();
  }

  absl::StatusOr<EventPtr> Broadcast(at::Tensor tensor, int root) override {
    FTS_RETURN_IF_ERROR(CheckBroadcast(*this, at::kCPU, tensor, root));
    FTS_RETURN_IF_ERROR(Record(Op::kBroadcast, tensor));
    return CompletedEvent();
  }

  absl::StatusOr<EventPtr> AllToAll(at::Tensor input,
                                    at::Tensor output) override {
    FTS_RETURN_IF_ERROR(CheckAllToAll(*this, at::kCPU, input, output));
    FTS_RETURN_IF_ERROR(Record(Op::kAllToAll, input));
    if (Touches(input)) {
      at::AutoDispatchBelowADInplaceOrView guard;
      const at::Tensor own = Own(DataOf(input));
      const at::Tensor result = DataOf(output);
      for (int peer = 0; peer < size(); ++peer) {
        if (peer == rank() || options_.peers == FakePeers::kSameData) {
          SliceOf(result, peer, size()).copy_(own);
        }
      }
    }
    return CompletedEvent();
  }

  absl::Status Barrier() override { return Record(Op::kBarrier, at::Tensor()); }

  absl::StatusOr<CommunicatorPtr> Split(const std::vector<int>& ranks,
                                        const std::string& name) override {
    FTS_RETURN_IF_ERROR(CheckSplit(*this, ranks, name));
    FTS_RETURN_IF_ERROR(Record(Op::kSplit, at::Tensor()));
    FakeOptions part = options_;
    part.rank = PlaceIn(ranks, rank());
    part.size = static_cast<int>(ranks.size());
    part.name = absl::StrCat(options_.name, "/", name);
    if (part.rank < 0) return CommunicatorPtr();
    return CommunicatorPtr(
        std::make_shared<FakeCommunicatorImpl>(std::move(part), abort_));
  }

  void Abort(const std::string& reason) override { abort_->Abort(reason); }

 private:
  bool Touches(const at::Tensor& tensor) const {
    return options_.peers != FakePeers::kUntouched && tensor.numel() > 0;
  }
  bool Touches(const at::Tensor& tensor, FakePeers only) const {
    return options_.peers == only && tensor.numel() > 0;
  }

  at::Tensor Own(const at::Tensor& full) const {
    return SliceOf(full, rank(), size());
  }

  void Reduce(at::Tensor& tensor, ReduceOp op) const {
    if (op == ReduceOp::kSum && options_.peers == FakePeers::kSameData) {
      tensor.mul_(size());
    }
  }

  absl::Status Record(Op op, const at::Tensor& tensor) {
    FTS_RETURN_IF_ERROR(abort_->Check(*this, OpName(op)));
    TraceRecord record;
    record.op = op;
    record.communicator = options_.name;
    record.label = label();
    if (tensor.defined()) {
      record.numel = tensor.numel();
      record.dtype = tensor.scalar_type();
      record.bytes = static_cast<int64_t>(tensor.nbytes());
    }
    options_.trace->Add(std::move(record));
    return absl::OkStatus();
  }

  FakeOptions options_;
  const std::shared_ptr<AbortState> abort_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<FakeCommunicator>> MakeFake(
    FakeOptions options) {
  if (options.rank < 0 || options.rank >= options.size) {
    return absl::InvalidArgumentError(absl::StrCat(
        "fake communicator '", options.name, "': rank ", options.rank, " of ",
        options.size, " does not exist; ranks are 0 to size - 1"));
  }
  return std::shared_ptr<FakeCommunicator>(
      std::make_shared<FakeCommunicatorImpl>(std::move(options),
                                             std::make_shared<AbortState>()));
}

}  // namespace fts::comm
