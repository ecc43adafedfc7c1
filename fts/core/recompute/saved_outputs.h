// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Selective checkpointing: the outputs of costly operators are kept, and a
// recomputation takes them instead of running the operators again.
//
// [Note: below autograd]
// The operators are intercepted between autograd and the device's kernels, on
// a dispatch key that nothing in PyTorch uses (Fake, once torchdistx's) and
// that only our guards switch on, for their thread. So a recomputation builds
// the same graph and saves the same tensors in the same order as its forward,
// and merely finds some results already there; without a guard an operator's
// path is what it was.
//
// [Note: what is not kept]
// An operator that draws random numbers (attention with dropout) always runs
// again, or the numbers drawn after it would be others. Outputs made after the
// last tensor that backward needs are let go: a recomputation that stops early
// never reaches them.
//
// Threads: a value, used by one thread at a time; guards are per thread.

#ifndef FTS_CORE_RECOMPUTE_SAVED_OUTPUTS_H_
#define FTS_CORE_RECOMPUTE_SAVED_OUTPUTS_H_

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace fts::recompute {

// Bits: kinds of operators.
inline constexpr unsigned kMatmul = 1;     // mm, addmm, bmm, baddbmm
inline constexpr unsigned kAttention = 2;  // fused scaled-dot-product attention

// What one forward kept.
class SavedOutputs {
 public:
  // `label` names the module in messages.
  SavedOutputs(unsigned kinds, std::string label)
      : kinds_(kinds), label_(std::move(label)) {}

  unsigned kinds() const { return kinds_; }
  size_t size() const { return entries_.size(); }

  // Autograd saved a tensor; what is recorded from here on comes after it.
  void OnPack() { ++packs_; }
  // Drops what was recorded after the last OnPack.
  void DropUnneeded();

  // Keeps the outputs of the operator that just ran.
  void Record(const std::string& op, const std::vector<c10::IValue>& outputs);
  // `view` shares memory with the last output: changing it in place changes
  // that.
  void WatchView(const at::Tensor& view);
  // The outputs of the operator that ran as number `index` in the forward.
  // Throws CheckpointError when that was another operator, or when an output
  // was changed in place since.
  std::vector<c10::IValue> Replay(size_t index, const std::string& op) const;

 private:
  struct Watched {
    at::Tensor alias;  // shares the version counter
    int64_t version;
  };
  struct Entry {
    std::string op;
    std::vector<c10::IValue> outputs;
    std::vector<Watched> watched;
    int64_t packs_before;
  };

  unsigned kinds_;
  std::string label_;
  int64_t packs_ = 0;
  std::vector<Entry> entries_;
};

// While it lives, operators on this thread are recorded into, or replayed from,
// `outputs`; null = neither. Guards nest; only the innermost counts.
class SavedOutputsGuard {
 public:
  enum class Mode { kRecord, kReplay };
  SavedOutputsGuard(SavedOutputs* outputs, Mode mode);
  ~SavedOutputsGuard();
  SavedOutputsGuard(const SavedOutputsGuard&) = delete;
  SavedOutputsGuard& operator=(const SavedOutputsGuard&) = delete;

  struct State {
    SavedOutputs* outputs = nullptr;
    Mode mode = Mode::kRecord;
    size_t next = 0;  // to replay
  };

 private:
  State before_;
  c10::impl::IncludeDispatchKeyGuard key_;
};

// Operators that recomputations in this process did not run again.
int64_t OutputsReused();

}  // namespace fts::recompute

#endif  // FTS_CORE_RECOMPUTE_SAVED_OUTPUTS_H_
