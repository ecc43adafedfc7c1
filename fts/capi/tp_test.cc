// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Tensor parallelism through the C interface at one rank, without autograd:
// what a plan says, the operations, and what a caller may do wrong. The _at
// functions are tested from Python and Rust, which have at::Tensors.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <string>
#include <vector>

#include "fts/capi/mesh.h"
#include "fts/capi/session.h"
#include "fts/capi/torch.h"
#include "fts/capi/tp_plan.h"
#include "fts/capi/tp_testutil.h"

namespace fts_tp_test {
namespace {

// ---- What a plan says
// ---------------------------------------------------------

bool Is(const fts_placement& placement, int32_t kind, int32_t dim) {
  return placement.kind == kind && placement.dim == dim;
}

TEST(TpPlan, RulesAndParametersAreThere) {
  const Planned planned(2);
  fts_tp_info info;
  ASSERT_FTS_OK(fts_plan_get_tp(planned.plan, &info));
  EXPECT_EQ(info.size, 2);
  EXPECT_EQ(info.loss_parallel, 1);
  EXPECT_EQ(info.sequence_parallel, 1);
  EXPECT_EQ(Text(info.loss_module), "head");
  ASSERT_EQ(info.num_rules, 4u);
  ASSERT_EQ(info.num_parameters, 4u);

  fts_tp_rule rule;
  ASSERT_FTS_OK(fts_plan_get_tp_rule(planned.plan, 0, &rule));
  EXPECT_EQ(Text(rule.module), "embed");
  EXPECT_EQ(Text(rule.class_name), "Embedding");
  EXPECT_EQ(rule.style, FTS_TP_STYLE_ROWWISE);
  EXPECT_EQ(rule.whole, 5);
  EXPECT_EQ(rule.use_local_output, 1);
  EXPECT_EQ(rule.num_inputs, 1u);
  EXPECT_EQ(rule.num_outputs, 1u);
  fts_placement before, after;
  ASSERT_FTS_OK(fts_plan_get_tp_output(planned.plan, 0, 0, &before, &after));
  EXPECT_TRUE(Is(before, FTS_PLACEMENT_KIND_PARTIAL, 0));
  EXPECT_TRUE(Is(after, FTS_PLACEMENT_KIND_REPLICATE, 0));
  ASSERT_FTS_OK(fts_plan_get_tp_input(planned.plan, 2, 0, &before, nullptr));
  EXPECT_TRUE(Is(before, FTS_PLACEMENT_KIND_SHARD, -1));

  fts_tp_parameter parameter;  // by name: down, embed, head, up
  ASSERT_FTS_OK(fts_plan_get_tp_parameter(planned.plan, 0, &parameter));
  EXPECT_EQ(Text(parameter.name), "down.weight");
  EXPECT_TRUE(Is(parameter.placement, FTS_PLACEMENT_KIND_SHARD, 1));
  EXPECT_EQ(parameter.partial_gradient, 0);
  ASSERT_FTS_OK(fts_plan_get_tp_parameter(planned.plan, 3, &parameter));
  EXPECT_EQ(Text(parameter.name), "up.weight");
  EXPECT_TRUE(Is(parameter.placement, FTS_PLACEMENT_KIND_SHARD, 0));
}

TEST(TpPlan, MistakesAreNamed) {
  const Planned planned(2);
  fts_tp_info info;
  fts_tp_rule rule;
  fts_tp_parameter parameter;
  fts_placement place;
  EXPECT_EQ(Message(fts_plan_get_tp(nullptr, &info)),
            "fts_plan_get_tp: plan is NULL");
  EXPECT_EQ(Message(fts_plan_get_tp(planned.plan, nullptr)),
            "fts_plan_get_tp: out is NULL");
  EXPECT_EQ(Message(fts_plan_get_tp_rule(planned.plan, 4, &rule)),
            "fts_plan_get_tp_rule: rule 4 was asked for; there are 4");
  EXPECT_EQ(Message(fts_plan_get_tp_parameter(planned.plan, 9, &parameter)),
            "fts_plan_get_tp_parameter: parameter 9 was asked for; there are "
            "4");
  EXPECT_EQ(Message(fts_plan_get_tp_input(planned.plan, 0, 1, &place, nullptr)),
            "fts_plan_get_tp_input: tensor 1 was asked for; there are 1");
  EXPECT_EQ(
      Message(fts_plan_get_tp_output(planned.plan, 8, 0, &place, nullptr)),
      "fts_plan_get_tp_output: rule 8 was asked for; there are 4");

  fts_plan_options options = FTS_PLAN_OPTIONS_INIT;
  options.tp = 0;
  fts_plan* plan = nullptr;
  EXPECT_EQ(
      Message(fts_plan_resolve_with(planned.model, nullptr, fts_str("{}"),
                                    fts_str("p"), &options, nullptr, &plan)),
      "fts_plan_options: tp is 0; it is the number of ranks along the "
      "mesh's tp dimension, 1 or more");
  options.tp = 2;
  const std::string none =
      Message(fts_plan_resolve_with(planned.model, nullptr, fts_str("{}"),
                                    fts_str("p"), &options, nullptr, &plan));
  EXPECT_NE(none.find("there is no tp_plan"), std::string::npos) << none;
  EXPECT_EQ(plan, nullptr);
}

TEST(TpPlan, ChunksAreThoseOfTorch) {
  int64_t begin = 0, size = 0;
  ASSERT_FTS_OK(fts_tp_chunk(5, 2, 1, &begin, &size));
  EXPECT_EQ(begin, 3);
  EXPECT_EQ(size, 2);
  ASSERT_FTS_OK(fts_tp_chunk(5, 4, 3, &begin, &size));
  EXPECT_EQ(size, 0);
  EXPECT_FTS_OK(fts_tp_chunk(5, 2, 0, nullptr, nullptr));
  EXPECT_EQ(Message(fts_tp_chunk(5, 2, 2, &begin, &size)),
            "fts_tp_chunk: index 2 of 2 parts; it must be from 0 to less than "
            "their number");
  EXPECT_EQ(Message(fts_tp_chunk(-1, 2, 0, &begin, &size)),
            "fts_tp_chunk: whole is -1, which is no size");
}

// ---- One rank
// -----------------------------------------------------------------

class OneRank : public testing::Test {
 protected:
  void SetUp() override { ASSERT_FTS_OK(fts_mesh_create(nullptr, &mesh_)); }
  void TearDown() override { fts_mesh_release(mesh_); }
  fts_mesh* mesh_ = nullptr;
};

TEST_F(OneRank, NothingMoves) {
  int32_t rank = 7, size = 7;
  for (const fts_mesh_dim dim :
       {FTS_MESH_DIM_TP, FTS_MESH_DIM_DP, FTS_MESH_DIM_ALL}) {
    ASSERT_FTS_OK(fts_mesh_get_dim(mesh_, dim, &rank, &size));
    EXPECT_EQ(rank, 0);
    EXPECT_EQ(size, 1);
  }
  fts_tensor* x = Floats({1, 2, 3, 4}, {2, 2});
  fts_tensor* y = nullptr;
  auto options = Between(kPartial, Shard(-1));
  ASSERT_FTS_OK(fts_tp_convert(mesh_, x, &options, &y));
  EXPECT_EQ(Values(y), Values(x));
  fts_tensor_release(y);
  fts_tensor* ids = Ids({1, 0});
  ASSERT_FTS_OK(fts_tp_embedding(mesh_, ids, x, 2, &y));
  EXPECT_EQ(Values(y), (std::vector<float>{3, 4, 1, 2}));
  fts_tensor_release(y);
  double sum = 0;
  int64_t count = 0;
  ASSERT_FTS_OK(fts_tp_cross_entropy(mesh_, x, ids, 2, fts_str("loss"), &sum,
                                     &count, &y));
  const double p = 1 / (1 + std::exp(1.0));  // of the smaller logit
  EXPECT_NEAR(sum, -std::log(1 - p) - std::log(p), 1e-6);
  EXPECT_EQ(count, 2);
  const std::vector<float> gradient = Values(y);
  EXPECT_NEAR(gradient[0], p, 1e-6);
  EXPECT_NEAR(gradient[2], p - 1, 1e-6);
  fts_tensor_release(y);
  EXPECT_FTS_OK(fts_tp_cross_entropy(mesh_, x, ids, 2, fts_str(nullptr),
                                     nullptr, nullptr, nullptr));
  fts_tensor_release(ids);
  fts_tensor_release(x);
}

TEST_F(OneRank, MistakesAreNamed) {
  fts_tensor* x = Floats({1, 2, 3, 4}, {2, 2});
  fts_tensor* ids = Ids({1, 0});
  fts_tensor* wrong = Ids({1, 5});
  fts_tensor* y = nullptr;
  auto options = Between(kReplicate, kReplicate);
  EXPECT_EQ(Message(fts_tp_convert(nullptr, x, &options, &y)),
            "fts_tp_convert: mesh is NULL");
  EXPECT_EQ(Message(fts_tp_convert(mesh_, nullptr, &options, &y)),
            "fts_tp_convert: tensor is NULL");
  EXPECT_EQ(Message(fts_tp_convert(mesh_, x, nullptr, &y)),
            "fts_tp_convert: options is NULL");
  EXPECT_EQ(Message(fts_tp_convert(mesh_, x, &options, nullptr)),
            "fts_tp_convert: out is NULL");
  options.to.value = Shard(2);
  EXPECT_EQ(Message(fts_tp_convert(mesh_, x, &options, &y)),
            "fts_tp_convert: to.value.dim is 2; the tensor has 2 dimensions");
  options.to.value = {9, 0};
  EXPECT_EQ(Message(fts_tp_convert(mesh_, x, &options, &y)),
            "fts_tp_convert: to.value.kind is 9; it must be "
            "FTS_PLACEMENT_KIND_REPLICATE, SHARD or PARTIAL");
  options = Between(kReplicate, kReplicate);
  options.whole = -3;
  EXPECT_EQ(Message(fts_tp_convert(mesh_, x, &options, &y)),
            "fts_tp_convert: whole is -3, which is no size");
  options.struct_size = 8;
  EXPECT_EQ(Message(fts_tp_convert(mesh_, x, &options, &y)).substr(0, 39),
            "fts_tp_convert_options: struct_size is ");

  EXPECT_EQ(Message(fts_tp_embedding(mesh_, x, x, 2, &y)),
            "fts_tp_embedding: ids are of Float; they must be int64");
  EXPECT_EQ(Message(fts_tp_embedding(mesh_, ids, ids, 2, &y)),
            "fts_tp_embedding: the weight is [2]; it must be [rows of this "
            "rank, dim]");
  EXPECT_EQ(Message(fts_tp_embedding(mesh_, ids, x, 3, &y)),
            "fts_tp_embedding: rows of the weight [2, 2] hold 2 entries of the "
            "vocabulary; rank 0 of 1 holds [0, 3) of 3");
  EXPECT_EQ(Message(fts_tp_embedding(mesh_, wrong, x, 2, &y)),
            "fts_tp_embedding: token id 5 is outside the vocabulary of 2; look "
            "at the tokenizer and at the model's vocab_size");
  EXPECT_EQ(Message(fts_tp_cross_entropy(mesh_, x, x, 2, fts_str("l"), nullptr,
                                         nullptr, nullptr)),
            "fts_tp_cross_entropy: labels are of Float; they must be int64");
  EXPECT_EQ(Message(fts_tp_cross_entropy(mesh_, ids, ids, 2, fts_str("l"),
                                         nullptr, nullptr, nullptr)),
            "fts_tp_cross_entropy: logits of Long [2] and labels [2]; logits "
            "are floating and have one dimension more than labels, the last "
            "one");
  EXPECT_EQ(Message(fts_tp_cross_entropy(mesh_, x, ids, 0, fts_str("l"),
                                         nullptr, nullptr, nullptr)),
            "fts_tp_cross_entropy: vocabulary is 0, which is no size");
  // The tag is compared before an address is looked at.
  EXPECT_EQ(Message(fts_tp_embedding_at(
                        mesh_, fts_str("2.1"), reinterpret_cast<const void*>(8),
                        reinterpret_cast<const void*>(8), 2, nullptr))
                .substr(0, 57),
            "fts_tp_embedding_at: the caller's LibTorch is '2.1', this");
  EXPECT_EQ(Message(fts_tp_convert_at(mesh_, fts_torch_tag(), nullptr, &options,
                                      nullptr)),
            "fts_tp_convert_at: at_tensor is NULL");
  EXPECT_EQ(Message(fts_tp_convert_for_readers_at(
                mesh_, fts_torch_tag(), nullptr, &options, nullptr, nullptr)),
            "fts_tp_convert_for_readers_at: at_tensor is NULL");
  EXPECT_EQ(
      Message(fts_tp_cross_entropy_at(mesh_, fts_torch_tag(), nullptr, nullptr,
                                      2, fts_str(""), nullptr, nullptr)),
      "fts_tp_cross_entropy_at: at_logits is NULL");
  EXPECT_EQ(Message(fts_session_token_loss_at(nullptr, fts_torch_tag(), nullptr,
                                              nullptr, nullptr, nullptr)),
            "fts_session_token_loss_at: session is NULL");
  int32_t rank = 0;
  EXPECT_EQ(Message(fts_mesh_get_dim(mesh_, 6, &rank, nullptr)),
            "fts_mesh_get_dim: dim is 6; it must be one of the FTS_MESH_DIM_ "
            "constants");
  EXPECT_EQ(y, nullptr);
  fts_tensor_release(wrong);
  fts_tensor_release(ids);
  fts_tensor_release(x);
}

TEST_F(OneRank, MeshesThatDoNotDivideAreRefused) {
  fts_mesh_options options = FTS_MESH_OPTIONS_INIT;
  options.tp = 2;
  fts_mesh* mesh = nullptr;
  EXPECT_EQ(Message(fts_mesh_create(&options, &mesh)),
            "mesh.tp 2 does not divide the 1 ranks; use a divisor");
  options.tp = -1;
  EXPECT_EQ(Message(fts_mesh_create(&options, &mesh)),
            "fts_mesh_options: tp is -1; it must be a number of ranks, or 0 "
            "for no tensor parallelism");
  EXPECT_EQ(mesh, nullptr);
}

TEST_F(OneRank, AForkedChildAndAReleasedMeshAreRefused) {
  fts_tensor* x = Floats({1}, {1});
  auto options = Between(kReplicate, kReplicate);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    fts_tensor* y = nullptr;
    const std::string told = Message(fts_tp_convert(mesh_, x, &options, &y));
    _exit(told.find("is a forked child") != std::string::npos ? 0 : 1);
  }
  int ended = 0;
  ASSERT_EQ(waitpid(child, &ended, 0), child);
  EXPECT_TRUE(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
#ifndef __SANITIZE_ADDRESS__
  fts_mesh* gone = nullptr;
  ASSERT_FTS_OK(fts_mesh_create(nullptr, &gone));
  fts_mesh_release(gone);
  fts_tensor* y = nullptr;
  EXPECT_EQ(Message(fts_tp_convert(gone, x, &options, &y)),
            "fts_tp_convert: mesh was released before; retain what is used "
            "later");
#endif
  fts_tensor_release(x);
}

}  // namespace
}  // namespace fts_tp_test
