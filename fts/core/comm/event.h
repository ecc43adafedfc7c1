// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The handle of work in flight: poll it or wait for it.
// Says nothing about what the work was; its status does when it fails.
//
// Threads: safe to use from any thread, by several at once.
#ifndef FTS_CORE_COMM_EVENT_H_
#define FTS_CORE_COMM_EVENT_H_

#include <memory>

#include "absl/status/status.h"

namespace fts::comm {

class Event {
 public:
  virtual ~Event();

  // Blocks until the work ended; every call returns the same status. On a
  // device with streams, OK means that work enqueued from now on by the calling
  // thread runs after it. Never call it while holding Python's GIL.
  // Dropping an event without waiting is allowed: the work goes on.
  [[nodiscard]] virtual absl::Status Wait() = 0;

  // True when Wait() would not block. Errors count as ready.
  virtual bool Ready() = 0;
};

using EventPtr = std::shared_ptr<Event>;

// An event whose work has ended with `status`. OK ones are shared: no
// allocation.
EventPtr CompletedEvent(absl::Status status = absl::OkStatus());

// Waits for all of them, nulls skipped, and returns the first error in list
// order.
template <typename Range>
absl::Status WaitAll(const Range& events) {
  absl::Status first;
  for (const EventPtr& event : events) {
    if (event == nullptr) continue;
    absl::Status status = event->Wait();
    if (first.ok()) first = std::move(status);
  }
  return first;
}

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_EVENT_H_
