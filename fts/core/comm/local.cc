// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/local.h"

#include <ATen/core/LegacyTypeDispatch.h>

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/comm/arguments.h"

namespace fts::comm {
namespace {

class LocalCommunicator final : public Communicator {
 public:
  LocalCommunicator(std::string name, at::DeviceType device,
                    std::shared_ptr<AbortState> abort)
      : name_(std::move(name)), device_(device), abort_(std::move(abort)) {}

  int rank() const override { return 0; }
  int size() const override { return 1; }
  std::string name() const override { return name_; }

  absl::StatusOr<EventPtr> AllGatherInPlace(at::Tensor full) override {
    FTS_RETURN_IF_ERROR(CheckAllGather(*this, device_, full));
    return Done("all_gather");
  }

  absl::StatusOr<EventPtr> ReduceScatter(at::Tensor input, at::Tensor output,
                                         ReduceOp) override {
    FTS_RETURN_IF_ERROR(CheckReduceScatter(*this, device_, input, output));
    FTS_RETURN_IF_ERROR(Alive("reduce_scatter"));
    Copy(input, output);
    return CompletedEvent();
  }

  absl::StatusOr<EventPtr> AllReduce(at::Tensor tensor, ReduceOp) override {
    FTS_RETURN_IF_ERROR(CheckAllReduce(*this, device_, tensor));
    return Done("all_reduce");
  }

  absl::StatusOr<EventPtr> Broadcast(at::Tensor tensor, int root) override {
    FTS_RETURN_IF_ERROR(CheckBroadcast(*this, device_, tensor, root));
    return Done("broadcast");
  }

  absl::StatusOr<EventPtr> AllToAll(at::Tensor input,
                                    at::Tensor output) override {
    FTS_RETURN_IF_ERROR(CheckAllToAll(*this, device_, input, output));
    FTS_RETURN_IF_ERROR(Alive("all_to_all"));
    Copy(input, output);
    return CompletedEvent();
  }

  absl::Status Barrier() override { return Alive("barrier"); }

  absl::StatusOr<CommunicatorPtr> Split(const std::vector<int>& ranks,
                                        const std::string& name) override {
    FTS_RETURN_IF_ERROR(CheckSplit(*this, ranks, name));
    FTS_RETURN_IF_ERROR(Alive("split"));
    if (ranks.empty()) return CommunicatorPtr();
    return CommunicatorPtr(std::make_shared<LocalCommunicator>(
        absl::StrCat(name_, "/", name), device_, abort_));
  }

  void Abort(const std::string& reason) override { abort_->Abort(reason); }

 private:
  static void Copy(const at::Tensor& from, const at::Tensor& to) {
    if (from.numel() == 0 || from.const_data_ptr() == to.const_data_ptr()) {
      return;
    }
    at::AutoDispatchBelowADInplaceOrView guard;
    DataOf(to).copy_(from);
  }

  absl::Status Alive(const char* op) { return abort_->Check(*this, op); }

  absl::StatusOr<EventPtr> Done(const char* op) {
    FTS_RETURN_IF_ERROR(Alive(op));
    return CompletedEvent();
  }

  const std::string name_;
  const at::DeviceType device_;
  const std::shared_ptr<AbortState> abort_;
};

}  // namespace

CommunicatorPtr MakeLocal(std::string name, at::DeviceType device) {
  return MakeLocal(std::move(name), device, std::make_shared<AbortState>());
}

CommunicatorPtr MakeLocal(std::string name, at::DeviceType device,
                          std::shared_ptr<AbortState> abort) {
  return std::make_shared<LocalCommunicator>(std::move(name), device,
                                             std::move(abort));
}

}  // namespace fts::comm
