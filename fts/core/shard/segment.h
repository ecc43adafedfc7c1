// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A flat range of one unit's parameters that thaw together and share a dtype:
// the smallest thing that is gathered, reduced and optimized as one.
//
// [Note: flat segments]
// Parameters lie one after another in registration order (those with weight
// decay first), padded once at the end to world x kAlignment elements. Rank r
// owns elements [r * chunk, (r + 1) * chunk). The output of the all-gather is
// the parameters: leaves are views at fixed offsets, so nothing is copied in
// or out and uneven shapes cost nothing.
//
// Three buffers, each only where it is needed:
//   shard   what the optimizer updates: this rank's chunk (all of it when
//           replicated or alone), master dtype once thawed
//   flat    the whole segment in the compute dtype; memory only while gathered
//   reduce  unreduced gradients in the reduce dtype, from the first gradient
//           of a backward pass until its reduction has finished
// A segment of parameters split along another dimension than the first is
// gathered and reduced in pieces beside the flat form (dim_layout.h).
//
// With a group for forward, a release after forward keeps 1/n of the flat form
// on each of n neighbours, and the next gather asks only them. A frozen segment
// keeps that part from then on, since its values do not change.
//
// When nothing is sharded and the dtypes agree, shard *is* flat, and gradients
// are written straight into `grad`: no copy and no collective anywhere.
//
// A bound segment (bound.h) has other memory: `flat` stands where all ranks map
// it, `shard` is this rank's range of that, also where the plan says
// replicated, and unreduced gradients stay there from the first one until the
// segment freezes. It is always gathered; nothing is reduced before the step's
// end.
//
// A frozen segment has no gradient, no reduce buffer and no hooks. Its shard
// stays in the compute dtype when that is the dtype it was stored in, so that
// no master copy of it exists before its first thaw. Frozen again, it keeps the
// master: training has given it values that the compute dtype may not hold.
//
// Offloaded, shard and gradient (hence the optimizer's state) live on the host
// while flat and reduce stay on the device that computes. On a CPU that is the
// same place, and offloading does nothing.
//
// Threads: confined to the training thread.

#ifndef FTS_CORE_SHARD_SEGMENT_H_
#define FTS_CORE_SHARD_SEGMENT_H_

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/plan/plan.h"
#include "fts/core/shard/bound.h"
#include "fts/core/shard/bucket.h"
#include "fts/core/shard/context.h"
#include "fts/core/shard/dim_layout.h"
#include "fts/core/shard/leaf.h"
#include "fts/core/shard/reduction.h"
#include "fts/core/shard/shard_group.h"

namespace torch::autograd {
struct Node;
}

namespace fts::shard {

// Fills dst (1-D, any dtype) with elements [begin, end) of the named
// parameter in row-major order.
using RangeLoader = std::function<absl::Status(
    const std::string& name, int64_t begin, int64_t end, at::Tensor dst)>;

struct SegmentInit {
  std::string unit;                    // module name, for messages
  SegmentSpec spec;                    // when it trains; whether replicated
  at::ScalarType source = at::kFloat;  // dtype the values are stored in
  Dtypes dtypes;                       // the unit's mp_policy over the run's
  bool offload = false;                // of the unit's offload policy
  bool pin_memory = true;
  struct Parameter {
    std::string name;
    at::Tensor tensor;
    int index = 0;
    bool decay = true;
  };
  std::vector<Parameter> parameters;  // layout order
  // Who shares it when it is sharded. Null: all ranks of the context.
  std::shared_ptr<const ShardGroup> group = nullptr;
  std::shared_ptr<Bound> bound;  // null: not bound
  size_t bound_index = 0;        // its place there
};

class Segment : public std::enable_shared_from_this<Segment> {
 public:
  static constexpr int64_t kAlignment = 16;  // elements: one cache line of fp32

