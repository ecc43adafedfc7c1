// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Ranks that meet, make some calls and end, as processes, over and over: in
// order or at once, with calls in flight or none, dawdling at random, on all
// processors or on one. Whatever happens at the end of a rank, nobody crashes
// and nobody fails.
// Some dozen rounds by default; more: exit_stress_test --rounds=1000
// [--seed=7].
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "fts/core/comm/shm/stress_main.h"
#include "fts/core/comm/shm/thread_world.h"

namespace fts::comm::shm {
namespace {

int rounds = 60;
unsigned seed = 1;

constexpr int kMostRanks = 3;

// What the ranks of a round know of each other before they meet.
struct Page {
  std::atomic<int> pids[kMostRanks];
};

Page* MakePage() {
  void* memory = mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : new (memory) Page();
}

void OnOneProcessor() {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  sched_setaffinity(0, sizeof(one), &one);
}

// Sometimes long enough for the helper to start and to park.
void Dawdle(std::mt19937& own) {
  const auto end =
      std::chrono::steady_clock::now() +
      std::chrono::microseconds(own() % 4 == 0 ? own() % 12000 : own() % 200);
  while (std::chrono::steady_clock::now() < end) Pause();
}

CallPtr Gather(Stream& stream, std::vector<uint8_t>& data) {
  CallPtr call =
      MakeAllGather(stream.group(), data.data(),
                    static_cast<int64_t>(data.size()) / stream.size());
  call->signature.Set("all_gather", "Byte", 0,
                      static_cast<int64_t>(data.size()));
  return call;
}

// One rank's life; true when all went well. The order of the end is that of
// shm.cc: wait for the last call, say good-bye, go.
bool Live(World& world, int rank_number, const std::vector<pid_t>& pids,
          unsigned round) {
  std::mt19937 shared(seed * 7919 + round);
  std::mt19937 own(seed * 104729 + round * 31 + rank_number);
  bool good = true;
  std::vector<std::vector<uint8_t>> kept(64);
  WorldRank rank = world.Join(rank_number, pids);
  std::vector<CallPtr> last(rank.streams.size());
  const int calls = 1 + static_cast<int>(shared() % 12);
  for (int i = 0; i < calls; ++i) {
    const size_t at = shared() % rank.streams.size();
    Stream* const stream = rank.streams[at].get();
    const size_t slice = shared() % 3 == 0 ? 20000 : 64;
    kept[i].assign(slice * stream->size(), static_cast<uint8_t>(rank_number));
    last[at] = rank.Issue(stream, Gather(*stream, kept[i]));
    if (own() % 2 == 0) Dawdle(own);
    if (own() % 3 == 0) good &= rank.driver->Wait(stream, *last[at]).ok();
  }
  Dawdle(own);
  for (size_t at = rank.streams.size(); at-- > 0;) {
    std::shared_ptr<Stream> stream = std::move(rank.streams[at]);
    if (last[at] != nullptr) {
      good &= rank.driver->Wait(stream.get(), *last[at]).ok();
    }
    stream->Leave();
    rank.driver->Remove(stream.get());
    stream = nullptr;
    if (own() % 2 == 0) Dawdle(own);
  }
  rank.driver = nullptr;
  return good;
}

pid_t Start(World& world, Page* page, int rank, int size, unsigned round) {
  const pid_t child = fork();
  if (child != 0) return child;
  if (round % 3 == 0) OnOneProcessor();
  page->pids[rank] = getpid();
  std::vector<pid_t> pids;
  for (int peer = 0; peer < size; ++peer) {
    while (page->pids[peer] == 0) std::this_thread::yield();
    pids.push_back(page->pids[peer]);
  }
  const bool good = Live(world, rank, pids, round);
  // Through static destructors, or past them.
  if (round % 2 == 0) std::exit(good ? 0 : 1);
  _exit(good ? 0 : 1);
}

TEST(ExitStressTest, NobodyCrashesAtTheEnd) {
  for (int round = 0; round < rounds; ++round) {
    WorldOptions options;
    options.size = 2 + round % (kMostRanks - 1);
    options.streams = 2;
    World world(options);
    Page* const page = MakePage();
    ASSERT_NE(page, nullptr);
    std::vector<pid_t> children;
    for (int rank = 0; rank < options.size; ++rank) {
      children.push_back(
          Start(world, page, rank, options.size, static_cast<unsigned>(round)));
      ASSERT_GT(children.back(), 0);
    }
    for (int rank = 0; rank < options.size; ++rank) {
      int status = 0;
      ASSERT_EQ(waitpid(children[rank], &status, 0), children[rank]);
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
          << "round " << round << " rank " << rank << ": "
          << (WIFSIGNALED(status) ? "signal " : "exit code ")
          << (WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
    munmap(page, sizeof(Page));
  }
}

}  // namespace
}  // namespace fts::comm::shm

int main(int argc, char** argv) {
  return fts::comm::shm::StressMain(argc, argv, &fts::comm::shm::rounds,
                                    &fts::comm::shm::seed);
}
