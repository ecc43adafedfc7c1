// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The sharding engine: takes a model's parameters and a resolved plan, lays
// the parameters out as flat segments over the data-parallel ranks, and keeps
// gathering, gradient reduction, freezing and thawing correct while the model
// is trained. See the notes in leaf.h, segment.h, unit.h and reduce_queue.h.
//
// One optimizer step is:
//   BeginMicroStep(last), forward and backward, once or more
//                                             (units do their work in hooks)
//   CompleteGradients()                       grad() of every segment is whole
//   Synchronize(loss, norm²)                  one small all-reduce
//   [gradients are clipped]
//   optimizer updates shard() from grad() of every trainable segment
//   FinishStep()                              drops gradients, marks updates
//
// Gradients are *summed* over ranks and backward passes: the caller divides
// the loss by the number of tokens of the whole optimizer step.
//
// Threads: confined to the training thread. The engine must outlive graphs
// recorded through it only in the sense that their backward is then refused;
// nothing dangles.

#ifndef FTS_CORE_SHARD_ENGINE_H_
#define FTS_CORE_SHARD_ENGINE_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/plan/plan.h"
#include "fts/core/shard/bound.h"
#include "fts/core/shard/bucket.h"
#include "fts/core/shard/context.h"
#include "fts/core/shard/prefetch.h"
#include "fts/core/shard/reduce_queue.h"
#include "fts/core/shard/replica_sums.h"
#include "fts/core/shard/segment.h"
#include "fts/core/shard/shard_group.h"
#include "fts/core/shard/unit.h"

namespace fts::shard {

struct NamedLeaf {
  std::string name;
  at::Tensor tensor;  // the module's parameter; requires_grad is ours from now
};

struct EngineOptions {
  Dtypes dtypes;
  // Which ranks share the units' segments. Null: all of them, no replicas.
  std::shared_ptr<const ShardGroup> group = nullptr;
  // See Context. Null: there are no others than the data-parallel ranks. The
  // parameters, and the sizes in the plan, are then this rank's parts.
  std::shared_ptr<comm::Communicator> everyone = nullptr;
  std::shared_ptr<comm::Communicator> tp = nullptr;
  // Bind all segments to memory that the ranks share (bound.h) where that is
  // possible: CPU ranks on one host whose communicator offers it, float32
  // throughout, enough memory. Otherwise, and by default, the sharded form.
  bool bind = false;
  Bound::LeaveOut leave_out = Bound::LeaveOut::kNothing;  // tests only
};

// What every rank knows after Synchronize.
struct StepSummary {
  double loss = 0;       // sum over ranks of what each passed in
  double seconds = 0;    // what rank 0 passed in
  double grad_norm = 0;  // global L2 over trainable parameters
  // Per parameter, by registration index: whether any rank had a gradient.
  std::vector<bool> used;
};

class ShardEngine : private BackwardListener, private UnitListener {
 public:
  // `parameters`: the model's, in registration order; every name of the plan
  // must be among them. `gather` and `reduce`: two communicators of the same
  // data-parallel ranks.
  // Everything starts frozen; values are undefined until Load.
  // Errors: INVALID_ARGUMENT naming the parameter, dtype or device.
  static absl::StatusOr<std::unique_ptr<ShardEngine>> Create(
      const Plan& plan, const std::vector<NamedLeaf>& parameters,
      std::shared_ptr<comm::Communicator> gather,
      std::shared_ptr<comm::Communicator> reduce, const EngineOptions& options);
  ~ShardEngine() override;

  // Units in plan order. The remainder is not among them unless it is sharded
  // under an implicit root, when it is the last, with module "".
  const std::vector<std::shared_ptr<Unit>>& units() const { return units_; }
  Unit* FindUnit(const std::string& module);
  // Every segment, units first, then the remainder: the order in which
  // optimizer state and snapshots are laid out.
  const std::vector<std::shared_ptr<Segment>>& segments() const {
    return segments_;
  }
  const std::vector<std::string>& parameter_names() const { return names_; }
  int64_t total_parameters() const;
  int64_t trainable_parameters() const;

  // Reads this rank's part of every parameter.
  absl::Status Load(const RangeLoader& loader);

