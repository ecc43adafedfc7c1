// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What backward throws when a saved tensor cannot be brought back as it was.
// Threads: a value.

#ifndef FTS_CORE_RECOMPUTE_CHECKPOINT_ERROR_H_
#define FTS_CORE_RECOMPUTE_CHECKPOINT_ERROR_H_

#include <stdexcept>

namespace fts::recompute {

class CheckpointError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace fts::recompute

#endif  // FTS_CORE_RECOMPUTE_CHECKPOINT_ERROR_H_
