// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// How a checkpointed module is recomputed.
// Threads: a value.

#ifndef FTS_CORE_RECOMPUTE_CHECKPOINT_OPTIONS_H_
#define FTS_CORE_RECOMPUTE_CHECKPOINT_OPTIONS_H_

namespace fts::recompute {

struct CheckpointOptions {
  // Recompute under the random state that the forward had.
  bool preserve_rng_state = true;
  // Compare shapes, dtypes and devices of recomputed tensors with the forward's
  // (PyTorch's determinism_check: default or none).
  bool determinism_check = true;
  // Stop recomputing once everything backward needs is there.
  bool early_stop = true;
  // Log the operators of both passes, and say in errors where they part. Slow.
  bool debug = false;
  // Outputs kept instead of recomputed; see saved_outputs.h.
  bool save_matmul = false;
  bool save_attention = false;
};

}  // namespace fts::recompute

#endif  // FTS_CORE_RECOMPUTE_CHECKPOINT_OPTIONS_H_
