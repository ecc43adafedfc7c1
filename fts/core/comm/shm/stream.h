// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The calls in flight of one communicator, in order, and what takes them
// forward: whoever has a thread to spare calls Drive().
//
// Threads: safe to use from any thread. Calls are issued by one at a time.
#ifndef FTS_CORE_COMM_SHM_STREAM_H_
#define FTS_CORE_COMM_SHM_STREAM_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "fts/core/comm/shm/arena.h"
#include "fts/core/comm/shm/barrier.h"
#include "fts/core/comm/shm/call.h"
#include "fts/core/comm/shm/channel.h"
#include "fts/core/comm/shm/control.h"
#include "fts/core/comm/shm/peers.h"

namespace fts::comm::shm {

// What the streams of one rank share: outlives them.
struct JobView {
  Control* control = nullptr;
  const Peers* peers = nullptr;  // by rank of the job
  std::chrono::milliseconds timeout{0};
  int spin = kSpinAlone;
};

class Stream {
 public:
  struct Settings {
    std::string name;  // of the communicator
    int rank = 0;
    std::vector<int> job_ranks;  // by rank of the communicator
    size_t slot_bytes = 0;
    // How a call is named in error texts: "all_reduce 'norm' on world (rank 0
    // of 2)". All backends use the same words, which torch's side has.
    std::function<std::string(const std::string& label, const char* op)>
        describe;
  };

  // Of shared memory: the barrier, then the channel.
  static size_t Bytes(int size, size_t slot_bytes);

  // `memory` has Bytes() bytes, was zero when the first rank came, and lives as
  // long as `keep`.
  Stream(const JobView& job, Settings settings, void* memory,
         std::shared_ptr<Arena> keep);

  int rank() const { return settings_.rank; }
  int size() const { return static_cast<int>(settings_.job_ranks.size()); }
  const Settings& settings() const { return settings_; }
  Group group() const;
  // For what blocks anyway: see barrier.h. Has nothing to do with the calls.
  Barrier& barrier() { return barrier_; }

  // Queues a call and takes it as far as it goes without waiting.
  void Issue(CallPtr call);

  // Takes the calls as far as they go without waiting; true when anything was
  // moved or ended. An aborted job ends them all, with UNAVAILABLE.
  bool Drive();
  // The same, or false at once while another thread does.
  bool TryDrive();

  int pending() const { return pending_.load(); }

  // Ends the first call in flight, and with it the job, when its peers are gone
  // or its time is over. To be called now and then while nothing moves.
  void CheckHealth(std::chrono::steady_clock::time_point now);

  // The status of a call that an abort ended, or kept from starting.
  absl::Status Aborted(const std::string& call) const;
  // Ends the job because of `call`. Returns `code` and `why`, or Aborted() when
  // the job had ended before.
  absl::Status End(const std::string& call, absl::StatusCode code,
                   const std::string& why) const;

  // "rank 1 (process 7)": its rank here.
  std::string Who(int rank) const;
  // Why `rank` will do nothing more, or "".
  std::string WhyGone(int rank) const;

  // Tells the peers that no call will follow. The calls in flight go on.
  void Leave() { channel_.Leave(); }

 private:
  std::string Describe(const Call& call) const;
  bool DriveLocked();
  bool PublishOne();
  bool TakeOne();
  bool CheckSignatures(const Call& call);
  void FinishFirst(absl::Status status);
  void RingPeers();
  // Whether the first call waits to publish; else it waits for peers' parts.
  bool WaitsToPublish() const;
  absl::Status Diagnose(std::chrono::steady_clock::time_point now);

  const JobView job_;
  const Settings settings_;
  const std::shared_ptr<Arena> keep_;
  Barrier barrier_;

  std::mutex mutex_;
  Channel channel_;
  std::deque<CallPtr> calls_;  // in flight; parts of the first are taken
  size_t publishing_ = 0;      // place in calls_ of the one being published
  int64_t publish_chunk_ = 0;  // next chunk of that one
  int64_t take_chunk_ = 0;     // next chunk of the first
  int64_t issued_ = 0;
  Parts parts_;
  std::atomic<int> pending_{0};
};

}  // namespace fts::comm::shm

#endif  // FTS_CORE_COMM_SHM_STREAM_H_
