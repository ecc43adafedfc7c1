// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/c10d_communicator.h"

#include <ATen/ops/empty_like.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fts/core/base/status.h"
#include "fts/core/comm/arguments.h"
#include "fts/core/comm/c10d_compat.h"
#include "fts/core/comm/c10d_event.h"
#include "fts/core/comm/host_reduce.h"
#include "fts/core/comm/local.h"
#include "fts/core/comm/wait_observer.h"

namespace fts::comm {
namespace {

using compat::WorkPtr;

c10d::ReduceOp ToC10d(ReduceOp op) {
  return op == ReduceOp::kSum ? c10d::ReduceOp::SUM : c10d::ReduceOp::MAX;
}

// Types that no c10d backend names travel as bytes.
at::Tensor AsMoved(const at::Tensor& tensor) {
  at::Tensor data = DataOf(tensor);
  return data.scalar_type() == at::kShort ? data.view(at::kByte) : data;
}

class C10dCommunicator final : public Communicator {
 public:
  // `key` names the group in the job's store.
  C10dCommunicator(std::shared_ptr<const CallOwner> owner, std::string key,
                   C10dGroup group)
      : owner_(std::move(owner)),
        key_(std::move(key)),
        group_(std::move(group)),
        device_(owner_->job->settings().device) {}

  ~C10dCommunicator() override { owner_->job->ReleaseGroup(std::move(group_)); }

  int rank() const override { return owner_->rank; }
  int size() const override { return owner_->size; }
  std::string name() const override { return owner_->name; }

  absl::StatusOr<EventPtr> AllGatherInPlace(at::Tensor full) override {
    FTS_RETURN_IF_ERROR(CheckAllGather(*this, device_, full));
    return Issue("all_gather", full.numel(), [&] {
      at::Tensor output = AsMoved(full);
      at::Tensor input = SliceOf(output, rank(), size());
      return compat::AllGather(backend(), output, input, {});
    });
  }

  absl::StatusOr<EventPtr> ReduceScatter(at::Tensor input, at::Tensor output,
                                         ReduceOp op) override {
    FTS_RETURN_IF_ERROR(CheckReduceScatter(*this, device_, input, output));
    if (device_ == at::kCPU) return HostReduceScatter(input, output, op);
    return Issue("reduce_scatter", input.numel(), [&] {
      c10d::ReduceScatterOptions options;
      options.reduceOp = ToC10d(op);
      at::Tensor from = DataOf(input);
      at::Tensor to = DataOf(output);
      return compat::ReduceScatter(backend(), to, from, options);
    });
  }

  absl::StatusOr<EventPtr> AllReduce(at::Tensor tensor, ReduceOp op) override {
    FTS_RETURN_IF_ERROR(CheckAllReduce(*this, device_, tensor));
    return Issue("all_reduce", tensor.numel(), [&] {
      c10d::AllreduceOptions options;
      options.reduceOp = ToC10d(op);
      std::vector<at::Tensor> tensors = {DataOf(tensor)};
      return backend().allreduce(tensors, options);
    });
  }

  absl::StatusOr<EventPtr> Broadcast(at::Tensor tensor, int root) override {
    FTS_RETURN_IF_ERROR(CheckBroadcast(*this, device_, tensor, root));
    return Issue("broadcast", tensor.numel(), [&] {
      c10d::BroadcastOptions options;
      options.rootRank = root;
      std::vector<at::Tensor> tensors = {AsMoved(tensor)};
      return backend().broadcast(tensors, options);
    });
  }

  absl::StatusOr<EventPtr> AllToAll(at::Tensor input,
                                    at::Tensor output) override {
    FTS_RETURN_IF_ERROR(CheckAllToAll(*this, device_, input, output));
    return Issue("all_to_all", input.numel(), [&] {
      at::Tensor from = AsMoved(input);
      at::Tensor to = AsMoved(output);
      std::vector<int64_t> equal;
      return backend().alltoall_base(to, from, equal, equal, {});
    });
  }

  absl::Status Barrier() override {
    FTS_ASSIGN_OR_RETURN(EventPtr event, Issue("barrier", 1, [&] {
                           return backend().barrier({});
                         }));
    return event->Wait();
  }

  absl::StatusOr<CommunicatorPtr> Split(const std::vector<int>& ranks,
                                        const std::string& name) override;

  void Abort(const std::string& reason) override { owner_->job->Abort(reason); }

