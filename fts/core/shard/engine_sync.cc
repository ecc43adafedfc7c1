// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The part of ShardEngine that ends a step: what ranks must agree on before
// the optimizer runs, and the check that replicas did not drift.
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/shard/engine.h"
#include "fts/core/shard/exchange.h"
#include "fts/core/shard/tensor_util.h"

namespace fts::shard {
namespace {

// "the summed gradient of W", the first parameter's whose part here is not
// finite; empty when all are.
std::string NonfiniteGradient(const Segment& segment) {
  if (!segment.trainable() || !segment.grad().defined()) return "";
  if (!HasNonfinite(segment.grad())) return "";
  const int64_t first = segment.begin();
  const int64_t last = first + segment.grad().numel();
  for (const auto& leaf : segment.leaves()) {
    const int64_t begin = std::max(leaf->offset(), first);
    const int64_t end = std::min(leaf->offset() + leaf->numel(), last);
    if (begin < end &&
        HasNonfinite(segment.grad().narrow(0, begin - first, end - begin))) {
      return absl::StrCat("the summed gradient of ", leaf->name());
    }
  }
  return "";
}

// Of `texts` by rank, those of the first group of ranks that differ among each
// other; the other ranks get that of the group's first, so that nothing is said
// of what they do otherwise. `group_of` a rank.
std::vector<std::string> OneGroup(
    std::vector<std::string> texts,
    const std::function<size_t(size_t)>& group_of) {
  std::map<size_t, size_t> first;  // rank of each group
  for (size_t rank = 0; rank < texts.size(); ++rank) {
    const size_t group = group_of(rank);
    const size_t known = first.emplace(group, rank).first->second;
    if (texts[known] == texts[rank]) continue;
    for (size_t other = 0; other < texts.size(); ++other) {
      if (group_of(other) != group) texts[other] = texts[known];
    }
    break;
  }
  return texts;
}

}  // namespace

absl::Status ShardEngine::CompleteGradients() {
  if (backward_task_ != -1 || nested_failed_) {
    return absl::FailedPreconditionError(absl::StrCat(
        backward_task_ != -1 ? "the last backward pass"
                             : "a backward pass inside the last one",
        " failed, so there is no complete gradient; run forward and backward "
        "again before the optimizer step"));
  }
  // The last micro-step had no backward.
  if (held_back_) FTS_RETURN_IF_ERROR(ReduceRest());
  FTS_RETURN_IF_ERROR(ReduceBucket());
  for (const auto& segment : segments_) {
    if (segment->trainable() && segment->unreduced()) {
      return absl::InternalError(absl::StrCat(
          "gradients of unit '", segment->label(),
          "' were never reduced over the ranks: its parameters were used "
          "outside the unit's forward"));
    }
    segment->CompleteGradient();
  }
  FTS_RETURN_IF_ERROR(ReduceReplicas());
  return SumPartialGradients();
}

// [Note: partial gradients]
// A norm under sequence parallelism sees a part of the tokens on each rank
// along tp, so its gradient is one term of a sum. PyTorch adds the terms before
// FSDP reduces them, parameter by parameter in every backward. A sum over
// data-parallel ranks and one over ranks along tp may change places, so the
// chunks that are left after the former are added here, all in one collective
// per optimizer step.
absl::Status ShardEngine::SumPartialGradients() {
  if (context_.tp_size() == 1) return absl::OkStatus();
  SilentWrites guard;
  std::vector<at::Tensor> parts;
  for (const auto& segment : segments_) {
    if (segment->trainable() && segment->spec().tp_partial &&
        segment->grad().defined()) {
      parts.push_back(segment->grad());
    }
  }
  if (parts.empty()) return absl::OkStatus();
  // Terms of half types are added in fp32, as reduce-scatters add them.
  const at::Tensor sum = at::cat(parts).to(at::kFloat);
  static const std::string* const kLabel =
      new std::string("(partial gradients)");
  context_.trace.Record("all_reduce", *kLabel);
  context_.ledger.all_reduced.calls += 1;
  context_.ledger.all_reduced.bytes += Bytes(sum);
  context_.tp->SetLabel(*kLabel);
  FTS_ASSIGN_OR_RETURN(comm::EventPtr event,
                       context_.tp->AllReduce(sum, comm::ReduceOp::kSum));
  FTS_RETURN_IF_ERROR(event->Wait());
  int64_t at = 0;
  for (at::Tensor& part : parts) {
    part.copy_(sum.narrow(0, at, part.numel()));
    at += part.numel();
  }
  return absl::OkStatus();
}

absl::Status ShardEngine::ReduceReplicas() {
  for (const auto& segment : segments_) {
    FTS_RETURN_IF_ERROR(sums_.Start(segment));
  }
  return sums_.Finish();
}

bool ShardEngine::CountsInNorm(const Segment& segment) const {
  if (segment.bound()) return true;
  if (!segment.spec().tp_sharded && context_.tp_rank() != 0) return false;
  if (segment.replicated()) return context_.rank() == 0;
  return segment.replica() == 0;
}

// [Note: the step's all-reduce]
// One vector of doubles is summed over the ranks per optimizer step: the loss,
// the squared gradient norm, rank 0's clock, one number per parameter that says
// whether this rank had a gradient for it, and one per rank, its order hash; a
// zero there is a rank that only a fake communicator knows. Where ranks share
// layers, one more per rank: its hash of the calls along tp. A sharded segment
// contributes its chunk's norm on every rank; a replicated one, already
// reduced, only on rank 0; one that has replicas, only on the first of them;
// one that is not split along tp, only on the first rank along it, and so the
// loss, which ranks along tp make together.
absl::StatusOr<StepSummary> ShardEngine::Synchronize(double loss,
                                                     double squared_norm,
                                                     double seconds) {
  constexpr int64_t kFirst = 3;  // of the numbers per parameter
  SilentWrites guard;
  const int64_t num_parameters = static_cast<int64_t>(names_.size());
  at::Tensor numbers =
      at::zeros({kFirst + num_parameters +
                 context_.everyone->size() * (context_.tp_size() > 1 ? 2 : 1)},
                at::kDouble);
  double* const data = numbers.data_ptr<double>();
  data[0] = context_.tp_rank() == 0 ? loss : 0;
  data[1] = squared_norm;
  data[2] = context_.everyone->rank() == 0 ? seconds : 0;
  for (const auto& segment : segments_) {
    for (const auto& leaf : segment->leaves()) {
      if (leaf->used) data[kFirst + leaf->index()] = 1;
    }
  }
  double* const hashes = data + kFirst + num_parameters;
  hashes[context_.everyone->rank()] = context_.order.value();
  double* tp_hashes = nullptr;
  if (context_.tp_size() > 1) {
    tp_hashes = hashes + context_.everyone->size();
    tp_hashes[context_.everyone->rank()] = context_.tp_order.value();
  }
  if (context_.everyone->size() > 1) {
    context_.trace.Record("all_reduce", "(step)");
    context_.everyone->SetLabel("(step)");
    FTS_ASSIGN_OR_RETURN(
        comm::EventPtr event,
        context_.everyone->AllReduce(numbers, comm::ReduceOp::kSum));
    FTS_RETURN_IF_ERROR(event->Wait());
    FTS_RETURN_IF_ERROR(CheckOrder(hashes, tp_hashes));
  }
  context_.order.Clear();
  context_.tp_order.Clear();
  prefetch_.AdoptRecord();
  ++step_;
  StepSummary summary;
  summary.loss = data[0];
  summary.grad_norm = std::sqrt(data[1]);
  summary.seconds = data[2];
  summary.used.resize(num_parameters);
  for (int64_t i = 0; i < num_parameters; ++i) {
    summary.used[i] = data[kFirst + i] > 0;
  }
  return summary;
}

// Every rank sees the same hashes, so that all of them come to the exchange.
// Ranks along tp may hold parts of different size, so those that hold the same
// part are compared.
absl::Status ShardEngine::CheckOrder(const double* hashes,
                                     const double* tp_hashes) {
  const int tp = context_.tp_size();
  const int ranks = context_.everyone->size();
  // The same within each group of ranks? A zero is of none.
  const auto same = [ranks](const double* of, int groups,
                            const std::function<int(int)>& group_of) {
    std::vector<double> known(groups, 0);
    for (int rank = 0; rank < ranks; ++rank) {
      if (of[rank] == 0) continue;
      double& first = known[group_of(rank)];
      if (first != 0 && first != of[rank]) return false;
      first = of[rank];
    }
    return true;
  };
  if (tp_hashes != nullptr &&
      !same(tp_hashes, ranks / tp, [tp](int rank) { return rank / tp; })) {
    return ExplainOrder("issue the same collectives along tp", step_,
                        /*along_tp=*/true);
  }
  return same(hashes, tp, [tp](int rank) { return rank % tp; })
             ? absl::OkStatus()
             : ExplainOrder("issue the same collectives", step_);
}

absl::Status ShardEngine::ExplainOrder(const char* not_done, int64_t step,
                                       bool along_tp) {
  const size_t tp = context_.tp_size();
  context_.everyone->SetLabel("(order of collectives)");
  FTS_ASSIGN_OR_RETURN(
      std::vector<std::string> texts,
      ExchangeTexts(*context_.everyone, along_tp ? context_.tp_order.ToText()
                                                 : context_.order.ToText()));
  texts = OneGroup(std::move(texts), [tp, along_tp](size_t rank) {
    return along_tp ? rank / tp : rank % tp;
  });
  return absl::FailedPreconditionError(absl::StrCat(
      "the ranks did not ", not_done, " in step ", step, ": ",
      FirstDifference(texts),
      "; nothing was updated. Every rank must run the same modules in the same "
      "order: look for a branch on the rank or the data in a forward"));
}

void ShardEngine::OnTpCall(const char* op, const std::string& label,
                           const at::Tensor& tensor) {
  context_.ledger.along_tp.calls += 1;
  context_.ledger.along_tp.bytes += Bytes(tensor);
  context_.tp_order.Add(OrderHash::kTp, op, *tp_labels_.insert(label).first,
                        tensor.numel(), static_cast<int>(tensor.scalar_type()));
}

absl::StatusOr<std::string> ShardEngine::ExplainNonfinite(double loss) {
  const auto exchange =
      [&](const std::string& mine) -> absl::StatusOr<std::vector<std::string>> {
    if (context_.everyone->size() == 1) return std::vector<std::string>{mine};
    context_.everyone->SetLabel("(not finite)");
    return ExchangeTexts(*context_.everyone, mine);
  };
  std::string mine = context_.nonfinite.first();
  if (mine.empty() && !std::isfinite(loss)) mine = "the loss";
  FTS_ASSIGN_OR_RETURN(std::vector<std::string> texts, exchange(mine));
  if (std::all_of(texts.begin(), texts.end(),
                  [](const auto& text) { return text.empty(); })) {
    // Sums tell what is wrong, not on which rank it began. Gradients arrive
    // last unit first.
    for (auto it = segments_.rbegin(); mine.empty() && it != segments_.rend();
         ++it) {
      mine = NonfiniteGradient(**it);
    }
    FTS_ASSIGN_OR_RETURN(texts, exchange(mine));
  }
  return JoinFindings(texts);
}

absl::StatusOr<bool> ShardEngine::HoldSame(const Segment& segment,
                                           comm::Communicator& holders) {
  at::Tensor first = segment.shard().clone();
  FTS_ASSIGN_OR_RETURN(comm::EventPtr sent, holders.Broadcast(first, 0));
  FTS_RETURN_IF_ERROR(sent->Wait());
  at::Tensor differs = at::zeros({1}, at::kDouble);
  // Bits, not numbers: NaN equals itself and -0 differs from 0.
  if (!at::equal(first.view(at::kByte), segment.shard().view(at::kByte))) {
    differs.fill_(1);
  }
  // All ranks agree, so that all stop at the same segment.
  FTS_ASSIGN_OR_RETURN(
      comm::EventPtr agreed,
      context_.everyone->AllReduce(differs, comm::ReduceOp::kMax));
  FTS_RETURN_IF_ERROR(agreed->Wait());
  return differs.item<double>() == 0;
}

absl::Status ShardEngine::CheckReplicas() {
  // Bound, there is one copy.
  if (context_.everyone->size() == 1 || bound()) return absl::OkStatus();
  SilentWrites guard;
  for (const auto& segment : segments_) {
    const auto drifted = [&](const std::string& what) {
      return absl::InternalError(absl::StrCat(
          what, " (segment of ", segment->leaves().size(),
          " parameters, first '", segment->leaves().front()->name(),
          "'); every rank must apply the same updates"));
    };
    if (segment->replicated() && context_.world() > 1) {
      FTS_ASSIGN_OR_RETURN(const bool same,
                           HoldSame(*segment, *context_.gather));
      if (!same) {
        return drifted(
            "replicated parameters have drifted apart between ranks");
      }
    } else if (segment->replicas() > 1) {
      FTS_ASSIGN_OR_RETURN(const bool same,
                           HoldSame(*segment, *group_->replicate));
      if (!same) {
        return drifted(
            absl::StrCat("unit '", segment->label(),
                         "': shards have drifted apart between replicas"));
      }
    }
    if (context_.tp_size() > 1 && !segment->spec().tp_sharded) {
      FTS_ASSIGN_OR_RETURN(const bool same, HoldSame(*segment, *context_.tp));
      if (!same) {
        return drifted(absl::StrCat(
            "unit '", segment->label(),
            "': parameters that the tp_plan does not split have drifted apart "
            "between ranks along tp"));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace fts::shard
