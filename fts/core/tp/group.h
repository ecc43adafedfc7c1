// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The ranks that share one layer's work: those along the mesh's tp dimension.
// Threads: confined to the training thread; backward may use it from
// autograd's, one call at a time.
#ifndef FTS_CORE_TP_GROUP_H_
#define FTS_CORE_TP_GROUP_H_

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "fts/core/comm/communicator.h"

namespace fts::tp {

class Group {
 public:
  // Collectives run on `comm`, on which nobody else issues calls.
  explicit Group(std::shared_ptr<comm::Communicator> comm)
      : comm_(std::move(comm)), rank_(comm_->rank()), size_(comm_->size()) {}
  // Rank `rank` of `size` that are not there: for dry runs on the meta device,
  // which moves no data.
  Group(int rank, int size) : rank_(rank), size_(size) {}

  int rank() const { return rank_; }
  int size() const { return size_; }
  // Null in a dry run.
  comm::Communicator* comm() const { return comm_.get(); }

  // Told of every collective: its name, its label, its largest tensor. One at a
  // time, null for none; on the thread that issues.
  using Observer = std::function<void(const char* op, const std::string& label,
                                      const at::Tensor& tensor)>;
  void Observe(Observer observer) { observer_ = std::move(observer); }
  void Tell(const char* op, const std::string& label,
            const at::Tensor& tensor) const {
    if (observer_) observer_(op, label, tensor);
  }

 private:
  std::shared_ptr<comm::Communicator> comm_;
  int rank_;
  int size_;
  Observer observer_;
};

using GroupPtr = std::shared_ptr<const Group>;

}  // namespace fts::tp

#endif  // FTS_CORE_TP_GROUP_H_
