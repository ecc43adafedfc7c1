// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/mesh/device_mesh.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace fts {

absl::StatusOr<DeviceMesh> DeviceMesh::Create(std::vector<MeshDim> dims) {
  constexpr int64_t kMaxRanks = std::numeric_limits<int32_t>::max();
  int64_t size = 1;
  for (size_t i = 0; i < dims.size(); ++i) {
    const MeshDim& dim = dims[i];
    if (dim.name.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("mesh dimension ", i, " has no name"));
    }
    for (size_t j = 0; j < i; ++j) {
      if (dims[j].name == dim.name) {
        return absl::InvalidArgumentError(
            absl::StrCat("mesh dimension '", dim.name, "' is named twice"));
      }
    }
    if (dim.size < 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("mesh dimension '", dim.name, "' has size ", dim.size,
                       "; it must be at least 1"));
    }
    if (dim.size > kMaxRanks / size) {
      return absl::InvalidArgumentError(
          absl::StrCat("mesh dimension '", dim.name, "' of size ", dim.size,
                       " makes the mesh larger than ", kMaxRanks, " ranks"));
    }
    size *= dim.size;
  }
  DeviceMesh mesh;
  mesh.dims_ = std::move(dims);
  mesh.size_ = size;
  return mesh;
}

int DeviceMesh::Find(const std::string& dim) const {
  for (size_t i = 0; i < dims_.size(); ++i) {
    if (dims_[i].name == dim) return static_cast<int>(i);
  }
  return -1;
}

int64_t DeviceMesh::DimSize(const std::string& dim) const {
  const int i = Find(dim);
  return i < 0 ? 1 : dims_[i].size;
}

std::vector<int64_t> DeviceMesh::Coordinates(int64_t rank) const {
  std::vector<int64_t> coordinates(dims_.size());
  for (size_t i = dims_.size(); i-- > 0;) {
    coordinates[i] = rank % dims_[i].size;
    rank /= dims_[i].size;
  }
  return coordinates;
}

int64_t DeviceMesh::Coordinate(const std::string& dim, int64_t rank) const {
  const int i = Find(dim);
  return i < 0 ? 0 : Coordinates(rank)[i];
}

int64_t DeviceMesh::RankAt(const std::vector<int64_t>& coordinates) const {
  int64_t rank = 0;
  for (size_t i = 0; i < dims_.size(); ++i) {
    rank = rank * dims_[i].size + coordinates[i];
  }
  return rank;
}

std::vector<int64_t> DeviceMesh::GroupRanks(const std::string& dim,
                                            int64_t rank) const {
  return JointGroupRanks({dim}, rank);
}

std::vector<int64_t> DeviceMesh::JointGroupRanks(
    const std::vector<std::string>& dims, int64_t rank) const {
  std::vector<bool> free(dims_.size(), false);
  for (const std::string& dim : dims) {
    const int i = Find(dim);
    if (i >= 0) free[i] = true;
  }
  // Walks the grid dimension by dimension; row-major order keeps the ranks
  // ascending.
  const std::vector<int64_t> at = Coordinates(rank);
  std::vector<int64_t> ranks = {0};
  for (size_t i = 0; i < dims_.size(); ++i) {
    const int64_t begin = free[i] ? 0 : at[i];
    const int64_t end = free[i] ? dims_[i].size : at[i] + 1;
    std::vector<int64_t> next;
    next.reserve(ranks.size() * (end - begin));
    for (const int64_t prefix : ranks) {
      for (int64_t c = begin; c < end; ++c) {
        next.push_back(prefix * dims_[i].size + c);
      }
    }
    ranks = std::move(next);
  }
  return ranks;
}

std::vector<std::vector<int64_t>> DeviceMesh::AllGroups(
    const std::vector<std::string>& dims) const {
  std::vector<std::vector<int64_t>> groups;
  for (int64_t rank = 0; rank < size_; ++rank) {
    std::vector<int64_t> group = JointGroupRanks(dims, rank);
    if (group.front() == rank) groups.push_back(std::move(group));
  }
  return groups;
}

std::string DeviceMesh::ToString() const {
  if (dims_.empty()) return "one rank";
  return absl::StrJoin(dims_, " x ", [](std::string* out, const MeshDim& d) {
    absl::StrAppend(out, d.name, " ", d.size);
  });
}

}  // namespace fts
