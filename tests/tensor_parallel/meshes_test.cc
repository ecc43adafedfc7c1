// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Every mesh trains as one rank does: loss and gradient norm per step, and
// every parameter at the end, over three phases.
#include <ATen/ops/allclose.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "tests/tensor_parallel/llama_run.h"

namespace fts::testing {
namespace {

// What a run without tp gives, once for all meshes.
const LlamaResult& Whole(const std::string& key, const LlamaRun& like) {
  static auto* const known = new std::map<std::string, LlamaResult>();
  const auto found = known->find(key);
  if (found != known->end()) return found->second;
  LlamaRun run = like;
  run.replicas = run.shards = run.tp = 1;
  run.micro_steps = 1;
  return (*known)[key] = RunLlama(run);
}

void ExpectSame(const LlamaResult& got, const LlamaResult& want,
                double loss_tolerance = 1e-5, double tolerance = 1e-5) {
  ASSERT_EQ(got.loss.size(), want.loss.size());
  for (size_t i = 0; i < want.loss.size(); ++i) {
    SCOPED_TRACE("step " + std::to_string(i));
    EXPECT_NEAR(got.loss[i], want.loss[i], loss_tolerance * want.loss[i]);
    EXPECT_NEAR(got.norm[i], want.norm[i], 10 * tolerance * want.norm[i]);
  }
  ASSERT_EQ(got.values.size(), want.values.size());
  for (const auto& [name, value] : want.values) {
    SCOPED_TRACE(name);
    ASSERT_EQ(got.values.at(name).sizes(), value.sizes());
    const double norm = value.norm().item<double>();
    EXPECT_NEAR(got.values.at(name).norm().item<double>(), norm,
                tolerance * norm);
    EXPECT_LT(got.values.at(name).sub(value).norm().item<double>(),
              100 * tolerance * norm);
  }
}

struct Mesh {
  int replicas, shards, tp;
};
std::string Name(const ::testing::TestParamInfo<Mesh>& info) {
  return std::to_string(info.param.replicas) + "x" +
         std::to_string(info.param.shards) + "x" +
         std::to_string(info.param.tp);
}

class MeshesTest : public ::testing::TestWithParam<Mesh> {
 protected:
  LlamaRun Run() const {
    LlamaRun run;
    run.replicas = GetParam().replicas;
    run.shards = GetParam().shards;
    run.tp = GetParam().tp;
    return run;
  }
};
INSTANTIATE_TEST_SUITE_P(All, MeshesTest,
                         ::testing::Values(Mesh{1, 1, 2}, Mesh{1, 1, 4},
                                           Mesh{1, 2, 2}, Mesh{2, 1, 2},
                                           Mesh{2, 2, 2}),
                         Name);

TEST_P(MeshesTest, EqualsOneRankInEveryCombination) {
  for (const bool sequence : {true, false}) {
    for (const bool loss : {true, false}) {
      SCOPED_TRACE(std::string("sequence ") + (sequence ? "on" : "off") +
                   ", loss " + (loss ? "on" : "off"));
      LlamaRun run = Run();
      run.sequence_parallel = sequence;
      run.loss_parallel = loss;
      ExpectSame(RunLlama(run), Whole("plain", run));
    }
  }
}

TEST_P(MeshesTest, EqualsOneRankWhenClippedAccumulatedAndRecomputed) {
  LlamaRun run = Run();
  run.clip = 0.3;
  run.no_decay = {"norm"};
  run.micro_steps = 2;
  run.block_options = "{act_ckpt: composable}";
  const LlamaResult& want = Whole("clipped", run);
  EXPECT_GT(want.norm[0], 0.3);  // clipping does something
  ExpectSame(RunLlama(run), want);
  run.strategy = "unplanned: shard\naccumulation: unsharded\n";
  run.sequence_parallel = false;
  run.block_options =
      "{act_ckpt: wrapped_offload, reshard_after_forward: false}";
  ExpectSame(RunLlama(run), want);
}

TEST(Meshes, TiedEmbeddingsShareOneShardOfTheVocabulary) {
  LlamaRun run;
  run.model.tied_embeddings = true;
  run.shards = run.tp = 2;
  ExpectSame(RunLlama(run), Whole("tied", run));
  run.sequence_parallel = run.loss_parallel = false;
  ExpectSame(RunLlama(run), Whole("tied", run));
}

// Offload is nothing on a CPU; it must not break either.
TEST(Meshes, OffloadAndIntReshardCompose) {
  LlamaRun run;
  run.shards = 4;
  run.tp = 2;
  run.block_options = "{cpu_offload_policy: {}, reshard_after_forward: 2}";
  ExpectSame(RunLlama(run), Whole("plain", run));
}

// Results of products that a checkpoint keeps must not be summed in place.
TEST_P(MeshesTest, EqualsOneRankWhenProductsAreKept) {
  for (const bool sequence : {true, false}) {
    LlamaRun run = Run();
    run.sequence_parallel = sequence;
    run.block_options =
        "{act_ckpt: {mode: composable, kwargs: {save: [matmul]}}}";
    ExpectSame(RunLlama(run), Whole("plain", run));
  }
}

// Within upstream's tolerance of bf16, with fp32 masters and without.
TEST(Meshes, HalfPrecisionStaysWithinItsOwnError) {
  for (const char* master : {"float32", "bfloat16"}) {
    LlamaRun run;
    run.precision.param = "bfloat16";
    run.precision.master = master;
    const LlamaResult& want = Whole(master, run);
    for (const Mesh mesh : {Mesh{1, 1, 2}, Mesh{1, 2, 2}, Mesh{2, 1, 2}}) {
      for (const bool sequence : {true, false}) {
        SCOPED_TRACE(std::string(master) + (sequence ? " sequence" : ""));
        run.replicas = mesh.replicas;
        run.shards = mesh.shards;
        run.tp = mesh.tp;
        run.sequence_parallel = sequence;
        const LlamaResult got = RunLlama(run);
        for (size_t i = 0; i < want.loss.size(); ++i) {
          EXPECT_NEAR(got.loss[i], want.loss[i], 1.6e-2 * want.loss[i]) << i;
          EXPECT_NEAR(got.norm[i], want.norm[i], 5e-2 * want.norm[i]) << i;
        }
        for (const auto& [name, value] : want.values) {
          const double norm = value.to(at::kFloat).norm().item<double>();
          EXPECT_NEAR(got.values.at(name).to(at::kFloat).norm().item<double>(),
                      norm, 1.6e-2 * norm)
              << name;
        }
      }
    }
  }
}

// A rank that goes another way than its peers along tp is told so.
TEST(Meshes, RanksAlongTpThatDifferAreToldWhere) {
  LlamaRun run;
  run.tp = 2;
  run.steps = {1, 0, 0};
  std::vector<std::string> said(2);
  run.step = [&](Session& session, llama::Llama& model, int64_t) {
    const int rank = session.engine().context().tp_rank();
    const at::Tensor rows = LlamaTokens(run.model, 0, 2);
    // Of one size, so that nothing else tells: which label it is about.
    session.engine().OnTpCall("all_reduce", rank == 0 ? "one" : "another",
                              rows);
    const auto result =
        session.TrainStep(1, [&](int64_t) -> absl::StatusOr<at::Tensor> {
          const at::Tensor logits =
              model(rows.narrow(1, 0, kLlamaLength).contiguous());
          return session
              .TokenLoss(logits, rows.narrow(1, 1, kLlamaLength).contiguous())
              .sum;
        });
    said[rank] = std::string(result.status().message());
  };
  run.expect_drift = true;
  RunLlama(run);
  for (const std::string& message : said) {
    EXPECT_EQ(
        message,
        "the ranks did not issue the same collectives along tp in step 0: "
        "rank 1 differs from rank 0 in tp call 1 of the step: rank 0 issued "
        "all_reduce of one (18 Long), rank 1 all_reduce of another (18 "
        "Long); nothing was updated. Every rank must run the same modules "
        "in the same order: look for a branch on the rank or the data in "
        "a forward");
  }
}

// The comparison is sharp: what one might get wrong shows.
TEST(Meshes, ANormLeftOutOfTheSumsShows) {
  LlamaRun run;
  run.tp = 2;
  const LlamaResult& want = Whole("plain", run);
  LlamaRun wrong = run;
  // Norms by hand as whole layers: their gradients stay each rank's own term.
  wrong.before = [](Session& session, const Ranks&) {
    for (const auto& segment : session.engine().segments()) {
      const_cast<SegmentSpec&>(segment->spec()).tp_partial = false;
    }
  };
  wrong.steps = {2, 0, 0};
  wrong.expect_drift = true;
  const LlamaResult got = RunLlama(wrong);
  EXPECT_GT(std::abs(got.norm[0] - want.norm[0]), 1e-3 * want.norm[0]);
}

}  // namespace
}  // namespace fts::testing
