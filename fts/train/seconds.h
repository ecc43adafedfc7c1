// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The clock that a run is timed and shown by.
// Threads: any.
#ifndef FTS_TRAIN_SECONDS_H_
#define FTS_TRAIN_SECONDS_H_

#include <chrono>

namespace fts::train {

// Since some fixed moment; never goes back.
inline double Seconds() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace fts::train

#endif  // FTS_TRAIN_SECONDS_H_
