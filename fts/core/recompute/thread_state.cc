// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/recompute/thread_state.h"

#include <ATen/Context.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <algorithm>
#include <mutex>

namespace fts::recompute {
namespace {

at::Tensor ReadGenerator(at::Device device) {
  at::Generator generator = at::globalContext().defaultGenerator(device);
  std::lock_guard<std::mutex> lock(generator.mutex());
  return generator.get_state();
}

}  // namespace

RngState RngState::Capture(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Device> devices{at::Device(at::kCPU)};
  for (const at::Tensor& tensor : tensors) {
    if (!tensor.defined() || tensor.is_cpu()) continue;
    if (std::find(devices.begin(), devices.end(), tensor.device()) ==
        devices.end()) {
      devices.push_back(tensor.device());
    }
  }
  RngState out;
  for (at::Device device : devices) {
    out.states_.emplace_back(device, ReadGenerator(device));
  }
  return out;
}

RngState RngState::CaptureSame(const RngState& like) {
  RngState out;
  for (const auto& [device, state] : like.states_) {
    out.states_.emplace_back(device, ReadGenerator(device));
  }
  return out;
}

void RngState::Restore() const {
  for (const auto& [device, state] : states_) {
    at::Generator generator = at::globalContext().defaultGenerator(device);
    std::lock_guard<std::mutex> lock(generator.mutex());
    generator.set_state(state);
  }
}

RngGuard::RngGuard(const RngState& state)
    : before_(RngState::CaptureSame(state)) {
  state.Restore();
}

RngGuard::~RngGuard() { before_.Restore(); }

AutocastState AutocastState::Capture() {
  // Autocast is on where its dispatch key is not excluded.
  return {
      !c10::impl::tls_is_dispatch_key_excluded(c10::DispatchKey::AutocastCPU),
      !c10::impl::tls_is_dispatch_key_excluded(c10::DispatchKey::AutocastCUDA)};
}

void AutocastState::Apply() const {
  c10::impl::tls_set_dispatch_key_excluded(c10::DispatchKey::AutocastCPU, !cpu);
  c10::impl::tls_set_dispatch_key_excluded(c10::DispatchKey::AutocastCUDA,
                                           !cuda);
}

AutocastGuard::AutocastGuard(const AutocastState& state)
    : before_(AutocastState::Capture()) {
  state.Apply();
}

AutocastGuard::~AutocastGuard() { before_.Apply(); }

}  // namespace fts::recompute
