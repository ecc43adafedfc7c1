// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/mesh/placement.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace fts {

absl::StatusOr<Placement> Placement::Resolve(int64_t rank) const {
  if (!is_shard()) return *this;
  const int64_t dim = dim_ < 0 ? dim_ + rank : dim_;
  if (dim < 0 || dim >= rank) {
    return absl::InvalidArgumentError(
        absl::StrCat(ToString(), " names no dimension of a tensor with ", rank,
                     rank == 1 ? " dimension" : " dimensions"));
  }
  return Shard(dim);
}

std::string Placement::ToString() const {
  switch (kind_) {
    case Kind::kReplicate:
      return "Replicate()";
    case Kind::kPartial:
      return "Partial()";
    case Kind::kShard:
      return absl::StrCat("Shard(", dim_, ")");
  }
  return "?";
}

std::string ToString(const std::vector<Placement>& placements) {
  return absl::StrCat("[",
                      absl::StrJoin(placements, ", ",
                                    [](std::string* out, const Placement& p) {
                                      absl::StrAppend(out, p.ToString());
                                    }),
                      "]");
}

}  // namespace fts