  // Adopts the parameters; their values are undefined until Load.
  // `bucket`: for replicated segments, shared by all of them; outlives this.
  Segment(Context* context, SegmentInit init, Bucket* bucket = nullptr);
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  const std::string& label() const { return label_; }
  // As planned: its parameters, and the phases that thaw and freeze it.
  const SegmentSpec& spec() const { return spec_; }
  int phase() const { return spec_.phase; }  // that thaws it first
  bool replicated() const { return spec_.replicated; }
  // Whether ranks hold different parts, so that reading needs a gather.
  bool sharded() const { return sharded_; }
  // Which of how many ranks with the same shard this is; see shard_group.h.
  int replica() const { return group_->replica(); }
  int replicas() const { return group_->replicas(); }
  // Whether it stands in memory that all ranks share.
  bool bound() const { return bound_ != nullptr; }
  // What a segment of `numel` elements is padded to when each of `world` ranks
  // owns a chunk of it.
  static int64_t PaddedFor(int64_t numel, int64_t world);
  bool trainable() const { return trainable_; }
  bool gathered() const { return gathered_; }
  const Dtypes& dtypes() const { return dtypes_; }
  // What gradients are divided by around their reduction.
  const SumReduction& divisors() const { return divisors_; }
  bool offloaded() const { return offloaded_; }
  // Frozen, and once gathered kept: no collective for it until it thaws.
  bool resident() const { return resident_; }
  // Its unit holds other units, so that its backward takes most of a pass.
  bool spans() const { return spans_; }
  void set_spans(bool spans) { spans_ = spans; }
  // What gathered weights take, and unreduced gradients, while they are there;
  // zero where that is no memory of its own.
  int64_t GatherBytes() const { return sharded_ ? flat_.nbytes() : 0; }
  int64_t ReduceBytes() const;
  int64_t numel() const { return numel_; }  // without padding
  int64_t padded() const { return padded_; }
  // First element of the shard; of a segment in pieces, see extents().
  int64_t begin() const { return begin_; }
  // Elements [begin, end) of the shard belong to `leaf`. Padding is a gap.
  struct Extent {
    const Leaf* leaf;
    int64_t begin, end;
  };
  std::vector<Extent> extents() const;
  const std::vector<std::unique_ptr<Leaf>>& leaves() const { return leaves_; }

  // 1-D [chunk]; the optimizer updates it in place.
  const at::Tensor& shard() const { return shard_; }
  // 1-D [chunk], dtype of shard; undefined when there is no gradient.
  const at::Tensor& grad() const { return grad_; }

  absl::Status Load(const RangeLoader& loader);

  // Thaw allocates the master copy and makes the leaves require gradients;
  // Freeze drops gradients and hooks; between optimizer steps, as often as
  // needed. Both are no-ops when nothing changes.
  void Thaw();
  void Freeze();

  // Gathering: Start enqueues, Finish waits and exposes the leaves. Release
  // waits for what is under way, frees the memory and poisons the leaves.
  // No-ops when already so. `prefetch`: issued ahead of its use, for the trace.
  absl::Status StartGather(bool prefetch = false);
  absl::Status FinishGather();
  void Release();
  void ReleaseAfterForward();
  // Between optimizer steps, while frozen. On: the next gather lasts until
  // this is switched off or the segment thaws, and where the dtypes agree the
  // shard then lives in the gathered form. Off: releases it.
  void SetResident(bool on);
  // The shard changed (load, optimizer step, restore): a sharded segment is
  // released, resident or not, another one's flat form is written anew.
  void MarkUpdated();
  // Another number whenever the shard may have changed; the same on all ranks.
  int64_t version() const { return version_; }

  // The gradient of one leaf, from its hook.
  void OnGradient(Leaf& leaf, const at::Tensor& grad);
  // The reduction of this backward pass over the ranks, always full size:
  // parameters without a gradient count as zero. Not for segments that reduce
  // through the bucket. `nested`: of a backward inside another one, see
  // engine_backward.cc.
  absl::Status StartReduce(bool nested = false);
  absl::Status FinishReduce();
  // Replicated segments under more than one rank reduce through the bucket
  // they were given: Prepare zeroes what no parameter wrote, the owner of the
  // bucket reduces it, Collect takes the result.
  bool reduces_through_bucket() const {
    return spec_.replicated && world_ > 1 && !bound();
  }
  void PrepareBucket();
  void CollectBucket();