 private:
  c10d::Backend& backend() { return *group_.backend; }

  // [Note: reduce-scatter on the CPU]
  //
  // c10d's own for Gloo is an all-reduce of a copy whose slice is copied out by
  // the thread that waits: twice the traffic, and no result without a wait.
  // Here every rank sends its slices to their owners, and the owner adds them
  // up, in rank order, on the backend's thread.
  absl::StatusOr<EventPtr> HostReduceScatter(const at::Tensor& input,
                                             const at::Tensor& output,
                                             ReduceOp op) {
    at::Tensor received;
    return Issue(
        "reduce_scatter", input.numel(),
        [&] {
          at::Tensor from = DataOf(input);
          received = at::empty_like(from);
          std::vector<int64_t> equal;
          return backend().alltoall_base(received, from, equal, equal, {});
        },
        [&]() -> std::function<void()> {
          return [received, to = DataOf(output), op] {
            ReduceSlices(received, to, op);
          };
        });
  }

  // `make_then` is asked for MakeHostEvent()'s `then` once the call is queued.
  template <typename Call>
  absl::StatusOr<EventPtr> Issue(
      const char* op, int64_t numel, const Call& call,
      const std::function<std::function<void()>()>& make_then = nullptr) {
    FTS_RETURN_IF_ERROR(owner_->job->Check(*this, op));
    if (numel == 0) return CompletedEvent();
    const uint64_t number = NextCollective();
    try {
      WorkPtr work = call();
      if (device_ == at::kCPU) {
        return MakeHostEvent(std::move(work), owner_, op, label(), number,
                             make_then == nullptr ? nullptr : make_then());
      }
      return MakeStreamEvent(std::move(work), owner_, op, label(), number);
    } catch (const std::exception& error) {
      return owner_->job->Failed(DescribeCall(*this, op), error);
    }
  }

  const std::shared_ptr<const CallOwner> owner_;
  const std::string key_;
  C10dGroup group_;
  const at::DeviceType device_;
  int splits_ = 0;
};

absl::StatusOr<CommunicatorPtr> MakeMember(std::shared_ptr<C10dJob> job,
                                           const std::string& key, int rank,
                                           int size, const std::string& name) {
  const ObservedWait waiting({"split", "", name, 0});
  auto owner = std::make_shared<CallOwner>();
  FTS_ASSIGN_OR_RETURN(C10dGroup group, job->MakeGroup(key, rank, size, name));
  owner->job = std::move(job);
  owner->name = name;
  owner->rank = rank;
  owner->size = size;
  return CommunicatorPtr(std::make_shared<C10dCommunicator>(
      std::move(owner), key, std::move(group)));
}

absl::StatusOr<CommunicatorPtr> C10dCommunicator::Split(
    const std::vector<int>& ranks, const std::string& name) {
  FTS_RETURN_IF_ERROR(CheckSplit(*this, ranks, name));
  FTS_RETURN_IF_ERROR(owner_->job->Check(*this, "split"));
  const int split = splits_++;  // counts on every rank, also on those left out
  const int place = PlaceIn(ranks, rank());
  if (place < 0) return CommunicatorPtr();
  const std::string full_name = absl::StrCat(owner_->name, "/", name);
  if (ranks.size() == 1) {
    return MakeLocal(full_name, device_, owner_->job);
  }
  return MakeMember(
      owner_->job,
      absl::StrCat(key_, "/", split, ".", name, ".", absl::StrJoin(ranks, "-")),
      place, static_cast<int>(ranks.size()), full_name);
}

}  // namespace

absl::StatusOr<CommunicatorPtr> MakeC10dCommunicator(
    StorePtr store, int rank, int size, const std::string& name,
    C10dJob::Settings settings) {
  if (rank < 0 || rank >= size) {
    return absl::InvalidArgumentError(
        absl::StrCat(settings.backend, " communicator ", name, ": rank ", rank,
                     " of ", size, " does not exist; ranks are 0 to size - 1"));
  }
  if (settings.timeout.count() <= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(settings.backend, " communicator ", name, ": timeout is ",
                     settings.timeout.count(), " ms, must be positive"));
  }
  FTS_ASSIGN_OR_RETURN(
      std::shared_ptr<C10dJob> job,
      C10dJob::Create(std::move(store), rank, std::move(settings)));
  return MakeMember(std::move(job), name, rank, size, name);
}

}  // namespace fts::comm
