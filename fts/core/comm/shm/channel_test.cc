// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/channel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "fts/core/comm/shm/arena.h"

namespace fts::comm::shm {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ChannelTest : public testing::Test {
 protected:
  static constexpr int kRanks = 3;
  static constexpr size_t kSlot = 128;

  ChannelTest()
      : arena_(*Arena::Create(
            static_cast<int64_t>(Channel::Bytes(kRanks, kSlot)), {})) {
    for (int rank = 0; rank < kRanks; ++rank) {
      ranks_.push_back(
          std::make_unique<Channel>(arena_->data(), rank, kRanks, kSlot));
    }
  }

  void Publish(int rank, uint8_t value) {
    ASSERT_TRUE(ranks_[rank]->SlotFree());
    uint8_t* slot = ranks_[rank]->OwnSlot();
    for (size_t i = 0; i < Channel::kHeaderBytes + kSlot; ++i) slot[i] = value;
    ranks_[rank]->Publish();
  }

  const std::shared_ptr<Arena> arena_;
  std::vector<std::unique_ptr<Channel>> ranks_;
};

TEST_F(ChannelTest, APartIsThereOnceItIsPublished) {
  EXPECT_FALSE(ranks_[1]->Arrived(0));
  EXPECT_THAT(ranks_[1]->Missing(/*publish=*/false), ElementsAre(0, 2));
  Publish(0, 10);
  EXPECT_TRUE(ranks_[1]->Arrived(0));
  EXPECT_THAT(ranks_[1]->Missing(false), ElementsAre(2));
  EXPECT_EQ(ranks_[1]->Slot(0)[0], 10);
  EXPECT_EQ(ranks_[1]->Slot(0)[Channel::kHeaderBytes + kSlot - 1], 10);
  ranks_[1]->Take();
  EXPECT_FALSE(ranks_[1]->Arrived(0));
}

TEST_F(ChannelTest, ARankGetsTwoChunksAheadOfTheSlowestAndNoFurther) {
  Publish(0, 1);
  Publish(0, 2);
  EXPECT_FALSE(ranks_[0]->SlotFree());
  EXPECT_THAT(ranks_[0]->Missing(/*publish=*/true), ElementsAre(1, 2));
  ranks_[1]->Take();
  EXPECT_FALSE(ranks_[0]->SlotFree());
  EXPECT_THAT(ranks_[0]->Missing(true), ElementsAre(2));
  // The slowest still finds what it has not read.
  EXPECT_EQ(ranks_[2]->Slot(0)[0], 1);
  ranks_[2]->Take();
  EXPECT_TRUE(ranks_[0]->SlotFree());
  EXPECT_THAT(ranks_[0]->Missing(true), IsEmpty());
  Publish(0, 3);
  EXPECT_EQ(ranks_[2]->Slot(0)[0], 2);
  ranks_[2]->Take();
  EXPECT_EQ(ranks_[2]->Slot(0)[0], 3);
}

TEST_F(ChannelTest, PartsOfDifferentRanksDoNotTouch) {
  for (uint8_t rank = 0; rank < kRanks; ++rank) {
    Publish(rank, 100 + rank);
    Publish(rank, 200 + rank);
  }
  for (int chunk = 1; chunk <= 2; ++chunk) {
    for (int rank = 0; rank < kRanks; ++rank) {
      const uint8_t* slot = ranks_[0]->Slot(rank);
      EXPECT_THAT(
          std::vector<uint8_t>(slot, slot + Channel::kHeaderBytes + kSlot),
          testing::Each(100 * chunk + rank));
    }
    ranks_[0]->Take();
  }
}

TEST_F(ChannelTest, LeavingIsSeenByAll) {
  EXPECT_FALSE(ranks_[0]->Left(2));
  ranks_[2]->Leave();
  EXPECT_TRUE(ranks_[0]->Left(2));
  EXPECT_TRUE(ranks_[1]->Left(2));
  EXPECT_FALSE(ranks_[1]->Left(0));
}

}  // namespace
}  // namespace fts::comm::shm
