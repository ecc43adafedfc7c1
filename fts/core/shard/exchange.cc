// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/exchange.h"

#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <cstring>

#include "fts/core/base/status.h"
#include "fts/core/shard/tensor_util.h"

namespace fts::shard {

absl::StatusOr<std::vector<std::string>> ExchangeTexts(
    comm::Communicator& communicator, const std::string& mine) {
  SilentWrites guard;
  at::Tensor longest =
      at::full({1}, static_cast<int64_t>(mine.size()), at::kLong);
  FTS_ASSIGN_OR_RETURN(comm::EventPtr agreed,
                       communicator.AllReduce(longest, comm::ReduceOp::kMax));
  FTS_RETURN_IF_ERROR(agreed->Wait());
  // One more: a text never fills its place.
  const int64_t place = *longest.data_ptr<int64_t>() + 1;
  at::Tensor all = at::zeros({place * communicator.size()}, at::kByte);
  auto* const bytes = reinterpret_cast<char*>(all.data_ptr<uint8_t>());
  std::memcpy(bytes + place * communicator.rank(), mine.data(), mine.size());
  FTS_ASSIGN_OR_RETURN(comm::EventPtr gathered,
                       communicator.AllGatherInPlace(all));
  FTS_RETURN_IF_ERROR(gathered->Wait());
  std::vector<std::string> out;
  for (int rank = 0; rank < communicator.size(); ++rank) {
    out.emplace_back(bytes + place * rank);
  }
  return out;
}

}  // namespace fts::shard
