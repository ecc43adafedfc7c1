// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// DeviceMesh: ranks arranged in a row-major grid of named dimensions.
// The last dimension varies fastest, so neighbours along it are neighbouring
// ranks. Holds numbers only: no process group, no device.
// Threads: immutable after Create; share freely.
#ifndef FTS_CORE_MESH_DEVICE_MESH_H_
#define FTS_CORE_MESH_DEVICE_MESH_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace fts {

// The dimensions every resolved mesh has, in this order.
inline constexpr char kDpReplicate[] = "dp_replicate";
inline constexpr char kDpShard[] = "dp_shard";
inline constexpr char kTp[] = "tp";

struct MeshDim {
  std::string name;
  int64_t size;

  friend bool operator==(const MeshDim& a, const MeshDim& b) {
    return a.name == b.name && a.size == b.size;
  }
};

class DeviceMesh {
 public:
  // One rank, no dimension.
  DeviceMesh() = default;

  // Errors: INVALID_ARGUMENT for an empty or repeated name, a size below 1, or
  // a product that does not fit in 31 bits.
  static absl::StatusOr<DeviceMesh> Create(std::vector<MeshDim> dims);

  const std::vector<MeshDim>& dims() const { return dims_; }
  int64_t size() const { return size_; }  // number of ranks

  // Position of `dim` in dims(), or -1.
  int Find(const std::string& dim) const;
  // Size of `dim`; 1 for a dimension this mesh does not have.
  int64_t DimSize(const std::string& dim) const;

  // Preconditions of all below: 0 <= rank < size().
  std::vector<int64_t> Coordinates(int64_t rank) const;
  // Coordinate on `dim`; 0 for a dimension this mesh does not have.
  int64_t Coordinate(const std::string& dim, int64_t rank) const;
  // Inverse of Coordinates.
  int64_t RankAt(const std::vector<int64_t>& coordinates) const;

  // The ranks that differ from `rank` on the named dimensions only, itself
  // included, ascending. Dimensions this mesh does not have change nothing.
  std::vector<int64_t> GroupRanks(const std::string& dim, int64_t rank) const;
  std::vector<int64_t> JointGroupRanks(const std::vector<std::string>& dims,
                                       int64_t rank) const;
  // All distinct groups of JointGroupRanks(dims, .), ordered by their first
  // rank: what a collective split over the whole world has to create.
  std::vector<std::vector<int64_t>> AllGroups(
      const std::vector<std::string>& dims) const;

  // "dp_replicate 1 x dp_shard 2 x tp 1".
  std::string ToString() const;

  friend bool operator==(const DeviceMesh& a, const DeviceMesh& b) {
    return a.dims_ == b.dims_;
  }

 private:
  std::vector<MeshDim> dims_;
  int64_t size_ = 1;
};

}  // namespace fts

#endif  // FTS_CORE_MESH_DEVICE_MESH_H_
