// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/tp/convert.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "fts/core/comm/fake.h"
#include "fts/core/comm/status_error.h"
#include "fts/core/comm/testing/rank_threads.h"
#include "fts/core/plan/tp_plan.h"
#include "fts/core/tp/move.h"
#include "fts/core/tp/traced_testutil.h"

namespace fts::tp {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;

const Placement kR = Placement::Replicate();
const Placement kP = Placement::Partial();

at::Tensor Numbers(at::IntArrayRef sizes, double step) {
  int64_t numel = 1;
  for (const int64_t size : sizes) numel *= size;
  return at::arange(numel, at::kFloat).mul_(step).add_(1).view(sizes);
}

// What a rank holds of `whole`.
at::Tensor Place(const at::Tensor& whole, const Placement& placement,
                 const Group& group) {
  if (placement.is_replicate()) return whole.clone();
  if (placement.is_partial()) {
    // Terms 1, 2, 3, ... times the tensor, the first one making up for it.
    const int n = group.size();
    const double rest = n * (n + 1) / 2 - 1;
    return whole.mul(group.rank() == 0 ? 1 - rest : group.rank() + 1.0);
  }
  const TpChunk mine =
      ChunkOf(whole.size(placement.dim()), group.size(), group.rank());
  return whole.narrow(placement.dim(), mine.begin, mine.size).clone();
}

// The table of §[Note: two placements].
std::string Wanted(const Placement& from, const Placement& to) {
  if (from == to || from.is_replicate()) return "";
  if (from.is_partial()) return to.is_shard() ? "reduce_scatter" : "all_reduce";
  return to.is_shard() ? "all_to_all" : "all_gather";
}

// A partial tensor becomes a whole one here, so that comparisons say something.
at::Tensor Whole(const at::Tensor& local, const Placement& placement,
                 const Group& group) {
  return Move(local, placement, kR, group);
}

class ConvertTest : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Ranks, ConvertTest, ::testing::Values(1, 2, 3));

TEST_P(ConvertTest, EveryPairOfLayoutsKeepsValueAndGradient) {
  const std::vector<Placement> all = {kR, kP, Placement::Shard(0),
                                      Placement::Shard(1), Placement::Shard(2)};
  RunRanks(GetParam(), [&](RankComms comms) {
    Traced t(comms);
    const Group& group = *t.group;
    const at::Tensor value = Numbers({6, 12, 6}, 0.25);
    const at::Tensor gradient = Numbers({6, 12, 6}, -0.5);
    for (const Placement& value_from : all) {
      for (const Placement& value_to : all) {
        for (const Placement& grad_from : all) {
          for (const Placement& grad_to : all) {
            // A shard's gradient is not whole, and a whole value's not a shard:
            // shapes of value and gradient agree.
            if (value_from.is_shard() != grad_from.is_shard() ||
                value_to.is_shard() != grad_to.is_shard()) {
              continue;
            }
            if (value_from.is_shard() && value_from != grad_from) continue;
            if (value_to.is_shard() && value_to != grad_to) continue;
            SCOPED_TRACE(value_from.ToString() + " " + grad_from.ToString() +
                         " to " + value_to.ToString() + " " +
                         grad_to.ToString());
            const at::Tensor x =
                Place(value, value_from, group).requires_grad_();
            const at::Tensor before = x.detach().clone();
            t.Take();
            const at::Tensor y = Convert(x, {value_from, grad_from},
                                         {value_to, grad_to}, t.group);
            EXPECT_EQ(t.Take(),
                      group.size() == 1 ? "" : Wanted(value_from, value_to));
            EXPECT_TRUE(at::allclose(Whole(y, value_to, group), value));
            EXPECT_TRUE(at::equal(x, before));
            t.Take();
            const auto grads = torch::autograd::grad(
                {y}, {x}, {Place(gradient, grad_to, group)});
            EXPECT_EQ(t.Take(),
                      group.size() == 1 ? "" : Wanted(grad_to, grad_from));
            EXPECT_TRUE(
                at::allclose(Whole(grads[0], grad_from, group), gradient));
          }
        }
      }
    }
  });
}

