// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/tp/vocabulary.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <functional>
#include <stdexcept>
#include <string>

#include "fts/core/plan/tp_plan.h"
#include "fts/core/tp/convert.h"
#include "fts/core/tp/traced_testutil.h"

namespace fts::tp {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;

constexpr int64_t kVocabulary = 7;  // 4 and 3, or 3, 3 and 1

at::Tensor Mine(const at::Tensor& whole, int64_t dim, const Group& group) {
  const TpChunk chunk = ChunkOf(whole.size(dim), group.size(), group.rank());
  return whole.narrow(dim, chunk.begin, chunk.size).clone();
}

class VocabularyTest : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Ranks, VocabularyTest, ::testing::Values(1, 2, 3));

TEST_P(VocabularyTest, RowsAddUpToTheEmbedding) {
  const at::Tensor table = at::randn({kVocabulary, 4});
  const at::Tensor ids = at::tensor({0, 6, 3, 3, 4, 2}, at::kLong).view({2, 3});
  const at::Tensor gradient = at::randn({2, 3, 4});
  const at::Tensor plain = table.clone().requires_grad_();
  const at::Tensor wanted = at::embedding(plain, ids);
  const at::Tensor wanted_grad =
      torch::autograd::grad({wanted}, {plain}, {gradient})[0];
  RunRanks(GetParam(), [&](RankComms comms) {
    Traced t(comms);
    const at::Tensor weight = Mine(table, 0, *t.group).requires_grad_();
    const at::Tensor rows =
        Convert(EmbeddingRows(ids, weight, kVocabulary, *t.group),
                Layout::Unreduced(), Layout::Replicated(), t.group);
    EXPECT_TRUE(at::equal(rows, wanted));
    EXPECT_EQ(t.Take(), GetParam() == 1 ? "" : "all_reduce");
    const at::Tensor grad =
        torch::autograd::grad({rows}, {weight}, {gradient})[0];
    EXPECT_TRUE(at::allclose(grad, Mine(wanted_grad, 0, *t.group)));
    EXPECT_EQ(t.Take(), "");
  });
}

TEST_P(VocabularyTest, CrossEntropyIsThatOfWholeLogits) {
  const at::Tensor logits = at::randn({2, 4, kVocabulary}).mul_(3);
  const at::Tensor labels =
      at::tensor({0, 6, -100, 3, 4, 5, -100, 2}, at::kLong).view({2, 4});
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    const at::Tensor plain = logits.to(dtype, false, true).requires_grad_();
    const nn::LossSum wanted = nn::SumCrossEntropy(plain, labels);
    const at::Tensor wanted_grad =
        torch::autograd::grad({wanted.sum.div(5)}, {plain})[0];
    RunRanks(GetParam(), [&](RankComms comms) {
      Traced t(comms);
      const at::Tensor mine =
          Mine(plain.detach(), 2, *t.group).requires_grad_();
      const nn::LossSum loss =
          SumCrossEntropy(mine, labels, kVocabulary, t.group);
      EXPECT_TRUE(at::allclose(loss.sum, wanted.sum, 1e-6));
      EXPECT_EQ(loss.count.item<int64_t>(), 6);
      EXPECT_EQ(t.trace->calls(comm::Op::kAllReduce), 3);
      for (const comm::TraceRecord& record : t.trace->records()) {
        EXPECT_EQ(record.numel, 8) << record.ToString();
        EXPECT_EQ(record.dtype, at::kFloat);
        EXPECT_EQ(record.label, "loss");
      }
      t.Take();
      const at::Tensor grad =
          torch::autograd::grad({loss.sum.div(5)}, {mine})[0];
      EXPECT_EQ(grad.scalar_type(), dtype);
      const double tolerance = dtype == at::kFloat ? 1e-6 : 1e-2;
      EXPECT_TRUE(at::allclose(grad.to(at::kFloat),
                               Mine(wanted_grad, 2, *t.group).to(at::kFloat),
                               tolerance, tolerance));
      EXPECT_EQ(t.Take(), "");
    });
  }
}

TEST(Vocabulary, LargeLogitsDoNotOverflowAndAllMayBeIgnored) {
  RunRanks(2, [](RankComms comms) {
    Traced t(comms);
    const at::Tensor logits =
        at::tensor({1000.0f, -1000.0f, 999.0f, -1e30f}).view({1, 4});
    const at::Tensor mine = Mine(logits, 1, *t.group).requires_grad_();
    const nn::LossSum loss =
        SumCrossEntropy(mine, at::tensor({2}, at::kLong), 4, t.group);
    EXPECT_NEAR(loss.sum.item<float>(), 1.3132617f, 1e-5);
    const nn::LossSum none =
        SumCrossEntropy(mine, at::tensor({-100}, at::kLong), 4, t.group);
    EXPECT_EQ(none.sum.item<float>(), 0);
    EXPECT_EQ(none.count.item<int64_t>(), 0);
    EXPECT_EQ(
        torch::autograd::grad({none.sum}, {mine})[0].abs().sum().item<float>(),
        0);
  });
}

TEST(Vocabulary, ASecondBackwardNeedsTheGraphKept) {
  RunRanks(2, [](RankComms comms) {
    Traced t(comms);
    const at::Tensor mine = at::randn({1, 2}).requires_grad_();
    const nn::LossSum loss =
        SumCrossEntropy(mine, at::tensor({2}, at::kLong), 4, t.group);
    const auto first = torch::autograd::grad({loss.sum}, {mine}, {}, true);
    const auto second = torch::autograd::grad({loss.sum}, {mine});
    EXPECT_TRUE(at::equal(first[0], second[0]));
    EXPECT_THROW(torch::autograd::grad({loss.sum}, {mine}), std::runtime_error);
  });
}

TEST(Vocabulary, ASecondDerivativeIsRefused) {
  RunRanks(2, [](RankComms comms) {
    Traced t(comms);
    const at::Tensor mine = at::randn({1, 2}).requires_grad_();
    const nn::LossSum loss =
        SumCrossEntropy(mine, at::tensor({2}, at::kLong), 4, t.group);
    EXPECT_THROW(
        torch::autograd::grad({loss.sum}, {mine}, {}, true, /*create=*/true),
        std::runtime_error);
  });
}

std::string Thrown(const std::function<void()>& body) {
  try {
    body();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing";
}

TEST(Vocabulary, RefusesWhatIsOutsideAndLogitsOfAnotherWidth) {
  RunRanks(2, [](RankComms comms) {
    Traced t(comms);
    const at::Tensor weight = at::randn({4, 3});
    EXPECT_EQ(
        Thrown([&] {
          EmbeddingRows(at::tensor({1, 7}, at::kLong), weight, 7, *t.group);
        }),
        "token id 7 is outside the vocabulary of 7; look at the tokenizer "
        "and at the model's vocab_size");
    EXPECT_EQ(Thrown([&] {
                SumCrossEntropy(at::randn({1, 4}), at::tensor({-3}, at::kLong),
                                8, t.group);
              }),
              "label -3 is outside the vocabulary of 8; look at the tokenizer "
              "and at the model's vocab_size");
    EXPECT_EQ(Thrown([&] {
                SumCrossEntropy(at::randn({1, 8}), at::tensor({1}, at::kLong),
                                8, t.group, "output");
              }),
              "output: logits of 8 columns, but rank " +
                  std::to_string(t.group->rank()) +
                  " of 2 along tp holds 4 of a vocabulary of 8");
  });
}

}  // namespace
}  // namespace fts::tp
