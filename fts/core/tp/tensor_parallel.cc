// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/tp/tensor_parallel.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fts/core/base/status.h"
#include "fts/core/comm/status_error.h"
#include "fts/core/tp/move.h"
#include "fts/core/tp/vocabulary.h"

namespace fts::tp {
namespace {

int64_t Product(const std::vector<int64_t>& sizes, size_t begin, size_t end) {
  int64_t product = 1;
  for (size_t i = begin; i < end; ++i) product *= sizes[i];
  return product;
}

// A tensor split along one dimension as rows of the whole: each row of the
// whole holds `length` elements of this rank's, from `skip` on.
struct Rows {
  int64_t whole, skip, length;

  Rows(const std::vector<int64_t>& shape, int64_t dim, const TpChunk& mine) {
    const int64_t inner = Product(shape, dim + 1, shape.size());
    whole = shape[dim] * inner;
    skip = mine.begin * inner;
    length = mine.size * inner;
  }
};

}  // namespace

absl::StatusOr<std::unique_ptr<TensorParallel>> TensorParallel::Create(
    TpPlan plan, const NamedTensors& parameters, GroupPtr group) {
  if (plan.size != group->size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the tp_plan was resolved for ", plan.size,
                     " ranks along tp, but there are ", group->size()));
  }
  std::unique_ptr<TensorParallel> tp(
      new TensorParallel(std::move(plan), std::move(group)));
  std::map<std::string, at::Tensor> by_name;
  for (const auto& [name, tensor] : parameters) by_name[name] = tensor;
  for (const auto& [name, parameter] : tp->plan_.parameters) {
    const auto found = by_name.find(name);
    if (found == by_name.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the tp_plan splits parameter '", name,
                       "', which the model does not have"));
    }
    if (!parameter.placement.is_shard()) continue;
    at::Tensor& tensor = found->second;
    const std::vector<int64_t> whole = tensor.sizes().vec();
    if (!parameter.shape.empty() && parameter.shape != whole) {
      return absl::InvalidArgumentError(absl::StrCat(
          "parameter '", name, "' has shape [", absl::StrJoin(whole, ", "),
          "], but the tp_plan was resolved for [",
          absl::StrJoin(parameter.shape, ", "),
          "]; a model whose parameters another session has cut must be made "
          "anew"));
    }
    const std::vector<int64_t> local =
        TpLocalShape(whole, parameter, tp->group_->size(), tp->group_->rank());
    // Asked of the last rank, so that all fail alike.
    const std::vector<int64_t> least = TpLocalShape(
        whole, parameter, tp->group_->size(), tp->group_->size() - 1);
    if (std::count(least.begin(), least.end(), 0) > 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "parameter '", name, "' leaves nothing for the last of ",
          tp->group_->size(), " ranks along tp; use a smaller mesh.tp"));
    }
    tp->shapes_[name] = whole;
    tensor.set_data(at::empty(local, tensor.options().requires_grad(false)));
  }
  if (tp->plan_.loss_parallel) {
    const TpRule* head = tp->plan_.Find(tp->plan_.loss_module);
    if (head == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("loss_parallel: the tp_plan has no rule for module '",
                       tp->plan_.loss_module, "', which makes the logits"));
    }
    tp->vocabulary_ = head->whole;
  }
  return tp;
}

RangeLoader TensorParallel::LocalLoader(RangeLoader whole) const {
  return [this, whole = std::move(whole)](const std::string& name,
                                          int64_t begin, int64_t end,
                                          at::Tensor dst) -> absl::Status {
    const auto shape = shapes_.find(name);
    if (shape == shapes_.end()) {
      return whole(name, begin, end, std::move(dst));
    }
    const int64_t dim =
        plan_.parameters.at(name)
            .placement.Resolve(static_cast<int64_t>(shape->second.size()))
            ->dim();
    const Rows rows(
        shape->second, dim,
        ChunkOf(shape->second[dim], group_->size(), group_->rank()));
    for (int64_t at = begin; at < end;) {
      const int64_t row = at / rows.length;
      const int64_t stop = std::min(end, (row + 1) * rows.length);
      const int64_t from =
          row * rows.whole + rows.skip + (at - row * rows.length);
      FTS_RETURN_IF_ERROR(whole(name, from, from + (stop - at),
                                dst.narrow(0, at - begin, stop - at)));
      at = stop;
    }
    return absl::OkStatus();
  };
}

absl::StatusOr<at::Tensor> TensorParallel::Whole(
    const std::string& name, const at::Tensor& local) const {
  const auto shape = shapes_.find(name);
  if (shape == shapes_.end()) return local;
  const TpParameter& parameter = plan_.parameters.at(name);
  const std::vector<int64_t> here =
      TpLocalShape(shape->second, parameter, group_->size(), group_->rank());
  const auto placement =
      parameter.placement.Resolve(static_cast<int64_t>(here.size()));
  ConvertOptions options;
  options.label = name;
  options.whole = shape->second[placement->dim()];
  try {
    return Move(local.detach().reshape(here), *placement,
                Placement::Replicate(), *group_, options)
        .contiguous();
  } catch (const StatusError& error) {
    return error.status();
  }
}

nn::LossSum TensorParallel::Loss(const at::Tensor& logits,
                                 const at::Tensor& labels) const {
  if (!plan_.loss_parallel) return nn::SumCrossEntropy(logits, labels);
  return SumCrossEntropy(logits, labels, vocabulary_, group_,
                         plan_.loss_module);
}

}  // namespace fts::tp