TEST(ConvertUneven, SharesADimensionInChunks) {
  RunRanks(3, [&](RankComms comms) {
    Traced t(comms);
    const at::Tensor value = Numbers({2, 7}, 0.5);  // 3, 3, 1
    const Placement last = Placement::Shard(-1);
    ConvertOptions options;
    options.whole = 7;
    const at::Tensor x =
        Place(value, Placement::Shard(1), *t.group).requires_grad_();
    const at::Tensor y =
        Convert(x, Layout::Of(last), Layout::Replicated(), t.group, options);
    EXPECT_TRUE(at::equal(y, value));
    const auto grads = torch::autograd::grad({y}, {x}, {value.mul(2)});
    EXPECT_TRUE(at::equal(grads[0],
                          Place(value.mul(2), Placement::Shard(1), *t.group)));

    const at::Tensor whole = value.clone().requires_grad_();
    const at::Tensor part = Convert(whole, Layout::Replicated(),
                                    Layout::Of(last), t.group, options);
    EXPECT_TRUE(at::equal(part, x));
    const auto back = torch::autograd::grad({part}, {whole}, {part.detach()});
    EXPECT_TRUE(at::equal(back[0], value));

    const at::Tensor summed =
        Convert(Place(value, kP, *t.group), Layout::Unreduced(),
                Layout::Of(last), t.group, options);
    EXPECT_TRUE(at::allclose(summed, x));
  });
}

TEST(ConvertGraph, GradientsOfGradientsCrossTheRanksToo) {
  RunRanks(2, [](RankComms comms) {
    Traced t(comms);
    const at::Tensor whole = Numbers({2, 4}, 0.5);
    const at::Tensor x =
        Place(whole, Placement::Shard(1), *t.group).requires_grad_();
    // Every rank sums a part of the cubes, so that y's gradient is a term.
    const at::Tensor y =
        Convert(x, Layout::Split(1), Layout::Shared(), t.group);
    const at::Tensor loss = y.pow(3).mul(t.group->rank() + 1).sum();
    const auto first = torch::autograd::grad({loss}, {x}, {}, {}, true);
    EXPECT_TRUE(at::allclose(first[0], x.detach().pow(2).mul(3 * 3)));
    const auto second = torch::autograd::grad({first[0].sum()}, {x});
    EXPECT_TRUE(at::allclose(second[0], x.detach().mul(6 * 3)));
  });
}

TEST(ConvertGraph, WithoutAGraphThereIsNoneAfter) {
  RunRanks(2, [](RankComms comms) {
    Traced t(comms);
    const at::Tensor x = Numbers({2, 4}, 1);
    EXPECT_FALSE(Convert(x, Layout::Unreduced(), Layout::Replicated(), t.group)
                     .requires_grad());
    EXPECT_EQ(t.Take(), "all_reduce");
    // Nothing moves, nothing is copied.
    EXPECT_TRUE(
        Convert(x, Layout::Replicated(), Layout::Shared(), t.group).is_same(x));
    EXPECT_EQ(t.Take(), "");
  });
}

