// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The sharding engine under a training loop that is written elsewhere, in
// another language, over whatever calls modules and makes gradients there. The
// host calls its units' boundaries, its scheduler's transitions and the parts
// of an optimizer step one by one; Session (session.h) is the same with a
// loop's order built in.
//
//   forward: PreForward(unit, inputs) ... PostForward(unit, outputs)
//   backward: autograd runs the engine's hooks; a host without autograd calls
//             AddGradients
//   CompleteGradients(loss)     sums over ranks; norm
//   [Clip(max_norm)]
//   BeginUpdate; the host updates shards from their gradients, or Step()
//   FinishUpdate
//
// Every rank makes the same calls in the same order.
// Threads: one thread at a time; boundaries may be called from autograd's.
// Once the session is gone, parameters that were sharded are no longer in
// memory: reading them throws.
#ifndef FTS_CORE_SESSION_HOST_SESSION_H_
#define FTS_CORE_SESSION_HOST_SESSION_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/run_config.h"
#include "fts/core/plan/plan.h"
#include "fts/core/schedule/schedule.h"
#include "fts/core/session/best_snapshot.h"
#include "fts/core/session/local_model.h"
#include "fts/core/session/optimization.h"
#include "fts/core/session/ranks.h"
#include "fts/core/session/unit_casts.h"
#include "fts/core/shard/engine.h"

namespace fts {

struct HostSessionOptions {
  Plan plan;  // resolved for as many ranks along tp as there are
  Schedule schedule;
  PrecisionSpec precision;
  // Gradients are the mean over the ranks, as PyTorch's wrappers make them;
  // otherwise their sum.
  bool mean = false;
  // Optimizer state per element, for placing frozen weights: as Adam keeps.
  int moments = 2;
};

// What is known of a step when its gradients are complete.
struct HostStep {
  double loss = 0;       // sum (or mean) over ranks of what each passed in
  double grad_norm = 0;  // global L2, of what the optimizer will see
  double seconds = 0;    // what rank 0 passed in
};

class HostSession {
 public:
  // `parameters`: the model's, in registration order. Their values are taken
  // by Load. With a tp_plan they take the shapes of this rank's parts; what
  // modules do with them is the host's (fts/core/tp/convert.h). Errors: those
  // of ShardEngine::Create and LocalModel::Create.
  static absl::StatusOr<std::unique_ptr<HostSession>> Create(
      const std::vector<shard::NamedLeaf>& parameters,
      HostSessionOptions options, const Ranks& ranks);
  ~HostSession();

  // Reads this rank's part of every parameter; without a loader, the values
  // that the tensors had at Create. Ranks must load equal values.
  absl::Status Load(const shard::RangeLoader& loader = nullptr);

  struct UnitInfo {
    std::shared_ptr<shard::Unit> unit;
    UnitCasts casts;
    const UnitSpec* spec = nullptr;  // null: the implicit root
  };
  const std::vector<UnitInfo>& units() const { return units_; }
  // OUT_OF_RANGE for a phase that the schedule does not have.
  absl::Status CheckPhase(int phase) const;
  int64_t num_parameters() const {
    return static_cast<int64_t>(leaves_.size());
  }
  // The place of a parameter; nullopt when there is none of that name.
  std::optional<int64_t> FindParameter(const std::string& name) const;
  const std::string& parameter_name(int64_t i) const;

  // Around the forward of module `which` of unit i. `inputs` as the module
  // takes them, after the unit's casts; `outputs` before its casts.
  // Errors: OUT_OF_RANGE, those of a gather.
  absl::Status PreForward(size_t i, const std::vector<at::Tensor>& inputs);
  absl::Status PostForward(size_t i, int which,
                           const std::vector<at::Tensor>& outputs);
  // Weights of unit i in memory, for a host that makes its gradients by hand,
  // and gone again.
  absl::Status Gather(size_t i);
  absl::Status Release(size_t i);

  // Gradients that the host made: grads[k], shaped like parameter params[k],
  // added to what is there. Give all of a unit's at once where possible.
  // Errors: OUT_OF_RANGE; INVALID_ARGUMENT for a shape; FAILED_PRECONDITION for
  // a frozen parameter.
  absl::Status AddGradients(const std::vector<int64_t>& params,
                            const std::vector<at::Tensor>& grads);

