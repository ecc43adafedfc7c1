// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The bound form: weights and flat gradients of all segments of an engine in
// memory that its ranks share, so that nothing is gathered, released or reduced
// unit by unit.
//
// [Note: the bound form]
//
// One memory for all ranks: [ phase words, used bytes | W | G_0 | G_1 ... ].
// W, the weights, is there once; each rank updates its own range of every
// segment, as in the sharded form, and in float32 that range is the master. G_r
// is rank r's own flat gradient, which only r writes while backward runs.
//
//   forward, backward, k times: read W; write own G, the first time by
//       copying, then by adding
//   B1, Meet(): headers are compared before anyone writes W
//   Bc, ShareNorm(), with clipping only: the norm; still nobody writes
//   update of the own range: the sum of all G in rank order, into W
//   B2, EndUpdate(): W is whole; G may be written or given back
//
// Two barriers per optimizer step, three with clipping, whatever freezes,
// recomputes or stays unused. Anything else that writes W (load, restore) does
// it between two Fence()s. Evaluation and export only read, between B2 and the
// next B1, and need nothing. Before B1 is passed W is intact whoever dies;
// between B1 and B2 it may be torn: intact() tells.
//
// Threads: confined to the training thread.
#ifndef FTS_CORE_SHARD_BOUND_H_
#define FTS_CORE_SHARD_BOUND_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/comm/communicator.h"
#include "fts/core/comm/shared_arena.h"

namespace fts::shard {

// Where one segment stands.
struct BoundPlace {
  at::Tensor weights;                 // 1-D, all of it
  std::vector<at::Tensor> gradients;  // by rank, like weights; zero at first
};

// out = parts[0] + parts[1] + ..., in this order; float32, 1-D. `out` may be
// one of the parts.
void SumInRankOrder(const std::vector<at::Tensor>& parts,
                    const at::Tensor& out);

class Bound {
 public:
  // Elements of the segments, padding included, in the engine's order, and
  // whether each ever trains; `parameters`: of the model.
  struct Layout {
    std::vector<int64_t> numel;
    std::vector<bool> trains;
    int64_t parameters = 0;
  };

  // What a rank brings to B1. The step must be equal.
  struct Header {
    int64_t step = 0;
    double order_hash = 0;  // order_hash.h
    double loss = 0;
    double seconds = 0;  // rank 0's counts
  };
  struct Met {
    bool same_order = true;  // else nothing below is filled in
    double loss = 0;         // over the ranks, in their order
    double seconds = 0;
    std::vector<bool> used;  // by any rank
  };

  // Tests only: a barrier to leave out, which must not go unnoticed.
  enum class LeaveOut { kNothing, kMeet, kEndUpdate };

  // Collective. Null where `communicator` has no shared memory, or there is no
  // room for it: then the sharded form is for this engine. Errors: others.
  static absl::StatusOr<std::shared_ptr<Bound>> Create(
      comm::Communicator& communicator, const Layout& layout,
      LeaveOut leave_out = LeaveOut::kNothing);

  // Of segment `index` of the layout.
  BoundPlace Place(size_t index) const;

  // This rank's gradient of the segment takes no memory any more, until it is
  // written again. Between EndUpdate() and the next backward.
  absl::Status GiveBackGradient(size_t index);

  // B1. `used`: by parameter, whether this rank had a gradient. Errors:
  // INTERNAL, on all ranks, when headers differ; those of the communicator.
  absl::StatusOr<Met> Meet(const Header& mine, const std::vector<bool>& used);
  // Between Meet() and writing. Errors: those of the communicator.
  absl::StatusOr<double> ShareNorm(double squared);
  // From here on this rank writes W.
  void BeginUpdate();
  // B2; the sum of what each rank passes.
  absl::StatusOr<double> EndUpdate(double squared);
  // Around writes of W outside a step.
  absl::Status Fence();

  // False where a rank has begun an update that this one has not seen end.
  bool intact() const;

  // Barriers passed since the start, of all kinds.
  int64_t barriers() const { return barriers_; }

 private:
  struct Word;

  Bound(std::shared_ptr<comm::SharedArena> arena, Layout layout, int rank,
        int size, LeaveOut leave_out);
  absl::Status Exchange(const char* what,
                        const comm::SharedArena::Payload& mine,
                        std::vector<comm::SharedArena::Payload>* all);
  absl::StatusOr<double> SumOf(bool at_end, double mine);
  uint8_t* UsedOf(int rank) const;
  at::Tensor TensorAt(int64_t offset, int64_t numel) const;
  int64_t GradientOffset(size_t index, int rank) const;

  const std::shared_ptr<comm::SharedArena> arena_;
  const Layout layout_;
  const int rank_;
  const int size_;
  const LeaveOut leave_out_;
  Word* words_ = nullptr;  // by rank
  int64_t used_ = 0;       // offsets
  std::vector<int64_t> weights_, gradients_;
  int64_t gradient_bytes_ = 0;  // of one rank
  int64_t barriers_ = 0;
  uint32_t begun_ = 0;  // updates of this rank
  uint32_t ended_ = 0;  // of all ranks
};

}  // namespace fts::shard

#endif  // FTS_CORE_SHARD_BOUND_H_
