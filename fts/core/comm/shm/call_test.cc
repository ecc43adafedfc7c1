// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What calls move, without channel or threads: every rank's chunks are
// published, then taken, in order. Sizes around a slot's.
#include "fts/core/comm/shm/call.h"

#include <gtest/gtest.h>

#include <numeric>

namespace fts::comm::shm {
namespace {

constexpr size_t kSlot = 256;
constexpr int64_t kElements = kSlot / 4;
// A large enough all-reduce goes by owners.
constexpr int64_t kSizes[] = {1,
                              3,
                              kElements - 1,
                              kElements,
                              kElements + 1,
                              5 * kElements + 7,
                              200 * kElements + 11};

using Numbers = std::vector<int32_t>;

void SumNumbers(const void* const* sources, int count, void* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    int32_t sum = 0;
    for (int source = 0; source < count; ++source) {
      sum += static_cast<const int32_t*>(sources[source])[i];
    }
    static_cast<int32_t*>(out)[i] = sum;
  }
}

uint8_t* Bytes(Numbers& numbers) {
  return reinterpret_cast<uint8_t*>(numbers.data());
}

Numbers Counting(int rank, int64_t n) {
  Numbers numbers(n);
  std::iota(numbers.begin(), numbers.end(), 1000000 * rank);
  return numbers;
}

class CallTest : public testing::TestWithParam<int> {
 protected:
  int size() const { return GetParam(); }
  Group At(int rank) const { return {rank, size(), kSlot}; }

