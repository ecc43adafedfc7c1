// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Activation checkpointing, modes `composable` and `wrapped`: a module's
// forward runs again in backward, and what autograd would have saved in between
// is not kept. Non-reentrant, with early stop, as PyTorch's checkpoint.
//
// [Note: how a checkpoint works]
// Forward: each tensor that autograd saves is replaced by an empty holder; the
// inputs are kept through autograd's ordinary means, so that an enclosing
// checkpoint manages them. The first unpack of a backward pass runs the forward
// again with grad on and fills the holders in order; when the last is filled
// the forward is left by an exception. A filled tensor is dropped as soon as
// backward took it. Each backward pass over a retained graph recomputes anew.
//
// [Note: parameters are kept by reference]
// Leaves that require grad are not activations: they are kept as they are, and
// read when backward comes, so a sharding engine may take their memory away and
// bring it back in between. Views of parameters are recomputed like all else.
//
// Threads: attach and configure on the training thread; the recomputation runs
// on the thread that autograd uses for the node.

#ifndef FTS_CORE_RECOMPUTE_CHECKPOINT_H_
#define FTS_CORE_RECOMPUTE_CHECKPOINT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fts/core/nn/module.h"
#include "fts/core/recompute/checkpoint_error.h"
#include "fts/core/recompute/checkpoint_options.h"

namespace fts::recompute {

class CheckpointInterceptor : public nn::Interceptor {
 public:
  // `label` names the module in messages; empty = its class name. Needs
  // InstallSavedTensorHooksEngine() before the first call.
  explicit CheckpointInterceptor(CheckpointOptions options = {},
                                 std::string label = "");

  // Off: calls pass through. Does not affect forwards already made.
  void set_enabled(bool enabled) { enabled_ = enabled; }
  bool enabled() const { return enabled_; }

  // Passes through when disabled, when grad mode is off, and when no input and
  // no parameter of the module requires grad: then nothing would be saved.
  // Throws std::logic_error when the engine is not installed.
  nn::Tensors Intercept(nn::Module& module, nn::Tensors inputs,
                        const Next& next) override;

  // Forwards run again so far.
  int64_t recomputations() const { return *recomputations_; }

 private:
  bool NeedsGraph(const nn::Module& module, const nn::Tensors& inputs);

  CheckpointOptions options_;
  std::string label_;
  bool enabled_ = true;
  const nn::Module* module_ = nullptr;  // whose parameters these are
  std::vector<at::Tensor> parameters_;
  std::shared_ptr<int64_t> recomputations_;
};

}  // namespace fts::recompute

#endif  // FTS_CORE_RECOMPUTE_CHECKPOINT_H_
