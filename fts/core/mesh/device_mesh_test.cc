// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/mesh/device_mesh.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace fts {
namespace {

using Ranks = std::vector<int64_t>;

DeviceMesh Mesh(int64_t replicate, int64_t shard, int64_t tp) {
  auto mesh = DeviceMesh::Create(
      {{kDpReplicate, replicate}, {kDpShard, shard}, {kTp, tp}});
  EXPECT_TRUE(mesh.ok()) << mesh.status();
  return *mesh;
}

TEST(DeviceMesh, IsRowMajorWithTheLastDimensionFastest) {
  const DeviceMesh mesh = Mesh(2, 3, 2);
  EXPECT_EQ(mesh.size(), 12);
  EXPECT_EQ(mesh.Coordinates(0), (Ranks{0, 0, 0}));
  EXPECT_EQ(mesh.Coordinates(1), (Ranks{0, 0, 1}));
  EXPECT_EQ(mesh.Coordinates(2), (Ranks{0, 1, 0}));
  EXPECT_EQ(mesh.Coordinates(6), (Ranks{1, 0, 0}));
  EXPECT_EQ(mesh.Coordinates(11), (Ranks{1, 2, 1}));
  EXPECT_EQ(mesh.Coordinate(kDpShard, 11), 2);
}

TEST(DeviceMesh, RankAtInvertsCoordinates) {
  const DeviceMesh mesh = Mesh(2, 3, 2);
  for (int64_t rank = 0; rank < mesh.size(); ++rank) {
    EXPECT_EQ(mesh.RankAt(mesh.Coordinates(rank)), rank);
  }
}

TEST(DeviceMesh, GroupRanksVariesOneDimension) {
  const DeviceMesh mesh = Mesh(2, 3, 2);
  EXPECT_EQ(mesh.GroupRanks(kTp, 7), (Ranks{6, 7}));
  EXPECT_EQ(mesh.GroupRanks(kDpShard, 7), (Ranks{7, 9, 11}));
  EXPECT_EQ(mesh.GroupRanks(kDpReplicate, 7), (Ranks{1, 7}));
}

TEST(DeviceMesh, GroupRanksVariesSeveralDimensions) {
  const DeviceMesh mesh = Mesh(2, 3, 2);
  EXPECT_EQ(mesh.JointGroupRanks({kDpReplicate, kDpShard}, 3),
            (Ranks{1, 3, 5, 7, 9, 11}));
  // The order in which they are named does not matter.
  EXPECT_EQ(mesh.JointGroupRanks({kDpShard, kDpReplicate}, 3),
            (Ranks{1, 3, 5, 7, 9, 11}));
}

TEST(DeviceMesh, EveryRankIsInExactlyOneGroup) {
  const DeviceMesh mesh = Mesh(2, 3, 2);
  for (const auto& dims : std::vector<std::vector<std::string>>{
           {kTp}, {kDpShard}, {kDpReplicate, kDpShard}, {}}) {
    std::vector<int> seen(mesh.size(), 0);
    for (const Ranks& group : mesh.AllGroups(dims)) {
      for (const int64_t rank : group) {
        ++seen[rank];
        EXPECT_EQ(mesh.JointGroupRanks(dims, rank), group);
      }
    }
    EXPECT_EQ(seen, std::vector<int>(mesh.size(), 1));
  }
}

TEST(DeviceMesh, UnknownDimensionIsOneRankWide) {
  const DeviceMesh mesh = Mesh(1, 2, 1);
  EXPECT_EQ(mesh.DimSize("pp"), 1);
  EXPECT_EQ(mesh.Coordinate("pp", 1), 0);
  EXPECT_EQ(mesh.GroupRanks("pp", 1), (Ranks{1}));
}

TEST(DeviceMesh, DefaultIsOneRank) {
  const DeviceMesh mesh;
  EXPECT_EQ(mesh.size(), 1);
  EXPECT_EQ(mesh.GroupRanks(kDpShard, 0), (Ranks{0}));
  EXPECT_EQ(mesh.ToString(), "one rank");
}

TEST(DeviceMesh, Prints) {
  EXPECT_EQ(Mesh(1, 2, 4).ToString(), "dp_replicate 1 x dp_shard 2 x tp 4");
}

TEST(DeviceMesh, RefusesBadDimensions) {
  EXPECT_EQ(DeviceMesh::Create({{"a", 0}}).status().message(),
            "mesh dimension 'a' has size 0; it must be at least 1");
  EXPECT_EQ(DeviceMesh::Create({{"a", 2}, {"a", 2}}).status().message(),
            "mesh dimension 'a' is named twice");
  EXPECT_EQ(DeviceMesh::Create({{"", 2}}).status().message(),
            "mesh dimension 0 has no name");
  EXPECT_EQ(DeviceMesh::Create({{"a", 65536}, {"b", 65536}}).status().message(),
            "mesh dimension 'b' of size 65536 makes the mesh larger than "
            "2147483647 ranks");
}

}  // namespace
}  // namespace fts