  // Thaws every segment that thaws at `phase`; returns how many parameters
  // (elements) became trainable. Freeze: those that freeze at it, and how many
  // stopped; their gradients, buffers and hooks are gone. Between optimizer
  // steps.
  int64_t Thaw(int phase);
  int64_t Freeze(int phase);

  // Which frozen segments are gathered once and kept until this is called again
  // or they thaw: those whose first parameter is in `resident`. Once per phase,
  // after its Thaw and Freeze; the same on every rank.
  void PlaceFrozen(const std::vector<std::string>& resident);

  // Forward and backward of one micro-step follow. `last`: its gradients
  // complete the optimizer step; with `accumulation: unsharded` nothing is
  // reduced before, and they cross the replicas while that backward runs. A
  // backward that follows nevertheless is right, and costs another crossing.
  // Callers with one backward per step need not say it.
  void BeginMicroStep(bool last);
  // Around forwards without gradients. They may be left out; what a forward
  // that ended early had gathered ahead then stays until the next pass.
  void BeginEvaluation();
  void EndEvaluation();

  // After the last backward of a step: every trainable segment has a grad(),
  // zero where nothing was used, summed over all ranks. Collective where there
  // are replicas, or ranks along tp whose gradients are terms of a sum.
  // FAILED_PRECONDITION when a backward failed.
  absl::Status CompleteGradients();

  // Whether this rank's grad() of the segment counts in the global norm: of
  // ranks that hold the same part, only the first one's does.
  bool CountsInNorm(const Segment& segment) const;

  // What ranks must know together. `squared_norm`: of the gradients that count
  // here. `seconds`: a clock's reading, rank 0's counts. Errors: those of the
  // communicator; FAILED_PRECONDITION when ranks issued different collectives,
  // naming the first.
  absl::StatusOr<StepSummary> Synchronize(double loss, double squared_norm,
                                          double seconds = 0);
  void FinishStep();

  // [Note: the step in the bound form]
  // In place of Synchronize, after CompleteGradients:
  //   MeetBound(loss)           barrier; no norm yet
  //   [SumBound()               grad() of every segment, for the norm, for
  //    ShareNorm(norm²)         clipping (barrier), or where the optimizer does
  //                             not sum parts itself]
  //   BeginUpdate(); optimizer
  //   EndUpdate(norm²)          barrier
  //   FinishStep()
  // Bound or not is the same on all ranks and for the whole run.
  bool bound() const { return bound_ != nullptr; }
  // FAILED_PRECONDITION when ranks ran different modules, naming the first.
  absl::StatusOr<StepSummary> MeetBound(double loss, double seconds = 0);
  void SumBound();
  absl::StatusOr<double> ShareNorm(double squared_norm);
  void BeginUpdate();
  absl::StatusOr<double> EndUpdate(double squared_norm);
  // Before and after the shards are written by someone else than the
  // optimizer: no other rank reads them meanwhile. Nothing to do unless bound.
  absl::Status Fence();
  // Null unless bound.
  const Bound* shared() const { return bound_.get(); }
  // Collective, after a loss or norm that is not finite and before FinishStep:
  // in words what went wrong first, and where; see nan_finder.h. `loss`: what
  // this rank passed to Synchronize.
  absl::StatusOr<std::string> ExplainNonfinite(double loss);

  // The shards were written by someone else than the optimizer (restore): all
  // of them, or those of `changed`, the same on all ranks.
  void MarkUpdated();
  void MarkUpdated(const std::set<const Segment*>& changed);

  // Whether all parameters are still where the engine put them. Errors:
  // FAILED_PRECONDITION naming the first that someone else moved: it would be
  // trained and computed with in two places.
  absl::Status CheckPlaces() const;

  // A collective of core/tp was issued, along tp.
  void OnTpCall(const char* op, const std::string& label,
                const at::Tensor& tensor);

  // Drops whatever a failed forward or backward left; gradients are lost.
  void ResetStep();

  // Collective: calls fn(name, full tensor, master or stored dtype, CPU) for
  // every parameter on every rank, one segment at a time.
  absl::Status ForEachFull(
      const std::function<absl::Status(const std::string&, const at::Tensor&)>&
          fn);

  // Collective: checks that replicated segments hold the same bits on every
  // rank, sharded ones on every replica, and what is not split along tp on all
  // ranks along it. Errors: INTERNAL naming the segment.
  absl::Status CheckReplicas();

