// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Collective communication between the ranks of one job, as engines see it.
// Engines depend on this header (and event.h) only; which backend stands
// behind it (local.h, gloo.h, nccl.h, fake.h) is chosen by session.
//
// Threads: one thread at a time issues calls on a communicator, and every rank
// of it issues the same calls in the same order. Abort() may be called from any
// thread. Different communicators are independent of each other.
#ifndef FTS_CORE_COMM_COMMUNICATOR_H_
#define FTS_CORE_COMM_COMMUNICATOR_H_

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/comm/event.h"

namespace fts::comm {

enum class ReduceOp { kSum, kMax };

// "sum", "max".
const char* ReduceOpName(ReduceOp op);

// [Note: collective calls]
//
// Tensors: 1-D, contiguous, dense, on the backend's device (CPU for local, fake
// and gloo). Types: float32, float64, bfloat16, float16, int8, uint8, int32 and
// int64 everywhere; calls that only move data (all-gather, broadcast,
// all-to-all) also take bool and int16. Views into a larger buffer are fine. A
// tensor that requires grad is taken by its data. numel 0 completes at once.
//
// Ownership: a call keeps a reference to its tensors until its event completes.
// Until then the caller neither writes nor reads what the call writes, does not
// write what it reads, and does not resize or free the storage behind either.
//
// Asynchrony: a call returns once it is queued. Results may be read after
// event->Wait() returned OK. Calls on one communicator may run at the same time
// and finish in any order, so a call that reads what another writes is issued
// after that one's Wait().
//
// Errors: a call returns INVALID_ARGUMENT, and has then done nothing, when its
// own arguments are wrong (wrong rank, dtype, device, size, empty storage).
// What goes wrong later is the event's status:
//   UNAVAILABLE        a peer is gone, or the communicator was aborted
//   DEADLINE_EXCEEDED  a peer did not take part within the timeout
//   INTERNAL           anything else the backend reports
// Either names the operation, the label, the communicator, this rank, and what
// to look at. After the first UNAVAILABLE or DEADLINE_EXCEEDED the communicator
// and all its relatives by Split() are aborted, so that waiting peers stop too;
// every later call returns UNAVAILABLE with the first reason. The contents of
// tensors in flight are then undefined.
// Ranks that disagree on order, size or dtype are not detected here (they end
// in a timeout or in wrong data); the order hash of shard is for that.
class Communicator {
 public:
  virtual ~Communicator();

  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  // This process's place in the communicator, 0 <= rank() < size().
  virtual int rank() const = 0;
  virtual int size() const = 0;
  // For messages and traces: "world", "world/dp_shard".
  virtual std::string name() const = 0;

  // What the following calls are about ("model.layers.3 phase 1"): stands in
  // errors and traces, and stays until it is set again. Issuing thread only.
  virtual void SetLabel(std::string label) { label_ = std::move(label); }
  virtual const std::string& label() const { return label_; }

  // full.numel() % size() == 0, n = full.numel() / size(). This rank's input is
  // full[rank*n, (rank+1)*n); afterwards full holds every rank's slice.
  [[nodiscard]] virtual absl::StatusOr<EventPtr> AllGatherInPlace(
      at::Tensor full) = 0;

  // input.numel() == size() * output.numel(), same dtype. output receives this
  // rank's slice of the reduction of all inputs. output is either this rank's
  // own slice of input or does not overlap it; the rest of input is unchanged.
  // Summed in rank order on the CPU, half types in float32.
  [[nodiscard]] virtual absl::StatusOr<EventPtr> ReduceScatter(
      at::Tensor input, at::Tensor output, ReduceOp op) = 0;

  // In place. bfloat16 and float16 are summed in their own precision.
  [[nodiscard]] virtual absl::StatusOr<EventPtr> AllReduce(at::Tensor tensor,
                                                           ReduceOp op) = 0;

  // tensor of rank `root` overwrites the others. 0 <= root < size().
  [[nodiscard]] virtual absl::StatusOr<EventPtr> Broadcast(at::Tensor tensor,
                                                           int root) = 0;

  // input and output of one size and dtype, numel % size() == 0, no overlap.
  // Slice j of input goes to rank j; slice j of output comes from rank j.
  [[nodiscard]] virtual absl::StatusOr<EventPtr> AllToAll(
      at::Tensor input, at::Tensor output) = 0;

  // Returns when every rank has called it, and every call issued before it on
  // this rank is complete. Blocks.
  [[nodiscard]] virtual absl::Status Barrier() = 0;

  // Makes a communicator of some of this one's ranks. Collective: every rank of
  // the parent calls it with the same name, in the same order among its other
  // calls. `ranks` are ranks of the parent, without repeats; place in the list
  // is the new rank. Ranks may pass different lists (each its own row of a
  // mesh) when any two lists are equal or disjoint. A rank that is not in the
  // list it passes gets a null pointer. Blocks.
  [[nodiscard]] virtual absl::StatusOr<std::shared_ptr<Communicator>> Split(
      const std::vector<int>& ranks, const std::string& name) = 0;

  // Ends all calls in flight here and, soon after, at the peers, with
  // UNAVAILABLE. Any thread; the first reason stays. There is no way back.
  virtual void Abort(const std::string& reason) = 0;

 protected:
  Communicator() = default;

 private:
  std::string label_;
};

using CommunicatorPtr = std::shared_ptr<Communicator>;

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_COMMUNICATOR_H_
