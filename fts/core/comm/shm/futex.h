// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Waiting for a word of memory that several processes share to change, and
// waking those who wait. Linux only.
//
// Threads: safe to use from any thread of any process that maps the word.
#ifndef FTS_CORE_COMM_SHM_FUTEX_H_
#define FTS_CORE_COMM_SHM_FUTEX_H_

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <climits>
#include <cstdint>
#include <ctime>

namespace fts::comm::shm {

using FutexWord = std::atomic<uint32_t>;
static_assert(sizeof(FutexWord) == 4 && FutexWord::is_always_lock_free,
              "the kernel looks at the word itself");

// How long a waiting thread sleeps before it looks whether its peers live.
inline constexpr std::chrono::milliseconds kWaitSlice(50);

// Returns at once unless *word == expected; else when woken, after `limit`, or
// for no reason.
inline void FutexWait(FutexWord* word, uint32_t expected,
                      std::chrono::nanoseconds limit) {
  if (limit.count() <= 0) return;
  timespec time;
  time.tv_sec = static_cast<time_t>(limit.count() / 1000000000);
  time.tv_nsec = static_cast<long>(limit.count() % 1000000000);
  // Not FUTEX_PRIVATE_FLAG: waiter and waker may be different processes.
  syscall(SYS_futex, word, FUTEX_WAIT, expected, &time, nullptr, 0);
}

inline void FutexWakeAll(FutexWord* word) {
  syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

// Tells the processor that this is a loop that waits.
inline void Pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// How often to look before sleeping: long where every rank has processors of
// its own, short where a peer may need this one to get on.
inline constexpr int kSpinAlone = 2000;
inline constexpr int kSpinCrowded = 50;

}  // namespace fts::comm::shm

#endif  // FTS_CORE_COMM_SHM_FUTEX_H_
