// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Placement: how one tensor lies along one mesh dimension.
// Shard(d) splits tensor dimension d, Replicate() keeps a whole copy per rank,
// Partial() keeps one term per rank of a sum still to be reduced.
// Threads: a value; share freely.
#ifndef FTS_CORE_MESH_PLACEMENT_H_
#define FTS_CORE_MESH_PLACEMENT_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace fts {

class Placement {
 public:
  enum class Kind { kReplicate, kShard, kPartial };

  static Placement Replicate() { return Placement(Kind::kReplicate, 0); }
  static Placement Partial() { return Placement(Kind::kPartial, 0); }
  // A negative `dim` counts from the end; see Resolve.
  static Placement Shard(int64_t dim) { return Placement(Kind::kShard, dim); }

  Kind kind() const { return kind_; }
  bool is_replicate() const { return kind_ == Kind::kReplicate; }
  bool is_partial() const { return kind_ == Kind::kPartial; }
  bool is_shard() const { return kind_ == Kind::kShard; }
  // Precondition: is_shard().
  int64_t dim() const { return dim_; }

  // The same placement for a tensor of `rank` dimensions, a negative shard
  // dimension made positive. Errors: INVALID_ARGUMENT when there is no such
  // dimension.
  absl::StatusOr<Placement> Resolve(int64_t rank) const;

  // "Shard(0)", "Replicate()", "Partial()".
  std::string ToString() const;

  friend bool operator==(const Placement& a, const Placement& b) {
    return a.kind_ == b.kind_ && a.dim_ == b.dim_;
  }
  friend bool operator!=(const Placement& a, const Placement& b) {
    return !(a == b);
  }

 private:
  Placement(Kind kind, int64_t dim) : kind_(kind), dim_(dim) {}

  Kind kind_;
  int64_t dim_;
};

// One placement per mesh dimension, in mesh order: "[Replicate(), Shard(0)]".
std::string ToString(const std::vector<Placement>& placements);

inline std::ostream& operator<<(std::ostream& out, const Placement& p) {
  return out << p.ToString();
}

}  // namespace fts

#endif  // FTS_CORE_MESH_PLACEMENT_H_
