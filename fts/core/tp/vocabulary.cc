// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/tp/vocabulary.h"

#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>

#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "fts/core/comm/status_error.h"
#include "fts/core/nn/embedding.h"
#include "fts/core/plan/tp_plan.h"

namespace fts::tp {
namespace {

using torch::autograd::variable_list;

// Ids of this rank's rows counted from its first one, 0 for those of others,
// and which are others'.
struct LocalIds {
  at::Tensor ids, outside;
};

LocalIds Localize(const at::Tensor& ids, int64_t vocabulary,
                  const Group& group) {
  const TpChunk mine = ChunkOf(vocabulary, group.size(), group.rank());
  LocalIds out;
  out.ids = ids.sub(mine.begin);
  out.outside = out.ids.lt(0).logical_or_(out.ids.ge(mine.size));
  out.ids.masked_fill_(out.outside, 0);
  return out;
}

// On a device this would wait for it; there a wrong id is another rank's on
// every rank: an embedding of zeros, a label that no logit belongs to.
void CheckIds(const at::Tensor& ids, const at::Tensor& wrong,
              int64_t vocabulary, const char* what) {
  if (!ids.device().is_cpu() || !wrong.any().item<bool>()) return;
  throw std::invalid_argument(
      absl::StrCat(what, " ", ids.masked_select(wrong)[0].item<int64_t>(),
                   " is outside the vocabulary of ", vocabulary,
                   "; look at the tokenizer and at the model's vocab_size"));
}

void AllReduce(const Group& group, const at::Tensor& tensor, comm::ReduceOp op,
               const std::string& label) {
  if (group.comm() == nullptr) return;  // dry run
  group.Tell("all_reduce", label, tensor);
  group.comm()->SetLabel(label);
  auto event = group.comm()->AllReduce(tensor, op);
  if (!event.ok()) throw StatusError(event.status());
  const absl::Status status = (*event)->Wait();
  if (!status.ok()) throw StatusError(status);
}

// d(sum of losses)/d(logits) = softmax - one-hot of the label, for tokens that
// count. Every rank needs its own columns only.
struct CrossEntropyBackward : torch::autograd::Node {
  variable_list apply(variable_list&& grads) override {
    if (!grads[0].defined()) return {at::Tensor()};
    if (c10::GradMode::is_enabled()) {
      throw std::runtime_error(
          "the loss of split logits cannot be differentiated twice "
          "(create_graph); set loss_parallel: false");
    }
    if (!exponentials.defined()) {
      throw std::runtime_error(
          "backward ran a second time through a loss of split logits, whose "
          "tensors the first one has freed; pass retain_graph");
    }
    const at::Tensor coefficient = grads[0].mul(counts);  // [tokens]
    at::Tensor out = exponentials.mul(coefficient.div(sums).unsqueeze(1));
    out.scatter_add_(
        1, labels.ids.unsqueeze(1),
        coefficient.neg().masked_fill_(labels.outside, 0).unsqueeze(1));
    return {out.to(dtype).view(sizes)};
  }
  void release_variables() override {
    exponentials.reset();
    sums.reset();
    counts.reset();
    labels = {};
  }
  std::string name() const override { return "SplitCrossEntropyBackward"; }

  at::Tensor exponentials;  // [tokens, chunk], of logits less their largest
  at::Tensor sums;          // [tokens], of all ranks' exponentials
  at::Tensor counts;        // [tokens] fp32: 0 where the label is ignored
  LocalIds labels;
  at::ScalarType dtype = at::kFloat;
  std::vector<int64_t> sizes;
};

}  // namespace

at::Tensor EmbeddingRows(const at::Tensor& ids, const at::Tensor& weight,
                         int64_t vocabulary, const Group& group) {
  if (ids.is_meta()) return nn::PickRows(weight, ids);  // shapes alone
  CheckIds(ids, ids.lt(0).logical_or_(ids.ge(vocabulary)), vocabulary,
           "token id");
  const LocalIds local = Localize(ids, vocabulary, group);
  return nn::PickRows(weight, local.ids)
      .masked_fill_(local.outside.unsqueeze(-1), 0);
}

nn::LossSum SumCrossEntropy(const at::Tensor& logits, const at::Tensor& labels,
                            int64_t vocabulary, const GroupPtr& group,
                            const std::string& label) {
  const TpChunk mine = ChunkOf(vocabulary, group->size(), group->rank());
  if (logits.size(-1) != mine.size) {
    throw std::invalid_argument(absl::StrCat(
        label, ": logits of ", logits.size(-1), " columns, but rank ",
        group->rank(), " of ", group->size(), " along tp holds ", mine.size,
        " of a vocabulary of ", vocabulary));
  }
  const bool graph = c10::GradMode::is_enabled() && logits.requires_grad();
  auto node = std::shared_ptr<CrossEntropyBackward>(
      new CrossEntropyBackward(), torch::autograd::deleteNode);
  if (graph) {
    node->set_next_edges(torch::autograd::collect_next_edges(logits));
  }
  nn::LossSum loss;
  {
    at::AutoDispatchBelowADInplaceOrView below;
    const at::Tensor rows = logits.reshape({-1, mine.size}).to(at::kFloat);
    const at::Tensor wanted = labels.reshape({-1});
    const at::Tensor counted = wanted.ne(nn::kIgnoreLabel);
    if (!wanted.is_meta()) {
      CheckIds(
          wanted,
          wanted.lt(0).logical_or_(wanted.ge(vocabulary)).logical_and_(counted),
          vocabulary, "label");
    }
    node->labels = Localize(wanted, vocabulary, *group);

    const at::Tensor largest = rows.amax(1);
    AllReduce(*group, largest, comm::ReduceOp::kMax, label);
    at::Tensor shifted = rows.sub(largest.unsqueeze(1));
    const at::Tensor picked = shifted.gather(1, node->labels.ids.unsqueeze(1))
                                  .squeeze(1)
                                  .masked_fill_(node->labels.outside, 0);
    node->exponentials = shifted.exp_();
    node->sums = node->exponentials.sum(1);
    AllReduce(*group, node->sums, comm::ReduceOp::kSum, label);
    AllReduce(*group, picked, comm::ReduceOp::kSum, label);

    node->counts = counted.to(at::kFloat);
    node->dtype = logits.scalar_type();
    node->sizes = logits.sizes().vec();
    loss.sum = node->sums.log()
                   .sub_(picked)
                   .masked_fill_(counted.logical_not(), 0)
                   .sum();
    loss.count = counted.sum();
  }
  if (graph) torch::autograd::set_history(loss.sum, node);
  return loss;
}

}  // namespace fts::tp
