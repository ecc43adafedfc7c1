// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What an optimizer updates: one flat tensor that holds this rank's ranges of
// many parameters. Implemented by the engine that owns the memory.
// Threads: confined to the training thread.

#ifndef FTS_CORE_OPTIM_FLAT_PARAMETER_H_
#define FTS_CORE_OPTIM_FLAT_PARAMETER_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace fts::optim {

// Elements [begin, end) of the flat tensor belong to one parameter: all of it,
// or the part this rank owns.
struct Extent {
  int64_t begin = 0;
  int64_t end = 0;
  int param_index = 0;  // the parameter's place in the model, same on all ranks
  bool decay = true;    // false: in the no_decay class
};

class FlatParameter {
 public:
  virtual ~FlatParameter() = default;

  // 1-D, contiguous; updated in place. May be another tensor from step to
  // step, of the same size and dtype.
  virtual at::Tensor value() = 0;

  // 1-D, same size and dtype as value(); undefined when nothing was reduced
  // into it since the last step: then no extent is updated.
  virtual at::Tensor grad() = 0;

  // Where the gradient is not summed over the ranks yet: what each contributes,
  // by rank, every one like value(); grad() is undefined then. Only optimizers
  // that sums_gradients() may be given such. Empty: there is nothing of this.
  virtual std::vector<at::Tensor> gradient_parts() { return {}; }

  // Ascending and disjoint, decay class first. Gaps (padding) are never
  // touched. Fixed for the life of the object. Empty extents are skipped.
  virtual const std::vector<Extent>& extents() const = 0;
};

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_FLAT_PARAMETER_H_
