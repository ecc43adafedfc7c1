// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The ranks of a test as threads over one mapping, without torch and without a
// store: so that ThreadSanitizer sees who reads and writes what.
//
// Threads: Run() may be called from one thread at a time.
#ifndef FTS_CORE_COMM_SHM_THREAD_WORLD_H_
#define FTS_CORE_COMM_SHM_THREAD_WORLD_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fts/core/comm/shm/arena.h"
#include "fts/core/comm/shm/driver.h"
#include "fts/core/comm/shm/stream.h"

namespace fts::comm::shm {

struct WorldOptions {
  int size = 2;
  int streams = 1;
  size_t slot_bytes = 1024;
  std::chrono::milliseconds timeout = std::chrono::seconds(60);
  int spin = kSpinCrowded;
};

// One rank's own view of the shared memory.
struct WorldRank {
  int rank = 0;
  std::shared_ptr<Driver> driver;
  std::vector<std::shared_ptr<Stream>> streams;

  Stream* stream() const { return streams[0].get(); }
  CallPtr Issue(Stream* on, CallPtr call) const {
    driver->Issue(on, call);
    return call;
  }
  absl::Status Do(CallPtr call) const {
    Issue(stream(), call);
    return driver->Wait(stream(), *call);
  }
};

class World {
 public:
  explicit World(const WorldOptions& options)
      : options_(options), arena_(*Arena::Create(Bytes(options), {})) {}

  // `pids` by rank; empty: all ranks live in this process.
  WorldRank Join(int rank, std::vector<pid_t> pids = {},
                 std::function<void(const std::string&)> on_abort = {}) {
    if (pids.empty()) pids.assign(options_.size, getpid());
    WorldRank joined;
    joined.rank = rank;
    Driver::Options driver;
    driver.timeout = options_.timeout;
    driver.spin = options_.spin;
    driver.on_abort = std::move(on_abort);
    joined.driver = std::make_shared<Driver>(arena_->data(), arena_, rank, pids,
                                             std::move(driver));
    for (int i = 0; i < options_.streams; ++i) {
      Stream::Settings settings;
      settings.name = i == 0 ? "world" : "world/" + std::to_string(i);
      settings.rank = rank;
      for (int peer = 0; peer < options_.size; ++peer) {
        settings.job_ranks.push_back(peer);
      }
      settings.slot_bytes = options_.slot_bytes;
      settings.describe = [name = settings.name, rank, size = options_.size](
                              const std::string& label, const char* op) {
        return op + (label.empty() ? "" : " '" + label + "'") + " on " + name +
               " (rank " + std::to_string(rank) + " of " +
               std::to_string(size) + ")";
      };
      joined.streams.push_back(std::make_shared<Stream>(
          joined.driver->view(), settings,
          arena_->data() + ControlBytes(options_) + i * StreamBytes(options_),
          arena_));
      joined.driver->Add(joined.streams.back());
    }
    return joined;
  }

  // Runs `body` as every rank at once and waits for all.
  void Run(const std::function<void(const WorldRank&)>& body) {
    std::vector<WorldRank> ranks;
    for (int rank = 0; rank < options_.size; ++rank) {
      ranks.push_back(Join(rank));
    }
    std::vector<std::thread> threads;
    for (const WorldRank& rank : ranks) {
      threads.emplace_back([&] { body(rank); });
    }
    for (std::thread& thread : threads) thread.join();
  }

 private:
  static int64_t RoundUp(size_t bytes) {
    return static_cast<int64_t>((bytes + 127) / 128 * 128);
  }
  static int64_t ControlBytes(const WorldOptions& options) {
    return RoundUp(Control::Bytes(options.size));
  }
  static int64_t StreamBytes(const WorldOptions& options) {
    return RoundUp(Stream::Bytes(options.size, options.slot_bytes));
  }
  static int64_t Bytes(const WorldOptions& options) {
    return ControlBytes(options) + options.streams * StreamBytes(options);
  }

  const WorldOptions options_;
  const std::shared_ptr<Arena> arena_;
};

}  // namespace fts::comm::shm

#endif  // FTS_CORE_COMM_SHM_THREAD_WORLD_H_