  void BeginBackward();  // forgets which leaves arrived
  // All gradients of this backward pass are here: every leaf has its own, or
  // the unit knows that no more will come and closed the segment.
  bool complete() const {
    return closed_ || arrived_ == static_cast<int>(leaves_.size());
  }
  void Close();
  // Gradients arrived that no reduction has taken.
  bool unreduced() const { return reduce_.defined(); }
  // Zeroes what no parameter wrote, once per optimizer step before grad() is
  // read. Allocates grad when this rank saw no gradient at all.
  void CompleteGradient();
  // Sums grad() over the replicas: after the last reduction of the optimizer
  // step, or CompleteGradient, so that accumulation costs none. Start enqueues,
  // Finish waits; no-ops without replicas, and until KeepOneSum or the next
  // step. See replica_sums.h.
  absl::Status StartReplicaReduce();
  absl::Status FinishReplicaReduce();
  // Other gradients will follow after all: only the first replica keeps the
  // sum, so that the next one counts it once.
  void KeepOneSum();
  void ZeroGrad();  // drops the gradient's memory

  // Bound, after Bound::Meet(): this rank's chunk of every rank's gradient, by
  // rank; empty when not bound or not trainable. Or their sum in rank order, as
  // grad(), in the place of this rank's part.
  std::vector<at::Tensor> GradientParts() const;
  void SumGradients();

  // Calls fn(name, full tensor in the shard's dtype) for every parameter, in
  // layout order, on every rank. Collective when sharded.
  absl::Status ForEachFull(
      const std::function<absl::Status(const std::string&, const at::Tensor&)>&
          fn);

 private:
  // Split along a dimension: layout_ tells where what lies.
  bool in_pieces() const { return sharded_ && spec_.shard_dim > 0; }
  absl::StatusOr<comm::EventPtr> IssueGather(const char* remark);
  void KeepPart();
  void DropPart();
  void DropPieces();
  // Gradients need no reduction and no cast: they are written into grad_.
  bool direct() const;
  at::ScalarType FrozenDtype() const;
  // [chunk], where shard and gradient live.
  at::Tensor EmptyChunk(at::ScalarType dtype) const;
  void SetShard(at::Tensor shard);
  void ShareShard();
  void Drop();  // Release, resident or not
  absl::Status MakeRoomForReduce() const;
  void AllocateReduce();
  void ChunkReduce();  // reduce_ from row-major parameters to pieces
  // Where leaves put their gradients.
  const at::Tensor& GradientTarget() const;
  void ZeroGaps(const at::Tensor& flat_gradient) const;
  void FoldIn(const at::Tensor& reduced);
  void DropAcross();
  void AttachHooks();

  Context* context_;
  Bucket* bucket_;
  std::string label_;
  SegmentSpec spec_;
  at::ScalarType source_;
  Dtypes dtypes_;
  SumReduction divisors_;
  bool offloaded_ = false;
  bool pinned_ = false;
  std::shared_ptr<const ShardGroup> group_;
  int world_;  // ranks that share it; replicated: that reduce it
  bool sharded_;
  bool trainable_ = false;
  bool gathered_ = false;
  int64_t numel_ = 0, padded_ = 0, chunk_ = 0, begin_ = 0;
  DimLayout layout_;
  std::vector<std::unique_ptr<Leaf>> leaves_;
  std::vector<std::shared_ptr<torch::autograd::Node>> accumulators_;
  at::Tensor flat_, shard_, grad_, reduce_, reduced_;
  at::Tensor pieces_;  // being gathered, when in pieces
  at::Tensor part_;    // of flat_, kept while it is released
  at::Tensor across_;  // grad_ in the reduce dtype, on its way to replicas
  bool in_reduction_ = false;  // from StartReduce to FinishReduce
  bool summed_ = false;        // grad_ is that of all replicas
  int64_t version_ = 0;
  bool resident_ = false;
  bool spans_ = false;
  bool aliased_ = false;  // shard_ is flat_, or this rank's slice of it
  std::shared_ptr<Bound> bound_;
  size_t bound_index_ = 0;
  BoundPlace place_;          // undefined when not bound
  bool holds_place_ = false;  // its own gradient there takes memory
  int arrived_ = 0;
  bool closed_ = false;
  comm::EventPtr gathering_, reducing_;
};

}  // namespace fts::shard

#endif  // FTS_CORE_SHARD_SEGMENT_H_
