// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Events over c10d works. For .cc files of comm only.
//
// Threads: events are safe to use from any thread.
#ifndef FTS_CORE_COMM_C10D_EVENT_H_
#define FTS_CORE_COMM_C10D_EVENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <torch/csrc/distributed/c10d/Work.hpp>

#include "fts/core/comm/c10d_job.h"
#include "fts/core/comm/event.h"

namespace fts::comm {

// Who a call belongs to; outlives the communicator in its events.
struct CallOwner {
  std::shared_ptr<C10dJob> job;
  std::string name;
  int rank = 0;
  int size = 1;
};

// [Note: host events]
//
// The work of a CPU backend runs on the backend's threads. The event asks to be
// told of its end, so a failure ends the job at once, even while this rank
// computes and waits for nothing. Wait() also returns when the job is aborted
// with the work still stuck: Gloo does not wake a call whose connection was
// closed on this side, it runs into its timeout.
// `then`, if any, runs on the backend's thread after the work succeeded and
// before the event is ready. `collective` numbers the call (wait_observer.h).
EventPtr MakeHostEvent(c10::intrusive_ptr<c10d::Work> work,
                       std::shared_ptr<const CallOwner> owner, const char* op,
                       std::string label, uint64_t collective,
                       std::function<void()> then = nullptr);

// The work of a device backend: Wait() orders the current stream after it.
EventPtr MakeStreamEvent(c10::intrusive_ptr<c10d::Work> work,
                         std::shared_ptr<const CallOwner> owner, const char* op,
                         std::string label, uint64_t collective);

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_C10D_EVENT_H_
