// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/testing/shm_ranks.h"

#include <gtest/gtest.h>

#include <chrono>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

#include "fts/core/comm/shm/shm.h"
#include "fts/core/comm/store.h"

namespace fts::testing {

void RunShmRanks(int world,
                 const std::function<void(comm::testing::RankComms)>& body) {
  const comm::StorePtr store = comm::MakeHashStore();
  std::vector<std::thread> threads;
  for (int rank = 0; rank < world; ++rank) {
    threads.emplace_back([&, rank] {
      comm::ShmOptions options;
      options.timeout = std::chrono::seconds(120);
      options.slot_bytes = 64 * 1024;
      auto first = comm::MakeShm(store, rank, world, options);
      ASSERT_TRUE(first.ok()) << first.status();
      std::vector<int> everyone(world);
      std::iota(everyone.begin(), everyone.end(), 0);
      auto second = (*first)->Split(everyone, "reduce");
      ASSERT_TRUE(second.ok()) << second.status();
      body({*std::move(first), *std::move(second)});
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace fts::testing
