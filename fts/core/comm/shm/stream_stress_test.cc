// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Random calls of random sizes, with ranks that dawdle at random, several calls
// in flight on two communicators, waited for in another order on each rank.
// Every result is checked in full, so a torn or stale read shows.
// A few hundred rounds by default; more: stream_stress_test --rounds=100000
// [--seed=7].
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "fts/core/comm/shm/stress_main.h"
#include "fts/core/comm/shm/thread_world.h"

namespace fts::comm::shm {
namespace {

int rounds = 300;
unsigned seed = 1;

using Numbers = std::vector<int64_t>;

void SumNumbers(const void* const* sources, int count, void* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    int64_t sum = 0;
    for (int source = 0; source < count; ++source) {
      sum += static_cast<const int64_t*>(sources[source])[i];
    }
    static_cast<int64_t*>(out)[i] = sum;
  }
}

// What rank holds at i before call `number`.
int64_t Value(int rank, int number, int64_t i) {
  return (int64_t{number} << 32) + (int64_t{rank} << 24) + i;
}

uint8_t* Bytes(Numbers& numbers) {
  return reinterpret_cast<uint8_t*>(numbers.data());
}

// One random call, the same on all ranks, and what must come of it here.
struct Trial {
  int kind;
  int number;
  int64_t n;  // per slice
  int root;
  Numbers input, output, expected;
  CallPtr call;
  int stream;
};

Trial MakeTrial(std::mt19937& shared, const WorldRank& rank, int number) {
  const int size = rank.driver->view().peers->size();
  Trial trial;
  trial.kind = static_cast<int>(shared() % 6);
  trial.number = number;
  trial.stream = static_cast<int>(shared() % rank.streams.size());
  trial.root = static_cast<int>(shared() % size);
  // Mostly less than a slot, now and then many.
  const int64_t limit = shared() % 8 == 0 ? 3000 : 150;
  trial.n = 1 + static_cast<int64_t>(shared() % limit);
  const int64_t n = trial.n;
  const int me = rank.rank;
  const Group group = rank.streams[trial.stream]->group();
  trial.input.resize(n * size);
  for (int64_t i = 0; i < n * size; ++i) trial.input[i] = Value(me, number, i);
  switch (trial.kind) {
    case 0:  // all-gather in place
      trial.expected.resize(n * size);
      for (int64_t i = 0; i < n * size; ++i) {
        trial.expected[i] = Value(static_cast<int>(i / n), number, i);
        if (i / n != me) trial.input[i] = -1;
      }
      trial.output = std::move(trial.input);
      trial.call = MakeAllGather(group, Bytes(trial.output), n * 8);
      break;
    case 1:  // reduce-scatter
      trial.output.resize(n);
      for (int64_t i = 0; i < n; ++i) {
        int64_t sum = 0;
        for (int r = 0; r < size; ++r) sum += Value(r, number, me * n + i);
        trial.expected.push_back(sum);
      }
      trial.call = MakeReduceScatter(group, Bytes(trial.input),
                                     Bytes(trial.output), n, 8, SumNumbers);
      break;
    case 2:  // all-reduce
      for (int64_t i = 0; i < n * size; ++i) {
        int64_t sum = 0;
        for (int r = 0; r < size; ++r) sum += Value(r, number, i);
        trial.expected.push_back(sum);
      }
      trial.output = std::move(trial.input);
      trial.call =
          MakeAllReduce(group, Bytes(trial.output), n * size, 8, SumNumbers);
      break;
    case 3:  // broadcast
      for (int64_t i = 0; i < n * size; ++i) {
        trial.expected.push_back(Value(trial.root, number, i));
      }
      trial.output = std::move(trial.input);
      trial.call =
          MakeBroadcast(group, Bytes(trial.output), n * size * 8, trial.root);
      break;
    case 4:  // all-to-all
      trial.output.resize(n * size);
      for (int64_t i = 0; i < n * size; ++i) {
        trial.expected.push_back(
            Value(static_cast<int>(i / n), number, me * n + i % n));
      }
      trial.call =
          MakeAllToAll(group, Bytes(trial.input), Bytes(trial.output), n * 8);
      break;
    default:
      trial.call = MakeBarrierCall();
  }
  return trial;
}

void Dawdle(std::mt19937& own) {
  const unsigned roll = own() % 16;
  if (roll == 0) std::this_thread::yield();
  if (roll >= 8) {
    for (unsigned i = own() % (1u << roll) % 3000; i > 0; --i) Pause();
  }
}

void Play(const WorldRank& rank) {
  std::mt19937 shared(seed);
  std::mt19937 own(seed * 31 + rank.rank);
  std::vector<Trial> flying;
  const auto land = [&](size_t place) {
    Trial& trial = flying[place];
    const absl::Status status =
        rank.driver->Wait(rank.streams[trial.stream].get(), *trial.call);
    ASSERT_TRUE(status.ok()) << status;
    ASSERT_EQ(trial.output, trial.expected)
        << "rank " << rank.rank << " call " << trial.number << " kind "
        << trial.kind;
    flying.erase(flying.begin() + static_cast<int64_t>(place));
  };
  for (int round = 0; round < rounds; ++round) {
    flying.push_back(MakeTrial(shared, rank, round));
    Trial& trial = flying.back();
    rank.Issue(rank.streams[trial.stream].get(), trial.call);
    Dawdle(own);
    while (flying.size() > own() % 5 + 1) {
      ASSERT_NO_FATAL_FAILURE(land(own() % flying.size()));
    }
  }
  while (!flying.empty()) ASSERT_NO_FATAL_FAILURE(land(flying.size() - 1));
}

struct Setup {
  int size;
  int spin;
};

class StreamStressTest : public testing::TestWithParam<Setup> {};

TEST_P(StreamStressTest, NoTornOrStaleReads) {
  WorldOptions options;
  options.size = GetParam().size;
  options.spin = GetParam().spin;
  options.streams = 2;
  options.slot_bytes = 1024;
  World(options).Run(Play);
}

INSTANTIATE_TEST_SUITE_P(Sizes, StreamStressTest,
                         testing::Values(Setup{2, kSpinCrowded}, Setup{2, 0},
                                         Setup{3, kSpinCrowded},
                                         Setup{4, kSpinCrowded},
                                         Setup{4, kSpinAlone}),
                         [](const auto& info) {
                           return std::to_string(info.param.size) +
                                  "RanksSpin" + std::to_string(info.param.spin);
                         });

}  // namespace
}  // namespace fts::comm::shm

int main(int argc, char** argv) {
  return fts::comm::shm::StressMain(argc, argv, &fts::comm::shm::rounds,
                                    &fts::comm::shm::seed);
}