  // First error inside an autograd hook since the last call; hooks can only
  // throw, and what is thrown loses the code.
  absl::Status TakeHookError();

  Ledger& ledger() { return context_.ledger; }
  Trace& trace() { return context_.trace; }
  const Context& context() const { return context_; }

 private:
  ShardEngine() = default;
  bool OnBackwardActivity() override;
  void OnSegmentComplete(Segment& segment) override;
  absl::Status MakeRoom(const Segment& segment, int64_t bytes) override;
  void OnForward(Unit& unit) override;
  absl::Status OnEnter(Unit& unit, Pass pass) override;
  bool EnterBackward(int task);
  void EndBackward();
  void EndNested(int task);
  absl::Status ReduceNested();
  // Gradients follow on sums over the replicas.
  void FollowSums();
  // What a backward pass may take for gradients; see [Note: memory of a
  // backward pass].
  int64_t BackwardRoom() const;
  absl::Status ReduceRest();
  absl::Status CastRemainder();
  // Every rank has the same bucket, and ends the same backwards.
  absl::Status ReduceBucket();
  absl::Status ReduceReplicas();
  absl::Status SumPartialGradients();
  // The group of a unit's segments: with neighbours for reshard_after_forward
  // in groups. Collective when such a group is new.
  absl::StatusOr<std::shared_ptr<const ShardGroup>> GroupOf(
      const UnitSpec& spec);
  absl::Status Bind(const Plan& plan, const std::vector<NamedLeaf>& parameters,
                    const EngineOptions& options);
  absl::Status SetPrefetchLists(const Plan& plan);
  // Gradients of this backward stay whole and unreduced.
  bool holds_back() const {
    return unsharded_accumulation_ && !context_.last_backward &&
           context_.world() > 1;
  }
  // `hashes`: of every rank; `tp_hashes`: the same of calls along tp, null
  // without.
  absl::Status CheckOrder(const double* hashes, const double* tp_hashes);
  // Whether all of these ranks hold the same bits of the segment's shard.
  absl::StatusOr<bool> HoldSame(const Segment& segment,
                                comm::Communicator& holders);
  // Collective: the error, with the first place where ranks differ.
  // `along_tp`: ranks that share layers differ, in what they told each other.
  absl::Status ExplainOrder(const char* not_done, int64_t step,
                            bool along_tp = false);
  absl::StatusOr<std::vector<std::shared_ptr<Segment>>> MakeSegments(
      const UnitSpec& spec, const std::vector<NamedLeaf>& parameters);

  Context context_;
  Bucket bucket_{&context_};
  std::shared_ptr<const ShardGroup> group_;
  std::map<int64_t, std::shared_ptr<const ShardGroup>> near_groups_;  // by size
  std::vector<std::string> names_;
  std::set<std::string> tp_labels_;  // of this run's calls along tp
  std::vector<std::shared_ptr<Unit>> units_;
  std::vector<std::shared_ptr<Segment>> remainder_;
  std::vector<std::shared_ptr<Segment>> segments_;
  ReplicaSums sums_;
  ReduceQueue queue_{&context_.ledger, &sums_};
  std::shared_ptr<Bound> bound_;
  size_t next_place_ = 0;   // of the segments being made
  int64_t bound_step_ = 0;  // counted by MeetBound
  Prefetch prefetch_;
  bool unsharded_accumulation_ = false;
  bool held_back_ = false;  // gradients of this step wait for their reduction
  bool bucket_waits_ = false;  // so do those in the bucket
  bool said_last_ = false;     // by BeginMicroStep
  int64_t step_ = 0;           // optimizer steps that the ranks agreed on
  // [Note: a backward inside a backward] in engine_backward.cc
  struct Nested {
    int task;
    std::vector<std::shared_ptr<Unit>> units;  // whose backward ran in it
  };
  int backward_task_ = -1;       // graph task whose end callback is queued
  std::weak_ptr<bool> running_;  // lives as long as that graph task
  std::vector<Nested> nested_;   // inner ones that run, outermost first
  std::vector<std::shared_ptr<Unit>> ran_nested_;  // to be reduced
  bool nested_failed_ = false;                     // and was caught
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fts::shard

#endif  // FTS_CORE_SHARD_ENGINE_H_
