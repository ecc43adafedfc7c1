// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The protocol of the bound form under random delays: every rank checks every
// weight it reads. A barrier that is left out must show.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "fts/core/session/testing/shm_ranks.h"
#include "fts/core/shard/bound.h"

namespace fts::testing {
namespace {

using shard::Bound;
using LeaveOut = shard::Bound::LeaveOut;

constexpr int64_t kNumel = 4 * 1536;  // of each of two segments

void Dawdle(std::mt19937& own) {
  if (own() % 3 != 0) return;
  if (own() % 8 == 0) std::this_thread::yield();
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::microseconds(own() % 60);
  while (std::chrono::steady_clock::now() < end) {
  }
}

struct Result {
  int64_t wrong_weights = 0;    // read in forward
  int64_t wrong_gradients = 0;  // summed in the update
};

// In step s every weight is s; every rank's gradient is 1 + rank + s, and the
// update writes s + 1 where the sum is right.
Result Play(int world, int steps, LeaveOut leave_out, bool clips) {
  std::atomic<int64_t> weights{0}, gradients{0};
  RunShmRanks(world, [&](comm::testing::RankComms comms) {
    const int rank = comms.first->rank();
    const int64_t numel = kNumel * world / 4 / 16 * 16 * world;
    Bound::Layout layout;
    layout.numel = {numel, numel};
    layout.trains = {true, true};
    layout.parameters = 3;
    auto made = Bound::Create(*comms.first, layout, leave_out);
    ASSERT_TRUE(made.ok()) << made.status();
    ASSERT_NE(*made, nullptr);
    Bound& bound = **made;
    std::mt19937 own(static_cast<unsigned>(7 + rank));
    const int64_t chunk = numel / world;
    std::vector<shard::BoundPlace> places = {bound.Place(0), bound.Place(1)};
    std::vector<at::Tensor> sums = {
        places[0].gradients[rank].narrow(0, rank * chunk, chunk),
        places[1].gradients[rank].narrow(0, rank * chunk, chunk)};
    for (int step = 0; step < steps; ++step) {
      const float now = static_cast<float>(step);
      for (auto& place : places) {  // forward and backward
        Dawdle(own);
        const float* const w = place.weights.const_data_ptr<float>();
        float* const g = place.gradients[rank].data_ptr<float>();
        for (int64_t i = 0; i < numel; ++i) {
          if (w[i] != now) ++weights;
          g[i] = static_cast<float>(1 + rank) + now;
        }
      }
      Dawdle(own);
      Bound::Header header;
      header.step = step;
      header.loss = 1;
      const auto met =
          bound.Meet(header, std::vector<bool>{true, rank == 0, false});
      ASSERT_TRUE(met.ok()) << met.status();
      if (leave_out == LeaveOut::kNothing) {
        ASSERT_EQ(met->loss, world);
        ASSERT_EQ(met->used, (std::vector<bool>{true, true, false}));
      }
      if (clips) {
        const auto norm = bound.ShareNorm(rank + 1);
        ASSERT_TRUE(norm.ok());
        ASSERT_EQ(*norm, world * (world + 1) / 2);
      }
      bound.BeginUpdate();
      float want = 0;
      for (int peer = 0; peer < world; ++peer) {
        want += static_cast<float>(1 + peer) + now;
      }
      for (size_t s = 0; s < places.size(); ++s) {
        Dawdle(own);
        std::vector<at::Tensor> parts;
        for (const at::Tensor& gradient : places[s].gradients) {
          parts.push_back(gradient.narrow(0, rank * chunk, chunk));
        }
        shard::SumInRankOrder(parts, sums[s]);
        const float* const sum = sums[s].const_data_ptr<float>();
        float* const w = places[s].weights.data_ptr<float>() + rank * chunk;
        for (int64_t i = 0; i < chunk; ++i) {
          if (sum[i] != want) ++gradients;
          w[i] = now + 1;
        }
      }
      Dawdle(own);
      ASSERT_TRUE(bound.EndUpdate(0).ok());
      // Frozen and thawed again, now and then.
      if (own() % 16 == 0) {
        ASSERT_TRUE(bound.GiveBackGradient(own() % 2).ok());
      }
    }
    EXPECT_TRUE(comms.first->Barrier().ok());
    EXPECT_EQ(bound.intact(), leave_out != LeaveOut::kEndUpdate);
  });
  return {weights, gradients};
}

class BoundStressTest : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Worlds, BoundStressTest, ::testing::Values(2, 3, 4));

TEST_P(BoundStressTest, NobodyReadsATornOrStaleValue) {
  for (const bool clips : {false, true}) {
    const Result result = Play(GetParam(), 400, LeaveOut::kNothing, clips);
    EXPECT_EQ(result.wrong_weights, 0);
    EXPECT_EQ(result.wrong_gradients, 0);
  }
}

TEST_P(BoundStressTest, WithoutTheFirstBarrierItShows) {
  const Result result = Play(GetParam(), 200, LeaveOut::kMeet, false);
  EXPECT_GT(result.wrong_weights + result.wrong_gradients, 0);
}

TEST_P(BoundStressTest, WithoutTheSecondBarrierItShows) {
  const Result result = Play(GetParam(), 200, LeaveOut::kEndUpdate, false);
  EXPECT_GT(result.wrong_weights, 0);
}

}  // namespace
}  // namespace fts::testing
