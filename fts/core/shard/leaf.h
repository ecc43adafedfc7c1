// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// One parameter of the user's model as the sharding engine sees it: the leaf
// tensor that stays registered in the module for ever, re-pointed at its range
// of a flat buffer, and made unreadable while that buffer is released.
//
// [Note: poisoned leaves]
// LibTorch modules cannot swap parameters, so the leaf keeps its TensorImpl
// and only its storage changes: the flat buffer's while gathered, otherwise a
// storage of its own whose every access throws an error naming the parameter.
// Without that, reading a released leaf is a segmentation fault and saving it
// writes an unloadable file. The flat buffer's StorageImpl itself is never
// poisoned: autograd's saved views alias it and must come back to life when
// it is gathered again.
// A view of a leaf that user code takes while it is gathered aliases the flat
// buffer and must not be used after the unit is resharded.
//
// Threads: confined to the training thread.

#ifndef FTS_CORE_SHARD_LEAF_H_
#define FTS_CORE_SHARD_LEAF_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace fts::shard {

class Leaf {
 public:
  // `tensor`: the module's parameter, any dtype, contiguous, on the CPU or the
  // engine's device. `offset`: first element in the flat buffer. `index`: the
  // parameter's number in the engine, the same on every rank.
  Leaf(std::string name, at::Tensor tensor, int64_t offset, int index,
       bool decay);

  // Points the leaf at flat[offset, offset + numel), which fixes its dtype;
  // identity and shape stay. `unit` is named in the error of a poisoned read.
  void Adopt(const at::Tensor& flat, const std::string& unit);

  void Expose();  // storage := the flat buffer's
  void Poison();  // storage := the throwing one
  bool poisoned() const { return poisoned_; }
  // Whether the tensor is where this class last put it. Not when someone else
  // gave it other memory, as torch::nn::Module::to does.
  bool in_place() const;

  const std::string& name() const { return name_; }
  const at::Tensor& tensor() const { return tensor_; }
  int64_t offset() const { return offset_; }
  int64_t numel() const { return numel_; }
  int index() const { return index_; }
  bool decay() const { return decay_; }

  // This leaf's range of any buffer laid out like the flat one.
  at::Tensor RangeOf(const at::Tensor& flat) const;

  // Gradient bookkeeping, owned by Segment.
  bool arrived = false;  // got a gradient in this backward pass
  bool written = false;  // its range of the current buffer holds a gradient
  bool used = false;     // got a gradient since the last ZeroGrad

 private:
  std::string name_;
  at::Tensor tensor_;
  int64_t offset_;
  int64_t numel_;
  int index_;
  bool decay_;
  bool poisoned_ = false;
  c10::Storage real_;
  c10::Storage poison_;
};

}  // namespace fts::shard

#endif  // FTS_CORE_SHARD_LEAF_H_
