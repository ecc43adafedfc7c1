// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// One checkpointed forward: what it needs to be run again, and the empty places
// in the graph that a recomputation fills. See [Note: how a checkpoint works]
// in checkpoint.h.
// Threads: confined to one thread at a time.

#ifndef FTS_CORE_RECOMPUTE_FRAME_H_
#define FTS_CORE_RECOMPUTE_FRAME_H_

#include <ATen/core/Tensor.h>
#include <torch/csrc/autograd/saved_variable.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "fts/core/nn/module.h"
#include "fts/core/recompute/checkpoint_options.h"
#include "fts/core/recompute/operator_log.h"
#include "fts/core/recompute/saved_outputs.h"
#include "fts/core/recompute/thread_state.h"

namespace fts::recompute {

// What is compared between a saved tensor and its recomputation.
struct Metadata {
  std::vector<int64_t> shape;
  at::ScalarType dtype = at::kFloat;
  at::Device device = at::kCPU;

  explicit Metadata(const at::Tensor& tensor);
  bool operator==(const Metadata& other) const;
  std::string ToString() const;
};

// Stands in the graph for one saved tensor.
struct Holder {
  explicit Holder(const at::Tensor& tensor) : metadata(tensor) {}
  Metadata metadata;
  std::map<int, at::Tensor> values;  // by backward pass
};

// Owned by what stands in the graph, so it goes when the graph's last holder
// does.
class Frame : public std::enable_shared_from_this<Frame> {
 public:
  // Takes down the state of this moment; `recomputations` is counted up.
  Frame(std::string label, const CheckpointOptions& options,
        const nn::Tensors& inputs, nn::Interceptor::Next next,
        std::shared_ptr<int64_t> recomputations);

  // The forward itself.
  nn::Tensors Run(nn::Tensors inputs);

  // What a holder of this frame stands for, in the backward pass under way.
  at::Tensor Take(Holder& holder);

 private:
  friend class ForwardHooks;
  friend class RecomputeHooks;

  void Recompute(int pass);
  void Forget(int pass);
  SavedOutputs* outputs() { return outputs_.get(); }

  std::string label_;
  CheckpointOptions options_;
  nn::Interceptor::Next next_;
  std::vector<torch::autograd::SavedVariable> inputs_;
  RngState rng_;
  AutocastState autocast_;
  std::vector<std::weak_ptr<Holder>> holders_;
  std::unique_ptr<SavedOutputs> outputs_;  // null: nothing is saved
  OperatorLog log_;                        // of the forward, under debug
  std::set<int> done_;                     // backward passes recomputed for
  int outside_ = 0;                        // unpacks outside of any
  std::shared_ptr<int64_t> recomputations_;
};

}  // namespace fts::recompute

#endif  // FTS_CORE_RECOMPUTE_FRAME_H_
