// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/recompute/saved_tensor_hooks.h"

#include <dlfcn.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/saved_variable_hooks.h>

#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

namespace fts::recompute {
namespace {

std::vector<SavedTensorHooks*>& Stack() {
  thread_local std::vector<SavedTensorHooks*> stack;
  return stack;
}

class Adapter : public torch::autograd::SavedVariableHooks {
 public:
  explicit Adapter(SavedTensorHooks* hooks) : hooks_(hooks) {}
  // Called right after construction, while the guard is still alive.
  void call_pack_hook(const at::Tensor& tensor) override {
    packed_ = hooks_->Pack(tensor);
    hooks_ = nullptr;
  }
  at::Tensor call_unpack_hook() override { return packed_->Unpack(); }

 private:
  SavedTensorHooks* hooks_;
  std::unique_ptr<PackedTensor> packed_;
};

class HooksEngine : public torch::autograd::Engine {
 public:
  std::unique_ptr<torch::autograd::SavedVariableHooks>
  get_default_saved_variable_hooks() override {
    auto& stack = Stack();
    if (stack.empty()) return nullptr;
    return std::make_unique<Adapter>(stack.back());
  }
};

torch::autograd::Engine& GetHooksEngine() {
  // Never destroyed: its worker threads may outlive main.
  static auto* engine = new HooksEngine();
  return *engine;
}

bool RunsPython() {
  using IsInitialized = int (*)();
  auto is_initialized =
      reinterpret_cast<IsInitialized>(dlsym(RTLD_DEFAULT, "Py_IsInitialized"));
  return is_initialized != nullptr && is_initialized() != 0;
}

std::atomic<bool> g_installed{false};

}  // namespace

SavedTensorHooksGuard::SavedTensorHooksGuard(SavedTensorHooks* hooks) {
  Stack().push_back(hooks);
}

SavedTensorHooksGuard::~SavedTensorHooksGuard() { Stack().pop_back(); }

absl::Status InstallSavedTensorHooksEngine() {
  static std::mutex mutex;
  std::lock_guard<std::mutex> lock(mutex);
  if (g_installed) return absl::OkStatus();
  if (RunsPython()) {
    return absl::FailedPreconditionError(
        "activation checkpointing in C++ needs the process's one autograd "
        "engine slot, which belongs to Python here; use "
        "torch.utils.checkpoint on the Python side");
  }
  torch::autograd::set_default_engine_stub(&GetHooksEngine);
  g_installed = true;
  return absl::OkStatus();
}

bool SavedTensorHooksEngineInstalled() { return g_installed; }

}  // namespace fts::recompute
