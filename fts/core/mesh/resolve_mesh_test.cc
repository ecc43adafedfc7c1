// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/mesh/resolve_mesh.h"

#include <optional>
#include <string>

#include "gtest/gtest.h"

namespace fts {
namespace {

// The resolved mesh, or the diagnostics as text.
std::string Resolve(MeshRequest request, RankSources sources) {
  Diagnostics diags;
  auto mesh = ResolveMesh(request, sources, &diags);
  EXPECT_EQ(mesh.ok(), diags.ok());
  if (mesh.ok()) return mesh->ToString();
  EXPECT_EQ(mesh.status(), diags.status());
  return diags.ToString();
}

RankSources Launched(int64_t world) { return {world, 0, 1}; }
RankSources Gpus(int64_t gpus) { return {std::nullopt, gpus, 1}; }
RankSources Cpu(int64_t ranks) { return {std::nullopt, 0, ranks}; }

TEST(ResolveMesh, DefaultShardsOverAllRanks) {
  EXPECT_EQ(Resolve({}, Launched(4)), "dp_replicate 1 x dp_shard 4 x tp 1");
  EXPECT_EQ(Resolve({}, Gpus(8)), "dp_replicate 1 x dp_shard 8 x tp 1");
  EXPECT_EQ(Resolve({}, Cpu(2)), "dp_replicate 1 x dp_shard 2 x tp 1");
  EXPECT_EQ(Resolve({}, Cpu(1)), "dp_replicate 1 x dp_shard 1 x tp 1");
}

TEST(ResolveMesh, ALauncherWinsOverGpusAndGpusOverCpuRanks) {
  EXPECT_EQ(Resolve({}, {2, 8, 4}), "dp_replicate 1 x dp_shard 2 x tp 1");
  EXPECT_EQ(Resolve({}, {std::nullopt, 8, 4}),
            "dp_replicate 1 x dp_shard 8 x tp 1");
}

TEST(ResolveMesh, AnyOneSizeMayBeFree) {
  EXPECT_EQ(Resolve({2, -1, 2}, Launched(8)),
            "dp_replicate 2 x dp_shard 2 x tp 2");
  EXPECT_EQ(Resolve({-1, 2, 1}, Launched(8)),
            "dp_replicate 4 x dp_shard 2 x tp 1");
  EXPECT_EQ(Resolve({1, 2, -1}, Cpu(4)), "dp_replicate 1 x dp_shard 2 x tp 2");
}

TEST(ResolveMesh, AWholeMeshSaysHowManyRanksToStart) {
  EXPECT_EQ(Resolve({1, 4, 1}, Cpu(1)), "dp_replicate 1 x dp_shard 4 x tp 1");
  EXPECT_EQ(Resolve({1, 2, 1}, Gpus(8)), "dp_replicate 1 x dp_shard 2 x tp 1");
}

TEST(ResolveMesh, WorldSizeDoesNotFit) {
  EXPECT_EQ(Resolve({1, 2, 1}, Launched(3)),
            "error: mesh {dp_replicate: 1, dp_shard: 2, tp: 1} needs 2 ranks, "
            "but 3 ranks were launched; launch 2, or set mesh.dp_shard to -1 "
            "or 3 [mesh_size]\n");
  EXPECT_EQ(Resolve({1, 2, 2}, Launched(1)),
            "error: mesh {dp_replicate: 1, dp_shard: 2, tp: 2} needs 4 ranks, "
            "but 1 rank was launched; launch 4, or change the mesh "
            "[mesh_size]\n");
  EXPECT_EQ(Resolve({1, -1, 2}, Launched(3)),
            "error: mesh {dp_replicate: 1, dp_shard: -1, tp: 2}: 3 ranks were "
            "launched, which is not a multiple of dp_replicate x tp = 2; "
            "launch a multiple of 2, or change the mesh [mesh_size]\n");
}

TEST(ResolveMesh, LocalRanksDoNotFit) {
  EXPECT_EQ(Resolve({1, -1, 2}, Cpu(1)),
            "error: mesh {dp_replicate: 1, dp_shard: -1, tp: 2}: "
            "trainer.cpu_ranks is 1, which is not a multiple of dp_replicate x "
            "tp = 2; set trainer.cpu_ranks to a multiple of 2, or change the "
            "mesh [mesh_size]\n");
  EXPECT_EQ(Resolve({1, 4, 1}, Cpu(2)),
            "error: mesh {dp_replicate: 1, dp_shard: 4, tp: 1} needs 4 ranks, "
            "but trainer.cpu_ranks is 2; set trainer.cpu_ranks to 4, or one "
            "size of the mesh to -1 [mesh_size]\n");
  EXPECT_EQ(Resolve({1, 4, 1}, Gpus(2)),
            "error: mesh {dp_replicate: 1, dp_shard: 4, tp: 1} needs 4 ranks, "
            "but only 2 GPUs are usable here; make the mesh smaller, or set "
            "trainer.device to cpu [mesh_size]\n");
}

TEST(ResolveMesh, ReportsEveryBadSizeWithItsPlace) {
  SourceLocation where;
  where.file = std::make_shared<const std::string>("run.yaml");
  where.line = 7;
  where.column = 12;
  EXPECT_EQ(Resolve({0, -2, 1, where}, Launched(2)),
            "run.yaml:7:12: error: mesh.dp_replicate is 0; it must be -1 "
            "(what is left) or from 1 to 2147483647 [out_of_range]\n"
            "run.yaml:7:12: error: mesh.dp_shard is -2; it must be -1 (what "
            "is left) or from 1 to 2147483647 [out_of_range]\n");
}

TEST(ResolveMesh, RefusesTwoFreeSizes) {
  EXPECT_EQ(Resolve({-1, -1, 1}, Launched(2)),
            "error: mesh {dp_replicate: -1, dp_shard: -1, tp: 1}: "
            "dp_replicate and dp_shard are both -1; only one can take what is "
            "left, give the other a size [mesh_ambiguous]\n");
}

TEST(ResolveMesh, RefusesNoRanks) {
  EXPECT_EQ(Resolve({}, Cpu(0)),
            "error: trainer.cpu_ranks is 0; it must be at least 1 "
            "[out_of_range]\n");
}

TEST(ResolveMesh, RefusesAHugeMesh) {
  EXPECT_EQ(Resolve({65536, 65536, 1}, Cpu(1)),
            "error: mesh.dp_shard is 65536; it must be -1 (what is left) or "
            "from 1 to 32767 [out_of_range]\n");
}

}  // namespace
}  // namespace fts
