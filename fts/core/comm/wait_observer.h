// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Tells whoever watches over this process (at most one observer) when it waits
// for other ranks, and for what. Backends call it around what blocks; a program
// that nobody watches pays for one load. No torch here.
//
// Threads: safe to use from any thread, by several at once.
#ifndef FTS_CORE_COMM_WAIT_OBSERVER_H_
#define FTS_CORE_COMM_WAIT_OBSERVER_H_

#include <atomic>
#include <cstdint>
#include <string_view>

namespace fts::comm {

// What is waited for. The text lives at least as long as the wait.
struct WaitInfo {
  std::string_view op;            // "all_gather", in the words of errors
  std::string_view label;         // "model.layers.3 phase 1"; may be empty
  std::string_view communicator;  // "gather"; may be empty
  uint64_t collective = 0;        // NextCollective() of the call; 0: none
};

// Called on the thread that it is about; must neither block nor throw.
class WaitObserver {
 public:
  virtual ~WaitObserver();
  // This process has issued so many collectives.
  virtual void Issued(uint64_t collectives) = 0;
  virtual void BeginWait(const WaitInfo& what) = 0;
  virtual void EndWait() = 0;
};

// Null takes it away. It must outlive every wait that began meanwhile.
void SetWaitObserver(WaitObserver* observer);

namespace internal {
extern std::atomic<WaitObserver*> wait_observer;
}  // namespace internal

// Numbers the collectives of this process in the order of issue, from 1: a
// backend takes one for each call, so equal numbers are the same collective
// wherever ranks issue the same calls.
uint64_t NextCollective();

// This thread waits while it lives.
class ObservedWait {
 public:
  explicit ObservedWait(const WaitInfo& what)
      : observer_(internal::wait_observer.load(std::memory_order_acquire)) {
    if (observer_ != nullptr) observer_->BeginWait(what);
  }
  ~ObservedWait() {
    if (observer_ != nullptr) observer_->EndWait();
  }
  ObservedWait(const ObservedWait&) = delete;
  ObservedWait& operator=(const ObservedWait&) = delete;

 private:
  WaitObserver* const observer_;
};

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_WAIT_OBSERVER_H_
