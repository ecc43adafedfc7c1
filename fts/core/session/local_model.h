// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A session's parameters as this rank holds them: its parts, where a tp_plan
// splits them, and whole values cut to those and joined again. Without one it
// changes nothing. The sharding engine sees local tensors and sizes only.
// Threads: confined to the training thread.
#ifndef FTS_CORE_SESSION_LOCAL_MODEL_H_
#define FTS_CORE_SESSION_LOCAL_MODEL_H_

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/plan/plan.h"
#include "fts/core/session/ranks.h"
#include "fts/core/shard/engine.h"
#include "fts/core/tp/tensor_parallel.h"

namespace fts {

using FullValueFn =
    std::function<absl::Status(const std::string&, const at::Tensor&)>;

class LocalModel {
 public:
  // Cuts the parameters in place. `plan` outlives this. Errors:
  // INVALID_ARGUMENT when plan and ranks say different things about tp; those
  // of tp::TensorParallel::Create.
  static absl::StatusOr<LocalModel> Create(
      const Plan& plan, const std::vector<shard::NamedLeaf>& parameters,
      const Ranks& ranks);

  // With sizes of this rank's parts.
  const Plan& plan() const { return local_ == nullptr ? *whole_ : *local_; }
  // With those of the rank that holds most: what all ranks decide by.
  const Plan& largest() const {
    return largest_ == nullptr ? *whole_ : *largest_;
  }
  // Null: nothing is split.
  tp::TensorParallel* tp() const { return tp_.get(); }

  // What is said along tp from here on is counted and compared by the engine,
  // until Unobserve, which comes before the engine's end: graphs may outlive
  // it.
  void ObserveBy(shard::ShardEngine* engine) const;
  void Unobserve() const { ObserveBy(nullptr); }

  shard::RangeLoader Loader(shard::RangeLoader whole) const;
  // Collective: fn gets whole parameters.
  absl::Status ForEachFull(shard::ShardEngine& engine,
                           const FullValueFn& fn) const;

 private:
  const Plan* whole_ = nullptr;
  std::unique_ptr<const Plan> local_, largest_;
  std::shared_ptr<tp::Group> group_;
  std::unique_ptr<tp::TensorParallel> tp_;
};

// Puts parameters back to what they were when it was made, unless it is told
// that what has cut them will last. Nothing without an active tp_plan.
class RestoreParameters {
 public:
  RestoreParameters(const Plan& plan,
                    const std::vector<shard::NamedLeaf>& parameters);
  ~RestoreParameters();
  RestoreParameters(const RestoreParameters&) = delete;
  RestoreParameters& operator=(const RestoreParameters&) = delete;
  void Cancel() { kept_.clear(); }

 private:
  std::vector<std::pair<at::Tensor, at::Tensor>> kept_;  // parameter, its data
};

}  // namespace fts

#endif  // FTS_CORE_SESSION_LOCAL_MODEL_H_
