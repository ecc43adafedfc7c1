// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The state around a forward that changes its numbers, so that it can be run
// again under the same: random generators and autocast.
// Threads: generators are locked while read or written; autocast is per thread.

#ifndef FTS_CORE_RECOMPUTE_THREAD_STATE_H_
#define FTS_CORE_RECOMPUTE_THREAD_STATE_H_

#include <ATen/core/Tensor.h>

#include <utility>
#include <vector>

namespace fts::recompute {

// The default generators of the CPU and of the given devices.
class RngState {
 public:
  RngState() = default;
  // Reads the CPU's and those of all devices that the tensors live on.
  static RngState Capture(const std::vector<at::Tensor>& tensors);
  // Reads the generators that `like` holds, as they are now.
  static RngState CaptureSame(const RngState& like);
  void Restore() const;

 private:
  std::vector<std::pair<at::Device, at::Tensor>> states_;
};

// Sets the generators to a state, and puts back what they had when it goes.
class RngGuard {
 public:
  explicit RngGuard(const RngState& state);
  ~RngGuard();
  RngGuard(const RngGuard&) = delete;
  RngGuard& operator=(const RngGuard&) = delete;

 private:
  RngState before_;
};

// Autocast for the CPU and for CUDA: whether it is on, its dtype, and whether
// it keeps the casts of parameters.
struct AutocastState {
  struct Device {
    bool enabled = false;
    at::ScalarType dtype = at::kFloat;
  };
  Device cpu, cuda;
  bool cache = true;
  static AutocastState Capture();
  void Apply() const;
};

// Sets the state, as one more level of autocast: casts that were kept inside
// are dropped at its end unless an outer level is still there, so that they
// never outlive an optimizer step.
class AutocastGuard {
 public:
  explicit AutocastGuard(const AutocastState& state);
  ~AutocastGuard();
  AutocastGuard(const AutocastGuard&) = delete;
  AutocastGuard& operator=(const AutocastGuard&) = delete;

 private:
  AutocastState before_;
};

}  // namespace fts::recompute

#endif  // FTS_CORE_RECOMPUTE_THREAD_STATE_H_
