// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Remembers the first tensor of a step that held NaN or infinity: a unit's
// output in forward, or a parameter's gradient in backward before it is summed
// over the ranks. Off by default (`strategy_adapter_cfg.find_nonfinite`): it
// reads every such tensor once, and waits for the device. Without it a failed
// step still says which rank's loss, or which parameter's summed gradient.
// Threads: confined to the training thread.

#ifndef FTS_CORE_SHARD_NAN_FINDER_H_
#define FTS_CORE_SHARD_NAN_FINDER_H_

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace fts::shard {

// Whether a floating tensor holds NaN or infinity.
bool HasNonfinite(const at::Tensor& tensor);

class NanFinder {
 public:
  void Enable(bool on) { enabled_ = on; }
  bool enabled() const { return enabled_; }

  // `what` and `name`: "the output of " "layers.3".
  void Check(const char* what, const std::string& name,
             const at::Tensor& tensor) {
    if (enabled_ && first_.empty()) Look(what, name, tensor);
  }
  // "the output of layers.3", empty when all was finite.
  const std::string& first() const { return first_; }
  void Clear() { first_.clear(); }

 private:
  void Look(const char* what, const std::string& name,
            const at::Tensor& tensor);

  bool enabled_ = false;
  std::string first_;
};

// `texts[rank]`: what each rank found, empty for nothing. "the output of
// layers.3 on rank 1; the loss on ranks 0, 2". Nothing at all: "the sum over
// the ranks".
std::string JoinFindings(const std::vector<std::string>& texts);

}  // namespace fts::shard

#endif  // FTS_CORE_SHARD_NAN_FINDER_H_