TEST(ConvertMemory, SumsInPlaceOnlyWhatIsGivenUp) {
  RunRanks(2, [](RankComms comms) {
    Traced t(comms);
    ConvertOptions consume;
    consume.consume = true;
    const at::Tensor x = Numbers({4}, 1);
    const at::Tensor before = x.clone();
    const at::Tensor y =
        Convert(x, Layout::Unreduced(), Layout::Replicated(), t.group);
    EXPECT_NE(y.data_ptr(), x.data_ptr());
    EXPECT_TRUE(at::equal(x, before));
    const at::Tensor z =
        Convert(x, Layout::Unreduced(), Layout::Replicated(), t.group, consume);
    EXPECT_EQ(z.data_ptr(), x.data_ptr());
    EXPECT_TRUE(at::equal(z, y));
    // A gradient belongs to whoever made it, whatever the value was.
    const at::Tensor leaf = Numbers({4}, 1).requires_grad_();
    const at::Tensor gradient = Numbers({4}, 2);
    const at::Tensor shared =
        Convert(leaf, Layout::Replicated(), Layout::Shared(), t.group, consume);
    const auto grads = torch::autograd::grad({shared}, {leaf}, {gradient});
    EXPECT_TRUE(at::equal(grads[0], Numbers({4}, 2).mul(2)));
    EXPECT_TRUE(at::equal(gradient, Numbers({4}, 2)));
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

TEST(ConvertErrors, NameTheModuleAndTheSizes) {
  RunRanks(2, [](RankComms comms) {
    Traced t(comms);
    ConvertOptions options;
    options.label = "layers.0.wo";
    const at::Tensor odd = Numbers({2, 5}, 1);
    EXPECT_EQ(
        Thrown([&] {
          Convert(odd, Layout::Unreduced(), Layout::Split(1), t.group, options);
        }),
        "layers.0.wo: dimension 1 has 5 elements, which 2 tp ranks do "
        "not divide; make the batch, or the sequences, of a size that they "
        "do");
    EXPECT_EQ(Thrown([&] {
                Convert(odd, Layout::Replicated(), Layout::Split(2), t.group,
                        options);
              }),
              "layers.0.wo: a tensor of 2 dimensions cannot be Shard(2)");
    options.whole = 8;
    EXPECT_EQ(Thrown([&] {
                Convert(odd, Layout::Split(1), Layout::Replicated(), t.group,
                        options);
              }),
              "layers.0.wo: dimension 1 has 5 elements here, but rank " +
                  std::to_string(t.group->rank()) +
                  " of 2 holds 4 of 8; look at what made the tensor");
  });
}

// Both halves: the code tells a lost peer from a fault of this rank.
TEST(ConvertErrors, KeepTheCodeOfAFailedCollective) {
  const auto fake = *comm::MakeFake({});
  const auto group = std::make_shared<const Group>(fake);
  const at::Tensor x = Numbers({4}, 1).requires_grad_();
  const at::Tensor shared =
      Convert(x, Layout::Replicated(), Layout::Shared(), group);
  fake->Abort("a peer is gone");
  for (const bool backward : {false, true}) {
    try {
      if (backward) {
        torch::autograd::grad({shared.sum()}, {x});
      } else {
        Convert(x, Layout::Unreduced(), Layout::Replicated(), group);
      }
      ADD_FAILURE() << "did not throw";
    } catch (const StatusError& error) {
      EXPECT_EQ(error.status().code(), absl::StatusCode::kUnavailable);
    }
  }
}

TEST(ConvertDryRun, GivesShapesOnTheMetaDevice) {
  const auto group = std::make_shared<const Group>(/*rank=*/2, /*size=*/3);
  const auto meta = [](at::IntArrayRef sizes) {
    return at::empty(sizes, at::TensorOptions().device(at::kMeta));
  };
  ConvertOptions seven;
  seven.whole = 7;
  EXPECT_EQ(
      Convert(meta({2, 4}), Layout::Split(1), Layout::Shared(), group).sizes(),
      at::IntArrayRef({2, 12}));
  EXPECT_EQ(
      Convert(meta({2, 7}), Layout::Unreduced(), Layout::Split(1), group, seven)
          .sizes(),
      at::IntArrayRef({2, 1}));
  EXPECT_EQ(
      Convert(meta({6, 4}), Layout::Split(1), Layout::Split(0), group).sizes(),
      at::IntArrayRef({2, 12}));
}

}  // namespace
}  // namespace fts::tp