  // calls: one per rank.
  void Play(const std::vector<CallPtr>& calls) {
    const int64_t chunks = calls[0]->chunks();
    for (int64_t chunk = 0; chunk < chunks; ++chunk) {
      std::vector<std::vector<uint8_t>> slots(size(),
                                              std::vector<uint8_t>(kSlot, 99));
      Parts parts;
      for (int rank = 0; rank < size(); ++rank) {
        ASSERT_EQ(calls[rank]->chunks(), chunks);
        ASSERT_LT(calls[rank]->Needs(chunk), chunk);
        calls[rank]->Publish(chunk, slots[rank].data());
        parts.push_back(slots[rank].data());
      }
      for (int rank = 0; rank < size(); ++rank) {
        Parts theirs = parts;
        theirs[rank] = nullptr;  // nobody reads his own
        calls[rank]->Take(chunk, theirs);
      }
    }
  }
};

TEST_P(CallTest, AllGather) {
  for (const int64_t n : kSizes) {
    std::vector<Numbers> full(size(), Numbers(n * size(), -1));
    std::vector<CallPtr> calls;
    Numbers expected;
    for (int rank = 0; rank < size(); ++rank) {
      const Numbers mine = Counting(rank, n);
      std::copy(mine.begin(), mine.end(), full[rank].begin() + rank * n);
      expected.insert(expected.end(), mine.begin(), mine.end());
      calls.push_back(MakeAllGather(At(rank), Bytes(full[rank]), n * 4));
    }
    Play(calls);
    for (const Numbers& numbers : full) EXPECT_EQ(numbers, expected) << n;
  }
}

TEST_P(CallTest, ReduceScatterAlsoIntoTheInput) {
  for (const int64_t n : kSizes) {
    for (const bool in_place : {false, true}) {
      std::vector<Numbers> inputs, outputs(size(), Numbers(n, -1));
      Numbers sum(n * size(), 0);
      for (int rank = 0; rank < size(); ++rank) {
        inputs.push_back(Counting(rank, n * size()));
        for (int64_t i = 0; i < n * size(); ++i) sum[i] += inputs[rank][i];
      }
      const std::vector<Numbers> before = inputs;
      std::vector<CallPtr> calls;
      for (int rank = 0; rank < size(); ++rank) {
        calls.push_back(
            MakeReduceScatter(At(rank), Bytes(inputs[rank]),
                              in_place ? Bytes(inputs[rank]) + rank * n * 4
                                       : Bytes(outputs[rank]),
                              n, 4, SumNumbers));
      }
      Play(calls);
      for (int rank = 0; rank < size(); ++rank) {
        const auto own = inputs[rank].begin() + rank * n;
        const Numbers result = in_place ? Numbers(own, own + n) : outputs[rank];
        EXPECT_EQ(result, Numbers(sum.begin() + rank * n,
                                  sum.begin() + (rank + 1) * n));
        // The rest of the input is as it was.
        Numbers rest = before[rank];
        if (in_place) {
          std::copy(result.begin(), result.end(), rest.begin() + rank * n);
        }
        EXPECT_EQ(inputs[rank], rest);
      }
    }
  }
}

TEST_P(CallTest, AllReduce) {
  for (const int64_t n : kSizes) {
    std::vector<Numbers> data;
    Numbers sum(n, 0);
    std::vector<CallPtr> calls;
    for (int rank = 0; rank < size(); ++rank) {
      data.push_back(Counting(rank, n));
      for (int64_t i = 0; i < n; ++i) sum[i] += data[rank][i];
    }
    for (int rank = 0; rank < size(); ++rank) {
      calls.push_back(
          MakeAllReduce(At(rank), Bytes(data[rank]), n, 4, SumNumbers));
    }
    Play(calls);
    for (const Numbers& numbers : data) EXPECT_EQ(numbers, sum) << n;
  }
}

TEST_P(CallTest, Broadcast) {
  for (const int64_t n : kSizes) {
    for (int root = 0; root < size(); ++root) {
      std::vector<Numbers> data;
      std::vector<CallPtr> calls;
      for (int rank = 0; rank < size(); ++rank) {
        data.push_back(Counting(rank, n));
      }
      for (int rank = 0; rank < size(); ++rank) {
        calls.push_back(
            MakeBroadcast(At(rank), Bytes(data[rank]), n * 4, root));
        EXPECT_EQ(calls.back()->source(), root);
      }
      Play(calls);
      for (const Numbers& numbers : data) {
        EXPECT_EQ(numbers, Counting(root, n));
      }
    }
  }
}

TEST_P(CallTest, AllToAll) {
  for (const int64_t n : kSizes) {
    std::vector<Numbers> inputs, outputs(size(), Numbers(n * size(), -1));
    std::vector<CallPtr> calls;
    for (int rank = 0; rank < size(); ++rank) {
      inputs.push_back(Counting(rank, n * size()));
    }
    for (int rank = 0; rank < size(); ++rank) {
      calls.push_back(MakeAllToAll(At(rank), Bytes(inputs[rank]),
                                   Bytes(outputs[rank]), n * 4));
    }
    Play(calls);
    for (int rank = 0; rank < size(); ++rank) {
      for (int64_t i = 0; i < n * size(); ++i) {
        ASSERT_EQ(outputs[rank][i], inputs[i / n][rank * n + i % n]);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, CallTest, testing::Values(2, 3, 4));

// Each result waits for what it is made of, and for nothing later.
TEST(CallNeedsTest, AllReduceByOwnersInterleavesItsPieces) {
  Numbers data(200 * kElements);
  const CallPtr call =
      MakeAllReduce({0, 3, kSlot}, Bytes(data), 200 * kElements, 4, SumNumbers);
  ASSERT_GT(call->chunks(), 6);
  std::vector<int64_t> needs;
  for (int64_t chunk = 0; chunk < call->chunks(); ++chunk) {
    needs.push_back(call->Needs(chunk));
  }
  EXPECT_EQ(std::vector<int64_t>(needs.begin(), needs.begin() + 7),
            (std::vector<int64_t>{-1, -1, 0, -1, 1, -1, 3}));
  EXPECT_EQ(needs.back(), call->chunks() - 3);
  // With two ranks, or little data, everything is read by everyone.
  EXPECT_EQ(
      MakeAllReduce({0, 2, kSlot}, Bytes(data), 200 * kElements, 4, SumNumbers)
          ->chunks(),
      200);
  EXPECT_EQ(
      MakeAllReduce({0, 3, kSlot}, Bytes(data), 5, 4, SumNumbers)->chunks(), 1);
}

TEST(SignatureTest, SaysWhatACallIs) {
  Signature signature;
  signature.Set("all_gather", "Float", 0, 12);
  signature.number = 3;
  EXPECT_EQ(signature.ToString(), "all_gather of 12 Float (call 3)");
  signature.Set("broadcast", "BFloat16", 2, 7);
  EXPECT_EQ(signature.ToString(),
            "broadcast of 7 BFloat16, variant 2 (call 3)");
  Signature barrier;
  barrier.Set("barrier", "", 0, 0);
  EXPECT_EQ(barrier.ToString(), "barrier (call 0)");
}

}  // namespace
}  // namespace fts::comm::shm
