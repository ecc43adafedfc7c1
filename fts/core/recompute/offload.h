// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Mode `wrapped_offload`: what autograd saves inside a module waits for
// backward in host memory. Nothing is computed again.
//
// [Note: what moves]
// A tensor on a device is copied to host memory, pinned when the device is a
// GPU, and back when backward asks for it; both copies are queued on the
// current stream, so the host never waits. A tensor that is on the host already
// is kept by reference: a copy would only cost memory. The module's parameters,
// and whatever shares memory with one (the transposed weight that a matmul
// saves), are kept by reference too: a sharding engine takes that memory away
// and brings it back, so a copy would hold on to what it wants to free.
//
// Threads: as CheckpointInterceptor.

#ifndef FTS_CORE_RECOMPUTE_OFFLOAD_H_
#define FTS_CORE_RECOMPUTE_OFFLOAD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fts/core/nn/module.h"

namespace fts::recompute {

// Bytes saved for backward so far, counted when they are saved.
struct OffloadBytes {
  int64_t moved = 0;       // copied from a device to the host
  int64_t on_host = 0;     // activations that were there already
  int64_t parameters = 0;  // kept by reference, never activations
};

class OffloadInterceptor : public nn::Interceptor {
 public:
  // `label` names the module in messages; empty = its class name. Needs
  // InstallSavedTensorHooksEngine() before the first call.
  explicit OffloadInterceptor(std::string label = "");

  // Off: calls pass through. Does not affect forwards already made.
  void set_enabled(bool enabled) { enabled_ = enabled; }

  // Passes through when disabled or when grad mode is off. Throws
  // std::logic_error when the engine is not installed.
  nn::Tensors Intercept(nn::Module& module, nn::Tensors inputs,
                        const Next& next) override;

  const OffloadBytes& bytes() const { return bytes_; }

 private:
  std::string label_;
  bool enabled_ = true;
  const nn::Module* module_ = nullptr;  // whose parameters these are
  std::vector<at::Tensor> parameters_;
  OffloadBytes bytes_;
};

}  // namespace fts::recompute

#endif  // FTS_CORE_RECOMPUTE_OFFLOAD_H_
