// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/trace.h"

#include <c10/core/ScalarType.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"

namespace fts::comm {
namespace {

class TracedCommunicator final : public Communicator {
 public:
  TracedCommunicator(CommunicatorPtr inner, std::shared_ptr<Trace> trace)
      : inner_(std::move(inner)), trace_(std::move(trace)) {}

  int rank() const override { return inner_->rank(); }
  int size() const override { return inner_->size(); }
  std::string name() const override { return inner_->name(); }
  void SetLabel(std::string label) override {
    inner_->SetLabel(std::move(label));
  }
  const std::string& label() const override { return inner_->label(); }

  absl::StatusOr<EventPtr> AllGatherInPlace(at::Tensor full) override {
    return Note(inner_->AllGatherInPlace(full), Op::kAllGather, full);
  }
  absl::StatusOr<EventPtr> ReduceScatter(at::Tensor input, at::Tensor output,
                                         ReduceOp op) override {
    return Note(inner_->ReduceScatter(input, output, op), Op::kReduceScatter,
                input);
  }
  absl::StatusOr<EventPtr> AllReduce(at::Tensor tensor, ReduceOp op) override {
    return Note(inner_->AllReduce(tensor, op), Op::kAllReduce, tensor);
  }
  absl::StatusOr<EventPtr> Broadcast(at::Tensor tensor, int root) override {
    return Note(inner_->Broadcast(tensor, root), Op::kBroadcast, tensor);
  }
  absl::StatusOr<EventPtr> AllToAll(at::Tensor input,
                                    at::Tensor output) override {
    return Note(inner_->AllToAll(input, output), Op::kAllToAll, input);
  }
  absl::Status Barrier() override {
    FTS_RETURN_IF_ERROR(inner_->Barrier());
    Add(Op::kBarrier, at::Tensor());
    return absl::OkStatus();
  }
  absl::StatusOr<CommunicatorPtr> Split(const std::vector<int>& ranks,
                                        const std::string& name) override {
    FTS_ASSIGN_OR_RETURN(CommunicatorPtr part, inner_->Split(ranks, name));
    Add(Op::kSplit, at::Tensor());
    if (part == nullptr) return part;
    return WithTrace(std::move(part), trace_);
  }
  void Abort(const std::string& reason) override { inner_->Abort(reason); }

 private:
  absl::StatusOr<EventPtr> Note(absl::StatusOr<EventPtr> result, Op op,
                                const at::Tensor& tensor) {
    if (result.ok()) Add(op, tensor);
    return result;
  }

  void Add(Op op, const at::Tensor& tensor) {
    TraceRecord record;
    record.op = op;
    record.communicator = name();
    record.label = label();
    if (tensor.defined()) {
      record.numel = tensor.numel();
      record.dtype = tensor.scalar_type();
      record.bytes = static_cast<int64_t>(tensor.nbytes());
    }
    trace_->Add(std::move(record));
  }

  const CommunicatorPtr inner_;
  const std::shared_ptr<Trace> trace_;
};

}  // namespace

const char* OpName(Op op) {
  static constexpr const char* kNames[kNumOps] = {
      "all_gather", "reduce_scatter", "all_reduce", "broadcast",
      "all_to_all", "barrier",        "split"};
  return kNames[static_cast<int>(op)];
}

std::string TraceRecord::ToString() const {
  std::string text = absl::StrCat(OpName(op), " ", communicator);
  if (!label.empty()) absl::StrAppend(&text, " '", label, "'");
  if (op != Op::kBarrier && op != Op::kSplit) {
    absl::StrAppend(&text, " ", numel, " ", c10::toString(dtype));
  }
  return text;
}

void Trace::Add(TraceRecord record) {
  std::lock_guard<std::mutex> lock(mutex_);
  Totals& totals = totals_[static_cast<int>(record.op)];
  ++totals.calls;
  totals.bytes += record.bytes;
  if (records_.size() < max_records_) records_.push_back(std::move(record));
}

void Trace::Clear() {
  std::lock_guard<std::mutex> lock(mutex_);
  records_.clear();
  totals_.fill(Totals());
}

std::vector<TraceRecord> Trace::records() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return records_;
}

Trace::Totals Trace::totals(Op op) const {
  std::lock_guard<std::mutex> lock(mutex_);
  return totals_[static_cast<int>(op)];
}

std::string Trace::ToString() const {
  std::string text;
  for (const TraceRecord& record : records()) {
    absl::StrAppend(&text, record.ToString(), "\n");
  }
  return text;
}

CommunicatorPtr WithTrace(CommunicatorPtr inner, std::shared_ptr<Trace> trace) {
  return std::make_shared<TracedCommunicator>(std::move(inner),
                                              std::move(trace));
}

}  // namespace fts::comm