  // See ShardEngine.
  void BeginMicroStep(bool last) { engine_->BeginMicroStep(last); }
  void BeginEvaluation() { engine_->BeginEvaluation(); }
  void EndEvaluation() { engine_->EndEvaluation(); }

  // After the last backward of a step. Collective. `check_finite`: a loss or
  // norm that is not finite is FAILED_PRECONDITION, with its first cause;
  // gradients of the step are dropped then, as after any other error.
  absl::StatusOr<HostStep> CompleteGradients(double loss, double seconds,
                                             bool check_finite);
  // Of a completed step: scales gradients to at most that norm.
  absl::Status Clip(double max_norm);
  absl::Status BeginUpdate();
  absl::Status FinishUpdate();
  // Whether a gradient has arrived since the last update or reset.
  bool HasGradients() const;
  // Gives up the step: gradients are lost, nothing is updated. Not collective.
  void ResetStep();

  // This rank's part of a parameter, as 1-D views of what the optimizer
  // updates: valid until the parameter thaws or freezes. `grad` is undefined
  // while no gradient is complete, and where no rank had one.
  struct Shard {
    at::Tensor value, grad;
    // Its first element's place in the flattened parameter, or in this rank's
    // part of one that a tp_plan splits.
    int64_t begin = 0;
    bool trainable = false;
  };
  absl::StatusOr<Shard> ShardOf(int64_t parameter) const;

  // Transitions, between steps; in a scheduler's order. Errors: OUT_OF_RANGE.
  absl::StatusOr<int64_t> Thaw(int phase);
  absl::StatusOr<int64_t> Freeze(int phase);
  // Shards are about to be written by the host, and have been.
  absl::Status BeginWrite();
  absl::Status EndWrite();
  // The best state, in host memory. False from Restore: the optimizer's
  // moments start afresh, it was replaced since.
  absl::Status SaveBest();
  absl::StatusOr<bool> RestoreBest();

  // Our own optimizer over the shards; at most one, before the first thaw.
  absl::Status MakeOptimizer(const LoopConfig& config, Diagnostics* diags);
  // Null: the host has its own.
  Optimization* optimization() { return optimization_.get(); }
  // Of the phase's new_optimizer.
  absl::Status ReplaceOptimizer(int phase);
  // Between BeginUpdate and FinishUpdate.
  absl::Status Step();

  absl::Status ForEachFull(
      const std::function<absl::Status(const std::string&, const at::Tensor&)>&
          fn);

  // Empty: weights stand in memory that the ranks share; else why not.
  const std::string& why_not_bound() const { return why_not_bound_; }
  const Ranks& ranks() const { return ranks_; }
  // Null: no tp_plan splits anything.
  const tp::TensorParallel* tp() const { return local_.tp(); }
  shard::ShardEngine& engine() { return *engine_; }
  const shard::ShardEngine& engine() const { return *engine_; }

 private:
  struct Place {
    std::string name;
    const shard::Segment* segment = nullptr;
    const shard::Leaf* leaf = nullptr;
  };

  HostSession(HostSessionOptions options, Ranks ranks)
      : options_(std::move(options)), ranks_(std::move(ranks)) {}
  absl::Status Describe(const std::vector<shard::NamedLeaf>& parameters);
  absl::StatusOr<HostStep> Complete(double loss, double seconds,
                                    bool check_finite);
  absl::Status CheckUnit(size_t i) const;
  absl::Status CheckParameter(int64_t i) const;
  void Scale(double factor);

  HostSessionOptions options_;
  Ranks ranks_;
  std::string why_not_bound_;
  std::vector<std::pair<std::string, at::Tensor>> initial_;  // until Load
  LocalModel local_;
  std::unique_ptr<shard::ShardEngine> engine_;
  std::vector<UnitInfo> units_;
  std::vector<Place> leaves_;
  std::unordered_map<std::string, int64_t> by_name_;
  std::vector<std::vector<std::string>> resident_;
  std::unique_ptr<Optimization> optimization_;
  BestSnapshot best_;
  // Of a step whose gradients are complete.
  std::optional<HostStep> complete_;
  std::vector<bool> used_;
  bool updating_ = false;
};

}  // namespace fts

#endif  // FTS_CORE_SESSION_HOST_SESSION_H_
