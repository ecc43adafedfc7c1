// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A model's parameters and loss under a resolved tp_plan: each rank holds its
// parts, and whole values are cut to them and joined again. What modules do
// with them is in styles.h.
// Threads: confined to the training thread.
#ifndef FTS_CORE_TP_TENSOR_PARALLEL_H_
#define FTS_CORE_TP_TENSOR_PARALLEL_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/nn/loss.h"
#include "fts/core/plan/tp_plan.h"
#include "fts/core/tp/group.h"

namespace fts::tp {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;
// As shard::RangeLoader: fills dst with elements [begin, end) of a parameter.
using RangeLoader = std::function<absl::Status(
    const std::string& name, int64_t begin, int64_t end, at::Tensor dst)>;

class TensorParallel {
 public:
  // Gives every split parameter its local shape, in place; its values are gone:
  // load them next. `plan` is active and resolved for group->size() ranks.
  // Errors: INVALID_ARGUMENT for a parameter that the model does not have.
  static absl::StatusOr<std::unique_ptr<TensorParallel>> Create(
      TpPlan plan, const NamedTensors& parameters, GroupPtr group);

  const GroupPtr& group() const { return group_; }

  // Reads local ranges out of whole parameters.
  RangeLoader LocalLoader(RangeLoader whole) const;

  // The whole of a parameter, of which `local` (1-D or local shape) is this
  // rank's. Collective; as given when it is not split.
  absl::StatusOr<at::Tensor> Whole(const std::string& name,
                                   const at::Tensor& local) const;

  // Loss of the logits that the model returned: over the split vocabulary under
  // loss_parallel.
  nn::LossSum Loss(const at::Tensor& logits, const at::Tensor& labels) const;

 private:
  TensorParallel(TpPlan plan, GroupPtr group)
      : plan_(std::move(plan)), group_(std::move(group)) {}

  TpPlan plan_;
  GroupPtr group_;
  std::map<std::string, std::vector<int64_t>> shapes_;  // whole, of the split
  int64_t vocabulary_ = 0;  // whole, under loss_parallel
};

}  // namespace fts::tp

#endif  // FTS_CORE_TP_TENSOR_PARALLEL_H_
