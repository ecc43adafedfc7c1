// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Hooks on the tensors that autograd saves for backward, in a process without
// Python: while a guard is alive, every tensor saved on its thread is given to
// the guard's hooks, which decide what to keep and how to bring it back.
//
// [Note: the engine stub]
// Autograd asks its engine for the hooks of each saved tensor. LibTorch's own
// engine has none; we install a subclass that answers from a per-thread stack.
// There is one such slot per process, and Python's engine needs it, so inside a
// Python process installation fails and torch's own mechanism is to be used.
// Threads: the stack is per thread; installation is safe from any thread.

#ifndef FTS_CORE_RECOMPUTE_SAVED_TENSOR_HOOKS_H_
#define FTS_CORE_RECOMPUTE_SAVED_TENSOR_HOOKS_H_

#include <ATen/core/Tensor.h>

#include <memory>

#include "absl/status/status.h"

namespace fts::recompute {

// What is kept in place of one saved tensor. Owned by the graph node; destroyed
// when the node lets go of what it saved.
class PackedTensor {
 public:
  virtual ~PackedTensor() = default;
  // Called in backward, once per backward pass through the node.
  virtual at::Tensor Unpack() = 0;
};

class SavedTensorHooks {
 public:
  virtual ~SavedTensorHooks() = default;
  // Called with grad mode off. May throw: the operator that was saving fails
  // with that exception.
  virtual std::unique_ptr<PackedTensor> Pack(const at::Tensor& tensor) = 0;
};

// Makes the hooks those of this thread until it is destroyed. Guards nest; only
// the innermost is asked.
class SavedTensorHooksGuard {
 public:
  explicit SavedTensorHooksGuard(SavedTensorHooks* hooks);
  ~SavedTensorHooksGuard();
  SavedTensorHooksGuard(const SavedTensorHooksGuard&) = delete;
  SavedTensorHooksGuard& operator=(const SavedTensorHooksGuard&) = delete;
};

// Installs the engine; further calls do nothing. Call before the first
// backward. Errors: FAILED_PRECONDITION in a process that runs Python.
absl::Status InstallSavedTensorHooksEngine();

bool SavedTensorHooksEngineInstalled();

}  // namespace fts::recompute

#endif  // FTS_CORE_RECOMPUTE_SAVED_TENSOR_HOOKS_H_
