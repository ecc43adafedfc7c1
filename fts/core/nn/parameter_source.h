// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Where a model's initial values come from: a checkpoint on disk, a seed, or
// another model. Engines ask for ranges, so that each rank touches only what
// it keeps.
// Threads: confined to one thread unless an implementation says otherwise.

#ifndef FTS_CORE_NN_PARAMETER_SOURCE_H_
#define FTS_CORE_NN_PARAMETER_SOURCE_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "fts/core/nn/module.h"

namespace fts::nn {

class ParameterSource {
 public:
  struct Info {
    std::vector<int64_t> shape;
    // The dtype that holds the values exactly: the checkpoint's own, or fp32.
    at::ScalarType dtype = at::kFloat;
  };

  virtual ~ParameterSource();

  // nullptr if there is no such parameter. Names are the module tree's
  // canonical ones (first registered of a tied tensor).
  virtual const Info* Find(const std::string& name) const = 0;

  // Writes elements [begin, end) of the parameter, in row-major order and cast
  // to dst's dtype, into `dst`: 1-D, contiguous, on the CPU, end - begin long.
  // Does not record gradients. Errors: NOT_FOUND, OUT_OF_RANGE,
  // INVALID_ARGUMENT for a dst that does not fit.
  virtual absl::Status CopyRange(const std::string& name, int64_t begin,
                                 int64_t end, at::Tensor dst) const = 0;

 protected:
  // The checks every CopyRange starts with.
  absl::Status CheckRange(const std::string& name, int64_t begin, int64_t end,
                          const at::Tensor& dst) const;
};

// Fills every parameter of the tree. Errors: as CopyRange, or a parameter of
// another shape; the first problem ends it.
absl::Status LoadParameters(Module& root, const ParameterSource& source);

}  // namespace fts::nn

#endif  // FTS_CORE_NN_PARAMETER_SOURCE_H_
