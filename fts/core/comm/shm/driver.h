// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Takes the calls of all communicators of one rank forward, and ends them when
// the job ends.
//
// Threads: safe to use from any thread.
#ifndef FTS_CORE_COMM_SHM_DRIVER_H_
#define FTS_CORE_COMM_SHM_DRIVER_H_

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "fts/core/comm/shm/arena.h"
#include "fts/core/comm/shm/call.h"
#include "fts/core/comm/shm/control.h"
#include "fts/core/comm/shm/futex.h"
#include "fts/core/comm/shm/peers.h"
#include "fts/core/comm/shm/stream.h"

namespace fts::comm::shm {

// [Note: who does the work]
//
// There is no thread that does nothing but communicate: on the machines this is
// for, ranks compute on every processor, and a switch of threads costs more
// than a small call. The thread that issues a call publishes what fits into the
// slots; whoever waits takes forward all calls of this rank, of every
// communicator, so that ranks may wait for theirs in different orders.
// What is left is a rank that issues calls and then computes for long. A
// helper, which sleeps while nothing is in flight, looks in every 5 ms unless
// someone waits anyway; it also notices peers that die meanwhile. So a call
// goes on whatever its rank does, if not always at full speed.
class Driver {
 public:
  struct Options {
    std::chrono::milliseconds timeout{0};
    int spin = kSpinAlone;
    // Told the first reason, once, when this rank learns of an abort, by the
    // thread that does.
    std::function<void(const std::string& reason)> on_abort;
  };

  // `memory` is where Control stands, and lives as long as `keep`. `pids` by
  // rank of the job.
  Driver(void* memory, std::shared_ptr<Arena> keep, int rank,
         std::vector<pid_t> pids, Options options);
  ~Driver();

  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // For making streams.
  JobView view();
  // The process that made it; in another one only the destructor may be called.
  pid_t owner() const { return owner_; }

  void Add(std::shared_ptr<Stream> stream);
  void Remove(const Stream* stream);

  // Issues a call, which then goes on by itself.
  void Issue(Stream* stream, CallPtr call);
  // Blocks until the call is done; its status.
  absl::Status Wait(Stream* stream, const Call& call);
  // Whether it is done. Does what can be done for that.
  bool Ready(Stream* stream, const Call& call);

  // Ends the job, on all ranks: "rank R: reason".
  void Abort(const std::string& reason);
  // True after an abort by any rank.
  bool aborted();

 private:
  using Streams = std::vector<std::shared_ptr<Stream>>;

  // As they are now: hold on to it while walking it, because communicators come
  // and go meanwhile. `for (... : *streams())` walks freed memory.
  std::shared_ptr<const Streams> streams() const;
  bool DriveAll();
  bool AnyPending() const;
  void CheckHealth();
  // Passes an abort on to on_abort and those who stand at a barrier.
  void NoteAbort();
  void Attend();
  void Help();

  const std::shared_ptr<Arena> keep_;
  Control control_;
  const Peers peers_;
  const Options options_;
  const pid_t owner_;

  mutable std::mutex streams_mutex_;
  std::shared_ptr<const Streams> streams_;

  std::atomic<bool> abort_noted_{false};
  std::atomic<int> waiting_{0};
  std::atomic<int64_t> next_check_{0};  // steady clock, ns

  std::mutex help_mutex_;
  std::condition_variable help_cv_;
  std::thread helper_;
  std::atomic<bool> parked_{true};  // also before it is started
  bool stop_ = false;
};

}  // namespace fts::comm::shm

#endif  // FTS_CORE_COMM_SHM_DRIVER_H_
