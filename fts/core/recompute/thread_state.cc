// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/recompute/thread_state.h"

#include <ATen/Context.h>

#include <algorithm>
#include <mutex>

// As in ATen/autocast_mode.h, which includes all of ATen.
namespace at::autocast {
TORCH_API bool is_autocast_enabled(at::DeviceType device_type);
TORCH_API void set_autocast_enabled(at::DeviceType device_type, bool enabled);
TORCH_API at::ScalarType get_autocast_dtype(at::DeviceType device_type);
TORCH_API void set_autocast_dtype(at::DeviceType device_type,
                                  at::ScalarType dtype);
TORCH_API void clear_cache();
TORCH_API int increment_nesting();
TORCH_API int decrement_nesting();
TORCH_API bool is_autocast_cache_enabled();
TORCH_API void set_autocast_cache_enabled(bool enabled);
}  // namespace at::autocast

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
  AutocastState out;
  out.cpu = {at::autocast::is_autocast_enabled(at::kCPU),
             at::autocast::get_autocast_dtype(at::kCPU)};
  out.cuda = {at::autocast::is_autocast_enabled(at::kCUDA),
              at::autocast::get_autocast_dtype(at::kCUDA)};
  out.cache = at::autocast::is_autocast_cache_enabled();
  return out;
}

void AutocastState::Apply() const {
  at::autocast::set_autocast_enabled(at::kCPU, cpu.enabled);
  at::autocast::set_autocast_dtype(at::kCPU, cpu.dtype);
  at::autocast::set_autocast_enabled(at::kCUDA, cuda.enabled);
  at::autocast::set_autocast_dtype(at::kCUDA, cuda.dtype);
  at::autocast::set_autocast_cache_enabled(cache);
}

AutocastGuard::AutocastGuard(const AutocastState& state)
    : before_(AutocastState::Capture()) {
  at::autocast::increment_nesting();
  state.Apply();
}

AutocastGuard::~AutocastGuard() {
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  before_.Apply();
}

}  // namespace fts::recompute
