// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The part of ShardEngine that compares ranks: whether they issued the same
// collectives in a step, and whether what they hold alike has drifted apart.
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>

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
